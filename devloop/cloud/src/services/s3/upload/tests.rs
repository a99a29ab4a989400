use std::convert::Infallible;

use futures_util::{FutureExt as _, stream};
use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::*;
use crate::http::stalled_after;

/// A body whose pieces the test sends.
fn by_hand() -> (Arriving, UnboundedSender<Bytes>) {
    let (pieces, received) = unbounded_channel();
    let frames = stream::unfold(received, |mut received| async {
        let piece = received.recv().await?;
        Some((Ok::<_, Infallible>(Frame::data(piece)), received))
    });
    (Arriving::new(StreamBody::new(frames)), pieces)
}

#[test]
fn a_body_that_stalls_is_refused_and_its_bytes_are_free_again() {
    let folder = Arc::new(Folder::default());
    let (body, pieces) = by_hand();
    let (body, clock, limit) = stalled_after(body);
    let headers = HeaderMap::new();
    let mut storing = std::pin::pin!(store(&folder, &headers, body, None));
    for _ in 0..3 {
        // A body that keeps arriving may take as long as it likes.
        pieces.send(Bytes::from_static(b"piece")).unwrap();
        assert!(storing.as_mut().now_or_never().is_none());
        clock.advance(limit * 2 / 3);
        assert!(storing.as_mut().now_or_never().is_none());
    }
    assert_eq!(folder.pending.load(Ordering::Relaxed), 15);
    clock.advance(limit);
    let refused = storing.as_mut().now_or_never().expect("an answer").map(|_| ()).unwrap_err();
    assert_eq!((refused.status, refused.code.as_ref()), (400, "RequestTimeout"));
    assert_eq!(folder.pending.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn many_bodies_that_stop_before_a_piece_is_complete_are_not_in_memory() {
    let folder = Arc::new(Folder::default());
    let size = PIECE - 1;
    let count = 2 * PENDING / size;
    let mut open = Vec::new();
    for _ in 0..count {
        let mut writer = Writer::new(&folder, None, false);
        writer.write(Bytes::from(vec![b'x'; size])).await.unwrap();
        open.push(writer);
    }
    let pending = folder.pending.load(Ordering::Relaxed);
    assert!((PENDING - size..=PENDING).contains(&pending), "{pending} bytes of {count} bodies");
    // A small one stays in memory in any case, because documents are read from there.
    let mut small = Writer::new(&folder, None, false);
    small.write(Bytes::from_static(b"<Tagging/>")).await.unwrap();
    assert!(small.finish().await.unwrap().0.content.in_memory().is_some());
    let last = open.pop().unwrap();
    assert_eq!(last.finish().await.unwrap().0.content.length, size as u64);
    drop(open);
    assert_eq!(folder.pending.load(Ordering::Relaxed), 0);
}
