//! The first lines of a table: what made it.

use super::summary::{FastaSummary, FileSummary, ModelSummary};

/// Returns an entry as a line before the table's columns. A line feed in a quoted argument must not
/// start a row.
pub fn header_line(entry: &str) -> String {
    let entry: String = entry.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("## {entry}\n")
}

/// Returns the entry that names a file.
pub fn file_entry(kind: &str, file: &FileSummary) -> String {
    format!("{kind}: {} sha256={}", file.path, file.sha256)
}

/// Returns the entries that tables begin with: program, command, and the models and the genome of
/// those that have them.
pub fn entries(
    version: &str,
    command: &str,
    model: Option<&ModelSummary>,
    strength_model: Option<&ModelSummary>,
    fasta: Option<&FastaSummary>,
) -> Vec<String> {
    let named = |kind: &str, m: &ModelSummary| format!("{kind}: {} sha256={}", m.name, m.sha256);
    let mut entries = vec![format!("polyascan {version}"), format!("command: {command}")];
    entries.extend(model.map(|model| named("model", model)));
    entries.extend(strength_model.map(|strength| named("strength model", strength)));
    entries.extend(fasta.map(|fasta| format!("fasta: {} sha256={}", fasta.path, fasta.sha256)));
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_feed_in_an_argument_starts_no_row() {
        assert_eq!(header_line("command: a \"b\nc\""), "## command: a \"b c\"\n");
    }
}
