//! What `variants` writes.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use super::account::Account;
use super::report::Report;
use crate::cli::claim;
use crate::cli::tables::TableOptions;
use crate::error::{Error, Result};
use crate::output::atomic::{AtomicFile, keep_input, whole};
use crate::output::lock::Lock;
use crate::output::multiqc::VARIANT_ENDINGS;
use crate::output::parquet::{self, Table};
use crate::output::tabix::with_extension;
use crate::variants::annotate::{Annotated, table_header};
use crate::variants::totals::Totals;
use crate::variants::vcf::writer::{OutputType, Sink, VcfWriter};
use crate::variants::work::VariantWork;

/// Formats.
#[derive(Debug, Args)]
pub struct OutputOptions {
    /// v VCF, z VCF in BGZF, b BCF, u BCF not compressed [default: by the output's name, else v].
    #[arg(short = 'O', long, value_enum)]
    output_type: Option<OutputType>,
    /// Also write the output's index (.tbi or .csi); records must be sorted.
    #[arg(short = 'W', long)]
    pub write_index: bool,
    /// Also write a table, one row per entry and per allele without one; BGZF if its name ends in
    /// .gz.
    #[arg(long, value_name = "FILE", value_parser = crate::cli::options::name)]
    pub tsv: Option<PathBuf>,
    /// Write the result even if none of the contigs is in the genome, or if REF of more than a
    /// tenth of the records is not what the genome has there.
    #[arg(long)]
    pub force: bool,
    /// Also write files for MultiQC, named as the output with _mqc.json at the end, which it shows
    /// beside other samples.
    #[arg(long)]
    pub multiqc: bool,
    #[command(flatten)]
    pub tables: TableOptions,
}

impl OutputOptions {
    /// Returns whether there are any that say what is written.
    pub fn is_given(&self) -> bool {
        self.output_type.is_some() || self.write_index || self.tsv.is_some()
    }

    /// Returns whether there are any of further files, which not all commands write.
    pub fn is_more(&self) -> bool {
        self.multiqc || self.tables.parquet()
    }

    /// Returns what is written if the main output is `output`.
    pub fn destination<'a>(&'a self, output: &'a Path) -> Destination<'a> {
        let kind = self.output_type.unwrap_or_else(|| OutputType::of_name(output));
        let (indexed, force) = (self.write_index, self.force);
        let (tsv, multiqc, tables) = (self.tsv.as_deref(), self.multiqc, &self.tables);
        Destination { output, kind, indexed, tsv, tables, force, multiqc }
    }
}

/// Where results go.
pub struct Destination<'a> {
    output: &'a Path,
    kind: OutputType,
    indexed: bool,
    tsv: Option<&'a Path>,
    tables: &'a TableOptions,
    force: bool,
    multiqc: bool,
}

fn is_dash(path: &Path) -> bool {
    path == Path::new("-")
}

impl Destination<'_> {
    /// Refuses what cannot be.
    ///
    /// # Errors
    /// Two things on standard output, an index of what cannot have one, an output that is an input.
    pub fn check(&self, inputs: &[&Path]) -> Result<()> {
        let usage = |problem: &str| Err(Error::Usage(problem.to_owned()));
        if is_dash(self.output) && self.tsv.is_some_and(is_dash) {
            return usage("--tsv -: standard output takes the VCF already; use -o FILE");
        }
        self.tables.check()?;
        if self.tables.parquet() && self.tsv.is_none_or(is_dash) {
            return usage("--format parquet is of the table: name that with --tsv FILE");
        }
        if self.multiqc && self.prefix().is_none() {
            return usage("--multiqc needs the name of a file: -o out.vcf.gz");
        }
        let name = self.output.to_string_lossy();
        if name.ends_with('/') || self.prefix().is_some_and(|prefix| prefix.ends_with('/')) {
            return usage("-o takes the name of a file, as in out/sample.vcf.gz");
        }
        for output in [Some(self.output), self.tsv].into_iter().flatten() {
            inputs.iter().try_for_each(|input| keep_input(input, output))?;
        }
        let compressed = matches!(self.kind, OutputType::Z | OutputType::B);
        if self.indexed && (is_dash(self.output) || !compressed) {
            return usage("--write-index needs a compressed output file: -o out.vcf.gz or out.bcf");
        }
        Ok(())
    }

    /// A closed pipe is the end of a run that writes nothing else, and the failure of one that
    /// does.
    pub fn explain(&self, error: Error) -> Error {
        let alone = self.prefix().is_none() && self.tsv.is_none();
        match error {
            Error::ClosedPipe if !alone => {
                let problem =
                    "whoever read an output closed the pipe before the end; no file was written";
                Error::of_file(self.output, problem)
            }
            error => error,
        }
    }

    /// Returns the output's name without its ending, which the other files' names begin with; none
    /// of standard output and of what is no regular file, such as a pipe.
    pub fn prefix(&self) -> Option<String> {
        let special = std::fs::metadata(self.output).is_ok_and(|there| !there.is_file());
        if is_dash(self.output) || special {
            return None;
        }
        let name = self.output.to_string_lossy();
        let endings = [".vcf.gz", ".vcf.bgz", ".vcf", ".bcf"];
        let prefix = endings.iter().find_map(|ending| name.strip_suffix(ending));
        Some(prefix.unwrap_or(&name).to_owned())
    }

    /// Claims the names of all that may be written.
    ///
    /// # Errors
    /// Those of [`claim::claim`].
    pub fn claim(&self, inputs: &[&Path]) -> Result<Option<Lock>> {
        let Some(prefix) = self.prefix() else { return Ok(None) };
        let mut files = claim::files(&prefix, &["summary.json", "checkpoint"]);
        files.extend(claim::files(&prefix, &VARIANT_ENDINGS));
        files.extend([".tbi", ".csi"].map(|extension| with_extension(self.output, extension)));
        files.push(self.output.to_owned());
        files.extend(self.tsv.map(Path::to_owned));
        files.extend(self.as_parquet());
        claim::claim(&prefix, &files, inputs).map(Some)
    }

    /// Returns the name of the table as Parquet, whether it is asked for or not.
    fn as_parquet(&self) -> Option<PathBuf> {
        self.tsv.filter(|path| !is_dash(path)).map(parquet::name_of)
    }

    /// Returns the names of all that an earlier run may have left beside the files: indices, files
    /// for MultiQC, the table as Parquet.
    fn beside(&self) -> Vec<PathBuf> {
        let files =
            [Some(self.output), self.tsv].into_iter().flatten().filter(|path| !is_dash(path));
        let beside =
            |path| [".tbi", ".csi", ".idx"].map(|extension| with_extension(path, extension));
        let prefix = self.prefix();
        let multiqc = prefix.iter().flat_map(|prefix| claim::files(prefix, &VARIANT_ENDINGS));
        files.flat_map(beside).chain(multiqc).chain(self.as_parquet()).collect()
    }

    /// Opens all files.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn create(&self, work: &VariantWork) -> Result<Output> {
        let table = |path: &Path| -> Result<Sink> {
            let mut table = Sink::create(path, OutputType::of_name(path) == OutputType::Z)?;
            table.write(table_header().as_bytes())?;
            Ok(table)
        };
        let summary = self.prefix().map(|prefix| format!("{prefix}.summary.json"));
        Ok(Output {
            summary: summary.map(|path| AtomicFile::create(path.as_ref())).transpose()?,
            table: self.tsv.map(table).transpose()?,
            parquet: self.tables.parquet(),
            vcf: VcfWriter::create(self.output, self.kind, work.header.clone())?,
            indexed: self.indexed,
            totals: Totals::named(),
            force: self.force,
            multiqc: self.prefix().filter(|_| self.multiqc),
            beside: self.beside(),
            replaced: work.replaced,
        })
    }
}

/// Everything that a run writes, and what is counted on the way; no file shows under its final name
/// before it is complete.
pub struct Output {
    vcf: VcfWriter,
    table: Option<Sink>,
    /// Whether the table is written as Parquet, too.
    parquet: bool,
    summary: Option<AtomicFile>,
    indexed: bool,
    totals: Totals,
    /// Whether another assembly is no error.
    force: bool,
    /// Prefix of the files for MultiQC, if they are asked for.
    multiqc: Option<String>,
    /// Names of files that an earlier run may have left.
    beside: Vec<PathBuf>,
    /// Whether there were entries of an earlier run.
    replaced: bool,
}

impl Output {
    /// Writes what came of a batch.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn take(&mut self, annotated: &Annotated) -> Result<()> {
        self.vcf.write(&annotated.lines)?;
        if let Some(table) = &mut self.table {
            table.write(&annotated.rows)?;
        }
        self.totals += &annotated.totals;
        self.replaced |= annotated.replaced;
        Ok(())
    }

    /// Completes all files; this run began at `begin`, and others whose parts it has took `earlier`
    /// seconds.
    ///
    /// # Errors
    /// If one cannot be completed, the counts do not add up, or the variants are of another
    /// assembly.
    pub fn commit(
        self,
        work: &VariantWork,
        mut report: Report,
        earlier: f64,
        begin: Instant,
    ) -> Result<()> {
        if self.replaced {
            report.note("INFO/PolyA entries of an earlier run were replaced".into());
        }
        let account = Account { totals: &self.totals, work };
        account.check(self.force)?;
        account.notes().into_iter().for_each(|note| report.note(note));
        let mut complete = self.vcf.complete(self.indexed, work.longest_contig)?;
        if let Some(table) = self.table {
            let table = table.complete()?;
            if self.parquet {
                complete.push(parquet::beside(&table, |name| Table::Variants.kind(name))?);
            }
            complete.push(table);
        }
        if let Some(prefix) = &self.multiqc {
            let texts = report.multiqc(claim::sample(prefix), &self.totals);
            for (name, text) in claim::files(prefix, &VARIANT_ENDINGS).iter().zip(texts) {
                complete.push(whole(name, text.as_bytes())?);
            }
        }
        if let Some(note) = claim::replace_stale(&mut complete, &self.beside) {
            report.note(note);
        }
        let seconds = earlier + begin.elapsed().as_secs_f64();
        report.finish(complete, self.summary, self.totals, seconds)
    }
}
