//! The form of tables.

use clap::{Args, ValueEnum};

use crate::error::Result;
use crate::output::parquet;

/// What is written beside text.
#[derive(Debug, Args)]
pub struct TableOptions {
    /// Form of tables: parquet writes them as Parquet, too, beside the text, with the ending
    /// .parquet; in builds with that feature.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: TableFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum TableFormat {
    #[default]
    Text,
    Parquet,
}

impl TableOptions {
    /// Returns whether tables are asked for as Parquet.
    pub fn parquet(&self) -> bool {
        self.format == TableFormat::Parquet
    }

    /// Refuses what this build does not write.
    ///
    /// # Errors
    /// See [`parquet::check`].
    pub fn check(&self) -> Result<()> {
        if self.parquet() { parquet::check() } else { Ok(()) }
    }
}
