//! Where things of a locus lie from top to bottom; shared by the page and by figures.

use serde::Serialize;

use super::Locus;
use crate::genome::strand::Strand;

/// Heights, in pixels.
const AXIS: f32 = 26.0;
pub const LANE: f32 = 17.0;
const KNOWN: f32 = 18.0;
const TRACK: f32 = 44.0;
const SITES: f32 = 50.0;
const ALLELES: f32 = 84.0;
const EFFECT: f32 = 52.0;
/// Between panels, and between runs.
const GAP: f32 = 7.0;
const WIDE_GAP: f32 = 16.0;
/// Letters of a run's name that there is room for.
const NAME: usize = 14;

/// What a panel shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Axis,
    Genes,
    Known,
    /// Values upwards from the bottom, or both ways from the middle.
    Track,
    Signed,
    Sites,
    Alleles,
}

/// A stripe of the picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Panel {
    pub kind: Kind,
    pub label: String,
    /// Below the label, small.
    pub unit: String,
    pub top: f32,
    pub height: f32,
    /// Of the strand, if it speaks of one.
    pub strand: Option<char>,
    /// Number of the layer, and of its track.
    pub layer: Option<usize>,
    pub track: Option<usize>,
}

/// Panels from top to bottom.
struct Stack {
    panels: Vec<Panel>,
    bottom: f32,
}

impl Stack {
    fn add(
        &mut self,
        kind: Kind,
        height: f32,
        gap: f32,
        (label, unit): (&str, &str),
    ) -> &mut Panel {
        let top = self.bottom + gap;
        self.bottom = top + height;
        let (label, unit) = (label.to_owned(), unit.to_owned());
        let at = self.panels.len();
        self.panels.push(Panel {
            kind,
            label,
            unit,
            top,
            height,
            strand: None,
            layer: None,
            track: None,
        });
        &mut self.panels[at]
    }
}

impl Panel {
    /// Returns the panels of a locus: axis, genes, known sites; of each run the tracks and sites of
    /// both strands, variants, effects of all SNVs. What has nothing to show is left out.
    pub fn all(locus: &Locus) -> Vec<Self> {
        let mut stack = Stack { panels: Vec::new(), bottom: 0.0 };
        stack.add(Kind::Axis, AXIS, 0.0, ("", ""));
        let lanes = locus.models.iter().map(|model| model.lane + 1).max().unwrap_or(0);
        if lanes > 0 {
            stack.add(Kind::Genes, lanes as f32 * LANE, GAP, ("Genes", ""));
        }
        if !locus.known.is_empty() {
            stack.add(Kind::Known, KNOWN, GAP, ("Known sites", ""));
        }
        for layer in 0..locus.layers.len() {
            of_layer(&mut stack, locus, layer);
        }
        stack.panels
    }

    /// Returns the height of all of them.
    pub fn bottom(panels: &[Self]) -> f32 {
        panels.last().map_or(0.0, |panel| panel.top + panel.height)
    }
}

fn of_layer(stack: &mut Stack, locus: &Locus, number: usize) {
    let layer = &locus.layers[number];
    let several = locus.layers.len() > 1;
    let name: String = layer.name.chars().take(NAME).collect();
    // Of which run it is, said where there are several.
    let named =
        |unit: &str| if several { format!("{name} \u{b7} {unit}") } else { unit.to_owned() };
    let mut gap = WIDE_GAP;
    for strand in Strand::BOTH {
        let sign = super::strand_sign(strand);
        let tracks = layer.tracks.iter().enumerate().filter(|(_, track)| track.strand == strand);
        for (at, track) in tracks {
            let [_, high] = track.span();
            let (kind, height, what, unit) = match track.quantity {
                "strongest" => {
                    (Kind::Signed, EFFECT, "strongest SNV", format!("\u{b1}{high:.1} log2"))
                }
                "cleavage" => (Kind::Track, TRACK, "cleavage", format!("0 to {high:.2}")),
                other => (Kind::Track, TRACK, other, "0 to 1".to_owned()),
            };
            let (label, unit) = (format!("{what} ({sign})"), named(&unit));
            let panel = stack.add(kind, height, gap, (&label, &unit));
            (panel.strand, panel.layer, panel.track) = (Some(sign), Some(number), Some(at));
            gap = GAP;
        }
        if layer.sites.iter().any(|site| site.strand == strand) {
            let used = layer.sites.iter().any(|site| site.expressed.is_some());
            let unit = if used { "likely used" } else { "likely a site" };
            let (label, unit) = (format!("sites ({sign})"), named(unit));
            let panel = stack.add(Kind::Sites, SITES, gap, (&label, &unit));
            (panel.strand, panel.layer) = (Some(sign), Some(number));
            gap = GAP;
        }
    }
    // Of mutagenesis there are three at each place, which its tracks tell.
    if !layer.alleles.is_empty() && layer.kind == crate::report::run::Kind::Variants {
        let unit = named(&format!("\u{b1}{:.1} log2", layer.greatest()));
        let panel = stack.add(Kind::Alleles, ALLELES, gap, ("variants", &unit));
        panel.layer = Some(number);
    }
}

impl super::Layer {
    /// Returns the greatest size of a change, which takes the whole height.
    pub fn greatest(&self) -> f64 {
        let deltas = self.alleles.iter().filter_map(|allele| allele.entry.as_ref());
        deltas.map(|entry| entry.delta.abs()).fold(1.0, f64::max)
    }
}
