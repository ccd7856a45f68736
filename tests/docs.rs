//! The pages of docs/ are one book, lead where they say, and show commands that the program takes.

use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use polyascan::cli::Cli;

use crate::support::*;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All pages below a folder of the repository.
fn pages_in(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for name in names(root().join(folder).to_str().unwrap()) {
        let path = format!("{folder}/{name}");
        if root().join(&path).is_dir() {
            found.extend(pages_in(&path));
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
    found
}

/// All pages for people.
fn pages() -> Vec<String> {
    let top = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "packaging/README.md"];
    top.map(str::to_owned).into_iter().chain(pages_in("docs")).collect()
}

fn text(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap()
}

/// The targets of a page's links, but for addresses.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let targets = targets.map(|target| target.split('#').next().unwrap_or_default());
    targets.filter(|target| !target.is_empty() && !target.contains("://")).collect()
}

#[test]
fn every_link_leads_to_a_file() {
    let mut checked = 0;
    for page in pages() {
        let folder = root().join(&page).parent().unwrap().to_owned();
        for target in links(&text(&page)) {
            assert!(folder.join(target).exists(), "{page}: {target}");
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked}");
}

#[test]
fn every_page_is_in_the_book() {
    let summary = text("docs/SUMMARY.md");
    let listed = links(&summary);
    for page in pages_in("docs").iter().map(|page| &page["docs/".len()..]) {
        assert!(page == "SUMMARY.md" || listed.contains(&page), "{page} is not in docs/SUMMARY.md");
    }
}

/// Joins lines that end in a backslash, and leaves those of blocks of `sh`.
fn shell_lines(text: &str) -> Vec<String> {
    let (mut lines, mut within) = (Vec::<String>::new(), false);
    for line in text.lines() {
        if line.starts_with("```") {
            within = line == "```sh";
        } else if within {
            match lines.last_mut().filter(|last| last.ends_with('\\')) {
                Some(last) => {
                    last.pop();
                    last.push_str(line.trim_start());
                }
                None => lines.push(line.to_owned()),
            }
        }
    }
    lines
}

/// The words of a command up to a pipe, a redirection or a remark.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    let mut begun = false;
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => word.push(letter),
            (None, '\'' | '"') => (quote, begun) = (Some(letter), true),
            (None, '|' | '>' | '<' | ';' | '&') => break,
            (None, '#') if word.is_empty() => break,
            (None, ' ') => {
                if begun || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            _ => word.push(letter),
        }
    }
    words.extend((begun || !word.is_empty()).then_some(word));
    words
}

#[test]
fn every_command_that_a_page_shows_is_one_that_the_program_takes() {
    let mut tried = 0;
    for page in pages() {
        for line in shell_lines(&text(&page)) {
            let commands = line.split(" | ").filter_map(|part| {
                let at = part.find("polyascan ")?;
                // The program by its name or path, not a file that is called so.
                let before = part[..at].trim_end_matches("target/release/");
                let before = before.trim_end_matches("target/cuda/release/");
                (before.is_empty() || before.ends_with("(") || before.ends_with("run "))
                    .then_some(&part[at..])
            });
            for command in commands {
                let words = words(command);
                let parsed = Cli::command().try_get_matches_from(&words);
                let help = |e: &clap::Error| !e.use_stderr();
                if let Err(error) = parsed
                    && !help(&error)
                {
                    panic!("{page}: {command}\n{error}");
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 50, "{tried}");
}

/// The commands of a page that are meant to be tried are run, one after the other, in an empty
/// folder.
#[test]
fn the_first_steps_give_what_the_page_says() {
    let folder = Folder::new();
    let page = text("docs/START.md");
    let section = page.split("\n## Try it").nth(1).unwrap().split("\n## ").next().unwrap();
    let lines = shell_lines(section);
    assert!(lines.len() > 3, "{lines:?}");
    let program = Path::new(env!("CARGO_BIN_EXE_polyascan")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    for line in lines {
        let mut command = std::process::Command::new("sh");
        let output = command.args(["-euc", &line]).env("PATH", &path).current_dir(folder.at(""));
        let output = output.output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
    for name in section.split('`').filter(|word| word.starts_with("try/") && word.contains('.')) {
        assert!(Path::new(&folder.at(name)).exists(), "{name} is not there");
    }
}

#[test]
fn words_are_those_of_a_shell() {
    let expected = ["polyascan", "variants", "a b.vcf", "-o", "-"];
    assert_eq!(words("polyascan variants 'a b.vcf' -o - | head # x"), expected);
}
