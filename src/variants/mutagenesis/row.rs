//! Rows of the table.

use crate::context::features::Feature;
use crate::models::strength::log_odds;
use crate::variants::context::SiteInGene;
use crate::variants::effect::SiteEffect;
use crate::variants::entry::rounded;

/// The names of the columns. `delta_logodds` and `delta_usage`, `..._narrow`, are named as in APARENT2's
/// genome-wide table (Linder et al. 2022).
pub const COLUMNS: [&str; 28] = [
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
];

/// What the header says of the columns.
pub const REMARKS: [&str; 4] = [
    "pos and site are 1-based; ref and alt are letters of the plus strand; alt - is a deletion of ref, whose first nucleotide is pos",
    "site: last nucleotide before the cut; offset and shifts are in transcript direction; strength: log2 odds of usage; delta: alt - ref; delta_logit and delta_logodds: natural logarithms",
    "narrow: the site itself; delta_logodds and delta_usage: all sites of the strand that the change reaches, their odds added up",
    "gene, class: of the site, with --annotation; expressed: probability that the site is used at all, given class and context",
];

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
    /// Names of the genes that give the site its class; `.` of none.
    pub genes: String,
    pub context: SiteInGene,
}

/// Returns a row with its line feed.
pub fn row(variant: &Variant<'_>, strand: char, on_site: Option<&OnSite<'_>>) -> String {
    let Variant { contig, position, reference, alternate } = variant;
    let first = format!("{contig}\t{}\t{reference}\t{alternate}\t{strand}", position + 1);
    let Some(OnSite { site, offset, effect, wide, genes, context }) = on_site else {
        return first + &"\t.".repeat(COLUMNS.len() - 5) + "\n";
    };
    let known = |value: Option<f64>, decimals: usize| {
        value.map_or(".".to_owned(), |value| rounded(value, decimals))
    };
    let [before, after] = effect.probability.map(f64::from);
    let strength = |i: usize| known(effect.strength.map(|pair| pair[i]), 3);
    let usage = effect.usage();
    let logit = log_odds(after) - log_odds(before);
    let narrow = effect.delta() * std::f64::consts::LN_2;
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
        rounded(narrow, 3),
        known(usage.map(|pair| pair[1] - pair[0]), 4),
        rounded(wide.delta_logodds(), 3),
        known(wide.delta_usage(), 4),
        effect.shift.map_or(".".to_owned(), |shift| shift.to_string()),
        known(effect.mean_shift, 2),
        effect.effect.name().to_owned(),
        effect.motif.clone(),
        genes.clone(),
        context.feature.map_or(".", Feature::name).to_owned(),
        known(context.expressed.map(|pair| pair[0]), 4),
        known(context.expressed.map(|pair| pair[1]), 4),
    ];
    cells.join("\t") + "\n"
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
        OnSite { site: 99, offset: 20, effect, wide, genes: genes.to_owned(), context }
    }

    const VARIANT: Variant<'_> =
        Variant { contig: "chr9", position: 78, reference: "A", alternate: "C" };

    #[test]
    fn rows_have_their_columns_in_order() {
        let site = site([0.9, 0.5], Some([2.0, 0.0]));
        let wide = Wide::of([&site].into_iter()).unwrap();
        let row = row(&VARIANT, '+', Some(&on_site(&site, &wide, "A,B")));
        let expected = "chr9\t79\tA\tC\t+\t100\t20\t0.9000\t0.5000\t-0.4000\t-2.197\t2.000\t0\t-2.000\t0.8000\t\
                        0.5000\t-1.386\t-0.3000\t-1.386\t-0.3000\t-1\t-0.70\tweakened\tdisrupted:AATAAA\tA,B\t\
                        terminal_exon\t0.2500\t0.1250\n";
        assert_eq!(row, expected);
        assert_eq!(row.split('\t').count(), COLUMNS.len());
    }

    #[test]
    fn a_variant_without_a_site_and_one_without_strength_have_as_many_columns() {
        assert_eq!(row(&VARIANT, '-', None).split('\t').count(), COLUMNS.len());
        let site = site([0.5, 0.9], None);
        let wide = Wide::of([&site].into_iter()).unwrap();
        let row = row(&VARIANT, '+', Some(&on_site(&site, &wide, ".")));
        let cells: Vec<&str> = row.split('\t').collect();
        assert_eq!(cells.len(), COLUMNS.len());
        assert_eq!((cells[13], cells[16], cells[18], cells[19]), (".", "2.197", "2.197", "."));
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
