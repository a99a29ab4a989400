use std::{convert::Infallible, io::Write as _};

use futures_util::{FutureExt as _, stream};
use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::*;

/// A body whose pieces the test sends, on a manual clock.
fn body_by_hand() -> (Clock, Arriving, UnboundedSender<Bytes>) {
    let clock = Clock::manual(0);
    let bodies = Bodies::new(clock.clone());
    let (pieces, received) = unbounded_channel();
    let frames = stream::unfold(received, |mut received| async {
        let piece = received.recv().await?;
        Some((Ok::<_, Infallible>(Frame::data(piece)), received))
    });
    (clock, Arriving::among(&Arc::new(bodies), StreamBody::new(frames)), pieces)
}

#[test]
fn a_stalled_body_is_refused() {
    let (clock, body, pieces) = body_by_hand();
    let headers = HeaderMap::new();
    let mut reading = std::pin::pin!(body.whole(&headers, 100));
    pieces.send(Bytes::from_static(b"piece")).unwrap();
    assert!(reading.as_mut().now_or_never().is_none());
    clock.advance(STALLED / 2);
    assert!(reading.as_mut().now_or_never().is_none());
    clock.advance(STALLED / 2);
    let refused = reading.as_mut().now_or_never().expect("an answer").unwrap_err();
    assert_eq!(refused.status, 408, "{refused}");
}

#[test]
fn a_body_that_keeps_arriving_has_a_time_limit_too() {
    let (clock, body, pieces) = body_by_hand();
    let headers = HeaderMap::new();
    let mut reading = std::pin::pin!(body.whole(&headers, 100));
    let step = STALLED / 2;
    for _ in 1..LONGEST.as_millis() / step.as_millis() {
        pieces.send(Bytes::from_static(b"p")).unwrap();
        assert!(reading.as_mut().now_or_never().is_none());
        clock.advance(step);
    }
    pieces.send(Bytes::from_static(b"p")).unwrap();
    assert!(reading.as_mut().now_or_never().is_none());
    clock.advance(step);
    let refused = reading.as_mut().now_or_never().expect("an answer").unwrap_err();
    assert_eq!(refused.status, 408, "{refused}");
}

/// `length` bytes of spaces, packed.
fn packed(length: usize) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&vec![b' '; length]).unwrap();
    packer.finish().unwrap()
}

fn gzip() -> HeaderMap {
    [(CONTENT_ENCODING, HeaderValue::from_static("gzip"))].into_iter().collect()
}

/// The only worker counts its turns while a body is unpacked. Were that done on the worker, there would be none.
#[tokio::test]
async fn a_large_packed_body_is_unpacked_beside_the_worker() {
    let length = 32 << 20;
    let body = Arriving::new(http_body_util::Full::new(Bytes::from(packed(length))));
    let reading = tokio::spawn(async move { body.whole(&gzip(), length).await });
    let mut turns = 0;
    while !reading.is_finished() {
        turns += 1;
        tokio::task::yield_now().await;
    }
    assert_eq!(reading.await.unwrap().unwrap().len(), length);
    assert!(turns > 20, "{turns} turns");
}

#[tokio::test]
async fn what_a_packed_body_becomes_counts_until_its_share_is_dropped() {
    let bodies = Arc::new(Bodies::default());
    let read = async |length: usize, limit: usize| {
        let body = http_body_util::Full::new(Bytes::from(packed(length)));
        Arriving::among(&bodies, body).counted(&gzip(), limit).await
    };
    let held =
        || [&bodies.small, &bodies.large].map(|bytes| bytes.load(Ordering::Relaxed)).iter().sum::<usize>();
    for length in [100, 100 << 10, 3 << 20] {
        let (body, share) = read(length, length).await.unwrap();
        assert_eq!((body.len(), held()), (length, length));
        drop(share);
        assert_eq!(held(), 0);
        assert_eq!(read(length + 1, length).await.unwrap_err().status, 413);
        assert_eq!(held(), 0);
    }
    let mut others = Share::of(&bodies);
    others.grow(LARGE_LIMIT - (1 << 20)).unwrap();
    assert_eq!(read(3 << 20, 3 << 20).await.unwrap_err().status, 503);
    assert_eq!(held(), LARGE_LIMIT - (1 << 20));
}

#[tokio::test]
async fn small_bodies_find_room_however_many_large_ones_there_are() {
    let bodies = Arc::new(Bodies::default());
    let read = async |length: usize| {
        let body = http_body_util::Full::new(Bytes::from(vec![b' '; length]));
        Arriving::among(&bodies, body).counted(&HeaderMap::new(), 1 << 20).await
    };
    let mut large = Share::of(&bodies);
    large.grow(LARGE_LIMIT).unwrap();
    assert_eq!(read(SMALL + 1).await.unwrap_err().status, 503);
    let small = read(SMALL).await.unwrap();
    let mut many: Vec<_> = (1..SMALL_LIMIT / SMALL).map(|_| Share::of(&bodies)).collect();
    for share in &mut many {
        share.grow(SMALL).unwrap();
    }
    assert_eq!(read(1).await.unwrap_err().status, 503, "small ones are bounded too");
    drop((small, many, large));
    assert!(read(1 << 20).await.is_ok());
    assert_eq!([&bodies.small, &bodies.large].map(|bytes| bytes.load(Ordering::Relaxed)), [0, 0]);
}

#[tokio::test]
async fn a_body_that_is_not_gzip_is_refused() {
    let body = Arriving::new(http_body_util::Full::new(Bytes::from_static(b"no gzip")));
    let refused = body.whole(&gzip(), 100).await.unwrap_err();
    assert_eq!((refused.status, refused.code.as_ref()), (400, "SerializationException"));
}
