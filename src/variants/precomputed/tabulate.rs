//! Units of a plan in, rows of a table out.

use std::sync::Arc;

use super::pieces::{Piece, Stretch};
use super::row::{Written, write};
use crate::context::features::GeneContext;
use crate::error::Result;
use crate::genome::contigs::Contigs;
use crate::genome::in_turn::InTurn;
use crate::pipeline::{self, Stop};
use crate::variants::change::{Change, Reason};
use crate::variants::genes::strands_at;
use crate::variants::mutagenesis::scored::{deletion, snvs};
use crate::variants::mutagenesis::totals::Totals;
use crate::variants::scorer::{Asked, Places, VariantScorer};

/// Consecutive positions of one contig, of one piece.
struct Unit {
    /// Number of the piece.
    piece: usize,
    stretch: Stretch,
    /// The whole contig.
    codes: Arc<Vec<u8>>,
}

/// What became of a unit.
pub struct Tabulated {
    /// Number of the piece.
    pub piece: usize,
    pub contig: usize,
    /// Positions (0-based, ascending) and the rows of their changes.
    pub rows: Vec<(u64, Vec<String>)>,
    pub totals: Totals,
}

/// Scores units; shared by all threads.
pub struct Tabulator<'a> {
    pub engine: &'a VariantScorer<'a>,
    pub contigs: &'a Contigs,
    /// Known sites by contig and strand, ascending.
    pub places: &'a [[Vec<u64>; 2]],
    /// Changes are scored on the strands of the genes that they lie in, as in a run over variants.
    pub genes: Option<&'a GeneContext>,
}

/// Tabulates pieces (with their numbers) and hands what comes of them to `consume`, in order.
///
/// # Errors
/// The first failure of the reader, the models or `consume`; an interrupt.
pub fn run(
    pieces: &[(usize, &(Piece, Vec<Stretch>))],
    mut genome: InTurn<'_>,
    tabulator: &Tabulator<'_>,
    threads: usize,
    stop: &Stop<'_>,
    consume: impl FnMut(Tabulated) -> Result<()>,
) -> Result<()> {
    let mut stretches = pieces.iter().flat_map(|(number, (_, stretches))| {
        stretches.iter().map(move |stretch| (*number, stretch.clone()))
    });
    let read = move || {
        let Some((piece, stretch)) = stretches.next() else { return Ok(None) };
        let codes = genome.get(stretch.0)?;
        Ok(Some(Unit { piece, stretch, codes }))
    };
    let profile = tabulator.engine.profile();
    pipeline::run(threads, stop, profile, read, |unit| tabulator.tabulate(&unit).map(Some), consume)
}

impl Tabulator<'_> {
    /// Scores a unit.
    fn tabulate(&self, unit: &Unit) -> Result<Tabulated> {
        let (contig, range) = &unit.stretch;
        let mut totals = Totals::named();
        let (mut changes, mut asked) = (Vec::new(), Vec::new());
        for position in range.clone() {
            self.ask(*contig, &unit.codes, position, &mut totals, &mut |change, strands| {
                let reference = unit.codes[position as usize];
                let inserted = change.inserted.first().copied();
                changes.push(Written { position, reference, inserted, strands });
                asked.push(Asked { change, strands });
            });
        }
        let places = self.places.get(*contig);
        let places: Places<'_> =
            places.map_or([&[]; 2], |strands| strands.each_ref().map(Vec::as_slice));
        let effects = self.engine.score(*contig, &unit.codes, &asked, places)?;
        let name = &self.contigs[*contig].name;
        let mut rows: Vec<(u64, Vec<String>)> = Vec::new();
        for (change, effects) in changes.iter().zip(&effects) {
            if rows.last().is_none_or(|(position, _)| *position != change.position) {
                rows.push((change.position, Vec::new()));
            }
            if let Some((_, rows)) = rows.last_mut() {
                write(name, change, effects, rows);
            }
            effects.iter().for_each(|site| totals.row(Some(site.effect)));
            if effects.is_empty() {
                totals.row(None);
            }
        }
        Ok(Tabulated { piece: unit.piece, contig: *contig, rows, totals })
    }

    /// Finds out what is to be scored at a position.
    fn ask(
        &self,
        contig: usize,
        codes: &[u8],
        position: u64,
        totals: &mut Totals,
        put: &mut impl FnMut(Change, [bool; 2]),
    ) {
        let on_strands = |change: &Change| match strands_at(self.genes, contig, change) {
            [false, false] => Err(Reason::NoGene),
            strands => Ok(strands),
        };
        let snvs = snvs(codes, position).and_then(|(snvs, coverage)| {
            let strands = on_strands(&snvs[0])?;
            snvs.into_iter().for_each(|change| put(change, strands));
            Ok(coverage)
        });
        totals.positions.count(snvs);
        let deletion = deletion(codes, position..position + 1);
        // Of deletions that make the same haplotype the first one stands for all.
        if deletion.as_ref().is_ok_and(|(change, _)| change.start != position) {
            return;
        }
        let deletion = deletion.and_then(|(change, coverage)| {
            let strands = on_strands(&change)?;
            put(change, strands);
            Ok(coverage)
        });
        totals.deletions.count(deletion);
    }
}
