//! Estimates to bytes: the lines of a report with the scenario in front.

pub mod csv;
