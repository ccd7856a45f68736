//! docs/ERRORS.md is true: each of its commands gives its message and exit code, and no kind of
//! error is left out.

mod files;

use std::fs;
use std::path::Path;

use crate::support::*;

const PAGE: &str = include_str!("../docs/ERRORS.md");

/// A row of the page's tables.
struct Row {
    /// With `…` for what differs.
    message: &'static str,
    code: i32,
    example: Example,
}

enum Example {
    /// Words after `polyascan`.
    Command(Vec<&'static str>),
    /// Path of a test.
    Test(&'static str),
}

/// Reads the rows.
fn rows() -> Vec<Row> {
    let lines = PAGE.lines().filter(|line| line.starts_with("| `"));
    lines.map(|line| row(line).unwrap_or_else(|| panic!("not a row: {line}"))).collect()
}

fn row(line: &'static str) -> Option<Row> {
    let line = line.strip_prefix("| ")?.strip_suffix(" |")?;
    let [message, code, example, cure] = line.split(" | ").collect::<Vec<_>>()[..] else {
        return None;
    };
    let code_span = |text: &'static str| text.strip_prefix('`')?.strip_suffix('`');
    // Two backticks and a blank where the message has backticks itself.
    let message = match message.strip_prefix("`` ") {
        Some(rest) => rest.strip_suffix(" ``")?,
        None => code_span(message)?,
    };
    let example = match example.strip_prefix("test ") {
        Some(test) => Example::Test(code_span(test)?),
        None => Example::Command(code_span(example)?.split(' ').collect()),
    };
    (!cure.is_empty()).then_some(())?;
    Some(Row { message, code: code.parse().ok()?, example })
}

/// Whether `text` is `pattern`, in which `…` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[test]
fn every_command_of_the_page_gives_its_message_and_exit_code() {
    let folder = files::all();
    let mut wrong = Vec::new();
    for Row { message, code, example } in rows() {
        let Example::Command(words) = example else { continue };
        let before = names(&folder.at(""));
        let assert = polyascan().current_dir(folder.at("")).args(&words).assert();
        let output = assert.get_output();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = said.lines().find_map(|line| line.split_once("error: "));
        let told = line.is_some_and(|(_, told)| matches(message, told.trim_end()));
        let left = names(&folder.at("")) != before;
        if !told || output.status.code() != Some(code) || said.contains("panicked") || left {
            let (command, got) = (words.join(" "), output.status.code());
            wrong.push(format!("{command}\n  expected {code}: {message}\n  got {got:?}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_kind_of_error_has_its_section_with_rows() {
    let source = include_str!("../src/error.rs");
    let body = source.split("pub enum Error {").nth(1).unwrap().split("\n}").next().unwrap();
    let kinds = body.lines().filter_map(|line| {
        let name = line.strip_prefix("    ")?;
        name.starts_with(|c: char| c.is_ascii_uppercase())
            .then(|| name.split(|c: char| !c.is_alphanumeric()).next().unwrap())
    });
    let mut kinds: Vec<&str> = kinds.collect();
    let mut sections: Vec<&str> = Vec::new();
    for section in PAGE.split("\n## `").skip(1) {
        let (name, text) = section.split_once('`').unwrap();
        assert!(text.contains("\n| `"), "{name} has no rows");
        sections.push(name);
    }
    kinds.sort_unstable();
    sections.sort_unstable();
    assert!(kinds.len() > 7 && sections == kinds, "{sections:?} {kinds:?}");
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for row in rows() {
        let Example::Test(path) = row.example else { continue };
        let (module, name) = path.rsplit_once("::").unwrap();
        let module = module.replace("::", "/");
        let inner = module.strip_suffix("/tests").unwrap_or(&module);
        let places =
            [format!("tests/{module}.rs"), format!("src/{module}.rs"), format!("src/{inner}.rs")];
        let function = format!("fn {name}()");
        let has = |place: &String| {
            fs::read_to_string(root.join(place)).is_ok_and(|t| t.contains(&function))
        };
        assert!(places.iter().any(has), "{path}");
    }
}

#[test]
fn a_pattern_matches_the_whole_message() {
    assert!(matches("a … c", "a b c") && matches("…: x…", "f, line 1: x") && matches("x", "x"));
    assert!(!matches("a … c", "a b c d") && !matches("x", "xy") && !matches("…b…a", "ab"));
}
