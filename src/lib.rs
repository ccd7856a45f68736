//! polyascan reads a genome and says where RNA is cut and polyadenylated, to the nucleotide.
//!
//! ```text
//! FASTA ─► chunks ─► bounded channel ─► inference workers ─► bounded channel ─► consolidate (in order) ─► sinks
//! GTF ───────────────────────────────────────────────────────────────────► gene context ──────────────────┘
//! ```
//!
//! Data flows one way, left to right. Coordinates are 0-based half-open inside the program; a
//! polyA site is one nucleotide: the last one before the cut, in transcript direction.
//!
//! # As a library
//!
//! These are the ways in; modules that the documentation does not show serve the program and its
//! tests, and may change with any version.
//!
//! Open a genome, which is checked to its end and read again for what is needed:
//!
//! ```
//! use polyascan::genome::fasta::FastaFile;
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("genome.fa");
//! # std::fs::write(&path, ">chr1\nACGTNacgt\n").unwrap();
//! let genome = FastaFile::open(&path)?;
//! assert_eq!((genome.contigs[0].name.as_str(), genome.contigs[0].length), ("chr1", 9));
//! # Ok::<(), polyascan::Error>(())
//! ```
//!
//! Load a model, by the name of one inside the program or by its file, and ask it about single
//! windows:
//!
//! ```
//! use polyascan::engine::device::Workers;
//! use polyascan::models::{WINDOW, Window, registry};
//! let model = registry::load("default", &Workers::CPU)?;
//! let predictions = model.predict(&[Window::from(&[0; WINDOW][..])])?;
//! assert_eq!(model.outputs()[0].name, "probability");
//! assert!((0.0..=1.0).contains(&predictions.values[0][0]));
//! # Ok::<(), polyascan::Error>(())
//! ```
//!
//! Scan a sequence, both strands, for sites and tracks:
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//! use polyascan::config::Config;
//! use polyascan::engine::device::Workers;
//! use polyascan::genome::sequence::encode;
//! use polyascan::models::registry;
//! use polyascan::scan::sequence::scan;
//! let codes = encode(&b"ACGTTGCA".repeat(80)).unwrap();
//! let model = registry::load("default", &Workers::CPU)?;
//! let found = scan(&*model, &codes, &Config::load(None)?.scan, 1, &AtomicBool::new(false))?;
//! assert!(found.sites.iter().all(|site| site.position < codes.len() as u64));
//! # Ok::<(), polyascan::Error>(())
//! ```
//!
//! Score a variant: what it does to the sites that it reaches:
//!
//! ```
//! use polyascan::config::Config;
//! use polyascan::engine::device::Workers;
//! use polyascan::genome::sequence::encode;
//! use polyascan::models::registry;
//! use polyascan::variants::change::Change;
//! use polyascan::variants::scorer::{Asked, VariantScorer};
//! use polyascan::variants::settings::LatentSites;
//! let codes = encode(&b"ACGTTGCA".repeat(80)).unwrap();
//! let (model, config) = (registry::load("default", &Workers::CPU)?, Config::load(None)?);
//! let thresholds = config.variants.thresholds(&config.scan);
//! let settings = thresholds.engine(model.posterior(), LatentSites::Changed, 1);
//! let scorer = VariantScorer::new(&*model, None, settings)?;
//! // 0-based position, REF and ALT as in VCF.
//! let change = Change::of_allele(&codes, 320, b"A", b"G", 100).unwrap();
//! let effects = scorer.score(0, &codes, &[Asked { change, strands: [true; 2] }], [&[], &[]])?;
//! assert_eq!(effects.len(), 1);
//! # Ok::<(), polyascan::Error>(())
//! ```
//!
//! Read a model's card:
//!
//! ```
//! use polyascan::models::registry::EMBEDDED;
//! let card = EMBEDDED[0].card()?;
//! assert_eq!((card.name.as_str(), card.task.name()), ("default", "sites"));
//! # Ok::<(), polyascan::Error>(())
//! ```

#![deny(unsafe_code)]
#![warn(missing_docs)]
// These panic where nobody reads.
#![cfg_attr(not(test), deny(clippy::print_stderr, clippy::print_stdout))]

pub mod config;
pub mod engine;
pub mod error;
pub mod genome;
pub mod models;
pub mod scan;
pub mod variants;

// What the program, its tests and benches are made of.
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod context;
#[doc(hidden)]
pub mod evaluate;
#[cfg(test)]
mod fuzz;
#[doc(hidden)]
pub mod interpret;
#[doc(hidden)]
pub mod output;
#[doc(hidden)]
pub mod parts;
#[doc(hidden)]
pub mod pipeline;
#[doc(hidden)]
pub mod reads;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod shard;
#[cfg(test)]
mod shared;
#[doc(hidden)]
pub mod simulate;
#[doc(hidden)]
pub mod structure;
#[doc(hidden)]
pub mod text;
#[doc(hidden)]
pub mod timing;
#[doc(hidden)]
pub mod train;

pub use error::{Error, Result};
