//! `polyascan version`

use std::fmt::Write as _;

use crate::engine::cpu::simd;
use crate::error::Result;
use crate::models::registry::EMBEDDED;

/// Say what this program is: version, features, vector instructions of this CPU, models inside with
/// their digests.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// A broken model card, a standard output that cannot be written.
pub fn run(_args: &Args) -> Result<()> {
    super::print(text()?)
}

/// Returns a line `what: value` for each.
fn text() -> Result<String> {
    let possible = simd::Path::ALL.into_iter().filter(|path| path.is_possible());
    let possible: Vec<String> = possible.map(|path| path.to_string()).collect();
    let features = if cfg!(feature = "cuda") { "cuda" } else { "none" };
    let mut text = format!("polyascan {}\n", env!("CARGO_PKG_VERSION"));
    let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    // Writing to a String cannot fail.
    let _ = writeln!(text, "built for: {system} {machine}");
    let _ = writeln!(text, "features: {features}");
    let _ = writeln!(text, "simd: {} (of {})", simd::Path::current(), possible.join(", "));
    for model in &EMBEDDED {
        let card = model.card()?;
        let _ = writeln!(text, "model: {} {} sha256={}", card.name, card.architecture, card.sha256);
    }
    Ok(text)
}
