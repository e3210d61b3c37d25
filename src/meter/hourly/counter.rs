//! What a worker keeps of a connection while it reads records.

use crate::model::usage::Sender;

/// What every record asks of its connection and adds to it: half a line of the processor's cache, so that a record
/// costs one look into memory.
#[derive(Debug, Clone)]
#[repr(align(32))]
pub(crate) struct Counter {
    /// Bytes of the hour that is open, by sender; mean nothing where `present` does not say so.
    sums: [u64; 2],
    /// When the last record was, by sender; [`NO_TICK`] before the first.
    ticks: [u32; 2],
    /// The hours in which the connection exists, counted from the start of the period.
    first: u16,
    end: u16,
    present: [bool; 2],
    /// Inside a region, where traffic is free (R1).
    pub free: bool,
}

/// No record yet: earlier than any tick of a record.
pub(crate) const NO_TICK: u32 = 0;

/// What became of bytes that were added.
pub(crate) enum Added {
    /// They are the first ones of the hour.
    First,
    /// They are in the sum.
    Summed,
    /// The sum was this and had no room; they are the first ones of a new sum.
    Full(u64),
}

/// How a record stands to the one of its connection and sender before it.
pub(crate) enum Order {
    /// There is none.
    First,
    /// It is later.
    Later,
    /// It is not later, as far as can be seen: it may be a copy.
    NotLater,
}

impl Counter {
    /// `first` and `end` as hours from the start of the period; one that ends after hour 65535 is taken to end then.
    pub fn new(first: u32, end: u32, free: bool) -> Self {
        let hour = |hour: u32| u16::try_from(hour).unwrap_or(u16::MAX);
        let (first, end) = (hour(first), hour(end));
        Self { sums: [0; 2], ticks: [NO_TICK; 2], first, end, present: [false; 2], free }
    }

    /// Whether the connection exists in this hour.
    #[inline]
    pub fn exists_in(&self, hour: u32) -> bool {
        (u32::from(self.first)..u32::from(self.end)).contains(&hour)
    }

    /// Notes a record, and tells how it stands to the one before it.
    #[inline]
    pub fn order(&mut self, sender: Sender, tick: u32) -> Order {
        let last = &mut self.ticks[sender as usize];
        if *last >= tick {
            return Order::NotLater;
        }
        match std::mem::replace(last, tick) {
            NO_TICK => Order::First,
            _ => Order::Later,
        }
    }

    /// When the last records were, by sender; forgets it.
    pub fn take_ticks(&mut self) -> [u32; 2] {
        std::mem::replace(&mut self.ticks, [NO_TICK; 2])
    }

    /// Adds to the sum of the open hour.
    #[inline]
    pub fn add(&mut self, sender: Sender, bytes: u64) -> Added {
        let (sum, present) = (&mut self.sums[sender as usize], &mut self.present[sender as usize]);
        if !*present {
            *present = true;
            *sum = bytes;
            return Added::First;
        }
        match sum.checked_add(bytes) {
            Some(added) => {
                *sum = added;
                Added::Summed
            }
            None => Added::Full(std::mem::replace(sum, bytes)),
        }
    }

    /// The sum of the open hour, which is forgotten.
    #[inline]
    pub(super) fn take_sum(&mut self, sender: Sender) -> Option<u64> {
        std::mem::take(&mut self.present[sender as usize]).then_some(self.sums[sender as usize])
    }
}
