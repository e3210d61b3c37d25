//! The fast path: plain records of known connections, many at once.
//!
//! What needs more than that is left to the general path, in its place in the order of the input.

use crate::{
    error::Result,
    meter::{
        Count,
        hourly::{key_of, sender_of},
        lookup::AT_ONCE,
        worker::{Goal, Progress, Tally},
    },
    model::time::Timestamp,
    read::{
        native::plain::{PADDING, PlainLine, PlainReader},
        source::LineLayout,
    },
};

/// Plain lines that are read before any of them is taken, so that their looks into memory overlap.
pub(crate) struct PlainLines {
    reader: PlainReader,
    lines: Vec<PlainLine>,
    /// How many are read at once.
    at_once: usize,
}

/// How far plain lines were read or taken.
struct Progressed {
    lines: usize,
    bytes: usize,
    /// Whether the line behind them needs the general path.
    stopped: bool,
}

impl PlainLines {
    pub fn new() -> Self {
        Self { reader: PlainReader::new(), lines: vec![PlainLine::EMPTY; AT_ONCE], at_once: AT_ONCE }
    }

    /// Reads some of the plain lines at the start of `padded`; `hours` where each must be of a whole hour.
    fn read(&mut self, padded: &[u8], length: usize, hours: bool) -> Progressed {
        let (mut lines, mut at) = (0, 0);
        while lines < self.at_once && at < length {
            let plain = &mut self.lines[lines];
            let is_plain = padded[at..].first_chunk::<PADDING>().is_some_and(|line| {
                self.reader.read(line, plain)
                    && at + plain.length <= length
                    && (!hours || plain.timestamp.is_whole_hour())
            });
            if !is_plain {
                return Progressed { lines, bytes: at, stopped: true };
            }
            at += plain.length;
            lines += 1;
        }
        Progressed { lines, bytes: at, stopped: false }
    }

    /// What was read behind a line that was not taken is read again: where there are many such, less at a time.
    fn adapt(&mut self, all_taken: bool) {
        self.at_once = if all_taken { (self.at_once * 2).min(AT_ONCE) } else { 1 };
    }
}

impl Tally<'_> {
    /// Takes the lines of `padded`, which end in a line feed each and have [`PADDING`] bytes behind them; `last`
    /// where nothing follows them.
    pub fn take_lines(
        &mut self,
        padded: &[u8],
        length: usize,
        layout: &LineLayout,
        last: bool,
    ) -> Result<Progress> {
        let mut at = 0;
        while at < length {
            if layout.native {
                let taken = self.take_plain_lines(&padded[at..], length - at, layout.hours);
                at += taken.bytes;
                if !taken.stopped {
                    continue;
                }
            }
            match self.take_row(&padded[at..length], layout, last)? {
                Some(consumed) => at += consumed,
                None => return Ok(Progress::OpenQuote(at)),
            }
        }
        Ok(Progress::All)
    }

    /// Takes some of the plain lines at the start of `padded`; `hours` where each must be of a whole hour.
    fn take_plain_lines(&mut self, padded: &[u8], length: usize, hours: bool) -> Progressed {
        let read = self.plain.read(padded, length, hours);
        let all = std::mem::take(&mut self.plain.lines);
        let lines = &all[..read.lines];
        let mut found = [0; AT_ONCE];
        let known = self.plan.lookup.find_all(lines.iter().map(|line| &line.id), &mut found);
        let taken = self.take_known_lines(&lines[..known], &found);
        self.span.lines += taken as u64;
        let progressed = match taken == read.lines {
            true => read,
            false => {
                let bytes = lines[..taken].iter().map(|line| line.length).sum();
                Progressed { lines: taken, bytes, stopped: true }
            }
        };
        self.plain.adapt(taken == lines.len());
        self.plain.lines = all;
        progressed
    }

    /// Takes lines whose connections were found, up to the first that the general path must look at; returns how many.
    fn take_known_lines(&mut self, lines: &[PlainLine], found: &[u32; AT_ONCE]) -> usize {
        let (mut keys, mut bytes) = ([0; AT_ONCE], [0; AT_ONCE]);
        for (index, line) in lines.iter().enumerate() {
            keys[index] = key_of(found[index] as usize, line.sender) as u32;
            bytes[index] = line.bytes;
        }
        let mut taken = 0;
        for same in lines.chunk_by(|a, b| a.timestamp == b.timestamp) {
            let all = taken..taken + same.len();
            let own = self.take_plain(same[0].timestamp, &keys[all.clone()], &bytes[all]);
            taken += own;
            if own < same.len() {
                break;
            }
        }
        taken
    }

    /// Takes records of one instant, of these keys and with these bytes, in their order, up to the first that the
    /// general path must look at; returns how many.
    #[inline]
    pub fn take_plain(&mut self, timestamp: Timestamp, keys: &[u32], bytes: &[u64]) -> usize {
        let moment = self.moment_of(timestamp);
        let Some(hour) = moment.hour else {
            let outside = Count { records: keys.len() as u64, bytes: sum_of(bytes) };
            self.span.totals.read.add_all(outside);
            self.span.totals.outside_period.add_all(outside);
            return keys.len();
        };
        match &self.plan.goal {
            Goal::Bill(repeated) if repeated.is_empty() => {
                self.bill_plain(hour, moment.tick, keys, bytes, |_| false)
            }
            Goal::Bill(repeated) => {
                let is_copy = |key| repeated.contains((key, moment.clock));
                self.bill_plain(hour, moment.tick, keys, bytes, is_copy)
            }
            Goal::Collect(collects) => {
                let wanted = keys.iter().filter(|&&key| collects[key as usize]);
                wanted.for_each(|&key| self.span.collected.push((key, moment.clock)));
                keys.len()
            }
        }
    }

    /// Bills records of one hour and tick, up to the first whose connection does not exist then or that is a copy.
    #[inline]
    fn bill_plain(
        &mut self,
        hour: u32,
        tick: u32,
        keys: &[u32],
        bytes: &[u64],
        is_copy: impl Fn(u32) -> bool,
    ) -> usize {
        self.hourly.open(hour);
        let mut taken = 0;
        let mut free = Count::default();
        'all: for (keys, bytes) in keys.chunks(AT_ONCE).zip(bytes.chunks(AT_ONCE)) {
            self.hourly.touch(keys);
            for (&key, &bytes) in keys.iter().zip(bytes) {
                let counter = self.hourly.counter(key);
                if !counter.exists_in(hour) || is_copy(key) {
                    break 'all;
                }
                free.add_if(counter.free, bytes);
                let sender = sender_of(key);
                let (order, added) = (counter.order(sender, tick), counter.add(sender, bytes));
                self.note_order(key, tick, order);
                self.hourly.note(key, added);
                taken += 1;
            }
        }
        let all = Count { records: taken as u64, bytes: sum_of(&bytes[..taken]) };
        let totals = &mut self.span.totals;
        totals.read.add_all(all);
        totals.free.add_all(free);
        totals.billed.add_all(Count { records: all.records - free.records, bytes: all.bytes - free.bytes });
        taken
    }
}

/// The sum of many numbers, of whose halves a processor adds several at once.
fn sum_of(numbers: &[u64]) -> u128 {
    let few = |numbers: &[u64]| {
        let add = |(low, high): (u64, u64), number: &u64| {
            // OK because 2^32 halves would fit.
            (low.wrapping_add(number & u64::from(u32::MAX)), high.wrapping_add(number >> 32))
        };
        let (low, high) = numbers.iter().fold((0, 0), add);
        u128::from(low) + (u128::from(high) << 32)
    };
    numbers.chunks(1 << 16).map(few).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_of_any_size_are_summed(numbers in prop::collection::vec(any::<u64>(), 0..50)) {
            prop_assert_eq!(sum_of(&numbers), numbers.iter().map(|&number| u128::from(number)).sum::<u128>());
        }
    }
}
