//! Where something stands in an input.

use crate::{
    error::{Fault, FaultCode},
    model::invalid::Invalid,
};
use std::{fmt, sync::Arc};

/// An input, a line of it, and in JSON the path from the value of that line.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    input: Arc<str>,
    line: u64,
    path: String,
}

impl Place {
    /// A row of a table.
    pub fn row(input: &Arc<str>, line: u64) -> Self {
        Self { input: input.clone(), line, path: String::new() }
    }

    /// A value of a JSON text, such as `VpcPeerConnects[3]`.
    pub fn value(input: &Arc<str>, line: u64, path: String) -> Self {
        Self { input: input.clone(), line, path }
    }

    /// A part of the value here, such as a resource by its address.
    pub fn within(&self, part: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { " " };
        Self { path: format!("{}{dot}{part}", self.path), ..self.clone() }
    }

    /// What is wrong here.
    pub fn fault(&self, code: FaultCode, why: impl Into<Invalid>) -> Fault {
        let path = Some(&*self.path).filter(|path| !path.is_empty()).map(Into::into);
        Fault { path, ..Fault::at(code, &self.input, self.line, why) }
    }

    /// What is wrong with a member of the object here; `why` begins with its name, as in `OwnerId: it is missing`.
    pub fn member_fault(&self, code: FaultCode, why: &str) -> Fault {
        let Some((member, why)) = why.split_once(": ") else { return self.fault(code, why) };
        let dot = if self.path.is_empty() { "" } else { "." };
        Fault { path: Some(format!("{}{dot}{member}", self.path).into()), ..self.fault(code, why) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.input, self.line)?;
        if self.path.is_empty() { Ok(()) } else { write!(f, " {}", self.path) }
    }
}
