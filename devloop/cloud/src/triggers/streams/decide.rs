//! Decides what happens to a batch after each try: the retry rules of stream mappings, without clocks or input and output.
//!
//! [Retain discarded batch records for a Kinesis Data Streams event source in Lambda; Configuring partial batch response
//! with Kinesis Data Streams and Lambda].

use std::{collections::VecDeque, ops::Range};

use crate::triggers::{response::Verdict, settings::Settings};

/// A batch that is processed in order, in one or more pieces.
#[derive(Debug)]
pub(super) struct Work {
    pieces: VecDeque<Piece>,
    size: usize,
}

/// Consecutive records that are delivered together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// The records, as indices into the batch.
    pub(super) records: Range<usize>,
    /// Invocations that reached the function since the piece was cut; the retry limit counts these.
    pub(super) tries: u32,
}

/// What to do after a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Some records succeeded; the rest is delivered at once.
    Progress,
    /// The piece was split; its first half is delivered at once.
    Split,
    /// The piece is retried after a wait.
    Retry,
    /// The piece is discarded.
    Discard,
}

impl Work {
    /// A batch of `size` records that has not been tried yet.
    pub(super) fn new(size: usize) -> Self {
        let whole = Piece { records: 0..size, tries: 0 };
        Self { pieces: VecDeque::from_iter((size > 0).then_some(whole)), size }
    }

    /// The piece to deliver next; `None` when the batch is finished.
    pub(super) fn piece(&self) -> Option<&Piece> {
        self.pieces.front()
    }

    /// How many records, counted from the first one, have succeeded or been discarded.
    pub(super) fn settled(&self) -> usize {
        self.pieces.front().map_or(self.size, |piece| piece.records.start)
    }

    /// Settles the first `count` records of the current piece; the rest keeps its number of tries.
    pub(super) fn settle(&mut self, count: usize) {
        if let Some(piece) = self.pieces.front_mut() {
            piece.records.start += count;
            if piece.records.is_empty() {
                self.pieces.pop_front();
            }
        }
    }

    /// Processes the result of a try of the current piece.
    ///
    /// An attempt that did not reach the function does not count against the retry limit. A split starts the count anew for
    /// each half, and partial success starts it anew for the rest. With bisect, a response that names the first record (no
    /// progress) splits the piece as an error does.
    pub(super) fn judge(&mut self, verdict: Verdict, settings: &Settings) -> Next {
        let Some(piece) = self.pieces.front_mut() else { return Next::Progress };
        let size = piece.records.len();
        let done = match verdict {
            Verdict::NotInvoked => return Next::Retry,
            Verdict::Done => size,
            Verdict::FailedFrom(index) => index.min(size),
        };
        piece.tries += 1;
        if done > 0 {
            piece.tries = 0;
            self.settle(done);
            Next::Progress
        } else if settings.bisect && size > 1 {
            let Range { start, end } = piece.records;
            let middle = start + size / 2;
            *piece = Piece { records: start..middle, tries: 0 };
            self.pieces.insert(1, Piece { records: middle..end, tries: 0 });
            Next::Split
        } else if settings.retries.is_some_and(|retries| piece.tries > retries) {
            Next::Discard
        } else {
            Next::Retry
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a function received and stored, and what was discarded. Records are numbered from 1.
    #[derive(Debug, Default, PartialEq, Eq)]
    struct Story {
        invocations: Vec<(usize, usize)>,
        stored: Vec<usize>,
        /// First record, last record and invocations of each discarded piece.
        discarded: Vec<(usize, usize, u32)>,
    }

    /// Runs a function that fails on the `bad` records: with an error for the whole batch, or by naming the first bad
    /// record.
    fn run(size: usize, bad: &[usize], checkpoint: bool, settings: &Settings) -> Story {
        let mut work = Work::new(size);
        let mut story = Story::default();
        while let Some(piece) = work.piece().cloned() {
            let records: Vec<usize> = piece.records.clone().map(|index| index + 1).collect();
            let (first, last) = (records[0], records[records.len() - 1]);
            story.invocations.push((first, last));
            let failed = records.iter().position(|record| bad.contains(record));
            let (verdict, good) = match failed {
                None => (Verdict::Done, records.len()),
                Some(index) if checkpoint => (Verdict::FailedFrom(index), index),
                Some(_) => (Verdict::FailedFrom(0), 0),
            };
            story.stored.extend(
                records[..good].iter().filter(|record| !story.stored.contains(record)).collect::<Vec<_>>(),
            );
            if work.judge(verdict, settings) == Next::Discard {
                story.discarded.push((first, last, work.piece().unwrap().tries));
                work.settle(records.len());
            }
        }
        assert_eq!(work.settled(), size);
        story
    }

    fn settings(bisect: bool) -> Settings {
        Settings { retries: Some(2), bisect, ..Settings::default() }
    }

    #[test]
    fn a_poison_record_causes_as_many_invocations_as_on_aws() {
        let check = |size,
                     bad: &[usize],
                     bisect,
                     checkpoint,
                     invocations,
                     stored,
                     discarded: &[(usize, usize, u32)]| {
            let story = run(size, bad, checkpoint, &settings(bisect));
            let seen = (story.invocations.len(), story.stored.len(), story.discarded.as_slice());
            assert_eq!(
                seen,
                (invocations, stored, discarded),
                "bad {bad:?}, bisect {bisect}, checkpoint {checkpoint}: {story:?}"
            );
        };
        let (throw, checkpoint) = (false, true);
        check(10, &[], false, throw, 1, 10, &[]);
        check(10, &[5, 10], false, throw, 3, 0, &[(1, 10, 3)]);
        check(10, &[5, 10], true, throw, 19, 8, &[(5, 5, 3), (10, 10, 3)]);
        check(9, &[5], true, throw, 9, 8, &[(5, 5, 3)]);
        check(9, &[5], false, checkpoint, 4, 4, &[(5, 9, 3)]);
        check(9, &[5], true, checkpoint, 8, 8, &[(5, 5, 3)]);
        check(10, &[5, 10], true, checkpoint, 11, 8, &[(5, 5, 3), (10, 10, 3)]);
    }

    #[test]
    fn pieces_are_delivered_in_order() {
        let story = run(9, &[5], true, &settings(true));
        assert_eq!(story.invocations, [(1, 9), (5, 9), (5, 6), (5, 5), (5, 5), (5, 5), (6, 6), (7, 9)]);
        assert_eq!(story.stored, [1, 2, 3, 4, 6, 7, 8, 9]);
    }

    #[test]
    fn progress_resets_the_retry_count() {
        // Recorded on AWS: with three records, of which the last is bad, and three retries, there are five deliveries and
        // an invoke count of four.
        let settings = Settings { retries: Some(3), ..Settings::default() };
        let story = run(3, &[3], true, &settings);
        assert_eq!(story.invocations.iter().filter(|(_, last)| *last == 3).count(), 5);
        assert_eq!(story.discarded, [(3, 3, 4)]);
    }

    #[test]
    fn an_attempt_that_did_not_reach_the_function_is_no_retry() {
        let settings = Settings { retries: Some(0), ..Settings::default() };
        let mut work = Work::new(4);
        for _ in 0..50 {
            assert_eq!(work.judge(Verdict::NotInvoked, &settings), Next::Retry);
        }
        assert_eq!(work.piece(), Some(&Piece { records: 0..4, tries: 0 }));
        assert_eq!(work.judge(Verdict::FailedFrom(0), &settings), Next::Discard);
    }

    #[test]
    fn without_a_limit_nothing_is_discarded() {
        let mut work = Work::new(1);
        let settings = Settings { bisect: true, ..Settings::default() };
        for _ in 0..100_000 {
            assert_eq!(work.judge(Verdict::FailedFrom(0), &settings), Next::Retry);
        }
        assert_eq!(work.judge(Verdict::Done, &settings), Next::Progress);
        assert_eq!((work.piece(), work.settled()), (None, 1));
    }

    #[test]
    fn removing_expired_records_keeps_the_count_of_the_others() {
        let mut work = Work::new(5);
        work.judge(Verdict::FailedFrom(0), &settings(false));
        work.settle(2);
        assert_eq!(work.piece(), Some(&Piece { records: 2..5, tries: 1 }));
        assert_eq!(work.settled(), 2);
        work.settle(3);
        assert_eq!((work.piece(), work.settled()), (None, 5));
    }
}
