use super::*;

fn filled() -> ShardLog<u32> {
    let log = ShardLog::new(100, &Arc::default());
    for n in 0..5_u32 {
        log.append(0, 1_000 + i64::from(n) * 10, 10, |_| n);
    }
    log
}

fn values(slice: &Slice<u32>) -> Vec<u32> {
    slice.entries.iter().map(|entry| *entry.record).collect()
}

#[test]
fn each_start_has_its_position() {
    let log = filled();
    let check = |start, expected: &[u32]| {
        assert_eq!(values(&log.read(log.position(start), 10, 1_000)), expected, "{start:?}");
    };
    check(Start::TrimHorizon, &[0, 1, 2, 3, 4]);
    check(Start::Latest, &[]);
    check(Start::At(102), &[2, 3, 4]);
    check(Start::After(102), &[3, 4]);
    check(Start::Timestamp(1_015), &[2, 3, 4]);
    check(Start::Timestamp(9_999), &[]);
}

#[test]
fn a_read_is_limited_by_count_and_bytes_and_the_next_one_continues() {
    let log = filled();
    let first = log.read(0, 2, 1_000);
    assert_eq!((values(&first), first.next, first.behind_ms), (vec![0, 1], 102, 30));
    let second = log.read(first.next, 10, 25);
    assert_eq!(values(&second), [2, 3]);
    assert_eq!(values(&log.read(second.next, 10, 1)), [4], "one record always fits");
}

#[test]
fn trimming_and_closing_are_seen_by_readers() {
    let log = filled();
    assert_eq!(log.trim(1_020), 2);
    assert_eq!(values(&log.read(log.position(Start::TrimHorizon), 10, 1_000)), [2, 3, 4]);
    log.close();
    assert_eq!(log.append(0, 0, 0, |_| 9), None);
    assert!(log.read(0, 10, 1_000).finished);
    assert!(!log.read(0, 1, 1_000).finished);
}

#[test]
fn a_full_log_drops_what_no_reader_needs() {
    let log = ShardLog::new(0, &Arc::default());
    let third = KEPT_BYTES / 3;
    let append = |value| log.append(0, 0, third, |_| value).unwrap();
    (0..3).for_each(|value| assert_eq!(append(value), u128::from(value)));
    let hold = log.hold(1);
    assert_eq!(log.room(), Ok(()));
    append(3);
    assert_eq!(values(&log.read(0, 10, usize::MAX)), [1, 2, 3], "the reader is done with the first");
    append(4);
    assert_eq!(log.room(), Err(Full::Log), "the reader needs the second");
    assert_eq!(values(&log.read(0, 10, usize::MAX)), [1, 2, 3, 4]);
    *hold.lock() = 4;
    assert_eq!(log.room(), Ok(()));
    assert_eq!(log.kept(), (3, 3 * third));
    drop(hold);
    append(5);
    assert_eq!(values(&log.read(0, 10, usize::MAX)), [3, 4, 5], "nobody reads");
}

#[test]
fn all_logs_share_a_limit_and_the_largest_drops_its_oldest_records() {
    let budget = Arc::new(Budget::new(40 * 1_000));
    let [large, small] = [0, 0].map(|first| ShardLog::new(first, &budget));
    let append = |log: &ShardLog<u32>| log.append(0, 0, 1_000 - OVERHEAD, |number| number as u32);
    for _ in 0..10 {
        append(&small).unwrap();
    }
    while budget.has_room(OVERHEAD) {
        append(&large).unwrap();
    }
    assert_eq!((small.kept().0, large.kept().0), (10, 30));
    assert_eq!(small.room(), Ok(()));
    assert_eq!(small.kept().0, 10, "the small one keeps all of its records");
    assert!((26..30).contains(&large.kept().0), "{}", large.kept().0);
    let holds = [large.hold(0), small.hold(0)];
    while budget.has_room(OVERHEAD) {
        append(&small).unwrap();
    }
    assert_eq!(small.room(), Err(Full::All(40_000)), "readers need everything");
    *holds[0].lock() = u128::MAX;
    assert_eq!(small.room(), Ok(()));
    drop((large, small, holds));
    assert_eq!(budget.bytes(), 0);
}

#[tokio::test]
async fn a_waiting_reader_is_woken_by_the_append() {
    let log = Arc::new(filled());
    let from = log.position(Start::Latest);
    let reader = tokio::spawn({
        let log = Arc::clone(&log);
        async move {
            log.wait(from).await;
            log.read(from, 10, 1_000).entries.len()
        }
    });
    tokio::task::yield_now().await;
    log.append(0, 2_000, 1, |_| 7);
    assert_eq!(reader.await.unwrap(), 1);
}
