//! The user's folder of converted models: `$POLYASCAN_MODELS`, else `polyascan/models` in the
//! folder for user data (`$XDG_DATA_HOME`, else `~/.local/share`).

use std::env;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The ending of weight files.
const ENDING: &str = "safetensors";

/// Returns the folder, which need not exist; `None` where no home is known.
pub fn folder() -> Option<PathBuf> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = variable("POLYASCAN_MODELS") {
        return Some(folder);
    }
    let data = variable("XDG_DATA_HOME").or_else(|| Some(variable("HOME")?.join(".local/share")));
    Some(data?.join("polyascan/models"))
}

/// Returns the file that holds the model called `name` in a folder.
pub fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.{ENDING}"))
}

/// Returns whether a model may be called so: letters, digits, `.`, `_` and `-`, no dot in front.
pub fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || "._-".contains(c);
    !name.is_empty() && !name.starts_with('.') && name.chars().all(fits)
}

/// Returns whether a name is a path, and therefore not looked for in the folder.
pub fn is_path(name: &str) -> bool {
    name.contains(std::path::is_separator)
}

/// Returns the file of a model of the user's folder.
pub fn find(name: &str) -> Option<PathBuf> {
    folder()
        .filter(|_| !is_path(name))
        .map(|folder| file(&folder, name))
        .filter(|file| file.is_file())
}

/// Returns the names and files of the models in the user's folder, by name.
///
/// # Errors
/// If the folder is there but cannot be read.
pub fn list() -> Result<Vec<(String, PathBuf)>> {
    let Some(folder) = folder().filter(|folder| folder.exists()) else { return Ok(vec![]) };
    let failed = |e| Error::io(&folder, "cannot read the folder of models", e);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        // A pipe would be waited for.
        let is_model = path.extension().is_some_and(|ending| ending == ENDING) && path.is_file();
        found.extend(stem.filter(|_| is_model).map(|name| (name, path)));
    }
    found.sort();
    Ok(found)
}
