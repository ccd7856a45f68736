//! `polyascan models`

use std::io::Write;

use candle_core::Device;
use clap::{Args as ClapArgs, Subcommand};

use crate::error::{Error, Result};
use crate::models::registry::{EMBEDDED, Embedded};

/// List, show and verify the models inside the program.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// One line per model: name, architecture, task, parameters, sha256 (the default action).
    List,
    /// The model card: data, recipe, measured accuracy, limits.
    Show {
        /// The model's name.
        name: String,
    },
    /// Load every model and compare it with its card.
    Verify,
}

/// Runs the command.
///
/// # Errors
/// An unknown name, or a model that is not what its card says.
pub fn run(args: &Args) -> Result<()> {
    let mut text = String::new();
    match args.action.as_ref().unwrap_or(&Action::List) {
        Action::List => {
            text.push_str("#name\tarchitecture\ttask\tparameters\tsha256\tdescription\n");
            for model in &EMBEDDED {
                let card = model.card()?;
                text.push_str(&format!(
                    "{}\t{}\t{}\t{}\t{}\t{}\n",
                    card.name,
                    card.architecture,
                    card.task.name(),
                    card.parameters,
                    card.sha256,
                    card.description
                ));
            }
        }
        Action::Show { name } => text.push_str(find(name)?.card),
        Action::Verify => {
            for model in &EMBEDDED {
                model.load(&Device::Cpu)?;
                text.push_str(&format!("{}: ok\n", model.name));
            }
        }
    }
    let failed = |e| Error::io("standard output".as_ref(), "cannot write", e);
    std::io::stdout().write_all(text.as_bytes()).map_err(failed)
}

fn find(name: &str) -> Result<&'static Embedded> {
    EMBEDDED
        .iter()
        .find(|model| model.name == name)
        .ok_or_else(|| Error::model(name, "not inside the program; see `polyascan models list`"))
}
