//! Plots hold what they were given: titles and names as text, a mark for every point.

use super::*;

fn marks(svg: &str) -> usize {
    svg.matches("<circle").count()
}

fn whole(svg: &str) {
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

#[test]
fn curves_show_every_figure_with_its_last_value() {
    let curve =
        |name: &str, points: &[(f64, f64)]| Curve { name: name.into(), points: points.into() };
    let loss = vec![curve("loss", &[(1.0, 2.0), (2.0, 1.5), (3.0, 1.25)])];
    let many = (0..9)
        .map(|i| curve(&format!("figure{i}"), &[(1.0, 0.1), (3.0, 0.5 + f64::from(i) / 100.0)]));
    let panels = [
        Panel { axis: "loss".into(), curves: loss },
        Panel { axis: "validation".into(), curves: many.collect() },
    ];
    let svg = curves("a <model>", &panels).unwrap();
    whole(&svg);
    assert!(svg.contains("a &lt;model&gt;"));
    for text in ["loss 1.25", "figure0 0.500", "figure8 0.580", "epoch", "validation"] {
        assert!(svg.contains(text), "{text}");
    }
    // Every point, and one mark per name in the legends.
    assert_eq!(marks(&svg), 3 + 9 * 2 + 10);
    assert!(
        svg.find("figure8") < svg.find("figure0"),
        "the legend is not in the order of the ends"
    );
}

#[test]
fn one_epoch_and_values_that_do_not_vary_can_be_drawn() {
    let curve = Curve { name: "loss".into(), points: vec![(1.0, 0.7)] };
    let panel = Panel { axis: "loss".into(), curves: vec![curve] };
    whole(&curves("one", &[panel]).unwrap());
    let nothing = Curve { name: "absent".into(), points: vec![] };
    let svg = curves("none", &[Panel { axis: "x".into(), curves: vec![nothing] }]).unwrap();
    whole(&svg);
    assert!(svg.contains("absent NA"));
}

#[test]
fn a_reliability_diagram_shows_each_bin_and_its_count() {
    let bin = |i: usize, count| ReliabilityBin {
        from: i as f64 / 10.0,
        to: (i + 1) as f64 / 10.0,
        count,
        predicted: i as f64 / 10.0 + 0.05,
        observed: 0.5,
    };
    let series = |name: &str, bins| ReliabilitySeries { name: name.into(), bins };
    let few = series("places", vec![bin(0, 77), bin(5, 8)]);
    let many = series("every window", vec![bin(0, 2_803_412), bin(3, 90), bin(9, 1)]);
    let figure =
        Reliability { title: "t".into(), observed: "share".into(), series: vec![few, many] };
    let svg = reliability(&figure).unwrap();
    whole(&svg);
    assert_eq!(marks(&svg), 5);
    for text in ["2803412", "\n90\n", "share", "1e6", "every window"] {
        assert!(svg.contains(text.trim_matches('\n')), "{text}");
    }
}

#[test]
fn a_scatter_plot_has_a_mark_for_every_finite_point() {
    let figure = Scatter {
        title: "t".into(),
        x: "predicted".into(),
        y: "measured".into(),
        groups: vec![
            ("in".into(), vec![(0.0, 1.0), (-2.0, f64::NAN)]),
            ("out".into(), vec![(1.0, -1.0), (2.0, 3.0)]),
        ],
    };
    let svg = scatter(&figure).unwrap();
    whole(&svg);
    // Three points, two marks of the legend.
    assert_eq!(marks(&svg), 5);
    assert!(svg.contains("predicted") && svg.contains("measured") && svg.contains("out"));
}

#[test]
fn numbers_are_written_with_the_decimals_of_their_range() {
    for (range, text) in [(0.0..10.0, "5"), (0.0..1.0, "5.0"), (0.90..0.95, "5.000")] {
        assert_eq!(fixed(decimals(&range))(&5.0), text);
    }
    assert_eq!(range([1.0, f64::NAN, 3.0].into_iter()), 0.9..3.1);
    assert_eq!(range(std::iter::empty()), 0.0..1.0);
}

#[test]
fn curves_of_classes_have_a_line_each_and_say_their_areas() {
    let class = |name: &str, auroc| ClassCurves {
        name: name.into(),
        roc: vec![(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)],
        precision_recall: vec![(0.5, 1.0), (1.0, 0.5)],
        auroc,
        auprc: 0.25,
    };
    let svg = class_curves("a <model>", &[class("bound", 0.75), class("not", 0.5)]).unwrap();
    whole(&svg);
    for text in ["a &lt;model&gt;", "bound: AUROC 0.7500, AUPRC 0.2500", "not: AUROC 0.5000"] {
        assert!(svg.contains(text), "{text}");
    }
    whole(&class_curves("none", &[]).unwrap());
}
