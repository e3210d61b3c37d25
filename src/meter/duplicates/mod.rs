//! Records that stand more than once: same connection, sender and timestamp, or the same entry of a flow log.
//!
//! [`repeated`] finds out which there are. The next reading holds them, and [`mod@resolve`] decides what becomes of them
//! once all are known.

mod held;
pub(super) mod repeated;
pub(super) mod resolve;

pub(super) use held::{DuplicateKey, HeldDuplicate};
