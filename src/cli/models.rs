//! `polyascan models`

use std::io::Write;

use clap::{Args as ClapArgs, Subcommand};

use crate::engine::device::Workers;
use crate::error::{Error, Result};
use crate::models::registry::{EMBEDDED, load, load_file};
use crate::models::{Model, Window, library};
use crate::text::printable;

/// List, show and verify models: those inside the program and those of the user's folder
/// ($POLYASCAN_MODELS or ~/.local/share/polyascan/models, where `polyascan convert` puts them).
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// One line per model (the default action); a file that is no model is listed with its problem.
    List,
    /// The model card: data, recipe, measured accuracy, limits; for a converted model what it is
    /// and what it reads and says.
    Show {
        /// The model's name.
        name: String,
    },
    /// Load every model, compare it with its card, and run it on a sequence.
    Verify,
}

const HEADER: &str = "#name\tarchitecture\ttask\tinput_nt\tstructure\tparameters\tsha256\t\
                      licence\tsource\tdescription\n";

/// A model's name and the model, or why it cannot be loaded.
type Named = (String, Result<Box<dyn Model>>);

/// Runs the command.
///
/// # Errors
/// An unknown name, or a model that is not what its card says.
pub fn run(args: &Args) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let mut print = |text: String| {
        let failed = |e| Error::io("standard output".as_ref(), "cannot write", e);
        out.write_all(text.as_bytes()).map_err(failed)
    };
    match args.action.as_ref().unwrap_or(&Action::List) {
        Action::List => {
            print(HEADER.to_owned())?;
            every_model()?.try_for_each(|model| print(row(&model)))
        }
        Action::Show { name } => print(show(name)?),
        Action::Verify => {
            let mut broken = Vec::new();
            for (name, model) in every_model()? {
                let verdict = match model.and_then(|model| try_out(model.as_ref())) {
                    Ok(()) => "ok".to_owned(),
                    Err(error) => {
                        broken.push(name.clone());
                        error.to_string()
                    }
                };
                print(format!("{}: {}\n", cell(&name), cell(&verdict)))?;
            }
            if broken.is_empty() {
                Ok(())
            } else {
                Err(Error::model(broken.join(", "), "not usable; convert again"))
            }
        }
    }
}

/// Loads the models inside the program, then those of the user's folder.
fn every_model() -> Result<impl Iterator<Item = Named>> {
    let embedded = EMBEDDED.iter().map(|model| (model.name.to_owned(), model.load(&Workers::CPU)));
    let files = library::list()?.into_iter().map(|(name, path)| {
        let model = if EMBEDDED.iter().any(|embedded| embedded.name == name) {
            Err(Error::model(
                path.display().to_string(),
                "hidden by the model of this name inside the program: rename the file",
            ))
        } else {
            load_file(&path, &Workers::CPU)
        };
        (name, model)
    });
    Ok(embedded.chain(files))
}

fn row((name, model): &Named) -> String {
    let unknown = ["."; 7].join("\t");
    let model = match model {
        Ok(model) => model,
        Err(error) => {
            return format!("{}\t{unknown}\tunusable: {}\n", cell(name), cell(&error.to_string()));
        }
    };
    let (card, input) = (model.card(), model.input());
    let or_dot = |text: &str| if text.is_empty() { ".".to_owned() } else { text.to_owned() };
    let structure = if input.structure { "yes" } else { "no" };
    let columns = [
        card.name.clone(),
        card.architecture.clone(),
        card.task.name().to_owned(),
        input.length.to_string(),
        structure.to_owned(),
        card.parameters.to_string(),
        card.sha256.clone(),
        or_dot(&card.licence),
        or_dot(&card.source),
        or_dot(&card.description),
    ];
    columns.map(|column| cell(&column)).join("\t") + "\n"
}

/// Returns text that stays in its cell of a table, whatever a file or its name holds.
fn cell(text: &str) -> String {
    printable(text).replace('\t', "\\t")
}

/// Returns the card of a model inside the program, or what a weight file tells.
fn show(name: &str) -> Result<String> {
    if let Some(embedded) = EMBEDDED.iter().find(|model| model.name == name) {
        return Ok(embedded.card.to_owned());
    }
    let model = load(name, &Workers::CPU)?;
    let card =
        toml::to_string(model.card()).map_err(|e| Error::Internal(format!("model card: {e}")))?;
    let input = model.input();
    let structure = if input.structure { " with structure labels" } else { "" };
    let letters =
        model.letters().map_or("nt".to_owned(), |letters| format!("letters of {letters}"));
    let features: Vec<&str> = model.features().iter().map(|f| f.name.as_str()).collect();
    let features = match features[..] {
        [] => String::new(),
        _ => format!(", features {}", printable(&features.join(", "))),
    };
    let outputs: Vec<String> =
        model.outputs().iter().map(|o| format!("{} ({})", o.name, o.width)).collect();
    let card: String = card.lines().map(|line| printable(line) + "\n").collect();
    Ok(format!(
        "{card}# reads: {} {letters}{structure}{features}, anchored at index {}\n# says: {}\n",
        input.length,
        input.anchor,
        printable(&outputs.join(", "))
    ))
}

/// Runs a model on one sequence.
fn try_out(model: &dyn Model) -> Result<()> {
    let (_, nt) = model.input().length.limits();
    let codes: Vec<u8> = (0..nt).map(|i| (i * i / 3 % 4) as u8).collect();
    // Letters that every structure alphabet has, or replaces.
    let labels = vec![b'S'; nt];
    let structure = model.input().structure.then_some(labels.as_slice());
    let features = vec![0.0; model.input().features];
    let window = Window { codes: &codes, structure, features: &features };
    let said = model.predict(&[window])?;
    let widths = model.outputs().iter().map(|output| output.width);
    if said.values.iter().map(Vec::len).eq(widths) {
        Ok(())
    } else {
        Err(Error::model(&model.card().name, "it does not say what it announces"))
    }
}
