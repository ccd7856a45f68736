//! Saturation mutagenesis whose results can be kept.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::plan::SiteKey;
use super::portrait::Gallery;
use super::scored::Scored;
use crate::error::{Error, Result};
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;
use crate::output::summary::{FileSummary, ModelSummary, MutagenesisSummary};
use crate::parts::{Work, short_digest};
use crate::shard::Shard;

/// A run of `mutagenesis`: all that it takes to make its outputs from scored units.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct MutagenesisWork {
    pub shard: Shard,
    /// Positions of the plan, of which the shards are shares.
    pub positions: u64,
    /// Digest of what they are.
    pub plan: String,
    /// Digest of usage models other than those inside the program.
    pub context_model: Option<String>,
    /// Folder of MaxEntScan's tables.
    pub splice_scores: Option<String>,
    /// Strands that anything is asked for on.
    pub strands: Vec<Strand>,
    pub outputs: Outputs,
    /// Header lines of the tables.
    pub provenance: Vec<String>,
    /// As it is before the first position: inputs and settings.
    pub summary: MutagenesisSummary,
    /// Names and lengths; see [`Self::on`].
    pub contigs: Vec<(String, u64)>,
}

/// What is written besides the table and the tracks.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Outputs {
    /// The change of the odds that a row of the second table is beyond.
    pub cutoff: Option<f64>,
    /// Pictures at most.
    pub plots: usize,
    /// The sites that were named and are drawn; `None` for the first that come.
    pub shown: Option<Vec<SiteKey>>,
    /// Nucleotides of deletions; 0 for none.
    pub deletions: u64,
    /// The column of the usage that was measured, if it is asked for.
    pub usage: Option<String>,
}

impl Outputs {
    /// Returns the sites to draw, of which nothing is known yet.
    pub fn gallery(&self) -> Gallery {
        match &self.shown {
            Some(sites) => Gallery::of_sites(sites),
            None => Gallery::of_first(self.plots),
        }
    }
}

impl MutagenesisWork {
    /// Returns this with the contigs of its genome.
    pub fn on(mut self, contigs: &Contigs) -> Self {
        self.contigs = contigs.iter().map(|contig| (contig.name.clone(), contig.length)).collect();
        self
    }

    /// Returns the contigs, or `None` if they are not those of a genome.
    pub fn contigs(&self) -> Option<Contigs> {
        let mut contigs = Contigs::default();
        for (name, length) in &self.contigs {
            contigs.push(name.clone(), *length)?;
        }
        let shown = self.outputs.shown.iter().flatten();
        let lies = |site: &SiteKey| {
            self.contigs.get(site.contig).is_some_and(|(_, length)| site.position < *length)
        };
        shown.clone().all(lies).then_some(contigs)
    }

    /// Says whether what a frame holds can be of this run: all of it lies on its stretch.
    fn holds(&self, part: &Scored) -> bool {
        let Scored { contig, positions, rows, effects, cells, totals } = part;
        let Some((_, length)) = self.contigs.get(*contig) else { return false };
        let inside = |at: u64| positions.contains(&at);
        let ordered = |places: &mut dyn Iterator<Item = u64>| places.is_sorted();
        let effect = |of_strand: &Vec<(u64, _)>| {
            of_strand.is_sorted_by(|a, b| a.0 < b.0) && of_strand.iter().all(|(at, _)| inside(*at))
        };
        positions.end <= *length
            && positions.end.checked_sub(positions.start) == Some(totals.positions.asked)
            && rows.iter().all(|row| inside(row.position))
            && ordered(&mut rows.iter().map(|row| row.position))
            && effects.iter().all(effect)
            && cells.iter().all(|cell| {
                let here = cell.key.contig == *contig && cell.key.position < *length;
                here && inside(cell.at) && cell.reference.max(cell.alternate) < 4
            })
    }
}

impl Work for MutagenesisWork {
    const COMMAND: &'static str = "mutagenesis";
    type Part = Scored;

    fn shard(&self) -> Shard {
        self.shard
    }

    fn identity(&self) -> BTreeMap<String, String> {
        // No `..`: who adds a field says whether it tells one run from another.
        let Self {
            shard: _,
            // Those of the plan.
            positions: _,
            strands: _,
            plan,
            context_model,
            splice_scores,
            // The sites that are drawn are the first of those in the plan.
            outputs: Outputs { cutoff, plots, shown: _, deletions, usage },
            provenance: _,
            summary,
            // Those of the genome.
            contigs: _,
        } = self;
        let MutagenesisSummary {
            program: _,
            version,
            command_line: _,
            model,
            strength_model,
            fasta,
            annotation,
            sites_file,
            sites: _,
            sites_with_usage: _,
            settings,
            totals: _,
            cutoff: _,
            plots: _,
            notes: _,
            threads: _,
            device,
            wall_seconds: _,
            variants_per_hour: _,
        } = summary;
        let none = || "none".to_owned();
        let named =
            |model: &ModelSummary| format!("{} {}", model.name, short_digest(&model.sha256));
        let file = |file: &Option<FileSummary>| file.as_ref().map(|f| short_digest(&f.sha256));
        let mut identity = BTreeMap::from([
            ("version".to_owned(), version.clone()),
            ("genome".to_owned(), short_digest(&fasta.sha256)),
            ("device".to_owned(), device.clone()),
            ("model".to_owned(), named(model)),
            ("positions asked for".to_owned(), short_digest(plan)),
            ("plots".to_owned(), plots.to_string()),
            ("deletions".to_owned(), deletions.to_string()),
            ("usage".to_owned(), usage.clone().unwrap_or_else(none)),
            ("cutoff".to_owned(), cutoff.map_or_else(none, |fold| fold.to_string())),
        ]);
        let given = [
            ("strength model", strength_model.as_ref().map(named)),
            ("annotation", file(annotation)),
            ("sites", file(sites_file)),
            ("context model", context_model.as_deref().map(short_digest)),
            ("splice scores", splice_scores.clone()),
        ];
        let given = given.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?)));
        identity.extend(given);
        identity.extend(settings.iter().map(|(name, value)| (name.clone(), value.to_string())));
        identity
    }

    fn encode(&self, part: &Scored) -> Result<Vec<u8>> {
        serde_json::to_vec(part).map_err(|e| Error::Internal(e.to_string()))
    }

    fn decode(&self, bytes: &[u8]) -> Option<Scored> {
        serde_json::from_slice(bytes).ok().filter(|part| self.holds(part))
    }

    fn stretch(part: &Scored) -> (usize, Range<u64>) {
        (part.contig, part.positions.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variants::mutagenesis::portrait::Cell;
    use crate::variants::mutagenesis::row::Row;
    use crate::variants::mutagenesis::scored::PositionEffect;
    use crate::variants::mutagenesis::totals::{Account, Totals};

    fn work() -> MutagenesisWork {
        let outputs = Outputs { cutoff: None, plots: 0, shown: None, deletions: 0, usage: None };
        MutagenesisWork {
            shard: Shard::WHOLE,
            positions: 100,
            plan: String::new(),
            context_model: None,
            splice_scores: None,
            strands: Strand::BOTH.into(),
            outputs,
            provenance: Vec::new(),
            summary: MutagenesisSummary::default(),
            contigs: vec![("a".into(), 100)],
        }
    }

    fn part() -> Scored {
        let key = SiteKey { contig: 0, position: 30, strand: Strand::Minus };
        let (delta, probability, strength) = (-1.0 / 3.0, 0.1, Some(f64::MIN_POSITIVE));
        let (reference, alternate, called) = (3, 0, true);
        let cell = Cell { key, at: 11, reference, alternate, delta, probability, strength, called };
        let row =
            |position| Row { position, text: "a\t\u{e9}\n".into(), log_odds: Some(0.1 + 0.2) };
        let asked = Account { asked: 10, scored: 10, ..Account::default() };
        Scored {
            contig: 0,
            positions: 10..20,
            rows: vec![row(10), row(10), row(19)],
            effects: [vec![(10, PositionEffect { mean: -0.0, strongest: 1e-300 })], Vec::new()],
            cells: vec![cell],
            totals: Totals { positions: asked, ..Totals::named() },
        }
    }

    #[test]
    fn a_part_comes_back_to_the_bit() {
        let bytes = work().encode(&part()).unwrap();
        let back = work().decode(&bytes).unwrap();
        assert_eq!(back, part());
        assert!(back.effects[0][0].1.mean.is_sign_negative());
    }

    #[test]
    fn what_does_not_lie_on_its_stretch_is_no_part() {
        let damages: [fn(&mut Scored); 9] = [
            |part| part.contig = 1,
            |part| part.positions = 95..105,
            |part| part.positions = 10..19,
            |part| part.rows[2].position = 20,
            |part| part.rows[0].position = 12,
            |part| part.effects[0][0].0 = 9,
            |part| part.cells[0].at = 20,
            |part| part.cells[0].key.contig = 1,
            |part| part.cells[0].alternate = 4,
        ];
        for (number, damage) in damages.iter().enumerate() {
            let mut part = part();
            damage(&mut part);
            assert_eq!(work().decode(&work().encode(&part).unwrap()), None, "{number}");
        }
    }

    #[test]
    fn sites_beyond_the_genome_are_refused() {
        let mut work = work();
        assert_eq!(work.contigs().map(|contigs| contigs.len()), Some(1));
        let key = SiteKey { contig: 0, position: 100, strand: Strand::Plus };
        work.outputs.shown = Some(vec![key]);
        assert!(work.contigs().is_none());
    }
}
