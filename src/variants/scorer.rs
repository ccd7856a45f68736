//! Scoring: changes of a sequence in, effects on its sites out.

mod signals;
mod strengths;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;

use super::change::Change;
use super::effect::{Effect, Pair, SiteEffect};
use super::haplotype::{Haplotype, touching};
use super::held::HeldScans;
use super::motif;
use super::settings::{EngineSettings, LatentSites};
use super::windows::{self, CONTEXT, Windows};
use crate::error::{Error, Result};
use crate::genome::contigs::Contigs;
use crate::genome::region::Intervals;
use crate::genome::strand::Strand;
use crate::models::card::Task;
use crate::models::{CENTRE, Model};
use crate::scan::Anchor;
use crate::scan::consolidate::REACH;
use crate::scan::inference::{ChunkScores, Scans, Scorer};
use crate::scan::targets::Targets;
use crate::timing::Profile;
pub use signals::SignalEffect;
use strengths::{Place, StrengthWindows, Strengths};

/// Nucleotides on either side of a change that windows centred on its sites can reach.
const SIGHT: u64 = 2 * CENTRE as u64 + CONTEXT;

/// Windows of the reference whose scan is held at a time, at most; more of a long change.
const HELD_TOGETHER: u64 = 2048;

/// The effects of one change, by strand and position.
pub type Effects = Arc<[SiteEffect]>;

/// A change to score, and the strands that count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asked {
    /// What to score.
    pub change: Change,
    /// Plus, minus.
    pub strands: [bool; 2],
}

/// Scores changes; shared by all threads. Results do not depend on how changes are put together
/// into batches.
pub struct VariantScorer<'a> {
    sites: &'a dyn Model,
    strength: Option<&'a dyn Model>,
    settings: EngineSettings,
    /// Every position: what is asked for is not counted here.
    everywhere: Targets,
    /// The one sequence that a batch is of, for messages.
    contigs: Contigs,
    profile: Profile,
    /// Says whether to give up; asked for every change.
    stop: Box<dyn Fn() -> bool + Send + Sync + 'a>,
    /// Effects that were computed before.
    precomputed: Option<&'a dyn Precomputed>,
    /// By sequence (any number that names it) and change.
    remembered: Mutex<LruCache<(usize, Asked), Effects>>,
}

/// Effects that were computed before, by the same models with the same settings and places.
pub trait Precomputed: Sync {
    /// Returns the effects of changes of a sequence, in ascending order of the changes; `None` of
    /// each that it does not have.
    ///
    /// # Errors
    /// If they cannot be read.
    fn effects(&self, name: usize, asked: &[&Asked]) -> Result<Vec<Option<Effects>>>;
}

/// Known sites of one sequence: positions by strand, ascending, whose effects are wanted in any
/// case.
pub type Places<'a> = [&'a [u64]; 2];

/// What is known of one strand around a change.
struct Neighbourhood<'a> {
    haplotypes: &'a [Haplotype; 2],
    windows: [Windows; 2],
    strand: Strand,
    change: &'a Change,
    /// That the change can reach.
    places: &'a [u64],
}

/// A site before its strength is known, and its windows' places in the list to predict.
struct Draft {
    site: SiteEffect,
    windows: Option<[Place; 2]>,
}

impl<'a> VariantScorer<'a> {
    /// Prepares the scoring with a site model and, for strengths, a strength model.
    ///
    /// # Errors
    /// A model of the wrong kind.
    pub fn new(
        sites: &'a dyn Model,
        strength: Option<&'a dyn Model>,
        settings: EngineSettings,
    ) -> Result<Self> {
        if !sites.can_scan() {
            return Err(sites.not_scannable());
        }
        if let Some(card) = strength.map(Model::card)
            && card.task != Task::Strength
        {
            let task = card.task.name();
            let problem = format!("it predicts {task}, not the strength of a polyA site");
            return Err(Error::model(&card.name, problem));
        }
        let mut contigs = Contigs::default();
        contigs.push("sequence".to_owned(), u64::MAX);
        let everywhere = Targets::new(&contigs, &Strand::BOTH, None, None);
        let remembered = NonZeroUsize::new(settings.remembered).unwrap_or(NonZeroUsize::MIN);
        let remembered = Mutex::new(LruCache::new(remembered));
        let profile = Profile::default();
        let stop = Box::new(|| false);
        let precomputed = None;
        Ok(Self {
            sites,
            strength,
            settings,
            everywhere,
            contigs,
            profile,
            stop,
            precomputed,
            remembered,
        })
    }

    /// Looks effects up where `precomputed` has them.
    pub fn looking_up(self, precomputed: Option<&'a dyn Precomputed>) -> Self {
        Self { precomputed, ..self }
    }

    /// Gives up with [`Error::Interrupted`] once `stop` says so: one record can have thousands of
    /// alleles.
    pub fn stopping(self, stop: impl Fn() -> bool + Send + Sync + 'a) -> Self {
        Self { stop: Box::new(stop), ..self }
    }

    /// Returns the effects of each change of one sequence, e.g. a contig (codes), in order. Changes
    /// near each other share the windows of the reference. `name` tells sequences apart: the
    /// effects of a change that was scored before are remembered under it. Of the known `places` of
    /// the sequence that the change can reach there is an effect whether a haplotype has a site
    /// near them or not; they are always the same under one name.
    ///
    /// Every change must have passed [`Change::check_windows`].
    ///
    /// # Errors
    /// Those of the models.
    pub fn score(
        &self,
        name: usize,
        sequence: &[u8],
        asked: &[Asked],
        places: Places<'_>,
    ) -> Result<Vec<Effects>> {
        let mut known: HashMap<&Asked, Effects> = HashMap::new();
        let mut new: Vec<&Asked> = Vec::new();
        {
            let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
            for asked in asked {
                match remembered.get(&(name, asked.clone())) {
                    Some(effects) => {
                        known.insert(asked, effects.clone());
                    }
                    None => new.push(asked),
                }
            }
        }
        new.sort_unstable();
        new.dedup();
        if let Some(precomputed) = self.precomputed {
            let found;
            (new, found) = looked_up(precomputed, name, new)?;
            known.extend(found);
        }
        let effects = self.score_new(sequence, &new, places)?;
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        for (&asked, effects) in new.iter().zip(effects) {
            remembered.put((name, asked.clone()), effects.clone());
            known.insert(asked, effects);
        }
        drop(remembered);
        let lost = || Error::Internal("a change was not scored".into());
        asked.iter().map(|asked| known.get(asked).cloned().ok_or_else(lost)).collect()
    }

    /// Returns how far (nt) from a place its site may lie.
    pub fn match_distance(&self) -> u64 {
        self.settings.match_distance
    }

    /// Scores changes, in order of position.
    fn score_new(
        &self,
        sequence: &[u8],
        asked: &[&Asked],
        places: Places<'_>,
    ) -> Result<Vec<Effects>> {
        let mut strengths = StrengthWindows::new(self.strength);
        let mut drafts = Vec::with_capacity(asked.len());
        for near in self.groups(asked, sequence.len() as u64) {
            self.drafts_of_group(sequence, (near, places), &mut strengths, &mut drafts)?;
        }
        let strengths = match self.strength {
            Some(model) => strengths.predict(model, &self.stop)?,
            None => Strengths::default(),
        };
        let finished = drafts.into_iter().map(|drafts| {
            drafts.into_iter().filter_map(|draft| self.finished(draft, &strengths)).collect()
        });
        Ok(finished.collect())
    }

    /// Cuts changes into groups that lie so near each other that they share windows; where the
    /// reference's scan is held, into groups of few windows, which fit the cache.
    fn groups<'c>(&self, asked: &'c [&'c Asked], length: u64) -> Vec<&'c [&'c Asked]> {
        let most = if self.sites.holder().is_some() { HELD_TOGETHER } else { u64::MAX };
        let mut groups = Vec::new();
        let (mut first, mut looked_at) = (0, 0..0);
        for (at, asked_here) in asked.iter().enumerate() {
            let here = windows::looked_at(&asked_here.change, length);
            let end = here.end.max(looked_at.end);
            if at == first || here.start > looked_at.end || end - looked_at.start > most {
                groups.push(&asked[first..at]);
                (first, looked_at) = (at, here);
            } else {
                looked_at.end = end;
            }
        }
        groups.push(&asked[first..]);
        groups.retain(|group| !group.is_empty());
        groups
    }

    /// Adds the sites around each of some changes, without strengths.
    fn drafts_of_group(
        &self,
        sequence: &[u8],
        (asked, places): (&[&Asked], Places<'_>),
        strengths: &mut StrengthWindows,
        drafts: &mut Vec<Vec<Draft>>,
    ) -> Result<()> {
        let length = sequence.len() as u64;
        let wanted = Strand::BOTH.map(|strand| {
            let here = asked.iter().filter(|asked| asked.strands[strand.index()]);
            let looked_at = here.map(|asked| windows::looked_at(&asked.change, length));
            Intervals::new(looked_at.collect()).as_slice().to_vec()
        });
        let held = HeldScans::new(self.sites);
        let reference = windows::of_reference(&self.scorer(&held), sequence, wanted)?;
        for asked in asked {
            let alternate = held.alternate(&asked.change);
            let scorer = self.scorer(&alternate);
            drafts.push(self.drafts(&scorer, sequence, &reference, (asked, places), strengths)?);
        }
        Ok(())
    }

    fn scorer<'s>(&'s self, scans: &'s dyn Scans) -> Scorer<'s> {
        Scorer {
            model: self.sites,
            scans: Some(scans),
            contigs: &self.contigs,
            targets: &self.everywhere,
            keep: self.settings.latent,
            anchor: Anchor::Window,
            screening: None,
            stop: self.stop.as_ref(),
            profile: &self.profile,
        }
    }

    /// Returns where the threads put down what they do.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Returns the sites around a change, without strengths.
    fn drafts(
        &self,
        scorer: &Scorer<'_>,
        sequence: &[u8],
        reference: &[ChunkScores],
        (asked, places): (&Asked, Places<'_>),
        strengths: &mut StrengthWindows,
    ) -> Result<Vec<Draft>> {
        if (self.stop)() {
            return Err(Error::Interrupted);
        }
        let Asked { change, strands } = asked;
        let centres = windows::looked_at(change, sequence.len() as u64);
        let at = reference.partition_point(|scores| scores.chunk.centres.end < centres.end);
        let Some(reference) = reference.get(at) else { return Ok(Vec::new()) };
        let [_, alternate] = Haplotype::both(sequence, change, super::change::FLANK);
        let alternate = windows::of_alternate(scorer, &alternate, *strands)?;
        // Made when a site needs them: most changes lie far from any.
        let mut haplotypes = None;
        let mut drafts = Vec::new();
        for strand in Strand::BOTH.into_iter().filter(|strand| strands[strand.index()]) {
            let windows = Windows::both(reference, &alternate, strand, change, centres.clone());
            let places = inside(places[strand.index()], affected(strand, &change.replaced()));
            if windows.iter().all(Windows::is_silent) && places.is_empty() {
                continue;
            }
            let haplotypes =
                haplotypes.get_or_insert_with(|| Haplotype::both(sequence, change, SIGHT));
            let at = Neighbourhood { haplotypes, windows, strand, change, places };
            self.sites_of_strand(&at, strengths, &mut drafts)?;
        }
        Ok(drafts)
    }

    fn sites_of_strand(
        &self,
        at: &Neighbourhood<'_>,
        strengths: &mut StrengthWindows,
        drafts: &mut Vec<Draft>,
    ) -> Result<()> {
        let Neighbourhood { haplotypes, windows, strand, change, places } = at;
        let within = self.settings.match_distance;
        let on_signal = self.sites.signal_index().is_some();
        let sites = |i: usize| windows[i].sites(&haplotypes[i], *strand, &self.settings, on_signal);
        let (reference, alternate) = (sites(0)?, sites(1)?);
        let affected = affected(*strand, &change.replaced());
        let pairs = Pair::matched(&reference, &alternate, change, within);
        let positions: Vec<u64> = pairs.iter().map(|pair| pair.position(change)).collect();
        // The site that is meant by a known place: the nearest one, of equals the first.
        let meant = |&place: &u64| {
            let near = (0..pairs.len()).filter(|&i| positions[i].abs_diff(place) <= within);
            near.min_by_key(|&i| positions[i].abs_diff(place))
        };
        let known: Vec<Option<usize>> = places.iter().map(meant).collect();
        let of_strand = drafts.len();
        // Elements of a latent site lie no farther off: nothing is predicted in vain.
        let latent = |pair: &Pair| {
            let offset = pair.offset(change, *strand);
            self.settings.latent_sites != LatentSites::None && offset.abs() <= motif::REACH as i64
        };
        for (i, pair) in pairs.iter().enumerate() {
            let is_known = known.contains(&Some(i));
            let is_called = pair.called != [false; 2] || latent(pair);
            if is_known || (is_called && affected.contains(&positions[i])) {
                let mean_shift = pair.mean_shift(&reference, &alternate, change, *strand);
                drafts.push(self.draft(at, pair, is_known, mean_shift, strengths));
            }
        }
        for (&place, _) in places.iter().zip(&known).filter(|(_, site)| site.is_none()) {
            let pair = Pair { reference: Some(place), alternate: None, called: [false; 2] };
            drafts.push(self.draft(at, &pair, true, None, strengths));
        }
        drafts[of_strand..].sort_by_key(|draft| draft.site.position);
        Ok(())
    }

    fn draft(
        &self,
        at: &Neighbourhood<'_>,
        pair: &Pair,
        known: bool,
        mean_shift: Option<f64>,
        strengths: &mut StrengthWindows,
    ) -> Draft {
        let Neighbourhood { haplotypes, windows, strand, change, .. } = at;
        let (place, own) = (pair.place(change), pair.own_places(change));
        let site = SiteEffect {
            strand: *strand,
            position: place[0],
            offset: pair.offset(change, *strand),
            shift: pair.shift(change, *strand),
            mean_shift,
            called: pair.called,
            known,
            probability: [0, 1].map(|i| windows[i].probability_at(own[i])),
            strength: None,
            motif: motif::changed(haplotypes, *strand, place),
            effect: Effect::Unchanged,
        };
        let windows = self
            .strength
            .map(|_| strengths.pair([0, 1].map(|i| haplotypes[i].window(*strand, place[i]))));
        Draft { site, windows }
    }

    /// Returns the effect on a site; none on a latent one that does not change enough to be
    /// reported.
    fn finished(&self, draft: Draft, strengths: &Strengths) -> Option<SiteEffect> {
        let Draft { mut site, windows } = draft;
        site.strength = windows.map(|places| places.map(|place| strengths.at(place)));
        site.effect = self.settings.rule.effect(&site);
        let all = self.settings.latent_sites == LatentSites::All;
        let reported = all || !site.is_latent() || site.delta().abs() >= self.settings.rule.delta;
        reported.then_some(site)
    }
}

/// Changes, and some with their effects.
type Found<'c> = (Vec<&'c Asked>, Vec<(&'c Asked, Effects)>);

/// Returns the changes that are to be computed, and the others with their effects.
fn looked_up<'c>(
    precomputed: &dyn Precomputed,
    name: usize,
    asked: Vec<&'c Asked>,
) -> Result<Found<'c>> {
    let found = precomputed.effects(name, &asked)?;
    let (mut new, mut known) = (Vec::new(), Vec::new());
    for (asked, effects) in asked.into_iter().zip(found) {
        match effects {
            Some(effects) => known.push((asked, effects)),
            None => new.push(asked),
        }
    }
    Ok((new, known))
}

/// Returns the part of ascending positions that lies in a range.
pub fn inside(ascending: &[u64], range: Range<u64>) -> &[u64] {
    let first = ascending.partition_point(|&position| position < range.start);
    let end = ascending.partition_point(|&position| position < range.end);
    &ascending[first..end]
}

/// Returns the positions whose consolidated cleavage a change can alter.
pub fn affected(strand: Strand, replaced: &Range<u64>) -> Range<u64> {
    let touching = touching(strand, replaced);
    touching.start.saturating_sub(REACH)..touching.end + REACH
}

#[cfg(test)]
mod tests;
