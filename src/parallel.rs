//! Work on several threads, whose results do not depend on which of them was faster.

use crate::error::Result;
use std::thread::{self, ScopedJoinHandle};

/// Runs `work` on so many threads, this one among them, and collects what they return.
pub(crate) fn run_on<A: Send>(threads: usize, work: impl Fn() -> Result<A> + Sync) -> Result<Vec<A>> {
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(&work)).collect();
        let first = work();
        joined(first, others)
    })
}

/// Does `work` on each of `items`, on a thread of its own; returns what comes of them in their order.
pub(crate) fn on_each<T: Sync, A: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<A> + Sync,
) -> Result<Vec<A>> {
    let [first, others @ ..] = items else { return Ok(Vec::new()) };
    let work = &work;
    thread::scope(|scope| {
        let others: Vec<_> = others.iter().map(|item| scope.spawn(move || work(item))).collect();
        joined(work(first), others)
    })
}

/// Does one thing here, and the other on a thread of its own meanwhile.
pub(crate) fn both<A, B: Send>(here: impl FnOnce() -> A, there: impl FnOnce() -> B + Send) -> (A, B) {
    thread::scope(|scope| {
        let there = scope.spawn(there);
        (here(), there.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

fn joined<A>(first: Result<A>, others: Vec<ScopedJoinHandle<'_, Result<A>>>) -> Result<Vec<A>> {
    let others =
        others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
    std::iter::once(first).chain(others).collect()
}
