//! What is wrong with a value, before it is known where it stands.

use crate::model::remedy::Remedy;
use std::fmt;

/// A value that cannot be used, in words that fit behind its name, and what would mend it.
///
/// A reader turns it into a fault with its place; [`Error`](crate::Error) takes it with `?`, as a setting that makes
/// no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Invalid {
    message: String,
    remedy: Option<Remedy>,
}

impl Invalid {
    /// With words alone.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), remedy: None }
    }

    /// The same, with what would mend it.
    #[must_use]
    pub fn with(self, remedy: Remedy) -> Self {
        Self { remedy: Some(remedy), ..self }
    }

    /// What is wrong, in words.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What would mend it, where that can be said.
    pub fn remedy(&self) -> Option<&Remedy> {
        self.remedy.as_ref()
    }

    pub(crate) fn into_parts(self) -> (String, Option<Remedy>) {
        (self.message, self.remedy)
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<String> for Invalid {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<&str> for Invalid {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}

impl From<Invalid> for String {
    fn from(invalid: Invalid) -> Self {
        invalid.message
    }
}
