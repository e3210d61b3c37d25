//! Records that stand more than once.

pub(super) mod repeated;
