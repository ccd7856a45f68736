//! What the commands on motifs share: options, models, pictures.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use noodles::bgzf;

use crate::cli::options::{ModelOptions, StrengthOptions, ThreadOptions};
use crate::error::{Error, Result};
use crate::interpret::models::Models;
use crate::interpret::replace::{MOST_REPLACEMENTS, Settings};
use crate::models::Model;
use crate::output::picture::Picture;

/// Pixels of a PNG for one of the SVG: sharp on fine screens and in print.
const PNG_SCALE: u32 = 2;

/// Which sites, models and files.
#[derive(Debug, clap::Args)]
pub struct CommonOptions {
    /// polyA sites: BED as `scan` writes it, or a table with the columns contig, offset (0-based)
    /// and strand.
    pub sites: PathBuf,
    /// Genome: plain, gzip or BGZF.
    #[arg(short, long, value_name = "FASTA")]
    pub fasta: PathBuf,
    #[command(flatten)]
    pub model: ModelOptions,
    #[command(flatten)]
    pub strength: StrengthOptions,
    /// Where what is drawn at random begins.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    #[command(flatten)]
    pub threads: ThreadOptions,
    /// Where to write.
    #[arg(short, long, value_name = "PREFIX")]
    pub output: String,
}

/// How hexamers are replaced.
#[derive(Debug, clap::Args)]
pub struct ReplacementOptions {
    /// Random hexamers in place of each.
    #[arg(long, value_name = "N", default_value_t = 100)]
    replacements: usize,
}

impl ReplacementOptions {
    /// Returns the settings of replacements that are drawn from `seed`.
    ///
    /// # Errors
    /// None, or too many of them.
    pub fn settings(&self, seed: u64) -> Result<Settings> {
        let replacements = self.replacements;
        if (1..=MOST_REPLACEMENTS).contains(&replacements) {
            Ok(Settings { replacements, seed })
        } else {
            Err(Error::Usage(format!(
                "--replacements {replacements}: it must lie between 1 and {MOST_REPLACEMENTS}"
            )))
        }
    }
}

impl CommonOptions {
    /// Returns all files that are read.
    pub fn inputs(&self) -> Vec<&Path> {
        let models = [self.model.file(), self.strength.file()];
        let given = [self.sites.as_path(), self.fasta.as_path()];
        given.into_iter().chain(models.into_iter().flatten()).collect()
    }
}

/// The models of a run.
pub struct LoadedModels {
    model: Box<dyn Model>,
    strength: Option<Box<dyn Model>>,
}

impl LoadedModels {
    /// Loads them.
    ///
    /// # Errors
    /// If there is no such model.
    pub fn load(options: &CommonOptions) -> Result<Self> {
        Self::of(&options.model, &options.strength)
    }

    /// Loads a model and the one of strength that goes with it.
    ///
    /// # Errors
    /// If there is no such model.
    pub fn of(model: &ModelOptions, strength: &StrengthOptions) -> Result<Self> {
        // First: it sets the vector instructions that weights are packed for.
        let loaded = model.load()?;
        Ok(Self { model: loaded, strength: strength.load(model)? })
    }

    /// Returns the model of strength, if there is one beside the first.
    pub fn strength_model(&self) -> Option<&dyn Model> {
        self.strength.as_deref()
    }

    /// Returns the model that is named first.
    pub fn site_model(&self) -> &dyn Model {
        self.model.as_ref()
    }

    /// Returns them as they are asked.
    ///
    /// # Errors
    /// If they speak of something else.
    pub fn models(&self) -> Result<Models<'_>> {
        Models::new(self.model.as_ref(), self.strength.as_deref())
    }
}

/// Returns a picture as SVG and PNG under a name.
///
/// # Errors
/// If it cannot be drawn.
pub fn picture(name: &str, picture: &Picture) -> Result<[(String, Vec<u8>); 2]> {
    let (svg, png) = (picture.svg().into_bytes(), picture.png(PNG_SCALE)?);
    Ok([(format!("{name}.svg"), svg), (format!("{name}.png"), png)])
}

/// Returns bytes as BGZF, as all compressed tables are.
///
/// # Errors
/// If the library fails.
pub fn compressed(bytes: &[u8]) -> Result<Vec<u8>> {
    let failed = |e: std::io::Error| Error::Internal(format!("cannot compress: {e}"));
    let mut writer = bgzf::io::Writer::new(Vec::new());
    writer.write_all(bytes).map_err(failed)?;
    writer.finish().map_err(failed)
}
