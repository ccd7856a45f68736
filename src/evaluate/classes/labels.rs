//! Classes that a classifier's probabilities tell.

use crate::models::Classes;

/// How classes are told.
#[derive(Clone, Copy, Debug)]
pub struct Labels {
    pub classes: Classes,
    /// A probability above it counts, where each class is told by itself.
    pub threshold: f32,
}

impl Labels {
    /// Returns the classes, ascending, that the probabilities of a window tell: of one output 0,
    /// the first of two classes, or 1.
    pub fn of(self, probabilities: &[f32]) -> Vec<usize> {
        let above = |class: &usize| probabilities[*class] > self.threshold;
        match self.classes {
            Classes::Two => vec![usize::from(!above(&0))],
            Classes::One => {
                let better = |best: usize, next: usize| {
                    if probabilities[next] > probabilities[best] { next } else { best }
                };
                (0..probabilities.len()).reduce(better).into_iter().collect()
            }
            Classes::Any => (0..probabilities.len()).filter(above).collect(),
        }
    }

    /// Returns classes as tables have them: of one output 1 for the first of two classes, else 0;
    /// of several their numbers, or `.`.
    pub fn text(self, classes: &[usize]) -> String {
        if self.classes == Classes::Two {
            return u8::from(classes.contains(&0)).to_string();
        }
        if classes.is_empty() {
            return ".".to_owned();
        }
        classes.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_those_of_the_kind_of_classes() {
        let text = |classes, threshold, probabilities: &[f32]| {
            let labels = Labels { classes, threshold };
            labels.text(&labels.of(probabilities))
        };
        assert_eq!(text(Classes::Two, 0.5, &[0.51]), "1");
        assert_eq!(text(Classes::Two, 0.5, &[0.5]), "0");
        assert_eq!(text(Classes::Two, 0.9, &[0.8]), "0");
        assert_eq!(text(Classes::One, 0.5, &[0.3, 0.4, 0.3]), "1");
        assert_eq!(text(Classes::One, 0.5, &[0.5, 0.5]), "0");
        assert_eq!(text(Classes::Any, 0.5, &[0.6, 0.2, 0.9]), "0,2");
        assert_eq!(text(Classes::Any, 0.5, &[0.1, 0.2, 0.3]), ".");
    }
}
