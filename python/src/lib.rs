//! `peerbill` for Python: the same core as the command line's.

mod arguments;
mod batches;
mod bill;
mod catalog;
mod errors;
mod estimate;
mod explained;
mod formats;
mod found;
mod run;
mod spark;
mod tables;

use pyo3::prelude::*;

/// What `peerbill/__init__.py` makes a package of.
#[pymodule]
fn _peerbill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("Error", module.py().get_type::<errors::Error>())?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<bill::Bill>()?;
    module.add_class::<catalog::Catalog>()?;
    module.add_class::<tables::Table>()?;
    module.add_class::<arguments::Shipped>()?;
    module.add_class::<spark::Part>()?;
    module.add_function(wrap_pyfunction!(spark::spark_inputs, module)?)?;
    module.add_function(wrap_pyfunction!(spark::spark_check, module)?)?;
    module.add_function(wrap_pyfunction!(spark::spark_groups, module)?)?;
    module.add_function(wrap_pyfunction!(spark::spark_part, module)?)?;
    module.add_function(wrap_pyfunction!(spark::spark_report, module)?)?;
    module.add_class::<estimate::Estimate>()?;
    module.add_class::<estimate::Scenario>()?;
    module.add_class::<estimate::Change>()?;
    module.add_class::<estimate::Gate>()?;
    module.add_class::<found::Rows>()?;
    module.add_class::<found::Reconciliation>()?;
    module.add_class::<found::Comparison>()?;
    module.add_class::<found::Crosscheck>()?;
    module.add_function(wrap_pyfunction!(bill::report, module)?)?;
    module.add_function(wrap_pyfunction!(estimate::estimate, module)?)?;
    module.add_function(wrap_pyfunction!(found::reconcile, module)?)?;
    module.add_function(wrap_pyfunction!(found::compare, module)?)?;
    module.add_function(wrap_pyfunction!(found::crosscheck, module)?)?;
    module.add_function(wrap_pyfunction!(explained::explain, module)?)?;
    module.add_function(wrap_pyfunction!(catalog::catalog, module)?)
}
