//! The files that a run has written.

use std::path::PathBuf;

use crate::error::Result;
use crate::output::atomic::{self, Complete};

/// Names in a message at most.
const SHOWN: usize = 8;

/// Files that have their names.
#[must_use]
pub struct Written(Vec<PathBuf>);

impl Written {
    /// Gives files their names, all together.
    ///
    /// # Errors
    /// Those of [`atomic::publish`].
    pub fn publish(complete: Vec<Complete>) -> Result<Self> {
        let files = complete.iter().filter(|file| file.is_file());
        let files = files.map(|file| file.path().to_owned()).collect();
        atomic::publish(complete)?;
        Ok(Self(files))
    }

    /// Takes the names of files that are there.
    pub fn of(files: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(files.into_iter().filter(|file| file.is_file()).collect())
    }

    /// Says which.
    pub fn tell(&self) {
        if let Some(names) = self.names() {
            let all: Vec<String> = self.0.iter().map(|file| file.display().to_string()).collect();
            let (count, paths) = (all.len(), all.join(", "));
            tracing::info!(kind = "wrote", count, paths, "wrote {names}");
        }
    }

    fn names(&self) -> Option<String> {
        let shown = self.0.iter().take(SHOWN).map(|file| file.display().to_string());
        let shown: Vec<String> = shown.collect();
        let more = match self.0.len().saturating_sub(SHOWN) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        (!shown.is_empty()).then(|| shown.join(", ") + &more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_files_are_named_in_part_and_none_not_at_all() {
        let names =
            |n: u32| Written((0..n).map(|i| format!("out/{i}.svg").into()).collect()).names();
        assert_eq!(names(0), None);
        assert_eq!(names(2).as_deref(), Some("out/0.svg, out/1.svg"));
        assert!(names(11).is_some_and(|names| names.ends_with("out/7.svg and 3 more")));
    }
}
