//! A report: what `scan`, `variants` and `mutagenesis` left behind, as one HTML page.
//!
//! Rows of tables are read once; counted in full, of which the best go into tables, and handed to
//! the loci that they lie in. What the page shows is data ([`chart`], [`locus`]); [`page`] puts it
//! beside a script that draws it.

pub mod chart;
pub mod choose;
pub mod counts;
pub mod effects;
pub mod facts;
mod genes;
pub mod locus;
pub mod page;
mod rows;
pub mod run;
pub mod site;
pub mod sites;
pub mod tracks;

use std::path::PathBuf;

use serde::Serialize;

use self::chart::{Chart, Table};
use self::choose::{KnownContigs, Wanted};
use self::effects::Effects;
use self::facts::Facts;
use self::locus::{Gathering, Locus};
use self::run::{Kind, Run};
use self::sites::Sites;
use crate::error::Result;
use crate::genome::annotation::Annotation;
use crate::variants::effect::Effect;

/// Rows of a table that a report has, unless it is told otherwise.
pub const ROWS: usize = 10_000;
/// Rows at most: with more, a page is no longer opened in a moment.
pub const MOST_ROWS: usize = 50_000;

/// A number that stands at the head of a section.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    pub value: String,
    pub label: String,
}

impl Figure {
    fn new(value: u64, label: &str) -> Self {
        Self { value: facts::grouped(value), label: label.to_owned() }
    }
}

/// What the rows of a run give.
struct Content {
    figures: Vec<Figure>,
    charts: Vec<Chart>,
    tables: Vec<Table>,
}

/// What a report says of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Section {
    pub id: String,
    pub name: String,
    pub prefix: String,
    pub kind: Kind,
    pub figures: Vec<Figure>,
    pub charts: Vec<Chart>,
    pub tables: Vec<Table>,
    pub facts: Facts,
}

/// What is asked for.
pub struct Request<'a> {
    pub runs: &'a [Run],
    pub contigs: &'a KnownContigs,
    pub loci: &'a [Wanted],
    pub annotation: Option<&'a Annotation>,
    /// Catalogues of known sites: name and BED.
    pub catalogues: &'a [(String, PathBuf)],
    /// Rows of a table at most.
    pub rows: usize,
}

impl Request<'_> {
    /// Reads everything.
    ///
    /// # Errors
    /// If a file cannot be read or is damaged.
    pub fn collect(&self) -> Result<(Vec<Section>, Vec<Locus>)> {
        let mut gathering = Gathering::new(self.loci, &self.contigs.contigs);
        let tracks = self.runs.iter().map(|run| run.tracks.len()).sum();
        let mut sections = Vec::new();
        for (number, run) in self.runs.iter().enumerate() {
            gathering.begin();
            sections.push(self.section(number, run, &mut gathering)?);
            gathering.end(run, number, tracks)?;
        }
        for (name, path) in self.catalogues {
            gathering.catalogue(name, path)?;
        }
        Ok((sections, gathering.finish(self.annotation)))
    }

    fn section(&self, number: usize, run: &Run, loci: &mut Gathering<'_>) -> Result<Section> {
        let id = format!("run{}", number + 1);
        let Content { figures, charts, tables } = match run.kind {
            Kind::Scan => self.scan(&id, run, loci)?,
            Kind::Variants | Kind::Mutagenesis => self.effects(&id, run, loci)?,
        };
        let (name, prefix, kind) = (run.name(), run.prefix.clone(), run.kind);
        let mut facts = Facts::of(run);
        facts.notes.extend(run.remark());
        Ok(Section { id, name, prefix, kind, figures, charts, tables, facts })
    }

    fn scan(&self, id: &str, run: &Run, loci: &mut Gathering<'_>) -> Result<Content> {
        let mut sites = Sites::read(&run.results, self.rows, |site| loci.site(site))?;
        if let Some(genes) = &run.genes {
            sites.genes.join(genes)?;
        }
        let (calls, used) = sites.called();
        let mut figures = vec![Figure::new(calls, "sites called")];
        figures.extend(used.map(|used| Figure::new(used, "of them likely used")));
        let (genes, several) = sites.genes.counts();
        if genes > 0 {
            figures.push(Figure::new(genes, "genes with a site"));
            if used.is_some() {
                figures.push(Figure::new(several, "of them with several likely used"));
            }
        }
        let (known, uncalled) = sites.known();
        figures.extend(known.map(|known| Figure::new(known, "at a known site")));
        if uncalled > 0 {
            figures.push(Figure::new(uncalled, "known sites without a call"));
        }
        let charts = sites.charts();
        let (sites, genes) = sites.tables(id, self.rows);
        Ok(Content {
            figures,
            charts,
            tables: [Some(sites), genes].into_iter().flatten().collect(),
        })
    }

    fn effects(&self, id: &str, run: &Run, loci: &mut Gathering<'_>) -> Result<Content> {
        let (path, mut see) = (&run.results, |allele: &effects::Allele| loci.allele(allele));
        let (effects, title, what) = match run.kind {
            Kind::Mutagenesis => {
                (Effects::of_mutagenesis(path, self.rows, &mut see)?, "Changes", "changes")
            }
            _ => (Effects::of_variants(path, self.rows, &mut see)?, "Variants", "alleles"),
        };
        let by_effect = effects.by_effect();
        let near = by_effect.values().sum();
        let mut figures = vec![Figure::new(near, &format!("{what} with a site near them"))];
        for effect in Effect::ALL.into_iter().filter(|effect| *effect != Effect::Unchanged) {
            let n = by_effect.get(effect.name()).copied().unwrap_or(0);
            figures.extend((n > 0).then(|| Figure::new(n, effect.name())));
        }
        let charts = effects.charts(what);
        Ok(Content { figures, charts, tables: vec![effects.table(id, title)] })
    }
}
