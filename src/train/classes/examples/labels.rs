//! Classes that the header of a sequence says.

use crate::error::Problem;
use crate::models::Classes;

/// Returns the classes, ascending, that a header says: `0,2` as its first word, as pysster has it,
/// or a word `class:0,2`; nothing after the colon is no class. Of a model with one output, class 0
/// is the first of two classes, and what is not of it is of the second.
///
/// # Errors
/// If it says none, one that the model does not have, or not one where a sequence has one.
pub fn labels(header: &str, kind: Classes, classes: usize) -> Result<Vec<usize>, Problem> {
    let words = || header.split_whitespace();
    let named = words().find_map(|word| word.strip_prefix("class:"));
    let is_list = |word: &&str| word.bytes().all(|c| c.is_ascii_digit() || c == b',');
    let text = named.or_else(|| words().next().filter(is_list)).ok_or_else(|| {
        format!("its header {header:?} says no class; expected >0,2 or a word class:0,2")
    })?;
    let numbers = text.split(',').filter(|number| !number.is_empty());
    let mut labels: Vec<usize> = numbers
        .map(|number| {
            let wrong = |_| Problem::from(format!("class {number:?} is no number"));
            number.parse().map_err(wrong)
        })
        .collect::<Result<_, Problem>>()?;
    labels.sort_unstable();
    labels.dedup();
    if kind == Classes::Two {
        return match labels[..] {
            [] | [1] => Ok(vec![1]),
            [0] => Ok(vec![0]),
            _ => Err(format!("classes {text}; a model with one output has class 0 or none").into()),
        };
    }
    if let Some(label) = labels.iter().find(|&&label| label >= classes) {
        return Err(format!("class {label}; the model has classes 0 to {}", classes - 1).into());
    }
    match (kind, labels.len()) {
        (Classes::One, n) if n != 1 => {
            Err(format!("{n} classes; a softmax output has one: use output = \"sigmoid\"").into())
        }
        _ => Ok(labels),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_say_classes_as_pysster_has_them_or_by_a_word() {
        assert_eq!(labels("0,2", Classes::Any, 3), Ok(vec![0, 2]));
        assert_eq!(labels("2,0,2 x", Classes::Any, 3), Ok(vec![0, 2]));
        assert_eq!(labels("chr1:5-9 class:1", Classes::Any, 3), Ok(vec![1]));
        assert_eq!(labels("x class:", Classes::Any, 3), Ok(vec![]));
        assert_eq!(labels("x class:2", Classes::One, 3), Ok(vec![2]));
        for (header, expected) in [("0", 0), ("class:", 1), ("class:1", 1)] {
            assert_eq!(labels(header, Classes::Two, 2), Ok(vec![expected]));
        }
    }

    #[test]
    fn what_says_no_class_of_the_model_is_refused() {
        for (header, kind, told) in [
            ("seq1", Classes::Any, "says no class"),
            ("", Classes::Any, "says no class"),
            ("class:x", Classes::Any, "\"x\" is no number"),
            ("0,3", Classes::Any, "classes 0 to 2"),
            ("0,1", Classes::One, "2 classes"),
            ("class:", Classes::One, "0 classes"),
            ("0,1", Classes::Two, "one output"),
        ] {
            let said = labels(header, kind, 3).unwrap_err();
            assert!(said.contains(told), "{header}: {said}");
        }
    }
}
