use super::*;
use crate::genome::sequence::encode;
use crate::interpret::testing::FunctionModel;
use crate::models::WINDOW;

fn number_of(name: &str) -> usize {
    ELEMENTS.iter().position(|element| element.name == name).unwrap()
}

/// A window of C with some letters at distances from the site.
fn window(letters: &[(i64, &str)]) -> Vec<u8> {
    let mut codes = vec![1; WINDOW];
    for (at, letters) in letters {
        let start = (at - FIRST) as usize;
        codes[start..start + letters.len()].copy_from_slice(&encode(letters.as_bytes()).unwrap());
    }
    codes
}

#[test]
fn elements_are_found_on_their_own_side_alone() {
    let model = FunctionModel::new(|_| 0.0);
    let models = Models::new(&model, None).unwrap();
    let window =
        window(&[(-21, "AATAAA"), (-60, "GGGGGG"), (30, "GGGGGG"), (50, "AATAAA"), (-3, "TTTTTT")]);
    let settings = Settings { replacements: 2, seed: 1 };
    let (site, windows) = look(&models, &window, 0, settings).unwrap();
    let found: Vec<(&str, i64)> =
        site.found.iter().map(|found| (ELEMENTS[found.element].name, found.at)).collect();
    // GGGGGC, behind GGGGGG, is G-rich too.
    assert_eq!(found, [("signal", -21), ("G-rich", 30), ("G-rich", 31)]);
    assert_eq!(windows, 3 * 2);
}

#[test]
fn an_element_that_counts_at_one_distance_is_best_there() {
    let (signal, rich) = (number_of("signal"), number_of("GT/CT-rich"));
    let mut all = Pairs::new(vec![Quantity::Strength]);
    for number in 0..400i64 {
        let at = 1 + number % 40;
        let value = if (at - 9).abs() <= 2 { 3.0 } else { 1.0 };
        let found = |element, at, value| Found { element, at, importance: vec![value] };
        let found = vec![found(signal, -21, 2.0), found(rich, at, value)];
        all.add(&SiteElements { found, window: vec![1.0] });
    }
    let lone = Found { element: rich, at: 9, importance: vec![0.5] };
    all.add(&SiteElements { found: vec![lone], window: vec![0.0] });
    let to_signal = all.best_distance(rich, signal, 0).unwrap();
    assert_eq!((to_signal.at, to_signal.mean, to_signal.count), (-30, 3.0, 50));
    assert_eq!(all.best_distance(signal, rich, 0).unwrap().mean, 2.0);
    assert_eq!(all.best_distance(signal, number_of("TGTA"), 0), None);
    assert_eq!(all.without[rich][signal][0].mean(), Some(0.5));
    assert_eq!(all.best_place(signal, 0).map(|best| best.at), Some(-23));
}

#[test]
fn combinations_are_compared_with_what_chance_would_give() {
    let (tgta, signal) = (number_of("TGTA"), number_of("signal"));
    let mut all = Pairs::new(vec![Quantity::Strength]);
    let found =
        |element: usize| Found { element, at: ELEMENTS[element].best, importance: vec![1.0] };
    for number in 0..100 {
        // Both or none; and one that is too far away to count.
        let mut here = if number < 50 { vec![found(tgta), found(signal)] } else { Vec::new() };
        here.push(Found { at: ELEMENTS[tgta].best - NEAR - 1, ..found(tgta) });
        all.add(&SiteElements { found: here, window: vec![f64::from(number < 50)] });
    }
    let both = 1 << tgta | 1 << signal;
    assert_eq!(
        (all.combinations[both][0].count, all.combinations[both][0].mean()),
        (50, Some(1.0))
    );
    let enrichment = all.enrichment();
    assert!((enrichment[both].0 - 25.0).abs() < 1e-9 && enrichment[both].1 < 1e-4);
    assert!((enrichment[1 << tgta].0 - 25.0).abs() < 1e-9 && enrichment[1 << tgta].1 < 1e-4);
    let expected: f64 = enrichment.iter().map(|(expected, _)| expected).sum();
    assert!((expected - 100.0).abs() < 1e-9);
}
