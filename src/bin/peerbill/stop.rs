//! When the program is stopped: by a signal, or by a fault of its own. Neither leaves a half-written file behind.

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ},
    iterator::Signals,
    low_level::emulate_default_handler,
};
use std::{
    fs,
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    thread,
};

/// Files that are written and not yet in their place.
static LEFTOVERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
/// The first fault of the program itself, in its words.
static FAULT: Mutex<Option<String>> = Mutex::new(None);

/// Takes signals that end the program, and faults of its own, from here on.
pub fn prepare() {
    panic::set_hook(Box::new(note_fault));
    // Beyond a limit on the size of files a write fails, as on a full disk, instead of ending the program.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    let taken = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal));
    // Without them the program still runs; a signal then ends it as it always did.
    if let Ok(signals) = Signals::new(taken) {
        thread::spawn(move || end_at_first(signals));
    }
}

/// Whether whoever started the program wants it to go on at this signal, as `nohup` does.
fn is_ignored(signal: i32) -> bool {
    let Ok(status) = fs::read_to_string("/proc/self/status") else { return false };
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Waits for a signal, removes what is half written, and ends the program by that signal.
fn end_at_first(mut signals: Signals) {
    for signal in signals.forever() {
        // Held to the end: no other file begins meanwhile, and none is put in its place.
        let leftovers = leftovers();
        remove(&leftovers);
        let _ = emulate_default_handler(signal);
    }
}

/// Removes files, as far as they are there.
pub fn remove(files: &[PathBuf]) {
    for path in files {
        let _ = fs::remove_file(path);
    }
}

fn leftovers() -> MutexGuard<'static, Vec<PathBuf>> {
    LEFTOVERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes a step that no signal comes between; it is given the files to remove if one comes later.
pub fn undisturbed<T>(step: impl FnOnce(&mut Vec<PathBuf>) -> T) -> T {
    step(&mut leftovers())
}

/// What `run` gives, or the words of the fault of the program that ended it.
pub fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(run)).map_err(|_| {
        let fault = FAULT.lock().unwrap_or_else(PoisonError::into_inner).take();
        fault.unwrap_or_else(|| "no words".into())
    })
}

/// Keeps the first fault; nothing is printed here, where a thread knows of no other.
fn note_fault(info: &PanicHookInfo<'_>) {
    let words = info.payload_as_str().unwrap_or("no words");
    let place = info.location().map_or_else(String::new, |place| format!(" at {place}"));
    let mut fault = FAULT.lock().unwrap_or_else(PoisonError::into_inner);
    fault.get_or_insert_with(|| format!("{words}{place}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_the_program_is_told_in_its_words() {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(note_fault));
        let outcome = guarded(|| {
            thread::scope(|scope| scope.spawn(|| panic!("no {}", "ground")).join()).ok();
            if true {
                panic!("and no second");
            }
        });
        panic::set_hook(hook);
        let words = outcome.unwrap_err();
        assert!(words.starts_with("no ground at src"), "{words}");
    }

    #[test]
    fn no_signal_is_ignored_that_nobody_asked_to_be() {
        assert!(!is_ignored(SIGTERM));
    }
}
