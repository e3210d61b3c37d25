//! Long work: without the interpreter's lock, and stopped by Ctrl-C.

use crate::errors::exception;
use peerbill::{Error, Result, files::Progress};
use pyo3::prelude::*;
use std::{
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

/// How often signals are looked at.
const STEP: Duration = Duration::from_millis(50);

/// Runs `work` on another thread while this one waits for signals, which stop the reading of traffic.
pub fn interruptible<T: Send>(
    py: Python<'_>,
    progress: &Arc<Progress>,
    work: impl FnOnce() -> Result<T> + Send,
) -> PyResult<T> {
    let (done, interrupted) = py.detach(|| {
        thread::scope(|scope| {
            let (sender, results) = mpsc::channel();
            scope.spawn(move || sender.send(work()));
            let mut interrupted = None;
            loop {
                match results.recv_timeout(STEP) {
                    Ok(result) => return (result, interrupted),
                    Err(RecvTimeoutError::Disconnected) => {
                        return (Err(Error::internal("the work ended without a result")), interrupted);
                    }
                    Err(RecvTimeoutError::Timeout) => {
                        // A closure, as the method alone is of one lifetime.
                        #[expect(clippy::redundant_closure_for_method_calls)]
                        let looked = Python::attach(|py| py.check_signals());
                        if let Err(signal) = looked {
                            progress.stop();
                            interrupted = Some(signal);
                        }
                    }
                }
            }
        })
    });
    match interrupted {
        Some(signal) => Err(signal),
        None => done.map_err(|error| exception(py, &error)),
    }
}

/// Runs `work` without the lock.
pub fn unlocked<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    py.detach(work).map_err(|error| exception(py, &error))
}
