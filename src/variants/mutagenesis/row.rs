//! Rows of the table.

use serde::{Deserialize, Serialize};

use crate::context::class::Feature;
use crate::context::logistic::sigmoid;
use crate::models::strength::log_odds;
use crate::variants::context::SiteInGene;
use crate::variants::effect::SiteEffect;
use crate::variants::entry::rounded;
use crate::variants::scorer::SignalEffect;

/// The names of the columns. `delta_logodds` and `delta_usage`, `..._narrow`, are named as in
/// APARENT2's genome-wide table (Linder et al. 2022), as are `native_usage` and `pas_position`.
pub const COLUMNS: [&str; 31] = [
    "#chrom",
    "pos",
    "ref",
    "alt",
    "strand",
    "site",
    "offset",
    "prob_ref",
    "prob_alt",
    "delta_prob",
    "delta_logit",
    "strength_ref",
    "strength_alt",
    "delta_strength",
    "usage_ref",
    "usage_alt",
    "delta_logodds_narrow",
    "delta_usage_narrow",
    "delta_logodds",
    "delta_usage",
    "shift",
    "mean_shift",
    "effect",
    "motif",
    "gene",
    "class",
    "expressed_ref",
    "expressed_alt",
    "name",
    "native_usage",
    "pas_position",
];

/// What the header says of the columns.
pub const REMARKS: [&str; 5] = [
    "pos and site are 1-based; ref and alt are letters of the plus strand; alt - is a deletion of ref, whose first nucleotide is pos",
    "site: last nucleotide before the cut; offset and shifts are in transcript direction; strength: log2 odds of usage; delta: alt - ref; delta_logit and delta_logodds: natural logarithms",
    "narrow: the site itself; delta_logodds and delta_usage: all sites of the strand that the change reaches, their odds added up; with APARENT2 its own: log-odds of cleavage 7 to 56 nt after the site's signal (narrow) and anywhere in the signal's frame, which is the same for all changes; . of changes outside of it",
    "gene, class: of the site, with --annotation; expressed: probability that the site is used at all, given class and context",
    "name, native_usage: of the BED of --sites; with --usage delta_usage is sigmoid(logit(native_usage) + delta_logodds) - native_usage; pas_position: first base, in transcript direction, of the site's polyA signal, 1-based, with APARENT2",
];

/// Decimals of log-odds and shares, as the authors' table has them.
const DECIMALS: usize = 5;

/// The changed nucleotides of a row.
pub struct Variant<'a> {
    pub contig: &'a str,
    /// 0-based.
    pub position: u64,
    pub reference: &'a str,
    /// `-` for a deletion.
    pub alternate: &'a str,
}

/// The odds of all sites of a strand that a change reaches, added up; pairs are of reference and
/// alternate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wide {
    /// Of usage, or without a strength model of the classification.
    odds: [f64; 2],
    of_usage: bool,
}

impl Wide {
    /// Adds up sites; `None` of none.
    pub fn of<'a>(sites: impl Iterator<Item = &'a SiteEffect>) -> Option<Self> {
        let one = |site: &SiteEffect| match site.strength {
            Some(strengths) => (strengths.map(f64::exp2), true),
            None => (site.probability.map(|p| log_odds(p.into()).exp()), false),
        };
        let sum = |a: Option<Self>, site: &SiteEffect| {
            let (odds, of_usage) = one(site);
            let before = a.map_or([0.0; 2], |a| a.odds);
            Some(Self { odds: [before[0] + odds[0], before[1] + odds[1]], of_usage })
        };
        sites.fold(None, sum)
    }

    /// Returns the change in natural log-odds.
    pub fn delta_logodds(&self) -> f64 {
        (self.odds[1] / self.odds[0]).ln()
    }

    /// Returns the change in usage, if there is a strength model.
    pub fn delta_usage(&self) -> Option<f64> {
        let share = |odds: f64| odds / (1.0 + odds);
        self.of_usage.then(|| share(self.odds[1]) - share(self.odds[0]))
    }
}

/// What a row says of a site.
pub struct OnSite<'a> {
    /// 0-based.
    pub site: u64,
    /// As in [`SiteEffect::offset`].
    pub offset: i64,
    pub effect: &'a SiteEffect,
    pub wide: &'a Wide,
    /// Of models that speak of signals: the site's.
    pub signal: Option<SiteSignal<'a>>,
    /// Of a site of a BED file: its name.
    pub name: Option<&'a str>,
    pub usage: Usage,
    /// Names of the genes that give the site its class; `.` of none.
    pub genes: String,
    pub context: SiteInGene,
}

/// The polyA signal of a site.
#[derive(Clone, Copy, Debug, Default)]
pub struct SiteSignal<'a> {
    /// Its first base in transcript direction (0-based), if the reference has one.
    pub position: Option<u64>,
    /// What becomes of cleavage after it, or where the reference has none after one that the change
    /// makes; `None` where the frame does not hold the change.
    pub effect: Option<&'a SignalEffect>,
}

/// What changes of usage are changes of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Usage {
    /// The model's own.
    Predicted,
    /// The share (0..1) that was measured, where it was.
    Measured(Option<f64>),
}

impl Usage {
    /// Returns the change of usage that goes with a change of natural log-odds of usage, of which
    /// the model says `predicted`; `None` if it says nothing.
    fn change(self, log_odds: Option<f64>, predicted: Option<f64>) -> Option<f64> {
        let Self::Measured(measured) = self else { return predicted };
        let of = |native: f64, delta: f64| sigmoid((native / (1.0 - native)).ln() + delta) - native;
        predicted.and(measured).zip(log_odds).map(|(native, delta)| of(native, delta))
    }
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// 0-based.
    pub position: u64,
    /// With its line feed.
    pub text: String,
    /// `delta_logodds`, as the text has it.
    pub log_odds: Option<f64>,
}

/// Returns a row.
pub fn row(variant: &Variant<'_>, strand: char, on_site: Option<&OnSite<'_>>) -> Row {
    let Variant { contig, position, reference, alternate } = variant;
    let first = format!("{contig}\t{}\t{reference}\t{alternate}\t{strand}", position + 1);
    let position = *position;
    let Some(OnSite { site, offset, effect, wide, signal, name, usage: native, genes, context }) =
        on_site
    else {
        let text = first + &"\t.".repeat(COLUMNS.len() - 5) + "\n";
        return Row { position, text, log_odds: None };
    };
    let known = |value: Option<f64>, decimals: usize| {
        value.map_or(".".to_owned(), |value| rounded(value, decimals))
    };
    let [before, after] = effect.probability.map(f64::from);
    let strength = |i: usize| known(effect.strength.map(|pair| pair[i]), 3);
    let usage = effect.usage();
    let logit = log_odds(after) - log_odds(before);
    let of_site = [
        [Some(effect.delta() * std::f64::consts::LN_2), usage.map(|pair| pair[1] - pair[0])],
        [Some(wide.delta_logodds()), wide.delta_usage()],
    ];
    let [narrow, all] = match signal {
        None => of_site,
        Some(SiteSignal { effect: None, .. }) => [[None; 2]; 2],
        Some(SiteSignal { effect: Some(signal), .. }) => [signal.narrow, signal.wide]
            .map(|[before, after]| [Some(after - before), Some(sigmoid(after) - sigmoid(before))]),
    };
    let changes = |[log_odds, predicted]: [Option<f64>; 2]| {
        [known(log_odds, DECIMALS), known(native.change(log_odds, predicted), DECIMALS)]
    };
    let ([narrow, usage_narrow], [all, usage_all]) = (changes(narrow), changes(all));
    let log_odds = all.parse().ok();
    let measured = match native {
        Usage::Predicted => None,
        Usage::Measured(share) => *share,
    };
    let pas = signal.and_then(|signal| signal.position);
    let cells = [
        first,
        (site + 1).to_string(),
        offset.to_string(),
        rounded(before, 4),
        rounded(after, 4),
        rounded(after - before, 4),
        rounded(logit, 3),
        strength(0),
        strength(1),
        known(effect.delta_strength(), 3),
        known(usage.map(|pair| pair[0]), 4),
        known(usage.map(|pair| pair[1]), 4),
        narrow,
        usage_narrow,
        all,
        usage_all,
        effect.shift.map_or(".".to_owned(), |shift| shift.to_string()),
        known(effect.mean_shift, 2),
        effect.effect.name().to_owned(),
        effect.motif.clone(),
        genes.clone(),
        context.feature.map_or(".", Feature::name).to_owned(),
        known(context.expressed.map(|pair| pair[0]), 4),
        known(context.expressed.map(|pair| pair[1]), 4),
        name.unwrap_or(".").to_owned(),
        known(measured, DECIMALS),
        pas.map_or(".".to_owned(), |pas| (pas + 1).to_string()),
    ];
    Row { position, text: cells.join("\t") + "\n", log_odds }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::strand::Strand;
    use crate::variants::effect::Effect;

    fn site(probability: [f32; 2], strength: Option<[f64; 2]>) -> SiteEffect {
        SiteEffect {
            strand: Strand::Plus,
            position: 99,
            offset: 20,
            shift: Some(-1),
            mean_shift: Some(-0.704),
            called: [true; 2],
            known: false,
            probability,
            strength,
            motif: "disrupted:AATAAA".into(),
            effect: Effect::Weakened,
        }
    }

    fn on_site<'a>(effect: &'a SiteEffect, wide: &'a Wide, genes: &str) -> OnSite<'a> {
        let feature = (genes != ".").then_some(Feature::TerminalExon);
        let expressed = effect.strength.map(|_| [0.25, 0.125]);
        let context = SiteInGene { feature, expressed, counts: true };
        OnSite {
            site: 99,
            offset: 20,
            effect,
            wide,
            signal: None,
            name: None,
            usage: Usage::Predicted,
            genes: genes.to_owned(),
            context,
        }
    }

    const VARIANT: Variant<'_> =
        Variant { contig: "chr9", position: 78, reference: "A", alternate: "C" };

    #[test]
    fn rows_have_their_columns_in_order() {
        let site = site([0.9, 0.5], Some([2.0, 0.0]));
        let wide = Wide::of([&site].into_iter()).unwrap();
        let row = row(&VARIANT, '+', Some(&on_site(&site, &wide, "A,B"))).text;
        let expected = "chr9\t79\tA\tC\t+\t100\t20\t0.9000\t0.5000\t-0.4000\t-2.197\t2.000\t0\t-2.000\t0.8000\t\
                        0.5000\t-1.38629\t-0.30000\t-1.38629\t-0.30000\t-1\t-0.70\tweakened\tdisrupted:AATAAA\tA,B\t\
                        terminal_exon\t0.2500\t0.1250\t.\t.\t.\n";
        assert_eq!(row, expected);
        assert_eq!(row.split('\t').count(), COLUMNS.len());
    }

    #[test]
    fn a_variant_without_a_site_and_one_without_strength_have_as_many_columns() {
        let none = row(&VARIANT, '-', None);
        assert_eq!((none.text.split('\t').count(), none.log_odds), (COLUMNS.len(), None));
        let site = site([0.5, 0.9], None);
        let wide = Wide::of([&site].into_iter()).unwrap();
        let mut on_site = on_site(&site, &wide, ".");
        for usage in [Usage::Predicted, Usage::Measured(Some(0.25))] {
            on_site.usage = usage;
            let row = row(&VARIANT, '+', Some(&on_site));
            let cells: Vec<&str> = row.text.split('\t').collect();
            assert_eq!(cells.len(), COLUMNS.len());
            let expected = (".", "2.19722", ".", "2.19722", ".");
            assert_eq!((cells[13], cells[16], cells[17], cells[18], cells[19]), expected);
            assert_eq!(row.log_odds, Some(2.19722));
        }
    }

    #[test]
    fn changes_are_of_the_usage_that_was_measured_and_of_the_sites_signal() {
        let site = site([0.9, 0.5], Some([2.0, 0.0]));
        let wide = Wide::of([&site].into_iter()).unwrap();
        let effect = SignalEffect {
            strand: Strand::Plus,
            position: 77,
            signals: [Some("AATAAA"), None],
            narrow: [0.5, -1.0],
            wide: [1.0, 0.75],
        };
        let cells = |usage: Usage, signal: Option<SiteSignal<'_>>| {
            let on_site = OnSite { usage, signal, name: Some("x"), ..on_site(&site, &wide, ".") };
            let text = row(&VARIANT, '+', Some(&on_site)).text;
            let cells: Vec<String> = text.trim_end().split('\t').map(str::to_owned).collect();
            [&cells[16..20], &cells[28..]].concat()
        };
        // ln(1/4) of 0.2: odds 1/4 to 1/16.
        assert_eq!(
            cells(Usage::Measured(Some(0.2)), None),
            ["-1.38629", "-0.14118", "-1.38629", "-0.14118", "x", "0.20000", "."]
        );
        let own = SiteSignal { position: Some(77), effect: Some(&effect) };
        // e^-1.5 and e^-0.25 of odds 1.
        assert_eq!(
            cells(Usage::Measured(Some(0.5)), Some(own)),
            ["-1.50000", "-0.31757", "-0.25000", "-0.06218", "x", "0.50000", "78"]
        );
        for whole in [0.0, 1.0] {
            let row = cells(Usage::Measured(Some(whole)), Some(own));
            assert_eq!((row[1].as_str(), row[3].as_str()), ("0", "0"));
        }
        let unmeasured = cells(Usage::Measured(None), Some(own));
        assert_eq!(unmeasured, ["-1.50000", ".", "-0.25000", ".", "x", ".", "78"]);
        let outside = SiteSignal { position: Some(77), effect: None };
        let outside = cells(Usage::Measured(Some(0.5)), Some(outside));
        assert_eq!(outside, [".", ".", ".", ".", "x", "0.50000", "78"]);
    }

    #[test]
    fn odds_of_several_sites_add_up() {
        let (a, b) = (site([0.5; 2], Some([2.0, 1.0])), site([0.5; 2], Some([0.0, 0.0])));
        let wide = Wide::of([&a, &b].into_iter()).unwrap();
        assert!((wide.delta_logodds() - (3.0_f64 / 5.0).ln()).abs() < 1e-12);
        assert!((wide.delta_usage().unwrap() - (3.0 / 4.0 - 5.0 / 6.0)).abs() < 1e-12);
        assert_eq!(Wide::of([].into_iter()), None);
    }
}
