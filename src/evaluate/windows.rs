//! Windows of measured sites and of what is none, as PolyaID is trained and tested on them (Stroup
//! & Ji 2023, Methods): every site at each offset from the window's centre; random intergenic
//! places, shuffled transcripts, and places beside a site in whose middle nothing is cut.

pub mod ends;
pub mod figures;
pub mod settings;

use std::path::{Path, PathBuf};

use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::measured::{MeasuredSite, Place, read_sites};
use super::negatives::{Neighbours, draw};
use super::parts::Dealt;
use super::usage::EXTENSION;
use crate::context::class::Feature;
use crate::context::features::GeneContext;
use crate::context::signal::strongest;
use crate::error::{Error, Result};
use crate::genome::annotation::Annotation;
use crate::genome::memory::Genome;
use crate::genome::sequence::UNKNOWN;
use crate::genome::strand::Strand;
use crate::models::cleavage::BACKGROUND;
use crate::models::part::Part;
use crate::models::{CENTRE, CLEAVAGE, CleavageVector};
use ends::Ends;
use settings::{Shares, WindowSettings};

/// Random places lie farther than this, in nt, from any site of either strand.
const AWAY: usize = 200;
/// Tries per wanted neighbour: other sites and the contigs' ends are near.
const TRIES: usize = 50;

/// What a window without a site is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Negative {
    /// A random place outside of genes.
    Intergenic,
    /// A random place of a transcript, its nucleotides shuffled.
    Shuffled,
    /// Beside a site.
    Neighbour,
}

impl Negative {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Intergenic, Self::Shuffled, Self::Neighbour];

    /// Returns the name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Intergenic => "intergenic",
            Self::Shuffled => "shuffled",
            Self::Neighbour => "neighbour",
        }
    }
}

/// What a window shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Site `site` of [`SiteWindows::sites`], so many nt after the window's centre.
    Site {
        /// Its number.
        site: usize,
        /// In transcript direction.
        offset: i64,
    },
    /// None.
    Negative(Negative),
}

/// A window: what it is centred on, and what it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    pub place: Place,
    pub kind: Kind,
}

/// What a window is to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// 1 of a site's window, 0 of others.
    pub classification: f32,
    /// Shares of the cuts; without any, as of windows without a site, background everywhere.
    pub vector: CleavageVector,
}

/// A site that is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    pub place: Place,
    pub part: Part,
    /// The strongest signal upstream.
    pub signal: Option<&'static str>,
}

/// Sites and the genome that windows are cut from.
pub struct SiteWindows {
    pub sites: Vec<Shown>,
    genome: Genome,
    /// All measured sites, shown or not.
    near: Neighbours,
    measured: Vec<MeasuredSite>,
    ends: Ends,
    genes: Option<GeneContext>,
    dealt: Dealt,
    offsets: [i64; 2],
    negatives: Shares,
    seed: u64,
}

impl SiteWindows {
    /// Reads genome, sites, ends and genes, draws the sites that are shown and deals them out.
    /// `file` gives the place of a file that the settings name.
    ///
    /// # Errors
    /// Files that cannot be read, no site to show.
    pub fn read(
        settings: &WindowSettings<'_>,
        file: &dyn Fn(&Path) -> PathBuf,
        seed: u64,
    ) -> Result<Self> {
        let source = settings.sites;
        let fasta = file(&source.fasta);
        let mut genome = Genome::read(&fasta)?;
        let except = genome.contigs.resolve_all(&source.except);
        let except = except.map_err(|problem| Error::input(&fasta, "except", problem))?;
        genome.leave_out(|contig| except.contains(&contig));
        let table = file(&source.sites);
        let mut measured = read_sites(&table, &genome)?;
        measured.retain(|site| !genome.codes[site.contig].is_empty());
        let weights = weights(&measured);
        let complete = |site: &MeasuredSite| is_complete(&genome, site.place());
        let candidates: Vec<(usize, f64)> = (weights.iter().copied().enumerate())
            .filter(|(site, weight)| *weight > 0.0 && complete(&measured[*site]))
            .collect();
        let shown = by_weight(&candidates, settings.positives.count, seed);
        if shown.is_empty() {
            let problem = "no site with reads and a whole window of known bases";
            return Err(Error::input(&table, "", problem));
        }
        let contigs: Vec<usize> = shown.iter().map(|&site| measured[site].contig).collect();
        let dealt = settings.parts.deal(&contigs, seed);
        let ends = match &source.ends {
            Some([plus, minus]) => Ends::read([&file(plus), &file(minus)], &genome.contigs)?,
            None => {
                let all = measured.iter().zip(&weights).filter(|(_, weight)| **weight > 0.0);
                let all: Vec<(Place, f64)> = all.map(|(site, w)| (site.place(), *w)).collect();
                Ends::around_sites(&genome, &all, settings.positives.spread)
            }
        };
        let genes = source.annotation.as_ref().map(|annotation| -> Result<GeneContext> {
            let annotation = Annotation::read(&file(annotation), &genome.contigs)?;
            Ok(GeneContext::new(&annotation, &genome.contigs, EXTENSION))
        });
        let sites = shown.iter().zip(&dealt.parts).map(|(&site, &part)| {
            let place = measured[site].place();
            Shown { place, part, signal: signal(&genome, place) }
        });
        Ok(Self {
            sites: sites.collect(),
            near: Neighbours::new(&measured),
            ends,
            genes: genes.transpose()?,
            dealt,
            offsets: settings.positives.offsets,
            negatives: *settings.negatives,
            seed,
            measured,
            genome,
        })
    }

    /// Returns the windows of a part: each of its sites at each offset, and what is no site; the
    /// same for the same seed. Windows that leave a contig or hold an unknown base are left out,
    /// and negatives that are not found.
    pub fn examples(&self, part: Part) -> Vec<Example> {
        let [first, last] = self.offsets;
        let of_part = self.sites.iter().enumerate().filter(|(_, site)| site.part == part);
        let mut examples = Vec::new();
        for (site, shown) in of_part {
            for offset in first..=last {
                let place = moved(shown.place, -offset);
                let whole = place.filter(|&place| is_complete(&self.genome, place));
                let kind = Kind::Site { site, offset };
                examples.extend(whole.map(|place| Example { place, kind }));
            }
        }
        let wanted = self.negatives.counts(examples.len());
        for (kind, count) in Negative::ALL.into_iter().zip(wanted) {
            let places = self.negatives_of(kind, part, count);
            let kind = Kind::Negative(kind);
            examples.extend(places.into_iter().map(|place| Example { place, kind }));
        }
        examples
    }

    fn negatives_of(&self, kind: Negative, part: Part, count: usize) -> Vec<Place> {
        let stream = 1 + 3 * part as u64 + kind as u64;
        let seed = self.seed.wrapping_mul(1_000_003).wrapping_add(stream);
        let allowed = |place: Place| self.dealt.allows(place.contig, part);
        let is_away = |place: Place| {
            let near = |strand| self.near.within(Place { strand, ..place }, AWAY - 1);
            !Strand::BOTH.into_iter().any(near) && self.is_uncut(place)
        };
        match kind {
            Negative::Intergenic => draw(&self.genome, count, seed, |place| {
                allowed(place)
                    && is_away(place)
                    && self.feature(place).is_none_or(|feature| feature == Feature::Intergenic)
            }),
            Negative::Shuffled => draw(&self.genome, count, seed, |place| {
                let none = [Feature::Intergenic, Feature::Antisense];
                allowed(place) && self.feature(place).is_none_or(|f| !none.contains(&f))
            }),
            Negative::Neighbour => self.neighbours(part, count, seed),
        }
    }

    /// Returns the class of a place by its genes; `None` without genes.
    fn feature(&self, place: Place) -> Option<Feature> {
        let genes = self.genes.as_ref()?;
        Some(genes.place(place.contig, place.strand, place.position as u64).feature)
    }

    /// Returns whether nothing is cut in the middle 50 nt of the window at a place.
    fn is_uncut(&self, place: Place) -> bool {
        self.ends.around(place).iter().all(|&count| count == 0.0)
    }

    fn neighbours(&self, part: Part, count: usize, seed: u64) -> Vec<Place> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let of_part: Vec<&Shown> = self.sites.iter().filter(|site| site.part == part).collect();
        let [least, most] = self.negatives.distance;
        let mut places = Vec::with_capacity(count);
        for _ in 0..count.saturating_mul(TRIES) {
            let Some(site) = of_part.choose(&mut rng).filter(|_| places.len() < count) else {
                break;
            };
            let away = rng.random_range(least..=most) as i64;
            let shift = if rng.random::<bool>() { away } else { -away };
            let place = moved(site.place, shift);
            let fits = |&place: &Place| is_complete(&self.genome, place) && self.is_uncut(place);
            places.extend(place.filter(fits));
        }
        places
    }

    /// Returns the codes of a window: 240 nt in transcript direction.
    pub fn window(&self, example: &Example) -> Vec<u8> {
        let Place { contig, strand, position } = example.place;
        let mut codes = self.genome.window(contig, strand, position).unwrap_or_default();
        if example.kind == Kind::Negative(Negative::Shuffled) {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
            // Whoever asks, and when: a place has one shuffled window.
            rng.set_stream((contig as u64) << 40 | (position as u64) << 1 | strand.index() as u64);
            codes.shuffle(&mut rng);
        }
        codes
    }

    /// Returns what a window is to say.
    pub fn label(&self, example: &Example) -> Label {
        let background = [BACKGROUND as f32; CLEAVAGE];
        match example.kind {
            Kind::Negative(_) => Label { classification: 0.0, vector: background },
            Kind::Site { .. } => {
                let vector = self.measured(example).unwrap_or(background);
                Label { classification: 1.0, vector }
            }
        }
    }

    /// Returns the shares of the cuts in a window; `None` where nothing was cut.
    pub fn measured(&self, example: &Example) -> Option<CleavageVector> {
        let counts = self.ends.around(example.place);
        let sum: f32 = counts.iter().sum();
        (sum > 0.0).then(|| counts.map(|count| count / sum))
    }

    /// Returns the number of measured sites, shown or not.
    pub fn all_sites(&self) -> usize {
        self.measured.len()
    }
}

/// How likely each site is to be shown: its reads, where any site has reads; else all alike.
fn weights(sites: &[MeasuredSite]) -> Vec<f64> {
    let counted = sites.iter().any(|site| site.reads > Some(0.0));
    let weight = |site: &MeasuredSite| if counted { site.reads.unwrap_or(0.0) } else { 1.0 };
    sites.iter().map(weight).collect()
}

/// Draws without replacement by weight (Efraimidis & Spirakis 2006); all if there are no more than
/// `count`, or if it is 0. Ascending.
fn by_weight(candidates: &[(usize, f64)], count: usize, seed: u64) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let key = |&(site, weight): &(usize, f64)| {
        (rng.random::<f64>().max(f64::MIN_POSITIVE).ln() / weight, site)
    };
    let mut keyed: Vec<(f64, usize)> = candidates.iter().map(key).collect();
    keyed.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    keyed.truncate(if count == 0 { usize::MAX } else { count });
    let mut sites: Vec<usize> = keyed.into_iter().map(|(_, site)| site).collect();
    sites.sort_unstable();
    sites
}

/// Returns the place so many nt downstream (upstream if negative).
fn moved(place: Place, nt: i64) -> Option<Place> {
    let along = match place.strand {
        Strand::Plus => nt,
        Strand::Minus => -nt,
    };
    let position = place.position.checked_add_signed(along as isize)?;
    Some(Place { position, ..place })
}

fn is_complete(genome: &Genome, place: Place) -> bool {
    let window = genome.window(place.contig, place.strand, place.position);
    window.is_some_and(|window| !window.contains(&UNKNOWN))
}

fn signal(genome: &Genome, place: Place) -> Option<&'static str> {
    let window = genome.window(place.contig, place.strand, place.position)?;
    strongest(&window[..CENTRE]).map(|(signal, _)| signal)
}

#[cfg(test)]
mod tests;
