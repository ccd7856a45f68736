//! `polyascan completions`

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::error::Result;

/// Print what completes commands and options in a shell.
///
/// bash: polyascan completions bash > ~/.local/share/bash-completion/completions/polyascan;
/// zsh: polyascan completions zsh > a folder of $fpath/_polyascan;
/// fish: polyascan completions fish > ~/.config/fish/completions/polyascan.fish.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command.
///
/// # Errors
/// If standard output cannot be written.
pub fn run(args: &Args) -> Result<()> {
    let mut text = Vec::new();
    generate(args.shell, &mut super::Cli::command(), "polyascan", &mut text);
    super::print(text)
}
