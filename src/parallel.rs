//! Work on several threads, whose results do not depend on which of them was faster, nor on how many there are: where the system
//! gives no more of them, fewer do the work.

use crate::error::Result;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError, mpsc},
    thread::{self, ScopedJoinHandle},
};

/// Runs `work` on so many threads at most, this one among them, and collects what they return.
pub(crate) fn run_on<A: Send>(threads: usize, work: impl Fn() -> Result<A> + Sync) -> Result<Vec<A>> {
    thread::scope(|scope| {
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, &work).ok();
        let others: Vec<_> = (1..threads).map_while(spawn).collect();
        let first = work();
        joined(first, others)
    })
}

/// So much of what was made may wait to be taken, so that who makes it need not wait for who takes it.
const WAITING: usize = 8;

/// Does `work` on all of `items`, on so many threads at most, this one among them, which also lets `take` have what comes of them, in
/// their order, as soon as it is there. Of several errors the first ends it.
///
/// Little waits to be taken where items are alike.
pub(crate) fn in_order<T, A: Send>(
    threads: usize,
    items: impl Iterator<Item = T> + Send,
    work: impl Fn(T) -> Result<A> + Sync,
    take: impl FnMut(A) -> Result<()>,
) -> Result<()> {
    in_order_with(threads, || (), items, |(), item| work(item), take)
}

/// Likewise, where each thread makes itself a state, for its work on one item after the other.
pub(crate) fn in_order_with<S, T, A: Send>(
    threads: usize,
    new_state: impl Fn() -> S + Sync,
    items: impl Iterator<Item = T> + Send,
    work: impl Fn(&mut S, T) -> Result<A> + Sync,
    mut take: impl FnMut(A) -> Result<()>,
) -> Result<()> {
    let items = Mutex::new(items.enumerate());
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(WAITING);
        let spawn = |_| {
            let (sender, next, new_state, work) = (sender.clone(), &next, &new_state, &work);
            let work_on = move || {
                let mut state = new_state();
                while let Some((index, item)) = next() {
                    // Nobody takes any more where something has failed.
                    if sender.send((index, work(&mut state, item))).is_err() {
                        return;
                    }
                }
            };
            thread::Builder::new().spawn_scoped(scope, work_on).ok()
        };
        (1..threads).map_while(spawn).for_each(drop);
        drop(sender);
        let mut state = new_state();
        // What others have made; else what is made here; in the end what others are still at.
        let mut make = || next().map(|(index, item)| (index, work(&mut state, item)));
        let any_made = || receiver.try_recv().ok().or_else(&mut make).or_else(|| receiver.recv().ok());
        let (mut early, mut next_index) = (BTreeMap::new(), 0);
        for (index, made) in std::iter::from_fn(any_made) {
            early.insert(index, made);
            while let Some(made) = early.remove(&next_index) {
                take(made?)?;
                next_index += 1;
            }
        }
        Ok(())
    })
}

/// What comes of all of `items`, in their order, made likewise.
pub(crate) fn mapped<T, A: Send>(
    threads: usize,
    items: impl Iterator<Item = T> + Send,
    work: impl Fn(T) -> Result<A> + Sync,
) -> Result<Vec<A>> {
    let mut all = Vec::new();
    let take = |made| {
        all.push(made);
        Ok(())
    };
    in_order(threads, items, work, take)?;
    Ok(all)
}

/// Does one thing here, and the other on a thread of its own meanwhile.
pub(crate) fn both<A, B: Send>(here: impl FnOnce() -> A, there: impl Fn() -> B + Sync) -> (A, B) {
    thread::scope(|scope| match thread::Builder::new().spawn_scoped(scope, &there) {
        Ok(there) => (here(), there.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))),
        Err(_) => (here(), there()),
    })
}

fn joined<A>(first: Result<A>, others: Vec<ScopedJoinHandle<'_, Result<A>>>) -> Result<Vec<A>> {
    let others =
        others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
    std::iter::once(first).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn what_comes_of_items_is_taken_in_their_order_until_one_fails() {
        for threads in 1..5 {
            for count in [0, 1, 2, 3, 100] {
                let work = |item: u64| {
                    // Some take longer than those behind them.
                    let _ = (0..item % 7 * 10_000).map(std::hint::black_box).count();
                    if item == 70 { Err(Error::internal("70")) } else { Ok(item) }
                };
                let mut taken = Vec::new();
                let take = |made| {
                    taken.push(made);
                    if made == 50 && threads == 4 { Err(Error::internal("50")) } else { Ok(()) }
                };
                let done = in_order(threads, 0..count, work, take);
                let failing = if threads == 4 { 50 } else { 70 };
                assert_eq!(done.is_err(), count > 70);
                let last = if threads == 4 { 51 } else { failing };
                assert_eq!(taken, (0..count.min(last)).collect::<Vec<_>>(), "{threads} {count}");
            }
        }
    }
}
