//! `polyascan man`

use std::path::PathBuf;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::written::Written;
use crate::error::{Error, Result};
use crate::output::atomic::{Complete, whole};

/// Print the manual page of a command, or write all pages.
///
/// For example `polyascan man scan | man -l -`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The command, e.g. scan, or train scan [default: the program].
    #[arg(conflicts_with = "output")]
    command: Vec<String>,
    /// Write the page of each command (polyascan.1, polyascan-scan.1, ...) into this folder.
    #[arg(short, long, value_name = "FOLDER", value_parser = crate::cli::options::name)]
    output: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// A command that does not exist, a folder that cannot be written.
pub fn run(args: &Args) -> Result<()> {
    let mut program = super::Cli::command().disable_help_subcommand(true);
    // Gives the commands the names of their pages.
    program.build();
    let Some(folder) = &args.output else {
        let (command, name) = find(program, &args.command)?;
        return super::print(page(&command, &name)?);
    };
    std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, "cannot create", e))?;
    let mut pages = Vec::new();
    let name = program.get_name().to_owned();
    every_page(&program, &name, &mut |name, page| {
        pages.push(whole(&folder.join(format!("{name}.1")), &page)?);
        Ok(())
    })?;
    let pages: Vec<Complete> = pages;
    Written::publish(pages)?.tell();
    Ok(())
}

/// Returns a command by its words, and the name of its page.
fn find(program: Command, words: &[String]) -> Result<(Command, String)> {
    let mut name = program.get_name().to_owned();
    let mut command = program;
    for word in words {
        let Some(inner) = command.find_subcommand(word) else {
            let there: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
            let problem = format!("{name} has no command {word:?}; it has: {}", there.join(", "));
            return Err(Error::Usage(problem));
        };
        name = format!("{name}-{}", inner.get_name());
        command = inner.clone();
    }
    Ok((command, name))
}

/// Hands over the page of a command and those of the commands in it.
fn every_page(
    command: &Command,
    name: &str,
    take: &mut impl FnMut(&str, Vec<u8>) -> Result<()>,
) -> Result<()> {
    take(name, page(command, name)?)?;
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        every_page(inner, &format!("{name}-{}", inner.get_name()), take)?;
    }
    Ok(())
}

fn page(command: &Command, name: &str) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let page = Man::new(command.clone()).title(name).manual("polyascan");
    let page = page.source(concat!("polyascan ", env!("CARGO_PKG_VERSION")));
    page.render(&mut text).map_err(|e| Error::Internal(format!("manual page: {e}")))?;
    Ok(text)
}
