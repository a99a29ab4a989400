//! A second, simple implementation of the rules of a stream's mapping. The property tests compare the real mapping with it.
//!
//! Time passes in steps of at least ten seconds, which is the longest wait between tries: in every step each failed batch is tried once.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::fake::QUEUE_ARN;

/// How long an idle window stays open behind its end, in ms.
const GRACE_MS: i64 = 1_000;
/// A heavy state is too large from this many records on.
const HEAVY_FROM: u64 = 3;

/// The options of the mapping.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) batch_size: usize,
    pub(super) retries: Option<u32>,
    /// Seconds.
    pub(super) age: Option<i64>,
    pub(super) bisect: bool,
    /// Whether the mapping reads which records of a batch failed.
    pub(super) reads_failures: bool,
    /// Whether a filter lets only even numbers through.
    pub(super) only_even: bool,
    pub(super) factor: usize,
    /// The windows' length in seconds; 0 for none.
    pub(super) tumbling: i64,
}

impl Rules {
    pub(super) fn options(&self) -> Value {
        let types: &[&str] = if self.reads_failures { &["ReportBatchItemFailures"] } else { &[] };
        let even: Vec<u32> = (0..500).step_by(2).collect();
        let pattern = json!({ "Pattern": json!({ "n": even }).to_string() });
        let filters = if self.only_even { json!([pattern]) } else { json!([]) };
        json!({
            "BatchSize": self.batch_size, "MaximumRetryAttempts": self.retries.map_or(-1, i64::from),
            "MaximumRecordAgeInSeconds": self.age.unwrap_or(-1), "BisectBatchOnFunctionError": self.bisect,
            "FunctionResponseTypes": types, "FilterCriteria": { "Filters": filters },
            "ParallelizationFactor": self.factor, "TumblingWindowInSeconds": self.tumbling,
            "DestinationConfig": { "OnFailure": { "Destination": QUEUE_ARN } },
        })
    }

    /// The window of a moment: its start and end in ms.
    fn window(&self, at_ms: i64) -> Option<(i64, i64)> {
        let length = self.tumbling * 1_000;
        (length > 0).then(|| {
            let start = at_ms - at_ms.rem_euclid(length);
            (start, start + length)
        })
    }

    fn is_too_old(&self, since_ms: i64, now_ms: i64) -> bool {
        self.age.is_some_and(|age| since_ms < now_ms - age * 1_000)
    }
}

/// What the function does with records.
#[derive(Debug, Clone, Default)]
pub(super) struct Code {
    /// Whether it stores the records before the first bad one and reports that one; otherwise it fails and stores nothing.
    pub(super) names_failures: bool,
    pub(super) bad: BTreeSet<u32>,
    /// The last call of a window fails when its sum leaves this by three.
    pub(super) bad_sums: Option<u64>,
    /// Whether nobody reaches it.
    pub(super) throttled: bool,
    /// Whether the state of three records is larger than a window may have.
    pub(super) heavy: bool,
}

/// What a call comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    Throttle,
    Error,
    /// The first so many records are stored or counted in the state; the next one, if any, is reported as failed.
    Stored(usize),
}

impl Code {
    pub(super) fn call(&self, numbers: &[u32]) -> Reply {
        match numbers.iter().position(|number| self.bad.contains(number)) {
            _ if self.throttled => Reply::Throttle,
            None => Reply::Stored(numbers.len()),
            Some(first) if self.names_failures => Reply::Stored(first),
            Some(_) => Reply::Error,
        }
    }

    pub(super) fn last_call(&self, sum: u64) -> Reply {
        match self.bad_sums {
            _ if self.throttled => Reply::Throttle,
            Some(rest) if sum % 3 == rest => Reply::Error,
            _ => Reply::Stored(0),
        }
    }

    pub(super) fn is_too_large(&self, records: u64) -> bool {
        self.heavy && records >= HEAVY_FROM
    }
}

/// A call of the function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Call {
    pub(super) shard: usize,
    pub(super) numbers: Vec<u32>,
    /// The window's start, the sum in its state, whether it ends, and whether early.
    pub(super) window: Option<(i64, u64, bool, bool)>,
}

/// A message of the queue: shard, first and last sequence number, size, tries, and why.
pub(super) type Told = (usize, u128, u128, usize, u32, &'static str);

/// How often something happened in a shard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) retried: u64,
    pub(super) bisected: u64,
    pub(super) checkpointed: u64,
    pub(super) discarded: u64,
    pub(super) filtered: u64,
    /// Start and records of the open window.
    pub(super) window: Option<(i64, usize)>,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It is older than the mapping's starting position.
    Skipped,
    Stored,
    /// It went into the sum of a window that is open or was written.
    Summed,
    /// The function reported it or a record before it as failed, and the mapping does not read such reports.
    Lost,
    Filtered,
    Told,
}

#[derive(Debug)]
struct Record {
    number: u32,
    arrived_ms: i64,
    end: Option<End>,
}

#[derive(Debug)]
struct Window {
    bounds: (i64, i64),
    sum: u64,
    /// How many records the function has counted into the state.
    counted: u64,
    too_large: bool,
    called: bool,
    /// The records that the mapping takes as being in the state.
    taken: Vec<usize>,
}

impl Window {
    fn open(bounds: (i64, i64)) -> Self {
        Self { bounds, sum: 0, counted: 0, too_large: false, called: false, taken: Vec::new() }
    }
}

#[derive(Debug)]
struct Piece {
    records: Vec<usize>,
    tries: u32,
}

/// One batch of a shard at a time.
#[derive(Debug, Default)]
struct Lane {
    pieces: VecDeque<Piece>,
    /// Filtered records that come after records of the batch.
    passed: Vec<usize>,
    /// The window of the batch.
    window: Option<(i64, i64)>,
    /// The window's final call is due: whether it ends the window early, and how often it failed.
    ending: Option<(bool, u32)>,
    /// Whether the lane waits for its next try.
    waits: bool,
}

#[derive(Debug, Default)]
struct Shard {
    first: u128,
    parents: Vec<usize>,
    closed: bool,
    records: Vec<Record>,
    lanes: Vec<Lane>,
    window: Option<Window>,
    counts: Counts,
}

/// A mapping and the stream it reads.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) rules: Rules,
    pub(super) enabled: bool,
    now_ms: i64,
    code: Arc<Mutex<Code>>,
    shards: Vec<Shard>,
    calls: Vec<Call>,
    told: Vec<Told>,
}

impl Model {
    /// A new mapping of a stream with one shard.
    pub(super) fn new(rules: Rules, code: Arc<Mutex<Code>>, now_ms: i64) -> Self {
        let (shards, calls, told) = (Vec::new(), Vec::new(), Vec::new());
        let mut model = Self { rules, enabled: true, now_ms, code, shards, calls, told };
        model.add_shard(1_000, Vec::new());
        model
    }

    pub(super) fn add_shard(&mut self, first: u128, parents: Vec<usize>) {
        for parent in &parents {
            self.shards[*parent].closed = true;
        }
        self.shards.push(Shard { first, parents, ..Shard::default() });
        self.divide(self.shards.len() - 1);
    }

    pub(super) fn put(&mut self, shard: usize, number: u32) {
        self.shards[shard].records.push(Record { number, arrived_ms: self.now_ms, end: None });
    }

    pub(super) fn pass(&mut self, seconds: u64) {
        self.now_ms += seconds as i64 * 1_000;
        self.wake();
    }

    /// The function or an option changed: every waiting lane tries again now.
    pub(super) fn wake(&mut self) {
        self.shards.iter_mut().flat_map(|shard| &mut shard.lanes).for_each(|lane| lane.waits = false);
    }

    /// New options. A pause or another factor drops the batches in hand; their records are read again.
    pub(super) fn update(&mut self, rules: Rules, enabled: bool) {
        let anew = !enabled || !self.enabled || rules.factor != self.rules.factor;
        (self.rules, self.enabled) = (rules, enabled);
        if anew {
            (0..self.shards.len()).for_each(|shard| self.divide(shard));
        }
        self.wake();
    }

    /// A new mapping replaces this one; it starts at the records that arrived at or after `since_ms`.
    pub(super) fn begin(&mut self, rules: Rules, since_ms: i64) {
        self.update(rules, true);
        for index in 0..self.shards.len() {
            self.divide(index);
            let shard = &mut self.shards[index];
            (shard.window, shard.counts) = (None, Counts::default());
            for record in &mut shard.records {
                record.end = (record.arrived_ms < since_ms).then_some(End::Skipped);
            }
        }
    }

    fn divide(&mut self, shard: usize) {
        self.shards[shard].lanes = (0..self.rules.factor).map(|_| Lane::default()).collect();
    }

    /// Does everything that is possible without waiting; returns the calls and messages.
    pub(super) fn run(&mut self) -> (Vec<Call>, Vec<Told>) {
        while self.enabled && (0..self.shards.len()).any(|shard| self.may_read(shard) && self.work(shard)) {}
        (std::mem::take(&mut self.calls), std::mem::take(&mut self.told))
    }

    /// Whether the shard's parents were read to their ends.
    fn may_read(&self, shard: usize) -> bool {
        self.shards[shard].parents.iter().all(|parent| {
            let Shard { closed, window, records, .. } = &self.shards[*parent];
            let has_ended = records.iter().all(|record| record.end.is_some());
            *closed && window.is_none() && has_ended && self.may_read(*parent)
        })
    }

    /// Whether any lane of the shard did anything.
    fn work(&mut self, shard: usize) -> bool {
        (0..self.rules.factor).fold(false, |worked, lane| {
            let mut step = Step { model: self, shard, lane };
            let mut now = false;
            while step.take() {
                now = true;
            }
            worked || now
        })
    }

    pub(super) fn counts(&self, shard: usize) -> Counts {
        let Shard { counts, window, .. } = &self.shards[shard];
        let window = window.as_ref().map(|window| (window.bounds.0, window.taken.len()));
        Counts { window, ..counts.clone() }
    }

    /// The sum of all windows that were written since the mapping began.
    pub(super) fn written(&self) -> u64 {
        let sum = |shard: &Shard| {
            let open = |index: &usize| shard.window.as_ref().is_some_and(|open| open.taken.contains(index));
            let summed = shard.records.iter().enumerate();
            let summed = summed.filter(|(index, record)| record.end == Some(End::Summed) && !open(index));
            summed.map(|(_, record)| u64::from(record.number)).sum::<u64>()
        };
        self.shards.iter().map(sum).sum()
    }

    /// Whether every record has come to its end, and every window to its own.
    pub(super) fn is_through(&self) -> bool {
        self.shards
            .iter()
            .all(|shard| shard.window.is_none() && shard.records.iter().all(|record| record.end.is_some()))
    }
}

/// One lane of one shard at work.
struct Step<'m> {
    model: &'m mut Model,
    shard: usize,
    lane: usize,
}

impl Step<'_> {
    fn shard(&mut self) -> &mut Shard {
        &mut self.model.shards[self.shard]
    }

    fn lane(&mut self) -> &mut Lane {
        let lane = self.lane;
        &mut self.shard().lanes[lane]
    }

    fn ends(&mut self, records: &[usize], end: End) {
        for index in records {
            let before = self.shard().records[*index].end.replace(end);
            assert!(before.is_none(), "record {index} ended twice: {before:?}, {end:?}");
        }
    }

    /// Does the next thing; whether there was one.
    fn take(&mut self) -> bool {
        if self.lane().waits {
            return false;
        }
        if self.lane().ending.is_none() && self.shard().window.as_ref().is_some_and(|open| open.too_large) {
            self.lane().ending = Some((true, 0));
        }
        if self.lane().ending.is_some() {
            self.end_window();
        } else if self.lane().pieces.is_empty() {
            return self.gather();
        } else {
            self.deliver();
        }
        true
    }

    /// Whether there is a batch now, or a window to end.
    fn gather(&mut self) -> bool {
        let (rules, now_ms, number) = (self.model.rules.clone(), self.model.now_ms, self.lane);
        let open = self.shard().window.as_ref().map(|window| window.bounds);
        let (mut batch, mut passed, mut window, mut later) = (Vec::new(), Vec::new(), open, false);
        for (index, record) in self.shard().records.iter().enumerate() {
            let of = rules.window(record.arrived_ms);
            if record.end.is_some() || record.number as usize / 100 % rules.factor != number {
                continue;
            }
            later = window.is_some() && of != window;
            if later || batch.len() == rules.batch_size {
                break;
            }
            if rules.only_even && record.number % 2 == 1 {
                passed.push(index);
            } else {
                batch.push(index);
                window = of;
            }
        }
        let other_length = open.is_some_and(|open| rules.window(open.0) != Some(open));
        let over = open.is_some_and(|(_, end)| later || now_ms >= end + GRACE_MS || self.shard().closed);
        if other_length || (batch.is_empty() && over) {
            if !other_length {
                self.filter_out(passed, None);
            }
            self.lane().ending = Some((false, 0));
            return true;
        }
        let first = batch.first().copied();
        self.filter_out(passed, first);
        if batch.is_empty() {
            return false;
        }
        if let Some(bounds) = window {
            self.shard().window.get_or_insert_with(|| Window::open(bounds));
        }
        self.lane().window = window;
        self.lane().pieces.push_back(Piece { records: batch, tries: 0 });
        true
    }

    /// Filtered records are settled together with the records before them: here all before `waits_for`.
    fn filter_out(&mut self, passed: Vec<usize>, waits_for: Option<usize>) {
        let (settled, rest): (Vec<usize>, Vec<usize>) =
            passed.into_iter().partition(|index| waits_for.is_none_or(|first| *index < first));
        self.ends(&settled, End::Filtered);
        self.shard().counts.filtered += settled.len() as u64;
        self.lane().passed = rest;
    }

    fn deliver(&mut self) {
        let (rules, now_ms, code) =
            (self.model.rules.clone(), self.model.now_ms, self.model.code.lock().clone());
        let Piece { records, tries } = self.lane().pieces.pop_front().unwrap();
        let arrivals = records.iter().map(|index| self.model.shards[self.shard].records[*index].arrived_ms);
        let old = arrivals.take_while(|arrived_ms| rules.is_too_old(*arrived_ms, now_ms)).count();
        let (old, records) = records.split_at(old);
        if !old.is_empty() {
            self.tell(old, tries.max(1), "RecordAgeExceeded");
            return self.settled(records, tries);
        }
        self.shard().counts.retried += u64::from(tries > 0);
        let numbers: Vec<u32> = records.iter().map(|index| self.shard().records[*index].number).collect();
        self.call(numbers.clone(), self.model.shards[self.shard].lanes[self.lane].window, None);
        let (stored, done) = match code.call(&numbers) {
            Reply::Throttle => {
                self.lane().waits = true;
                return self.lane().pieces.push_front(Piece { records: records.to_vec(), tries });
            }
            Reply::Error => (0, 0),
            // A mapping that does not read which records failed takes all of them as done.
            Reply::Stored(stored) if rules.reads_failures => (stored, stored),
            Reply::Stored(stored) => (stored, records.len()),
        };
        let windowed = self.lane().window.is_some();
        self.ends(&records[..stored], if windowed { End::Summed } else { End::Stored });
        self.ends(&records[stored..done], End::Lost);
        if done > 0 && windowed {
            let window = self.shard().window.as_mut().unwrap();
            window.sum += numbers[..stored].iter().map(|number| u64::from(*number)).sum::<u64>();
            window.counted += stored as u64;
            window.too_large = code.is_too_large(window.counted);
            window.taken.extend(&records[..done]);
        }
        let (size, tries) = (records.len(), tries + 1);
        if done > 0 {
            self.shard().counts.checkpointed += u64::from(done < size);
            self.settled(&records[done..], 0);
        } else if rules.bisect && size > 1 {
            let (left, right) = records.split_at(size / 2);
            self.lane().pieces.push_front(Piece { records: right.to_vec(), tries: 0 });
            self.lane().pieces.push_front(Piece { records: left.to_vec(), tries: 0 });
            self.shard().counts.bisected += 1;
        } else if rules.retries.is_some_and(|retries| tries > retries) {
            self.tell(records, tries, "RetryAttemptsExhausted");
            self.settled(&[], 0);
        } else {
            self.lane().waits = true;
            self.lane().pieces.push_front(Piece { records: records.to_vec(), tries });
        }
    }

    /// Puts the rest of a piece back, and settles the filtered records before it.
    fn settled(&mut self, rest: &[usize], tries: u32) {
        if !rest.is_empty() {
            self.lane().pieces.push_front(Piece { records: rest.to_vec(), tries });
        }
        let next = self.lane().pieces.front().map(|piece| piece.records[0]);
        let passed = std::mem::take(&mut self.lane().passed);
        self.filter_out(passed, next);
    }

    fn end_window(&mut self) {
        let (early, tries) = self.lane().ending.unwrap();
        let rules = self.model.rules.clone();
        let now_ms = self.model.now_ms;
        let window = self.shard().window.as_ref().unwrap();
        let (bounds, sum) = (window.bounds, window.sum);
        let taken = window.taken.clone();
        if window.called {
            if tries > 0 && rules.is_too_old(bounds.1, now_ms) {
                self.tell_window(&taken, tries, "RecordAgeExceeded");
            } else {
                self.call(Vec::new(), Some(bounds), Some(early));
                let reply = self.model.code.lock().last_call(sum);
                let tries = tries + u32::from(reply == Reply::Error);
                if reply == Reply::Error && rules.retries.is_some_and(|retries| tries > retries) {
                    self.tell_window(&taken, tries, "RetryAttemptsExhausted");
                } else if !matches!(reply, Reply::Stored(_)) {
                    self.lane().waits = true;
                    self.lane().ending = Some((early, tries));
                    return;
                }
            }
        }
        self.lane().ending = None;
        self.shard().window = early.then(|| Window::open(bounds));
    }

    fn call(&mut self, numbers: Vec<u32>, window: Option<(i64, i64)>, ending: Option<bool>) {
        let window = window.map(|bounds| {
            let open = self.shard().window.get_or_insert_with(|| Window::open(bounds));
            open.called = true;
            (bounds.0, open.sum, ending.is_some(), ending == Some(true))
        });
        let shard = self.shard;
        self.model.calls.push(Call { shard, numbers, window });
    }

    fn tell(&mut self, records: &[usize], tries: u32, why: &'static str) {
        self.ends(records, End::Told);
        self.message(records, tries, why);
    }

    /// The records of a window's sum that nobody wrote.
    fn tell_window(&mut self, taken: &[usize], tries: u32, why: &'static str) {
        for index in taken {
            self.shard().records[*index].end = Some(End::Told);
        }
        if !taken.is_empty() {
            self.message(taken, tries, why);
        }
    }

    fn message(&mut self, records: &[usize], tries: u32, why: &'static str) {
        let first = self.shard().first;
        let sequence = |index: usize| first + index as u128;
        let (first, last) = (sequence(records[0]), sequence(records[records.len() - 1]));
        self.shard().counts.discarded += records.len() as u64;
        self.model.told.push((self.shard, first, last, records.len(), tries, why));
    }
}
