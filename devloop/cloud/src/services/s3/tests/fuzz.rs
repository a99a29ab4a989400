//! Property tests: the same bytes are read back, whatever the key, the range, the pieces of a body and the order of parts.
//! The number of cases is limited, and they are the same in every run.

use std::{collections::BTreeSet, fmt::Write as _};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::StreamBody;
use hyper::{Method, body::Frame};
use proptest::{prelude::*, test_runner::RngSeed};

use super::{SIGNED, World};
use crate::http::{Arriving, encode};

fn bounded(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(12),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn run(test: impl Future<Output = Result<(), TestCaseError>>) -> Result<(), TestCaseError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

/// Keys of up to 1,024 bytes: letters of every language, control characters, paths that lead outside, slashes, and encoded
/// text.
fn key() -> impl Strategy<Value = String> {
    let short = "(?s).{1,60}|(\\.\\./){1,5}[a-z]{1,5}|/{1,4}[a-z%]{0,6}|[\\x00-\\x1f]{1,4}|(%2[eEfF]|%25|\\+| |\\.){1,6}";
    let long = proptest::collection::vec(any::<char>(), 200..400);
    let long = long.prop_map(|letters| {
        let mut key: String = letters.into_iter().collect();
        key.truncate(key.floor_char_boundary(1024));
        key
    });
    prop_oneof![4 => short, 1 => long, 1 => "[a-z]{1}".prop_map(|letter| letter.repeat(1024))]
}

/// Contents that stay in memory, and one that is stored on disk.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let small = proptest::collection::vec(any::<u8>(), 0..200);
    prop_oneof![4 => small, 1 => (65_536..70_000_usize).prop_map(pattern)]
}

/// Bytes without repetition, so that a wrong offset shows.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 % 251) as u8).collect()
}

/// The names of all files in which this process keeps objects. They are numbers, whatever the keys are.
fn stored() -> Vec<String> {
    let own = format!("devloop-objects-{}-", std::process::id());
    let entries = |path: &std::path::Path| -> Vec<_> {
        std::fs::read_dir(path).into_iter().flatten().flatten().collect()
    };
    let folders = entries(&std::env::temp_dir())
        .into_iter()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&own));
    folders
        .flat_map(|folder| entries(&folder.path()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Keys in which delimiters, encoded text and the last of all characters come close together.
fn keys() -> impl Strategy<Value = BTreeSet<String>> {
    proptest::collection::btree_set("[ab/%+\u{1}\u{10ffff}]{1,4}", 0..24)
}

/// What stands between the tags of each element of a list, with URL encoding undone.
fn texts(list: &str, element: &str) -> Vec<String> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let found = list.split(&open).skip(1).filter_map(|rest| rest.split(&close).next());
    found.map(crate::http::decode).collect()
}

/// The checksum as S3 writes it.
fn crc32(bytes: &[u8]) -> String {
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32IsoHdlc, bytes) as u32;
    BASE64_STANDARD.encode(crc.to_be_bytes())
}

/// The key of the only entry in a list.
fn only_key(list: &str) -> String {
    let (_, document) = crate::services::s3::document::read(list.as_bytes()).unwrap();
    document["Contents"]["Key"].as_str().unwrap_or_default().to_owned()
}

proptest! {
    #![proptest_config(bounded(128))]

    #[test]
    fn objects_with_any_key_are_read_back_and_stay_in_the_folder(key in key(), body in body()) {
        run(async {
            let world = World::with(&["box"]).await;
            let path = format!("/box/{}", encode(&key));
            let put = world.put(&path, &body).await;
            prop_assert_eq!(put.status, 200, "{}", put.text());
            prop_assert_eq!(world.get(&path).await.body, body.as_slice());
            prop_assert_eq!(only_key(&world.get("/box?list-type=2").await.text()), key.as_str());
            let encoded = only_key(&world.get("/box?list-type=2&encoding-type=url").await.text());
            prop_assert_eq!(crate::http::decode(&encoded), key.as_str());
            let files = stored();
            prop_assert!(files.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_digit())), "{:?}", files);
            let mut delete = "<Delete><Object><Key>".to_owned();
            for letter in key.chars() {
                write!(delete, "&#{};", u32::from(letter)).unwrap();
            }
            delete.push_str("</Key></Object></Delete>");
            let deleted = world.ask(Method::POST, "/box?delete", &[], delete.as_bytes()).await;
            prop_assert_eq!(deleted.status, 200, "{}", deleted.text());
            prop_assert_eq!(world.get(&path).await.status, 404);
            Ok(())
        })?;
    }

    #[test]
    fn the_pages_of_a_list_hold_every_key_and_prefix_once_and_in_order(
        keys in keys(),
        prefix in "[ab/]{0,2}",
        delimiter in "[/a]{0,1}",
        most in 1..5_usize,
        is_new in any::<bool>(),
    ) {
        run(async {
            let world = World::with(&["box"]).await;
            for key in &keys {
                prop_assert_eq!(world.put(&format!("/box/{}", encode(key)), b"").await.status, 200);
            }
            // Every key, or its part up to the delimiter behind the prefix.
            let mut expected: Vec<String> = keys.iter().filter_map(|key| {
                let rest = key.strip_prefix(prefix.as_str())?;
                let end = if delimiter.is_empty() { None } else { rest.find(delimiter.as_str()) };
                Some(end.map_or(key.clone(), |end| key[..prefix.len() + end + delimiter.len()].to_owned()))
            }).collect();
            expected.dedup();
            let query = format!(
                "/box?encoding-type=url&prefix={}&delimiter={}&max-keys={most}{}",
                encode(&prefix), encode(&delimiter), if is_new { "&list-type=2" } else { "" },
            );
            let (mut found, mut next) = (Vec::new(), String::new());
            loop {
                let list = world.get(&format!("{query}{next}")).await.text();
                let mut page = texts(&list, "Key");
                for common in list.split("<CommonPrefixes>").skip(1) {
                    page.extend(texts(common, "Prefix").into_iter().take(1));
                }
                page.sort();
                prop_assert!(page.len() <= most && found.len() <= expected.len(), "{}", list);
                found.extend(page);
                let (element, parameter) =
                    if is_new { ("NextContinuationToken", "continuation-token") } else { ("NextMarker", "marker") };
                match texts(&list, element).first() {
                    Some(place) => next = format!("&{parameter}={}", encode(place)),
                    None => break,
                }
            }
            prop_assert_eq!(found, expected);
            Ok(())
        })?;
    }

    #[test]
    fn a_key_that_is_too_long_is_refused(more in 1..40_usize) {
        run(async {
            let world = World::with(&["box"]).await;
            let put = world.put(&format!("/box/{}", "k".repeat(1024 + more)), b"").await;
            prop_assert_eq!(put.status, 400);
            prop_assert!(put.text().contains("<Code>KeyTooLongError</Code>"), "{}", put.text());
            Ok(())
        })?;
    }

    #[test]
    fn ranges_are_parts_of_the_object(length in 0..70_000_usize, from in 0..80_000_usize, to in 0..80_000_usize, kind in 0..3) {
        run(async {
            let world = World::with(&["box"]).await;
            let body = pattern(length);
            world.put("/box/k", &body).await;
            let (header, expected) = match kind {
                0 => (format!("bytes={from}-{to}"), (from <= to).then(|| (from, (to + 1).min(length)))),
                1 => (format!("bytes={from}-"), Some((from, length))),
                _ => (format!("bytes=-{to}"), Some((length.saturating_sub(to), length))),
            };
            let got = world.ask(Method::GET, "/box/k", &[("range", &header)], b"").await;
            match expected {
                None => prop_assert_eq!((got.status, got.body), (200, body)),
                Some((first, last)) if first < last => {
                    let shown = format!("bytes {first}-{}/{length}", last - 1);
                    prop_assert_eq!((got.status, got.header("content-range")), (206, Some(shown.as_str())));
                    prop_assert_eq!(got.body.as_slice(), &body[first..last]);
                }
                Some(_) => prop_assert_eq!(got.status, 416, "{}", header),
            }
            Ok(())
        })?;
    }

    #[test]
    fn chunked_bodies_are_read_however_they_are_split(
        chunks in proptest::collection::vec(0..20_000_usize, 0..8),
        cut in 1..9_000_usize,
        has_trailer in any::<bool>(),
    ) {
        run(async {
            let world = World::with(&["box"]).await;
            let body = pattern(chunks.iter().sum());
            let (mut sent, mut at) = (Vec::new(), 0);
            let signature = if has_trailer { "" } else { ";chunk-signature=ab" };
            for length in chunks.iter().filter(|length| **length > 0) {
                sent.extend(format!("{length:x}{signature}\r\n").into_bytes());
                sent.extend(&body[at..at + length]);
                sent.extend(b"\r\n");
                at += length;
            }
            sent.extend(format!("0{signature}\r\n").into_bytes());
            if has_trailer {
                sent.extend(format!("x-amz-checksum-crc32:{}\r\n", crc32(&body)).into_bytes());
            }
            sent.extend(b"\r\n");
            let frames: Vec<_> = sent
                .chunks(cut)
                .map(|piece| Ok::<_, std::io::Error>(Frame::data(Bytes::copy_from_slice(piece))))
                .collect();
            let length = body.len().to_string();
            let kind = if has_trailer { "STREAMING-UNSIGNED-PAYLOAD-TRAILER" } else { "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" };
            let mut headers = vec![SIGNED, ("x-amz-content-sha256", kind), ("x-amz-decoded-content-length", &length)];
            if has_trailer {
                headers.push(("x-amz-trailer", "x-amz-checksum-crc32"));
            }
            let arriving = Arriving::new(StreamBody::new(stream::iter(frames)));
            let put = world.send(Method::PUT, "/box/k", &headers, arriving).await;
            prop_assert_eq!(put.status, 200, "{}", put.text());
            prop_assert_eq!(world.get("/box/k").await.body, body);
            Ok(())
        })?;
    }
}

proptest! {
    #![proptest_config(bounded(4))]

    #[test]
    fn an_object_has_its_parts_in_the_order_of_their_numbers(
        numbers in Just(vec![1_usize, 2, 3]).prop_shuffle(),
        lengths in proptest::collection::vec(0..2_000_usize, 3),
        again in 0..3_usize,
    ) {
        run(async {
            const LEAST: usize = 5 << 20;
            let world = World::with(&["box"]).await;
            let source = pattern(LEAST + 9_000);
            world.put("/box/source", &source).await;
            let begun = world.ask(Method::POST, "/box/k?uploads", &[], b"").await.text();
            let id = begun.split("<UploadId>").nth(1).unwrap().split('<').next().unwrap().to_owned();
            let mut etags = vec![String::new(); 3];
            // Each part is another piece of the source. One part is sent twice; the second one counts.
            let piece = |number: usize, moved: usize| {
                let from = number * 1_000 + moved;
                let to = if number == 3 { from + lengths[2] + 1 } else { from + LEAST + lengths[number - 1] };
                (from, to.min(source.len()))
            };
            let sent = numbers.iter().map(|number| (*number, 7)).chain([(numbers[again], 0)]);
            let mut moved = [7; 4];
            for (number, by) in sent {
                let (from, to) = piece(number, by);
                moved[number] = by;
                let range = format!("bytes={from}-{}", to - 1);
                let headers = [("x-amz-copy-source", "box/source"), ("x-amz-copy-source-range", range.as_str())];
                let path = format!("/box/k?partNumber={number}&uploadId={id}");
                let part = world.ask(Method::PUT, &path, &headers, b"").await;
                prop_assert_eq!(part.status, 200, "{}", part.text());
                etags[number - 1] = part.text().split("&quot;").nth(1).unwrap().to_owned();
            }
            let list: String = etags
                .iter()
                .enumerate()
                .map(|(index, etag)| format!("<Part><PartNumber>{}</PartNumber><ETag>{etag}</ETag></Part>", index + 1))
                .collect();
            let document = format!("<CompleteMultipartUpload>{list}</CompleteMultipartUpload>");
            let done = world.ask(Method::POST, &format!("/box/k?uploadId={id}"), &[], document.as_bytes()).await;
            prop_assert_eq!(done.status, 200, "{}", done.text());
            let whole: Vec<u8> = (1..=3).flat_map(|number| {
                let (from, to) = piece(number, moved[number]);
                source[from..to].to_vec()
            }).collect();
            prop_assert!(world.get("/box/k").await.body == whole, "the bytes differ");
            Ok(())
        })?;
    }
}
