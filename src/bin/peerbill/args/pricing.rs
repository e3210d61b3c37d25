//! Arguments of what is priced: `report`, `estimate`, `catalog`.

use clap::Args;

/// Which prices to use.
#[derive(Debug, Default, Args)]
pub struct PricingArgs {
    /// Prices: `china-site`, `international-site`, or a folder of the same shape.
    #[arg(long, value_name = "NAME-OR-FOLDER")]
    pub catalog: Option<String>,
    /// Price rows laid over the catalog: a file, or `assumed-platinum`; repeatable.
    #[arg(long, value_name = "FILE-OR-NAME")]
    pub prices: Vec<String>,
    /// An account's own terms.
    #[arg(long, value_name = "FILE")]
    pub contract: Option<String>,
}
