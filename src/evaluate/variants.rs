//! Predicted against measured effects of single-nucleotide variants.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;

use super::metrics::{auprc, mean, pearson, spearman};
use crate::error::{Problem, Result};
use crate::genome::compression::Source;
use crate::genome::sequence::encode;
use crate::genome::text_lines::TextLines;
use crate::models::Model;
use crate::models::strength::{SIGNAL, strength_of};

/// The columns of a table, which may have others.
pub const COLUMNS: [&str; 4] = ["wt_seq", "master_seq", "snv_pos", "delta_logodds_true"];

/// A variant whose effect was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredVariant {
    /// Line of the table, from 1.
    pub line: usize,
    /// Sequences in transcript direction, as codes.
    pub reference: Vec<u8>,
    pub variant: Vec<u8>,
    /// Index of the base that differs.
    pub position: usize,
    /// Measured change in natural log-odds, variant minus reference.
    pub measured: f64,
}

/// The rows of a table: read = variants + skipped.
#[derive(Clone, Debug, Default)]
pub struct MeasuredVariants {
    pub read: usize,
    pub variants: Vec<MeasuredVariant>,
    /// By reason.
    pub skipped: BTreeMap<&'static str, usize>,
}

/// Reads a tab-separated table with the columns [`COLUMNS`], plain or compressed. `signal` is the
/// index of the polyA signal's first base in every sequence.
///
/// # Errors
/// A file that cannot be read, a missing column, a row whose sequences do not differ at `snv_pos`
/// alone or end before the signal does.
pub fn read(path: &Path, signal: usize) -> Result<MeasuredVariants> {
    let mut lines = TextLines::new(&Source::open(path)?);
    let mut columns = None;
    let mut table = MeasuredVariants::default();
    while let Some(line) = lines.next_text()? {
        let number = lines.number();
        let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
        let wrong = |problem: Problem| lines.wrong(problem);
        let Some(columns) = &columns else {
            columns = Some(find_columns(&fields).map_err(wrong)?);
            continue;
        };
        if line.trim().is_empty() {
            continue;
        }
        table.read += 1;
        match row(number as usize, &fields, columns, signal).map_err(wrong)? {
            Some(variant) => table.variants.push(variant),
            None => *table.skipped.entry("no measured change").or_default() += 1,
        }
    }
    Ok(table)
}

fn find_columns(header: &[&str]) -> std::result::Result<[usize; 4], Problem> {
    let mut columns = [0; 4];
    for (column, name) in columns.iter_mut().zip(COLUMNS) {
        let found = header.iter().position(|column| *column == name);
        *column = found.ok_or_else(|| {
            format!(
                "no column {name}; a table of variants has a header with {}",
                COLUMNS.join(", ")
            )
        })?;
    }
    Ok(columns)
}

/// Reads a row; `None` if nothing was measured.
fn row(
    line: usize,
    fields: &[&str],
    columns: &[usize; 4],
    signal: usize,
) -> std::result::Result<Option<MeasuredVariant>, Problem> {
    let [reference, variant, position, measured] =
        columns.map(|column| fields.get(column).copied().unwrap_or(""));
    let codes = |name: &str, letters: &str| {
        encode(letters.as_bytes())
            .map_err(|at| format!("{name}: letter {} is no nucleotide", at + 1))
    };
    let (reference, variant) = (codes(COLUMNS[0], reference)?, codes(COLUMNS[1], variant)?);
    let position: usize =
        position.parse().map_err(|_| format!("{} {position:?} is no index", COLUMNS[2]))?;
    let differ = |i: usize| reference[i] != variant[i];
    if reference.len() != variant.len()
        || !(0..reference.len()).all(|i| differ(i) == (i == position))
    {
        return Err(
            format!("the two sequences do not differ at index {position} (from 0) alone").into()
        );
    }
    if position >= reference.len() || signal + SIGNAL > reference.len() {
        return Err(format!(
            "{} nt end before index {position} or before the signal at {signal}",
            reference.len()
        )
        .into());
    }
    let measured = match measured {
        "" | "NA" | "NaN" | "nan" => return Ok(None),
        number => {
            number.parse().map_err(|_| format!("{} {number:?} is not a number", COLUMNS[3]))?
        }
    };
    Ok(Some(MeasuredVariant { line, reference, variant, position, measured }))
}

impl MeasuredVariant {
    /// Returns whether the variant changes a base of the polyA signal.
    pub fn in_signal(&self, signal: usize) -> bool {
        (signal..signal + SIGNAL).contains(&self.position)
    }
}

/// Predicted changes of all variants by one strength of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Effects {
    pub score: &'static str,
    /// Variant minus reference, natural log-odds, in the order of the variants.
    pub changes: Vec<f64>,
}

/// Returns what every strength of the model says of the variants.
///
/// # Errors
/// If the model has no strength, or fails.
pub fn effects(
    model: &dyn Model,
    variants: &[MeasuredVariant],
    signal: usize,
) -> Result<Vec<Effects>> {
    let changes = variants.par_iter().map(|variant| {
        let after = strength_of(model, &variant.variant, signal)?;
        let before = strength_of(model, &variant.reference, signal)?;
        let change = |((score, after), (_, before))| (score, after - before);
        Ok(after.into_iter().zip(before).map(change).collect::<Vec<(_, f64)>>())
    });
    let changes: Vec<Vec<(&'static str, f64)>> = changes.collect::<Result<_>>()?;
    let names: Vec<&'static str> = changes.first().into_iter().flatten().map(|c| c.0).collect();
    let of = |(i, score): (usize, &'static str)| Effects {
        score,
        changes: changes.iter().map(|c| c[i].1).collect(),
    };
    Ok(names.into_iter().enumerate().map(of).collect())
}

/// Changes greater than this, a factor of 2 in the odds, are large (natural log-odds).
const LARGE: f64 = std::f64::consts::LN_2;

/// How well one strength agrees with what was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Agreement {
    pub score: &'static str,
    /// `all`, or `outside_signal`: those that leave the signal's six bases alone.
    pub variants: &'static str,
    pub count: usize,
    pub pearson_squared: Option<f64>,
    pub spearman: Option<f64>,
    /// In natural log-odds.
    pub mean_absolute_error: Option<f64>,
    /// Of finding the variants that change the odds more than twofold, by the size of the
    /// prediction.
    pub average_precision: Option<f64>,
    /// Of these, the share whose direction is predicted.
    pub sign_agreement: Option<f64>,
}

/// Sizes of a predicted change, log2 odds, at which variants may be told to matter.
const CUT_OFFS: [f64; 4] = [0.25, 0.5, 1.0, 2.0];

/// What is found of the variants that change the odds more than twofold, with a cut-off on the
/// prediction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CutOff {
    pub score: &'static str,
    /// Least size of the predicted change, log2 odds.
    pub log2: f64,
    /// Variants that reach it.
    pub told: usize,
    /// The share of them that change the odds more than twofold.
    pub precision: Option<f64>,
    /// The share of those that do that reach it.
    pub recall: Option<f64>,
}

/// Returns what each of some cut-offs finds.
pub fn cut_offs(effects: &Effects, variants: &[MeasuredVariant]) -> Vec<CutOff> {
    let is_large = |variant: &MeasuredVariant| variant.measured.abs() > LARGE;
    let large = variants.iter().filter(|variant| is_large(variant)).count();
    let of = |log2: f64| {
        let pairs = effects.changes.iter().zip(variants);
        let told = pairs.filter(|(change, _)| change.abs() >= log2 * std::f64::consts::LN_2);
        let told: Vec<&MeasuredVariant> = told.map(|(_, variant)| variant).collect();
        let found = told.iter().filter(|variant| is_large(variant)).count();
        let share = |of: usize| (of > 0).then(|| found as f64 / of as f64);
        let (precision, recall) = (share(told.len()), share(large));
        CutOff { score: effects.score, log2, told: told.len(), precision, recall }
    };
    CUT_OFFS.into_iter().map(of).collect()
}

/// Returns the agreement over all variants and over those outside the signal.
pub fn agreement(effects: &Effects, variants: &[MeasuredVariant], signal: usize) -> [Agreement; 2] {
    let of = |name, keep: &dyn Fn(&MeasuredVariant) -> bool| {
        let pairs = effects.changes.iter().zip(variants).filter(|(_, variant)| keep(variant));
        let pairs: Vec<(f64, f64)> = pairs.map(|(&said, v)| (said, v.measured)).collect();
        let errors: Vec<f64> =
            pairs.iter().map(|(said, measured)| (said - measured).abs()).collect();
        let (large, small): (Vec<_>, Vec<_>) =
            pairs.iter().partition(|(_, measured)| measured.abs() > LARGE);
        let sizes = |pairs: &[(f64, f64)]| -> Vec<f32> {
            pairs.iter().map(|(said, _)| said.abs() as f32).collect()
        };
        let same_sign = |(said, measured): &(f64, f64)| f64::from(u8::from(said * measured > 0.0));
        Agreement {
            score: effects.score,
            variants: name,
            count: pairs.len(),
            average_precision: auprc(&sizes(&large), &sizes(&small)),
            sign_agreement: mean(&large.iter().map(same_sign).collect::<Vec<_>>()),
            pearson_squared: pearson(&pairs).map(|r| r * r),
            spearman: spearman(&pairs),
            mean_absolute_error: mean(&errors),
        }
    };
    [of("all", &|_| true), of("outside_signal", &|variant| !variant.in_signal(signal))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &str) -> Result<MeasuredVariants> {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = format!("gene\tsnv_pos\twt_seq\tmaster_seq\tdelta_logodds_true\n{rows}");
        std::fs::write(file.path(), text).unwrap();
        read(file.path(), 1)
    }

    #[test]
    fn a_cut_off_finds_what_reaches_it() {
        let variant = |measured| MeasuredVariant {
            line: 1,
            reference: Vec::new(),
            variant: Vec::new(),
            position: 0,
            measured,
        };
        let variants = [1.0, -2.0, 0.1, 0.2].map(variant);
        let log2 = std::f64::consts::LN_2;
        let changes = [3.0, -0.6, 1.5, 0.0].map(|change| change * log2).into();
        let found = cut_offs(&Effects { score: "x", changes }, &variants);
        let figures: Vec<_> = found.iter().map(|c| (c.told, c.precision, c.recall)).collect();
        let two_thirds = Some(2.0 / 3.0);
        assert_eq!(figures[0], (3, two_thirds, Some(1.0)));
        assert_eq!(figures[2], (2, Some(0.5), Some(0.5)));
        assert_eq!(figures[3], (1, Some(1.0), Some(0.5)));
        let none = cut_offs(&Effects { score: "x", changes: vec![0.0] }, &variants[3..]);
        assert_eq!((none[0].told, none[0].precision, none[0].recall), (0, None, None));
    }

    #[test]
    fn every_row_is_a_variant_or_skipped() {
        let table = table("x\t3\tCAATAAAG\tCAACAAAG\t-1.5\r\ny\t0\tCAATAAAG\tTAATAAAG\tNA\n\n");
        let table = table.unwrap();
        assert_eq!((table.read, table.variants.len()), (2, 1));
        assert_eq!(table.skipped, BTreeMap::from([("no measured change", 1)]));
        let variant = &table.variants[0];
        assert_eq!((variant.line, variant.position, variant.measured), (2, 3, -1.5));
        assert_eq!((variant.reference[3], variant.variant[3]), (3, 1));
        let inside = |position| MeasuredVariant { position, ..variant.clone() }.in_signal(1);
        assert_eq!([0, 1, 6, 7].map(inside), [false, true, true, false]);
    }

    #[test]
    fn rows_that_do_not_say_what_they_mean_are_refused() {
        let row = |rows: &str| table(rows).unwrap_err().to_string();
        for (rows, told) in [
            ("x\t2\tCAATAAAG\tCAACAAAG\t1\n", "index 2"),
            ("x\t3\tCAATAAAG\tCAACAAAC\t1\n", "alone"),
            ("x\t3\tCAATAAAG\tCAACAAA\t1\n", "alone"),
            ("x\t9\tCAATAAAG\tCAATAAAG\t1\n", "index 9"),
            ("x\t3\tCAATAA\tCAACAA\t1\n", "signal at 1"),
            ("x\tA\tCAATAAAG\tCAACAAAG\t1\n", "snv_pos \"A\""),
            ("x\t3\tCAATAAAG\tCAACAAAG\tup\n", "delta_logodds_true \"up\""),
            ("x\t3\tCAATAAAG\tCAA!AAAG\t1\n", "master_seq: letter 4"),
        ] {
            let said = row(rows);
            assert!(said.contains("line 2") && said.contains(told), "{said}");
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "wt_seq\tmaster_seq\tsnv_pos\n").unwrap();
        let said = read(file.path(), 1).unwrap_err().to_string();
        assert!(said.contains("no column delta_logodds_true"), "{said}");
    }

    #[test]
    fn figures_are_over_all_and_over_those_outside_the_signal() {
        let text =
            "\t3\tCAATAAAG\tCAACAAAG\t-2\n\t0\tCAATAAAG\tTAATAAAG\t1\n\t7\tCAATAAAG\tCAATAAAC\t3\n";
        let variants = table(text).unwrap().variants;
        let effects = Effects { score: "s", changes: vec![-1.0, 1.0, 2.0] };
        let [all, outside] = agreement(&effects, &variants, 1);
        assert_eq!((all.count, outside.count), (3, 2));
        assert_eq!(outside.mean_absolute_error, Some(0.5));
        assert_eq!(all.mean_absolute_error, Some(2.0 / 3.0));
        // All three are larger than ln 2.
        assert_eq!((all.sign_agreement, all.average_precision), (Some(1.0), Some(1.0)));
        assert!((all.spearman.unwrap() - 1.0).abs() < 1e-12);
        // Means 2/3 and 2/3: xy 7 2/3, xx 4 2/3, yy 12 2/3.
        let expected = (23.0f64 / 3.0).powi(2) / (14.0 / 3.0 * 38.0 / 3.0);
        assert!((all.pearson_squared.unwrap() - expected).abs() < 1e-12);
        let small = table(&text.replace("\t1\n", "\t0.5\n").replace("\t3\n", "\t-3\n"));
        let [mixed, _] = agreement(&effects, &small.unwrap().variants, 1);
        // By size: 2 is found first, then a tie of a large and a small one.
        assert_eq!(mixed.sign_agreement, Some(0.5));
        assert!((mixed.average_precision.unwrap() - 5.0 / 6.0).abs() < 1e-12, "{mixed:?}");
    }
}
