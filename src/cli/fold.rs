//! The option that has RNA structures computed.

use clap::Args;

use crate::error::{Error, Result};
use crate::models::Model;
use crate::structure::{Folder, Form, Program};

/// Which program computes structures, if any.
#[derive(Debug, Args)]
pub struct FoldOption {
    /// Compute the structures with this program, which must be installed [default: rnafold].
    #[arg(
        long,
        value_enum,
        value_name = "PROGRAM",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "rnafold"
    )]
    fold: Option<Program>,
}

impl FoldOption {
    /// Finds the program that computes structures for a model; `None` where it was not asked for.
    ///
    /// # Errors
    /// If the model reads no structures, or none of this kind, or the program is not installed.
    pub fn open(&self, model: &dyn Model) -> Result<Option<Folder>> {
        let Some(program) = self.fold else { return Ok(None) };
        let name = &model.card().name;
        let usage = |problem: String| Err(Error::Usage(problem));
        let Some(letters) = model.structure_letters() else {
            return usage(format!("--fold: {name} reads the sequence alone"));
        };
        if model.letters().is_some() {
            return usage(format!("--fold: {name} reads letters that are no nucleotides"));
        }
        if Form::of(letters) == Form::Raw && letters.bytes().any(|c| !b"().".contains(&c)) {
            return usage(format!(
                "--fold gives dot-bracket, {name} reads the structure letters {letters}; give \
                 structures in these (--structures)"
            ));
        }
        Folder::find(program).map(Some)
    }
}
