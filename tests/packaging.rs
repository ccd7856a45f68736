//! Recipes and modules in packaging/ fit the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::*;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Runs a script in a folder, with the program on PATH.
fn shell(folder: &Path, script: &str) {
    let program = Path::new(env!("CARGO_BIN_EXE_polyascan")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", script])
        .env("PATH", path)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}\n{said}");
}

/// Names in `folder` that a pattern with stars and one set of alternatives matches.
fn matching(folder: &str, pattern: &str) -> Vec<String> {
    let alternatives: Vec<String> = match pattern.split_once('{') {
        None => vec![pattern.to_owned()],
        Some((before, rest)) => {
            let (inside, after) = rest.split_once('}').unwrap();
            inside.split(',').map(|one| format!("{before}{one}{after}")).collect()
        }
    };
    let fits = |name: &String| {
        alternatives.iter().any(|pattern| match pattern.split_once('*') {
            None => name == pattern,
            Some((start, end)) => {
                name.len() >= start.len() + end.len()
                    && name.starts_with(start)
                    && name.ends_with(end)
            }
        })
    };
    names(folder).into_iter().filter(fits).collect()
}

#[test]
fn every_recipe_names_this_version() {
    for (path, line) in [
        ("CITATION.cff", format!("\nversion: {VERSION}\n")),
        ("packaging/README.md", format!("They name version {VERSION};")),
        ("packaging/docker/Dockerfile", format!("image.version=\"{VERSION}\"")),
        ("packaging/apptainer/polyascan.def", format!("image.version {VERSION}\n")),
        ("packaging/bioconda/recipes/polyascan/meta.yaml", format!("version = \"{VERSION}\"")),
        ("packaging/snakemake-wrapper/bio/polyascan/scan/environment.yaml", format!("={VERSION}")),
        (
            "packaging/snakemake-wrapper/bio/polyascan/variants/environment.yaml",
            format!("={VERSION}"),
        ),
        ("workflow/envs/polyascan.yaml", format!("polyascan ={VERSION}")),
    ] {
        assert!(text(path).contains(&line), "{path} does not say {line}");
    }
    for module in ["scan", "variants"] {
        let folder = format!("packaging/nf-core/modules/nf-core/polyascan/{module}");
        let environment = text(&format!("{folder}/environment.yml"));
        assert!(environment.contains(&format!("bioconda::polyascan={VERSION}\"")), "{module}");
        let containers = text(&format!("{folder}/main.nf"));
        assert_eq!(containers.matches(&format!("polyascan:{VERSION}--")).count(), 2, "{module}");
    }
}

#[test]
fn the_images_are_built_with_the_rust_that_the_program_asks_for() {
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    let oldest = manifest["package"]["rust-version"].as_str().unwrap();
    for path in ["packaging/docker/Dockerfile", "packaging/apptainer/polyascan.def"] {
        assert!(text(path).contains(&format!("rust:{oldest}-slim")), "{path}");
    }
}

#[test]
fn the_test_commands_of_the_conda_recipe_pass() {
    let recipe = text("packaging/bioconda/recipes/polyascan/meta.yaml");
    let commands = recipe.split("  commands:\n").nth(1).unwrap();
    let commands = commands.lines().map_while(|line| line.strip_prefix("    - "));
    let commands: Vec<String> = commands.map(|c| c.replace("{{ version }}", VERSION)).collect();
    assert!(commands.len() > 5 && !commands.iter().any(|c| c.contains("{{")), "{commands:?}");
    let folder = Folder::new();
    shell(Path::new(&folder.at("")), &commands.join("\n"));
}

/// The script of a module as Nextflow would run it.
fn script(module: &str, values: &[(&str, &str)]) -> String {
    let path = format!("packaging/nf-core/modules/nf-core/polyascan/{module}/main.nf");
    let text = text(&path);
    let body = text.split("script:").nth(1).unwrap().split("\"\"\"").nth(1).unwrap();
    let mut script = body.replace("\\\\", "\\").replace("\\$", "\u{0}");
    for (name, value) in values {
        script = script.replace(&format!("${{{name}}}"), value);
        script = script.replace(&format!("${name}"), value);
    }
    assert!(!script.contains('$'), "{script}");
    // The text between <<- and its end is indented by blanks, which Nextflow takes away.
    script.replace('\u{0}', "$").replace("\n    ", "\n")
}

/// What a module says that it gives: the pattern and whether it is optional.
fn outputs(module: &str) -> Vec<(String, bool)> {
    let path = format!("packaging/nf-core/modules/nf-core/polyascan/{module}/main.nf");
    let text = text(&path);
    let block = text.split("output:").nth(1).unwrap().split("when:").next().unwrap();
    let lines = block.lines().filter(|line| line.contains("emit:"));
    lines
        .map(|line| (line.split('"').nth(1).unwrap().to_owned(), line.contains("optional")))
        .collect()
}

#[test]
fn the_scripts_of_the_nf_core_modules_give_the_outputs_that_they_name() {
    for module in ["scan", "variants"] {
        let folder = Folder::new();
        simulate(&folder.at("."), 40_000, 8, 1, 1);
        let values = [
            ("fasta", "genome.fa"),
            ("vcf", "variants.vcf"),
            ("genes", "--annotation genes.gtf"),
            ("args", if module == "scan" { "--tracks --context" } else { "" }),
            ("task.cpus", "2"),
            ("task.process", "P"),
            ("prefix", "s"),
        ];
        let before = names(&folder.at("."));
        shell(Path::new(&folder.at(".")), &script(module, &values));
        let expected = format!("\"P\":\n    polyascan: {VERSION}\n");
        assert_eq!(fs::read_to_string(folder.at("versions.yml")).unwrap(), expected);
        let patterns = outputs(module);
        assert!(patterns.len() > 5, "{patterns:?}");
        let meta = text(&format!("packaging/nf-core/modules/nf-core/polyascan/{module}/meta.yml"));
        for (pattern, _) in &patterns {
            let found = matching(&folder.at("."), &pattern.replace("${prefix}", "s"));
            assert!(!found.is_empty(), "{module}: nothing is called {pattern}");
            assert!(
                meta.contains(&format!("- \"{pattern}\":"))
                    || meta.contains(&format!("- {pattern}:"))
            );
        }
        // And nothing is left that no output takes.
        let taken = |name: &String| {
            patterns.iter().any(|(p, _)| {
                matching(&folder.at("."), &p.replace("${prefix}", "s")).contains(name)
            })
        };
        let left: Vec<String> = names(&folder.at("."))
            .into_iter()
            .filter(|n| !before.contains(n) && !taken(n))
            .collect();
        assert_eq!(left, [""; 0], "{module}");
    }
}

#[test]
fn the_package_is_small_and_holds_what_it_is_built_from() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO"))
        .args(["package", "--list", "--offline", "--allow-dirty", "--manifest-path"])
        .arg(root.join("Cargo.toml"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let list = String::from_utf8(output.stdout).unwrap();
    let size: u64 =
        list.lines().filter_map(|name| fs::metadata(root.join(name)).ok()).map(|f| f.len()).sum();
    assert!(size < 10 << 20, "{size} bytes");
    for needed in ["build.rs", "config/default.toml", "models/default.safetensors", "LICENSE"] {
        assert!(list.lines().any(|name| name == needed), "{needed}");
    }
    assert!(!list.lines().any(|name| name.starts_with("tests/") || name.starts_with("docs/")));
}
