//! Heat maps of single sites.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use crate::context::signal::strongest;
use crate::error::{Error, Result};
use crate::genome::contigs::Contigs;
use crate::genome::sequence::UNKNOWN;
use crate::output::heat_map::HeatMap;
use crate::output::picture::letters::Base;
use crate::variants::mutagenesis::plan::AROUND;
use crate::variants::mutagenesis::portrait::{Gallery, Portrait};

/// Pixels of a PNG for one of the SVG: sharp on fine screens and in print.
const PNG_SCALE: u32 = 2;

/// Letters of a contig's name in a picture's: file systems have a limit.
const LONGEST_CONTIG: usize = 60;
/// Bytes that the name of a picture adds to the prefix, at most.
pub const ENDING: usize = LONGEST_CONTIG + 40;

/// Draws all sites, each as SVG and PNG; returns endings of names and bytes.
///
/// # Errors
/// If one cannot be drawn; an interrupt.
pub fn draw(
    gallery: Gallery,
    contigs: &Contigs,
    of_strength: bool,
    interrupt: &AtomicBool,
) -> Result<Vec<(String, Vec<u8>)>> {
    let portraits = gallery.finish();
    let both = portraits.par_iter().enumerate().map(|(at, portrait)| {
        if interrupt.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let contig = &contigs[portrait.key.contig].name;
        let picture = figure(portrait, contig, of_strength).draw();
        let name = file_name(at + 1, portrait, contig);
        let (svg, png) = (picture.svg().into_bytes(), picture.png(PNG_SCALE)?);
        Ok([(format!("{name}.svg"), svg), (format!("{name}.png"), png)])
    });
    Ok(both.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Returns the figure of a site.
fn figure(portrait: &Portrait, contig: &str, of_strength: bool) -> HeatMap {
    let Portrait { key, probability, strength, called, reference, deltas } = portrait;
    let upstream = &reference[..AROUND as usize];
    let signal = strongest(upstream);
    let mut figures = vec![format!("probability {probability:.3}")];
    if let Some(log2) = strength {
        let usage = 100.0 / (1.0 + (-log2).exp2());
        figures.push(format!("strength {log2:.2} (log2 odds), usage {usage:.1} %"));
    }
    if let Some((hexamer, distance)) = signal {
        figures.push(format!("{hexamer} {distance} nt upstream"));
    }
    if !called {
        figures.push("not called on the reference".to_owned());
    }
    let base = |&code: &u8| (code != UNKNOWN).then(|| Base::ALL[usize::from(code)]);
    let quantity = if of_strength {
        "\u{394} strength, log2 odds of usage"
    } else {
        "\u{394} classification, log2 odds"
    };
    HeatMap {
        title: format!("{contig}:{}:{}", key.position + 1, key.strand),
        subtitle: figures.join("   \u{b7}   "),
        quantity: quantity.to_owned(),
        first: -(AROUND as i64),
        reference: reference.iter().map(base).collect(),
        effects: deltas.clone(),
        elements: signal
            .map(|(hexamer, distance)| (-(distance as i64), hexamer.len(), hexamer.to_owned()))
            .into_iter()
            .collect(),
    }
}

/// Returns a name that every file system takes; the number tells contigs apart whose names differ
/// in what is replaced only.
fn file_name(number: usize, portrait: &Portrait, contig: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let contig: String = contig.chars().map(plain).take(LONGEST_CONTIG).collect();
    let strand = portrait.key.strand.name();
    format!("{number}.{contig}_{}_{strand}", portrait.key.position + 1)
}
