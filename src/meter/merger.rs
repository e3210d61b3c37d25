//! Puts together what workers found, in the order of the input.

use super::{
    found::SpanFindings,
    fractions::Fractions,
    hourly::{HourlyUsage, NO_TICK},
    plan::{Goal, Plan},
    worker::{Summed, Ticks, Worker},
};
use crate::{error::Result, read::layout::Layout};
use std::collections::BTreeMap;

/// What a reading found, in the order of the input.
pub(super) struct Scanned {
    pub usage: HourlyUsage,
    /// Fractions of bytes beside the whole ones.
    pub fractions: Fractions,
    pub found: SpanFindings,
    /// By end: whether its records did not strictly rise in time.
    pub disordered: Vec<bool>,
}

impl Scanned {
    pub fn extend(&mut self, worker: Summed) -> Result<()> {
        self.usage.extend(worker.hourly);
        for (end, disordered) in self.disordered.iter_mut().zip(worker.disordered) {
            *end |= disordered;
        }
        self.fractions.merge(worker.fractions)
    }
}

/// Puts spans together in their order: line numbers, ticks, and the first refused records.
pub(super) struct Merger<'a> {
    plan: &'a Plan<'a>,
    layouts: &'a [Layout<'a>],
    pub scanned: Scanned,
    /// By their places in the input: spans that others before them must be merged first.
    waiting: BTreeMap<usize, (usize, SpanFindings, Ticks)>,
    spare: Vec<Ticks>,
    next: usize,
    /// The source of the span merged last, and the lines of it that were read.
    source: Option<usize>,
    lines: u64,
    /// By end: the tick of its last record so far.
    last: Vec<u32>,
}

impl<'a> Merger<'a> {
    pub fn new(plan: &'a Plan<'a>, layouts: &'a [Layout<'a>]) -> Self {
        let rules = plan.rules;
        let usage = HourlyUsage::new(rules.period, plan.inventory.connections().len(), rules.threads);
        let ends = usage.keys();
        let scanned = Scanned {
            usage,
            fractions: Fractions::default(),
            found: SpanFindings::default(),
            disordered: vec![false; ends],
        };
        Self {
            plan,
            layouts,
            scanned,
            waiting: BTreeMap::new(),
            spare: Vec::new(),
            next: 0,
            source: None,
            lines: 0,
            last: vec![NO_TICK; ends],
        }
    }

    /// Takes what a worker found in a span and gives it room for those of the next one.
    pub fn hand_in(&mut self, index: usize, source: usize, worker: &mut Worker<'_>) -> Result<()> {
        let ends = self.last.len();
        let ticks = worker.take_ticks(self.spare.pop().unwrap_or_else(|| Ticks::new(ends)));
        self.waiting.insert(index, (source, std::mem::take(&mut worker.found), ticks));
        while let Some((source, span, ticks)) = self.waiting.remove(&self.next) {
            self.next += 1;
            self.merge(source, span, &ticks)?;
            self.spare.push(ticks);
        }
        Ok(())
    }

    fn merge(&mut self, source: usize, mut span: SpanFindings, ticks: &Ticks) -> Result<()> {
        if self.source != Some(source) {
            self.source = Some(source);
            self.lines = self.layouts.get(source).map_or(0, |layout| layout.first_line() - 1);
        }
        let held = span.held.iter_mut().map(|duplicate| &mut duplicate.record);
        for record in span.refusals.records.iter_mut().chain(held) {
            record.fault.line = record.fault.line.map(|line| line + self.lines);
        }
        self.lines += span.lines;
        self.scanned.found.merge(span, self.plan.rules.keep_all)?;
        if matches!(self.plan.goal, Goal::Bill { .. }) {
            self.merge_ticks(ticks);
        }
        Ok(())
    }

    /// An end's time must rise from span to span as well.
    fn merge_ticks(&mut self, ticks: &Ticks) {
        for (end, last) in self.last.iter_mut().enumerate() {
            let (first, last_of_span) = (ticks.first[end], ticks.last[end]);
            if first == NO_TICK {
                continue;
            }
            if *last >= first {
                self.scanned.disordered[end] = true;
            }
            *last = (*last).max(last_of_span);
        }
    }
}
