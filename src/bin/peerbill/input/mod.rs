//! Files, folders, globs and standard input, plain or compressed. The only code that opens inputs.

mod ahead;
mod compression;
mod file;
mod found;
mod names;
mod progress;
mod traffic;

pub use file::Input;
pub use found::Inputs;
pub use traffic::traffic_sources;
