//! A piece of the plan in, rows and tracks out.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::plan::{Plan, SiteKey};
use super::portrait::Cell;
use super::row::{OnSite, Row, SiteSignal, Usage, Variant, Wide, row};
use super::totals::Totals;
use crate::context::structure::along;
use crate::error::Result;
use crate::genome::contigs::Contigs;
use crate::genome::sequence::{UNKNOWN, decode};
use crate::genome::strand::Strand;
use crate::models::strength::CUTS;
use crate::variants::change::{Change, Coverage, Reason, offset};
use crate::variants::context::VariantContext;
use crate::variants::effect::SiteEffect;
use crate::variants::scorer::{Asked, Effects, SignalEffect, VariantScorer};

/// Consecutive positions of one contig.
pub struct Unit {
    pub contig: usize,
    pub positions: Range<u64>,
    /// The whole contig.
    pub codes: Arc<Vec<u8>>,
}

/// What became of a unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    pub contig: usize,
    pub positions: Range<u64>,
    /// Rows of the table, in order of position.
    pub rows: Vec<Row>,
    /// By strand: positions and effects of their SNVs.
    pub effects: [Vec<(u64, PositionEffect)>; 2],
    /// For the pictures: of sites that were named, or that lie where they were asked for.
    pub cells: Vec<Cell>,
    pub totals: Totals,
}

/// Effects of the three SNVs of a position on one strand, log2. Of each SNV the effect on the site
/// where it is the largest counts, 0 if it reaches none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PositionEffect {
    pub mean: f64,
    /// That of the largest size.
    pub strongest: f64,
}

/// Scores units; shared by all threads.
pub struct Mutator<'a> {
    pub engine: &'a VariantScorer<'a>,
    pub plan: &'a Plan,
    pub contigs: &'a Contigs,
    /// The genes that the sites lie in.
    pub context: VariantContext<'a>,
    /// Whether changes of usage are of what was measured.
    pub measured: bool,
    /// Nucleotides of the deletions; 0 for none.
    pub deletions: u64,
    /// Whether cells of pictures are wanted.
    pub pictures: bool,
}

/// An SNV or deletion, and its place in the list of what is asked.
struct Mutation {
    position: u64,
    /// Codes, on the plus strand; nothing of a deletion.
    reference: Range<u64>,
    alternate: Option<u8>,
    strands: [bool; 2],
}

/// The first bases of the signals of a unit's sites, if the model speaks of signals.
type OwnSignals = Option<HashMap<(Strand, u64), Option<u64>>>;

/// What a mutation does: to sites, and, of models that speak of signals, to cleavage after each
/// signal.
#[derive(Clone, Copy)]
struct Outcome<'a> {
    sites: &'a [SiteEffect],
    signals: Option<&'a [SignalEffect]>,
    /// Of all sites of the unit.
    own: &'a OwnSignals,
}

impl Mutator<'_> {
    /// Scores a unit.
    ///
    /// # Errors
    /// Those of the models.
    pub fn score(&self, unit: &Unit) -> Result<Scored> {
        let mut totals = Totals::named();
        let (mut mutations, mut asked) = (Vec::new(), Vec::new());
        for position in unit.positions.clone() {
            self.ask(unit, position, &mut totals, &mut |mutation, change| {
                asked.push(Asked { change, strands: mutation.strands });
                mutations.push(mutation);
            });
        }
        let places = self.plan.places(unit.contig);
        let effects = self.engine.score(unit.contig, &unit.codes, &asked, places)?;
        let signals = self.engine.signal_effects(&unit.codes, &asked)?;
        let own = self.own_signals(unit, &mutations, &effects)?;
        let mut scored = Scored {
            contig: unit.contig,
            positions: unit.positions.clone(),
            rows: Vec::new(),
            effects: [Vec::new(), Vec::new()],
            cells: Vec::new(),
            totals,
        };
        let mut snvs: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
        for (i, (mutation, effects)) in mutations.iter().zip(&effects).enumerate() {
            let outcome =
                Outcome { sites: effects, signals: signals.get(i).map(Vec::as_slice), own: &own };
            for strand in Strand::BOTH.into_iter().filter(|s| mutation.strands[s.index()]) {
                let largest = self.write(unit, mutation, strand, outcome, &mut scored);
                let of_strand = &mut snvs[strand.index()];
                if mutation.alternate.is_some() {
                    of_strand.push(largest);
                }
                if of_strand.len() == 3 {
                    let effect = PositionEffect::of(of_strand);
                    scored.effects[strand.index()].push((mutation.position, effect));
                    of_strand.clear();
                }
            }
        }
        Ok(scored)
    }

    /// Returns the signal of each site that a row will speak of.
    fn own_signals(
        &self,
        unit: &Unit,
        mutations: &[Mutation],
        effects: &[Effects],
    ) -> Result<OwnSignals> {
        if !self.engine.speaks_of_signals() {
            return Ok(None);
        }
        let mut sites = BTreeSet::new();
        for (mutation, effects) in mutations.iter().zip(effects) {
            for strand in Strand::BOTH.into_iter().filter(|s| mutation.strands[s.index()]) {
                let here = self.sites(unit.contig, mutation.position, strand, effects);
                sites.extend(here.into_iter().map(|(position, _)| (strand, position)));
            }
        }
        let sites: Vec<(Strand, u64)> = sites.into_iter().collect();
        let signals = self.engine.signals_of(&unit.codes, &sites)?;
        Ok(signals.map(|signals| sites.into_iter().zip(signals).collect()))
    }

    /// Finds out what is to be scored at a position.
    fn ask(
        &self,
        unit: &Unit,
        position: u64,
        totals: &mut Totals,
        put: &mut impl FnMut(Mutation, Change),
    ) {
        let strands = self.plan.strands(unit.contig, position, 1);
        let snvs = snvs(&unit.codes, position);
        totals
            .positions
            .count(snvs.as_ref().map(|(_, coverage)| *coverage).map_err(|reason| *reason));
        for change in snvs.into_iter().flat_map(|(snvs, _)| snvs) {
            let alternate = change.inserted.first().copied();
            let reference = position..position + 1;
            put(Mutation { position, reference, alternate, strands }, change);
        }
        let strands = self.plan.strands(unit.contig, position, self.deletions);
        if self.deletions > 0 && strands != [false; 2] {
            let deleted = position..position + self.deletions;
            let change = deletion(&unit.codes, deleted.clone());
            totals
                .deletions
                .count(change.as_ref().map(|(_, coverage)| *coverage).map_err(|reason| *reason));
            if let Ok((change, _)) = change {
                put(Mutation { position, reference: deleted, alternate: None, strands }, change);
            }
        }
    }

    /// Writes the rows of a mutation on one strand; returns its largest effect, log2, 0 if there is
    /// none.
    fn write(
        &self,
        unit: &Unit,
        mutation: &Mutation,
        strand: Strand,
        Outcome { sites: effects, signals, own }: Outcome<'_>,
        scored: &mut Scored,
    ) -> f64 {
        let letters = |codes: &[u8]| String::from_utf8_lossy(&decode(codes)).into_owned();
        let range = mutation.reference.start as usize..mutation.reference.end as usize;
        let variant = Variant {
            contig: &self.contigs[unit.contig].name,
            position: mutation.position,
            reference: &letters(&unit.codes[range]),
            alternate: &mutation.alternate.map_or("-".to_owned(), |code| letters(&[code])),
        };
        let here = || effects.iter().filter(|site| site.strand == strand);
        let wide = Wide::of(here());
        let sites = self.sites(unit.contig, mutation.position, strand, effects);
        let mut largest = 0.0_f64;
        for &(position, site) in &sites {
            let Some(wide) = &wide else { continue };
            let delta = site.delta();
            if delta.abs() > largest.abs() {
                largest = delta;
            }
            let offset = offset(&mutation.reference, position, strand);
            let (genes, context) = self.context.anywhere(unit.contig, &at_place(site, position));
            let key = SiteKey { contig: unit.contig, position, strand };
            let own = own.as_ref().and_then(|own| own.get(&(strand, position)).copied());
            let signal =
                own.map(|own| signal_of(signals.unwrap_or_default(), own, (strand, position)));
            let named = self.plan.named(&key);
            let measured = || Usage::Measured(named.and_then(|site| site.usage));
            let on_site = OnSite {
                site: position,
                offset,
                effect: site,
                wide,
                signal,
                name: named.map(|site| site.name.as_str()),
                usage: if self.measured { measured() } else { Usage::Predicted },
                genes,
                context,
            };
            scored.rows.push(row(&variant, strand.symbol(), Some(&on_site)));
            scored.totals.row(Some(site.effect));
            let in_picture = || {
                let asked = self.plan.strands(unit.contig, position, 1)[strand.index()];
                asked && position == site.position && site.called[0]
            };
            if self.pictures && (self.plan.names_sites() || in_picture()) {
                let reference = unit.codes[mutation.position as usize];
                let at = mutation.position;
                scored.cells.extend(mutation.alternate.map(|alternate| Cell {
                    key,
                    at,
                    reference,
                    alternate,
                    delta,
                    probability: site.probability[0],
                    strength: site.strength.map(|pair| pair[0]),
                    called: site.called[0],
                }));
            }
        }
        if sites.is_empty() {
            scored.rows.push(row(&variant, strand.symbol(), None));
            scored.totals.row(None);
        }
        largest
    }

    /// Returns the sites of a mutation's rows: those named, each with the effect on the site
    /// nearest to it, or else all that the mutation reaches.
    fn sites<'e>(
        &self,
        contig: usize,
        position: u64,
        strand: Strand,
        effects: &'e [SiteEffect],
    ) -> Vec<(u64, &'e SiteEffect)> {
        let here = || effects.iter().filter(|site| site.strand == strand);
        if !self.plan.names_sites() {
            return here().map(|site| (site.position, site)).collect();
        }
        let within = self.engine.match_distance();
        let nearest = |&place: &u64| {
            let near = here().filter(|site| site.position.abs_diff(place) <= within);
            near.min_by_key(|site| site.position.abs_diff(place)).map(|site| (place, site))
        };
        self.plan.near(contig, position, strand).iter().filter_map(nearest).collect()
    }
}

impl PositionEffect {
    fn of(deltas: &[f64]) -> Self {
        let mean = deltas.iter().sum::<f64>() / deltas.len() as f64;
        let larger = |a: f64, b: &f64| if b.abs() > a.abs() { *b } else { a };
        Self { mean, strongest: deltas.iter().fold(0.0, larger) }
    }
}

/// Returns a site at the place that is named, so that its gene and class are the same whatever
/// changes.
fn at_place(site: &SiteEffect, position: u64) -> Cow<'_, SiteEffect> {
    if site.position == position {
        Cow::Borrowed(site)
    } else {
        Cow::Owned(SiteEffect { position, ..site.clone() })
    }
}

/// Returns what a change does to cleavage after the signal that a site is cut after: the
/// reference's, or else of those that the change makes, and whose cuts the site may be, the
/// strongest.
fn signal_of(
    signals: &[SignalEffect],
    own: Option<u64>,
    (strand, site): (Strand, u64),
) -> SiteSignal<'_> {
    let mut here = signals.iter().filter(|signal| signal.strand == strand);
    if own.is_some() {
        let effect = here.find(|signal| Some(signal.position) == own);
        return SiteSignal { position: own, effect };
    }
    let may_be = |signal: &&SignalEffect| {
        let after = along(strand, site) - along(strand, signal.position);
        usize::try_from(after).is_ok_and(|nt| CUTS.contains(&nt))
    };
    let strongest = |a: &&SignalEffect, b: &&SignalEffect| a.narrow[1].total_cmp(&b.narrow[1]);
    SiteSignal { position: None, effect: here.filter(may_be).max_by(strongest) }
}

/// Returns the SNVs of a position, in the order of the letters.
pub(in crate::variants) fn snvs(
    codes: &[u8],
    position: u64,
) -> std::result::Result<(Vec<Change>, Coverage), Reason> {
    let here = codes[position as usize];
    if here == UNKNOWN {
        return Err(Reason::ReferenceN);
    }
    let others = (0..UNKNOWN).filter(|&code| code != here);
    let snvs: Vec<Change> =
        others.map(|code| Change { start: position, removed: 1, inserted: vec![code] }).collect();
    // What lies around them, and so the answer, is the same for all three.
    let coverage = snvs[0].check_windows(codes)?;
    Ok((snvs, coverage))
}

/// Returns the deletion of some nucleotides.
pub(in crate::variants) fn deletion(
    codes: &[u8],
    deleted: Range<u64>,
) -> std::result::Result<(Change, Coverage), Reason> {
    let reference = &codes[deleted.start as usize..deleted.end as usize];
    if reference.contains(&UNKNOWN) {
        return Err(Reason::ReferenceN);
    }
    let change = Change::canonical(codes, deleted.start, reference, &[]);
    let coverage = change.check_windows(codes)?;
    Ok((change, coverage))
}
