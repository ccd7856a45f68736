//! A locus: genes, tracks, sites, known sites and variants of a stretch of the genome.

pub mod figure;
pub mod layout;
mod model;

use std::ops::Range;
use std::path::Path;

use serde::Serialize;

use self::layout::Panel;
use self::model::{Model, models};
use super::choose::Wanted;
use super::counts::Best;
use super::effects::Allele;
use super::run::{Kind, Run};
use super::site::Site;
use super::tracks::Track;
use crate::context::known::KnownSites;
use crate::error::Result;
use crate::genome::annotation::Annotation;
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;

/// Sites and variants of a run that are drawn at most, the best.
const MOST: usize = 3_000;
/// Bins of all tracks of all loci together, and of one at most.
const BINS: u64 = 6_000_000;
const BINS_OF_TRACK: u64 = 200_000;

/// A locus to draw.
pub struct Locus {
    pub wanted: Wanted,
    pub contig: String,
    pub models: Vec<Model>,
    pub known: Vec<Known>,
    pub layers: Vec<Layer>,
}

/// What a run says of a locus.
pub struct Layer {
    pub run: usize,
    pub name: String,
    pub kind: Kind,
    pub tracks: Vec<Track>,
    pub sites: Vec<Site>,
    pub alleles: Vec<Allele>,
    /// How many there are, of which the best are here.
    pub of: u64,
}

/// A known site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Known {
    /// 0-based.
    pub position: u64,
    pub strand: char,
    /// Catalogues that have it.
    pub catalogue: String,
}

/// Loci in the making: rows are handed to those that they lie in.
pub struct Gathering<'a> {
    wanted: &'a [Wanted],
    contigs: &'a Contigs,
    sites: Vec<Best<Site>>,
    alleles: Vec<Best<Allele>>,
    layers: Vec<Vec<Layer>>,
    known: Vec<Vec<Known>>,
}

impl<'a> Gathering<'a> {
    /// Starts with nothing.
    pub fn new(wanted: &'a [Wanted], contigs: &'a Contigs) -> Self {
        Self {
            wanted,
            contigs,
            sites: Vec::new(),
            alleles: Vec::new(),
            layers: wanted.iter().map(|_| Vec::new()).collect(),
            known: wanted.iter().map(|_| Vec::new()).collect(),
        }
    }

    /// Begins with the rows of another run.
    pub fn begin(&mut self) {
        self.sites = self.wanted.iter().map(|_| Best::new(MOST)).collect();
        self.alleles = self.wanted.iter().map(|_| Best::new(MOST)).collect();
    }

    fn places(&self, contig: &str, position: u64) -> impl Iterator<Item = usize> + use<'a> {
        let (wanted, contig) = (self.wanted, self.contigs.index_of(contig));
        let lies_in =
            move |locus: &Wanted| Some(locus.contig) == contig && locus.range.contains(&position);
        (0..wanted.len()).filter(move |at| lies_in(&wanted[*at]))
    }

    /// Takes a site.
    pub fn site(&mut self, site: &Site) {
        for at in self.places(&site.contig, site.position) {
            if let (Some(known), Some(position)) = (&site.known, site.known_at()) {
                let strand = strand_sign(site.strand);
                self.known[at].push(Known { position, strand, catalogue: known.clone() });
            }
            if site.called {
                self.sites[at].add(site.likelihood(), site.clone());
            }
        }
    }

    /// Takes an allele.
    pub fn allele(&mut self, allele: &Allele) {
        for at in self.places(&allele.contig, allele.position.saturating_sub(1)) {
            let size = allele.entry.as_ref().map_or(0.0, |entry| entry.delta.abs());
            self.alleles[at].add(size, allele.clone());
        }
    }

    /// Ends with the rows of a run, the `number`-th, and reads its tracks.
    ///
    /// # Errors
    /// If a track cannot be read.
    pub fn end(&mut self, run: &Run, number: usize, tracks: usize) -> Result<()> {
        let bins = (BINS / (self.wanted.len() * tracks).max(1) as u64).clamp(1, BINS_OF_TRACK);
        let sites = std::mem::take(&mut self.sites);
        let alleles = std::mem::take(&mut self.alleles);
        for (at, (sites, alleles)) in sites.into_iter().zip(alleles).enumerate() {
            let Wanted { contig, range, .. } = &self.wanted[at];
            let name = &self.contigs[*contig].name;
            let tracks = run.tracks.iter().map(|track| Track::read(track, name, range, bins));
            let tracks: Vec<Option<Track>> = tracks.collect::<Result<_>>()?;
            let of = sites.seen() + alleles.seen();
            let (mut sites, mut alleles) = (sites.rows(), alleles.rows());
            sites.sort_by_key(|site| (site.position, site.strand));
            alleles.sort_by_key(|allele| allele.position);
            let tracks = tracks.into_iter().flatten().collect();
            let (name, kind) = (run.name(), run.kind);
            self.layers[at].push(Layer { run: number, name, kind, tracks, sites, alleles, of });
        }
        Ok(())
    }

    /// Adds the sites of a catalogue (BED).
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn catalogue(&mut self, name: &str, path: &Path) -> Result<()> {
        let mut known = KnownSites::default();
        known.add_bed(name, path, self.contigs)?;
        known.finish(self.contigs);
        let places = known.places(self.contigs);
        for (at, locus) in self.wanted.iter().enumerate() {
            for strand in Strand::BOTH {
                let all = &places[locus.contig][strand.index()];
                let inside = all.iter().filter(|position| locus.range.contains(position));
                let strand = strand_sign(strand);
                let catalogue = || name.to_owned();
                let known =
                    inside.map(|at| Known { position: *at, strand, catalogue: catalogue() });
                self.known[at].extend(known);
            }
        }
        Ok(())
    }

    /// Returns the loci.
    pub fn finish(self, annotation: Option<&Annotation>) -> Vec<Locus> {
        let all = self.wanted.iter().zip(self.layers).zip(self.known);
        let locus = |((wanted, layers), mut known): ((&Wanted, Vec<Layer>), Vec<Known>)| {
            known.sort();
            known.dedup();
            Locus {
                wanted: wanted.clone(),
                contig: self.contigs[wanted.contig].name.clone(),
                models: annotation.map_or_else(Vec::new, |genes| models(genes, wanted)),
                known,
                layers,
            }
        };
        all.map(locus).collect()
    }
}

/// Returns `+` or `-`.
fn strand_sign(strand: Strand) -> char {
    match strand {
        Strand::Plus => '+',
        Strand::Minus => '-',
    }
}

impl Locus {
    /// Returns its place, 1-based.
    pub fn place(&self) -> String {
        let Range { start, end } = self.wanted.range;
        let grouped = super::facts::grouped;
        format!("{}:{}-{}", self.contig, grouped(start + 1), grouped(end))
    }

    /// Returns the locus as the page has it.
    pub fn pack(&self) -> serde_json::Value {
        let layers: Vec<serde_json::Value> = self.layers.iter().map(Layer::pack).collect();
        serde_json::json!({
            "name": self.wanted.name,
            "id": self.wanted.gene.as_ref().map(|(_, id)| id),
            "contig": self.contig,
            "start": self.wanted.range.start,
            "end": self.wanted.range.end,
            "place": self.place(),
            "models": self.models,
            "known": self.known,
            "layers": layers,
            "panels": Panel::all(self),
        })
    }
}

impl Layer {
    /// Returns whether the best are here only.
    pub fn is_cut(&self) -> bool {
        (self.sites.len() + self.alleles.len()) as u64 != self.of
    }

    fn pack(&self) -> serde_json::Value {
        let site = |site: &Site| {
            serde_json::json!({
                "p": site.position, "s": strand_sign(site.strand), "probability": site.probability,
                "posterior": site.posterior, "cleavage": site.cleavage, "strength": site.strength,
                "usage": site.usage, "expressed": site.expressed, "signal": site.signal,
                "offset": site.signal_offset, "gene": site.gene, "class": site.feature, "known": site.known,
            })
        };
        let allele = |allele: &Allele| {
            let entry = allele.entry.clone().unwrap_or_default();
            serde_json::json!({
                "p": allele.position.saturating_sub(1), "name": allele.name(), "id": allele.id,
                "delta": super::chart::rounded(entry.delta, 3), "effect": entry.effect,
                "site": entry.site, "s": entry.strand, "gene": entry.gene, "motif": entry.motif,
            })
        };
        serde_json::json!({
            "run": self.run,
            "name": self.name,
            "tracks": self.tracks.iter().map(Track::pack).collect::<Vec<_>>(),
            "sites": self.sites.iter().map(site).collect::<Vec<_>>(),
            "alleles": self.alleles.iter().map(allele).collect::<Vec<_>>(),
            "of": self.of,
        })
    }
}
