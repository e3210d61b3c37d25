//! The targets as a library, so that each binary is one line; `tests/suite/corpus.rs` has the same targets.

pub mod targets;

/// The oracle of the tests, and its months as text.
#[path = "../../tests/suite/support"]
#[allow(dead_code, reason = "the tests use more of it")]
pub(crate) mod support {
    pub mod oracle;
    pub mod tables;
}
