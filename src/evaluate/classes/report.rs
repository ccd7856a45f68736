//! Figures of each class, as pysster reports them.

use serde::Serialize;

use super::judge::Said;
use super::labels::Labels;
use super::share;
use crate::evaluate::metrics::{auprc, auroc, curves};
use crate::models::Classes;
use crate::output::plot::ClassCurves;

/// Figures of a class against all others; `None` where there is nothing to divide by.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ClassFigures {
    pub class: String,
    /// Sequences of the class.
    pub sequences: usize,
    /// Share of those told to be of the class that are.
    pub precision: Option<f64>,
    /// Share of those of the class that are told to be.
    pub recall: Option<f64>,
    /// Harmonic mean of the two.
    pub f1: Option<f64>,
    pub auroc: Option<f64>,
    pub auprc: Option<f64>,
}

/// Figures of all classes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub classes: Vec<ClassFigures>,
    /// Means of the classes, weighted by their sequences.
    pub mean: ClassFigures,
    /// Share of the sequences whose class is another one; where a sequence may have several, that
    /// of sequences and classes told wrongly.
    pub error_rate: Option<f64>,
}

/// Returns the figures of each class.
pub fn report(all: &[Said], names: &[String], labels: Labels) -> Report {
    let told: Vec<Vec<usize>> = all.iter().map(|said| labels.of(&said.values)).collect();
    let class = |class: usize| {
        let is = |classes: &[usize]| classes.contains(&class);
        let both = all.iter().zip(&told).filter(|(said, told)| is(&said.classes) && is(told));
        let both = both.count();
        let found = told.iter().filter(|told| is(told)).count();
        let (positives, negatives) = of_class(all, class);
        let sequences = positives.len();
        let (precision, recall) = (share(both, found), share(both, sequences));
        let f1 = |p: f64, r: f64| if p + r > 0.0 { 2.0 * p * r / (p + r) } else { 0.0 };
        ClassFigures {
            class: names[class].clone(),
            sequences,
            precision,
            recall,
            f1: precision.zip(recall).map(|(p, r)| f1(p, r)),
            auroc: auroc(&positives, &negatives),
            auprc: auprc(&positives, &negatives),
        }
    };
    let classes: Vec<ClassFigures> = (0..names.len()).map(class).collect();
    let pairs = || all.iter().zip(&told);
    let error_rate = match labels.classes {
        Classes::Any => {
            let wrong = |class: usize| {
                pairs()
                    .filter(|(s, told)| s.classes.contains(&class) != told.contains(&class))
                    .count()
            };
            share((0..names.len()).map(wrong).sum(), all.len() * names.len())
        }
        Classes::One | Classes::Two => {
            share(pairs().filter(|(said, told)| said.classes != **told).count(), all.len())
        }
    };
    Report { mean: mean(&classes), classes, error_rate }
}

/// Returns the values of the sequences that are of a class, and of those that are not.
fn of_class(all: &[Said], class: usize) -> (Vec<f32>, Vec<f32>) {
    let of = |is: bool| {
        let those = all.iter().filter(move |said| said.classes.contains(&class) == is);
        those.map(|said| said.values[class]).collect()
    };
    (of(true), of(false))
}

fn mean(classes: &[ClassFigures]) -> ClassFigures {
    let of = |figure: &dyn Fn(&ClassFigures) -> Option<f64>| {
        let known =
            classes.iter().filter_map(|class| Some((figure(class)?, class.sequences as f64)));
        let (sum, weight) =
            known.fold((0.0, 0.0), |(sum, weight), (value, n)| (sum + value * n, weight + n));
        (weight > 0.0).then(|| sum / weight)
    };
    ClassFigures {
        class: "mean".to_owned(),
        sequences: classes.iter().map(|class| class.sequences).sum(),
        precision: of(&|class| class.precision),
        recall: of(&|class| class.recall),
        f1: of(&|class| class.f1),
        auroc: of(&|class| class.auroc),
        auprc: of(&|class| class.auprc),
    }
}

/// Returns the curves of each class; of one that no sequence or every sequence is of there are
/// none.
pub fn class_curves(all: &[Said], names: &[String]) -> Vec<ClassCurves> {
    let of = |(class, name): (usize, &String)| {
        let (positives, negatives) = of_class(all, class);
        let (roc, precision_recall) = curves(&positives, &negatives)?;
        Some(ClassCurves {
            name: name.clone(),
            roc,
            precision_recall,
            auroc: auroc(&positives, &negatives)?,
            auprc: auprc(&positives, &negatives)?,
        })
    };
    names.iter().enumerate().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(classes: &[usize], values: &[f32]) -> Said {
        Said { classes: classes.to_vec(), values: values.to_vec(), ..Said::default() }
    }

    fn names(n: usize) -> Vec<String> {
        (0..n).map(|n| format!("class_{n}")).collect()
    }

    #[test]
    fn figures_of_classes_of_which_a_sequence_has_one() {
        let all = [
            said(&[0], &[0.6, 0.3, 0.1]),
            said(&[0], &[0.2, 0.7, 0.1]),
            said(&[1], &[0.1, 0.8, 0.1]),
            said(&[2], &[0.5, 0.1, 0.4]),
        ];
        let labels = Labels { classes: Classes::One, threshold: 0.5 };
        let report = report(&all, &names(3), labels);
        assert_eq!(report.error_rate, Some(0.5));
        let [first, second, third] = &report.classes[..] else { panic!() };
        assert_eq!((first.sequences, first.precision, first.recall), (2, Some(0.5), Some(0.5)));
        assert_eq!((second.precision, second.recall), (Some(0.5), Some(1.0)));
        assert_eq!((second.f1, second.auroc), (Some(2.0 / 3.0), Some(1.0)));
        assert_eq!((third.precision, third.recall, third.f1), (None, Some(0.0), None));
        assert_eq!(report.mean.sequences, 4);
        assert_eq!(report.mean.recall, Some((0.5 * 2.0 + 1.0 + 0.0) / 4.0));
    }

    #[test]
    fn figures_of_classes_of_which_a_sequence_has_several() {
        let all = [said(&[0, 1], &[0.9, 0.4]), said(&[1], &[0.6, 0.7]), said(&[], &[0.1, 0.2])];
        let labels = Labels { classes: Classes::Any, threshold: 0.5 };
        let report = report(&all, &names(2), labels);
        assert_eq!(report.error_rate, Some(2.0 / 6.0));
        assert_eq!(report.classes[0].precision, Some(0.5));
        assert_eq!(report.classes[1].recall, Some(0.5));
        let curves = class_curves(&all, &names(2));
        assert_eq!(curves[0].roc, [(0.0, 0.0), (0.0, 1.0), (0.5, 1.0), (1.0, 1.0)]);
        assert_eq!(curves[1].auroc, 1.0);
    }
}
