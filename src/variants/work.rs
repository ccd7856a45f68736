//! Scored variants whose results can be kept.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::annotate::Annotated;
use super::settings::VariantSettings;
use super::totals::Totals;
use crate::error::{Error, Result};
use crate::output::summary::VariantSummary;
use crate::output::summary::settings::compared;
use crate::parts::{Work, short_digest};
use crate::shard::Shard;

/// A run of `variants`: all that it takes to make its outputs from annotated batches of records.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct VariantWork {
    pub shard: Shard,
    /// Records of the input, of which the shards are shares; [`u64::MAX`] where nothing is kept and
    /// nobody has counted.
    pub records: u64,
    /// The header of the output, as text.
    pub header: Vec<u8>,
    /// Whether the input's header was of an earlier run.
    pub replaced: bool,
    /// Some contigs of the genome, for messages.
    pub genome_contigs: String,
    /// Decides the kind of index.
    pub longest_contig: u64,
    /// Whether rows of a table are kept.
    pub table: bool,
    pub settings: VariantSettings,
    /// As it is before the first record: inputs and settings.
    pub summary: VariantSummary,
}

/// What a frame says of its lines and rows, which follow.
#[derive(Deserialize, Serialize)]
struct Batch {
    records: Range<u64>,
    totals: Totals,
    mismatches: Vec<String>,
    replaced: bool,
    /// Length of the lines, in bytes.
    lines: usize,
}

impl Work for VariantWork {
    const COMMAND: &'static str = "variants";
    type Part = Annotated;

    fn shard(&self) -> Shard {
        self.shard
    }

    fn identity(&self) -> BTreeMap<String, String> {
        // No `..`: who adds a field says whether it tells one run from another.
        let Self {
            shard: _,
            // Those of the input, which is compared.
            records: _,
            header: _,
            replaced: _,
            genome_contigs: _,
            longest_contig: _,
            table,
            settings,
            summary,
        } = self;
        let VariantSummary {
            program: _,
            version,
            command_line: _,
            input,
            model,
            strength_model,
            fasta,
            annotation,
            sites,
            // Printed; they are those above.
            settings: _,
            table: _,
            totals: _,
            top_genes: _,
            notes: _,
            threads: _,
            device,
            wall_seconds: _,
            alleles_per_hour: _,
        } = summary;
        let digest = short_digest;
        let mut identity = BTreeMap::from([
            ("version".to_owned(), version.clone()),
            ("variants".to_owned(), digest(&input.sha256)),
            ("genome".to_owned(), digest(&fasta.sha256)),
            ("device".to_owned(), device.clone()),
            ("table".to_owned(), table.to_string()),
        ]);
        let models = [("model", Some(model)), ("strength model", strength_model.as_ref())];
        for (name, model) in models {
            let model = model.map(|model| format!("{} {}", model.name, digest(&model.sha256)));
            identity.extend(model.map(|model| (name.to_owned(), model)));
        }
        if let Some(annotation) = annotation {
            identity.insert("annotation".into(), digest(&annotation.sha256));
        }
        for (number, sites) in (1..).zip(sites) {
            identity.insert(format!("known sites {number}"), digest(&sites.sha256));
        }
        identity.extend(compared(settings.list()));
        identity
    }

    fn encode(&self, part: &Annotated) -> Result<Vec<u8>> {
        let batch = Batch {
            records: part.records.clone(),
            totals: part.totals.clone(),
            mismatches: part.mismatches.clone(),
            replaced: part.replaced,
            lines: part.lines.len(),
        };
        let mut bytes = serde_json::to_vec(&batch).map_err(|e| Error::Internal(e.to_string()))?;
        // JSON has no line feed outside of strings, where it is escaped.
        bytes.push(b'\n');
        bytes.extend_from_slice(&part.lines);
        bytes.extend_from_slice(&part.rows);
        Ok(bytes)
    }

    fn decode(&self, bytes: &[u8]) -> Option<Annotated> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let Batch { records, totals, mismatches, replaced, lines } =
            serde_json::from_slice(&bytes[..end]).ok()?;
        let (lines, rows) = bytes[end + 1..].split_at_checked(lines)?;
        let (lines, rows) = (lines.to_vec(), rows.to_vec());
        let counted = records.end.checked_sub(records.start) == Some(totals.records);
        let annotated = Annotated { records, lines, rows, totals, mismatches, replaced };
        counted.then_some(annotated)
    }

    fn stretch(part: &Annotated) -> (usize, Range<u64>) {
        (0, part.records.clone())
    }
}

#[cfg(test)]
impl VariantWork {
    /// A run of nothing.
    pub(crate) fn for_tests() -> Self {
        use super::settings::CheckRef;
        use super::settings::LatentSites;
        use crate::config::Config;

        let config = Config::load(None).unwrap();
        let thresholds = config.variants.thresholds(&config.scan);
        Self {
            shard: Shard::WHOLE,
            records: 100,
            header: b"##fileformat=VCFv4.3\n".to_vec(),
            replaced: false,
            genome_contigs: "chr1".into(),
            longest_contig: 1,
            table: true,
            settings: VariantSettings {
                thresholds,
                latent: LatentSites::Changed,
                rules: Vec::new(),
                haplotypes: None,
                changed_motif_only: false,
                max_length: 100,
                extension: 5_000,
                check_ref: CheckRef::W,
            },
            summary: VariantSummary::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn annotated() -> impl Strategy<Value = Annotated> {
        let bytes = || prop::collection::vec(any::<u8>(), 0..60);
        (0u64..9, 1u64..9, bytes(), bytes(), prop::collection::vec(".*", 0..3), any::<bool>())
            .prop_map(|(start, n, lines, rows, mismatches, replaced)| {
                let totals = Totals { records: n, ..Totals::named() };
                let records = start..start + n;
                Annotated { records, lines, rows, totals, mismatches, replaced }
            })
    }

    proptest! {
        #[test]
        fn a_part_comes_back_as_it_was_and_damaged_as_none_or_another(
            part in annotated(),
            at in any::<prop::sample::Index>(),
            cut in any::<bool>(),
        ) {
            let mut bytes = VariantWork::for_tests().encode(&part).unwrap();
            let back = VariantWork::for_tests().decode(&bytes);
            prop_assert_eq!(back.as_ref(), Some(&part));
            let at = at.index(bytes.len());
            if cut {
                bytes.truncate(at);
            } else {
                bytes[at] ^= 1;
            }
            prop_assert_ne!(VariantWork::for_tests().decode(&bytes), Some(part));
        }
    }
}
