//! `polyascan train embeddings`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use serde_json::json;

use crate::error::{Error, Result};
use crate::models::deeprke::words::{BASES, Labels, spell};
use crate::models::weight_file::{self, FORMAT_VERSION, RawTensor, Tensors};
use crate::output::atomic::{AtomicFile, keep_input};
use crate::train::corpus::Corpus;
use crate::train::skip_gram::{Embedding, SkipGram};

/// Vectors of k-mers, by skip-gram with negative sampling: what DeepRKE reads.
///
/// Each word's vector learns which words stand around it; words with an unknown letter end a
/// sentence. The file holds the tensor `sequence` (4^k x dimension; A, C, G, T, first letter counts
/// most) and, with --structures, `structure` (6^k x dimension; F, T, H, I, M, S; with five labels
/// 5^k, as T counts as F). Words that the input lacks have zeros. One thread; the same input and settings give the same bytes.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// FASTA, or text with one sequence per line; plain, gzip or BGZF; U is T. Held in memory, 4
    /// bytes per nucleotide.
    #[arg(value_name = "FASTA|TXT", required = true)]
    input: Vec<PathBuf>,
    /// Structures for a second table: per record dot-bracket (RNAfold, RNAshapes) or loop labels
    /// (pysster). They need not be of the same sequences.
    #[arg(long)]
    structures: Vec<PathBuf>,
    /// Structure labels that are told apart; the network has to be given the same.
    #[arg(long, value_enum, default_value = "six")]
    labels: Labels,
    /// Embeddings to write (safetensors).
    #[arg(short, long, value_parser = crate::cli::options::name)]
    output: PathBuf,
    /// Table for people to write: word, count, the five words most like it with their cosines, and
    /// the vector.
    #[arg(long, value_parser = crate::cli::options::name)]
    tsv: Option<PathBuf>,
    /// Letters of a word.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=6))]
    k: u8,
    /// Values per word.
    #[arg(long, default_value_t = SkipGram::default().dimension)]
    dimension: usize,
    /// Most words on each side that count as context.
    #[arg(long, default_value_t = SkipGram::default().window)]
    window: usize,
    /// Noise words per context word.
    #[arg(long, default_value_t = SkipGram::default().negatives)]
    negatives: usize,
    /// Passes over the input. The loss of each is printed: with as few words as 3-mers it settles
    /// in the first pass and then moves little, up or down; judge by the neighbours in --tsv.
    #[arg(long, default_value_t = SkipGram::default().epochs)]
    epochs: usize,
    /// At the first word; falls linearly to zero.
    #[arg(long, default_value_t = SkipGram::default().learning_rate)]
    learning_rate: f64,
    /// Words of a frequency f above this are kept with probability sqrt(this / f); 0 keeps all.
    #[arg(long, default_value_t = SkipGram::default().subsample)]
    subsample: f64,
    #[arg(long, default_value_t = SkipGram::default().seed)]
    seed: u64,
}

/// Words most like a word that the table names.
const NEAREST: usize = 5;

/// An embedding to be written, with the letters of its words.
struct Trained {
    name: &'static str,
    alphabet: &'static [u8],
    embedding: Embedding,
    sha256: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// Input that cannot be read, settings that cannot be used, outputs that cannot be written.
pub fn run(args: &Args) -> Result<()> {
    args.keep_inputs()?;
    args.settings().check().map_err(Error::usage)?;
    let mut out = AtomicFile::create(&args.output)?;
    let table = args.tsv.as_deref().map(AtomicFile::create).transpose()?;
    let mut corpus = Corpus::default();
    for path in &args.input {
        corpus.add_sequences(path, args.letters())?;
    }
    let mut trained = vec![args.train("sequence", &BASES, &args.input, corpus)?];
    let mut corpus = Corpus::default();
    for path in &args.structures {
        corpus.add_structures(path, args.letters(), args.labels)?;
    }
    if !args.structures.is_empty() {
        trained.push(args.train("structure", args.labels.alphabet(), &args.structures, corpus)?);
    }
    let bytes = args.encode(&trained)?;
    out.write_all(&bytes).map_err(|e| Error::io(&args.output, "cannot write", e))?;
    out.commit()?;
    if let Some(mut table) = table {
        let text = args.table(&trained);
        let path = table.path().to_owned();
        table.write_all(text.as_bytes()).map_err(|e| Error::io(&path, "cannot write", e))?;
        table.commit()?;
    }
    Ok(())
}

impl Args {
    fn letters(&self) -> usize {
        usize::from(self.k)
    }

    fn settings(&self) -> SkipGram {
        SkipGram {
            dimension: self.dimension,
            window: self.window,
            negatives: self.negatives,
            epochs: self.epochs,
            learning_rate: self.learning_rate,
            subsample: self.subsample,
            seed: self.seed,
        }
    }

    /// Makes sure that no output takes the place of an input or of the other output.
    fn keep_inputs(&self) -> Result<()> {
        let outputs: Vec<&Path> = [Some(&self.output), self.tsv.as_ref()]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
            .collect();
        for input in self.input.iter().chain(&self.structures) {
            outputs.iter().try_for_each(|output| keep_input(input, output))?;
        }
        match outputs.as_slice() {
            [weights, table] if weights == table => {
                let problem = "--output and --tsv are the same file";
                Err(Error::Usage(format!("{}: {problem}", table.display())))
            }
            _ => Ok(()),
        }
    }

    fn train(
        &self,
        name: &'static str,
        alphabet: &'static [u8],
        files: &[PathBuf],
        corpus: Corpus,
    ) -> Result<Trained> {
        let Corpus { sentences, sha256, unknown } = corpus;
        let words = alphabet.len().pow(u32::from(self.k));
        let total: usize = sentences.iter().map(Vec::len).sum();
        tracing::info!(
            kind = "row",
            "{name}: {total} words in {} sentences; {unknown} unknown words",
            sentences.len()
        );
        let report = |epoch, loss| {
            tracing::info!(kind = "row", epoch, loss, "{name}: epoch {epoch}, loss {loss:.4}");
        };
        let trained = self.settings().train(words, &sentences, report);
        let file = files.last().map_or(Path::new(""), PathBuf::as_path);
        let embedding = trained.map_err(|problem| Error::of_file(file, problem))?;
        Ok(Trained { name, alphabet, embedding, sha256 })
    }

    fn encode(&self, trained: &[Trained]) -> Result<Vec<u8>> {
        let tensors: Tensors = trained
            .iter()
            .map(|Trained { name, embedding, .. }| {
                let shape = vec![embedding.counts.len(), embedding.dimension];
                (String::from(*name), RawTensor { shape, values: embedding.values.clone() })
            })
            .collect();
        let config = json!({ "k": self.k, "skip_gram": self.settings() }).to_string();
        let inputs: BTreeMap<&str, &[String]> =
            trained.iter().map(|t| (t.name, t.sha256.as_slice())).collect();
        let inputs = json!(inputs).to_string();
        let alphabet = |alphabet: &[u8]| String::from_utf8_lossy(alphabet).into_owned();
        let alphabets: BTreeMap<&str, String> =
            trained.iter().map(|t| (t.name, alphabet(t.alphabet))).collect();
        let alphabets = json!(alphabets).to_string();
        let metadata = BTreeMap::from([
            ("content", "embeddings"),
            ("alphabets", &alphabets),
            ("config", &config),
            ("inputs_sha256", &inputs),
            ("format_version", FORMAT_VERSION),
        ]);
        weight_file::encode(&tensors, &metadata).map_err(|e| Error::Internal(e.to_string()))
    }

    fn table(&self, trained: &[Trained]) -> String {
        let mut text = "#track\tword\tcount\tnearest\tvector\n".to_owned();
        for Trained { name, alphabet, embedding, .. } in trained {
            let spell = |word| spell(word, self.letters(), alphabet);
            for (word, count) in embedding.counts.iter().enumerate() {
                let nearest: Vec<String> = match count {
                    0 => vec![],
                    _ => embedding
                        .nearest(word, NEAREST)
                        .into_iter()
                        .map(|(other, cosine)| format!("{}:{cosine:.3}", spell(other)))
                        .collect(),
                };
                let vector: Vec<String> =
                    embedding.vector(word).iter().map(f32::to_string).collect();
                // Writing to a String cannot fail.
                let _ = writeln!(
                    text,
                    "{name}\t{}\t{count}\t{}\t{}",
                    spell(word),
                    nearest.join(","),
                    vector.join(",")
                );
            }
        }
        text
    }
}
