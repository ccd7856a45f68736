//! Gene models of a locus, in lanes.

use std::ops::Range;

use serde::Serialize;

use crate::genome::annotation::{Annotation, Gene};
use crate::genome::region::Intervals;
use crate::report::choose::Wanted;

/// Transcripts of the chosen gene that have a lane of their own.
const TRANSCRIPTS: usize = 8;
/// Lanes at most: of a crowded region the genes that come last share the last one.
const LANES: usize = 14;
/// Share of the locus that a name takes for certain.
const NAME: u64 = 8;

/// A gene or one of its transcripts, which may reach past the locus.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Model {
    pub name: String,
    pub id: String,
    pub strand: char,
    pub start: u64,
    pub end: u64,
    pub exons: Vec<[u64; 2]>,
    /// Whether it is the gene that was asked for.
    pub chosen: bool,
    /// One transcript of the gene, not all of them merged.
    pub transcript: bool,
    pub lane: usize,
}

/// Returns the models of the genes in a locus: of the chosen one all exons and its longest
/// transcripts, each in a lane of its own, above the others.
pub fn models(annotation: &Annotation, wanted: &Wanted) -> Vec<Model> {
    let here = |gene: &&Gene| {
        gene.contig == wanted.contig
            && gene.range.start < wanted.range.end
            && wanted.range.start < gene.range.end
    };
    let is_chosen = |gene: &Gene| {
        wanted.gene.as_ref().is_some_and(|(name, id)| (name, id) == (&gene.name, &gene.id))
    };
    let (mut models, mut others) = (Vec::new(), Vec::new());
    for gene in annotation.genes.iter().filter(here) {
        if is_chosen(gene) {
            let transcripts = longest(gene);
            let lane = models.len();
            models.push(merged(gene, true, lane));
            let more = transcripts.iter().enumerate();
            models.extend(more.map(|(at, exons)| of_transcript(gene, exons, lane + 1 + at)));
        } else {
            others.push(gene);
        }
    }
    let first = models.len();
    let mut ends: Vec<u64> = Vec::new();
    let gap = (wanted.range.end - wanted.range.start) / NAME;
    for gene in others {
        let free = ends.iter().position(|end| *end <= gene.range.start);
        let lane = free.unwrap_or(ends.len().min(LANES - 1));
        let end = gene.range.end.max(gene.range.start.max(wanted.range.start) + gap);
        match ends.get_mut(lane) {
            Some(last) => *last = end,
            None => ends.push(end),
        }
        models.push(merged(gene, false, first + lane));
    }
    models
}

/// Returns the longest transcripts, if there are several; those of the same exons once.
fn longest(gene: &Gene) -> Vec<&Vec<Range<u64>>> {
    let mut transcripts: Vec<&Vec<Range<u64>>> = gene.transcripts.iter().collect();
    let length = |exons: &[Range<u64>]| exons.iter().map(|exon| exon.end - exon.start).sum::<u64>();
    transcripts.sort_by(|a, b| {
        let starts = || (a[0].start, a.len()).cmp(&(b[0].start, b.len()));
        length(b).cmp(&length(a)).then_with(starts)
    });
    transcripts.dedup();
    transcripts.truncate(TRANSCRIPTS);
    if transcripts.len() > 1 { transcripts } else { Vec::new() }
}

fn merged(gene: &Gene, chosen: bool, lane: usize) -> Model {
    let exons = Intervals::new(gene.transcripts.iter().flatten().cloned().collect());
    Model {
        name: gene.name.clone(),
        id: gene.id.clone(),
        strand: super::strand_sign(gene.strand),
        start: gene.range.start,
        end: gene.range.end,
        exons: exons.as_slice().iter().map(|exon| [exon.start, exon.end]).collect(),
        chosen,
        transcript: false,
        lane,
    }
}

fn of_transcript(gene: &Gene, exons: &[Range<u64>], lane: usize) -> Model {
    let (start, end) = (exons.first().map_or(0, |e| e.start), exons.last().map_or(0, |e| e.end));
    let exons = exons.iter().map(|exon| [exon.start, exon.end]).collect();
    Model { start, end, exons, transcript: true, ..merged(gene, true, lane) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::strand::Strand;

    fn gene(name: &str, start: u64, end: u64, transcripts: Vec<Vec<Range<u64>>>) -> Gene {
        Gene {
            name: name.to_owned(),
            id: format!("id-{name}"),
            contig: 0,
            strand: Strand::Plus,
            range: start..end,
            transcripts,
            open_ended: Vec::new(),
            biotype: None,
            transcript_ids: Vec::new(),
            coding_ends: Vec::new(),
        }
    }

    #[test]
    fn the_chosen_gene_comes_first_and_others_do_not_overlap_in_a_lane() {
        let one = |start: u64, end: u64| vec![vec![start..end]];
        let two = vec![vec![100..200, 300..500], vec![100..250], vec![100..250]];
        let genes = vec![
            gene("left", 0, 120, one(0, 120)),
            gene("mine", 100, 500, two),
            gene("over", 110, 130, one(110, 130)),
            gene("far", 900, 950, one(900, 950)),
            gene("outside", 1_000, 1_100, one(1_000, 1_100)),
        ];
        let annotation = Annotation { genes, notes: Vec::new() };
        let wanted = Wanted {
            name: "mine".into(),
            gene: Some(("mine".into(), "id-mine".into())),
            contig: 0,
            range: 50..1_000,
        };
        let models = models(&annotation, &wanted);
        let lanes: Vec<(&str, bool, usize)> = models
            .iter()
            .map(|model| (model.name.as_str(), model.transcript, model.lane))
            .collect();
        assert_eq!(
            lanes,
            [
                ("mine", false, 0),
                ("mine", true, 1),
                ("mine", true, 2),
                ("left", false, 3),
                ("over", false, 4),
                ("far", false, 3),
            ]
        );
        assert_eq!(models[0].exons, [[100, 250], [300, 500]]);
        assert_eq!(models[1].exons, [[100, 200], [300, 500]]);
    }
}
