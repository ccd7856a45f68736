//! What the program is made of is known, and allowed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The file that names every package in the binary; `make third-party` writes it.
const LIST: &str = "THIRD_PARTY.md";
const HEADER: &str = "# Third-party packages\n\n\
    Written by `make third-party` from `Cargo.lock`: every package that is part of the program (default \
    features, Linux on x86-64), but not what only builds or tests it. The full texts of the licences come with \
    each package's source. `hts-sys` contains htslib (MIT, BSD-3-Clause), `libz-sys` zlib (Zlib), \
    `libdeflate-sys` libdeflate (MIT), `libmimalloc-sys` mimalloc (MIT).\n\n\
    | package | version | licence |\n| --- | --- | --- |\n";

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// What `cargo metadata` says, without a look at the network.
fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu", "--manifest-path"])
        .arg(file("Cargo.toml"))
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "Cargo.lock does not fit Cargo.toml: {message}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A package in the binary.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    licence: String,
}

/// All packages but this one that are compiled into the program.
fn in_the_binary(metadata: &Value) -> BTreeSet<Package> {
    let by_id = |list: &Value| -> HashMap<String, Value> {
        let items = list.as_array().unwrap().iter();
        items.map(|item| (item["id"].as_str().unwrap().to_owned(), item.clone())).collect()
    };
    let (packages, nodes) = (by_id(&metadata["packages"]), by_id(&metadata["resolve"]["nodes"]));
    let root = metadata["resolve"]["root"].as_str().unwrap();
    let (mut found, mut todo) = (BTreeMap::new(), vec![root]);
    while let Some(id) = todo.pop() {
        let package = &packages[id];
        let mut kinds = package["targets"].as_array().unwrap().iter().map(|t| &t["kind"][0]);
        if found.contains_key(id) || kinds.any(|kind| kind == "proc-macro") {
            continue;
        }
        let text = |key: &str| package[key].as_str().unwrap_or("none").to_owned();
        let licence = text("license").replace('/', " OR ").replace("  ", " ");
        found.insert(id, Package { name: text("name"), version: text("version"), licence });
        for dependency in nodes[id]["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            if kinds.iter().any(|kind| kind["kind"].is_null()) {
                todo.push(dependency["pkg"].as_str().unwrap());
            }
        }
    }
    found.remove(root);
    found.into_values().collect()
}

#[test]
fn third_party_lists_every_package_in_the_binary_as_cargo_lock_has_it() {
    let mut text = HEADER.to_owned();
    for Package { name, version, licence } in in_the_binary(&metadata()) {
        text.push_str(&format!("| {name} | {version} | {licence} |\n"));
    }
    if std::env::var_os("WRITE_THIRD_PARTY").is_some() {
        fs::write(file(LIST), &text).unwrap();
    }
    let there = fs::read_to_string(file(LIST)).unwrap();
    assert!(there == text, "{LIST} is not up to date: run `make third-party`");
}

/// The entries of a list in deny.toml.
fn accepted() -> (BTreeSet<String>, BTreeSet<String>) {
    let deny: toml::Table = fs::read_to_string(file("deny.toml")).unwrap().parse().unwrap();
    let names = |list: &toml::Value, key: &str| -> BTreeSet<String> {
        let items = list.as_array().unwrap().iter();
        let name = |item: &toml::Value| item.get(key).unwrap_or(item).as_str().unwrap().to_owned();
        items.map(name).collect()
    };
    let licences = &deny["licenses"];
    (names(&licences["allow"], ""), names(&licences["exceptions"], "crate"))
}

/// Whether one of the alternatives of an SPDX expression is accepted; "AND" needs both.
fn is_accepted(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.replace(['(', ')'], "");
    expression.split(" AND ").all(|part| part.split(" OR ").any(|one| allowed.contains(one.trim())))
}

#[test]
fn every_package_in_the_binary_has_an_accepted_licence() {
    let (allowed, exceptions) = accepted();
    let packages = in_the_binary(&metadata());
    assert!(packages.len() > 50);
    for package in packages {
        let fine = is_accepted(&package.licence, &allowed) || exceptions.contains(&package.name);
        assert!(fine, "{package:?}: its licence is none of those in deny.toml");
    }
    for refused in ["GPL-3.0", "MIT AND GPL-3.0", "none"] {
        assert!(!is_accepted(refused, &allowed));
    }
}

#[test]
fn nothing_in_the_binary_opens_a_network_connection() {
    let deny: toml::Table = fs::read_to_string(file("deny.toml")).unwrap().parse().unwrap();
    let clients = deny["bans"]["deny"].as_array().unwrap();
    assert!(clients.len() > 3);
    let packages = in_the_binary(&metadata());
    for client in clients {
        let client = client["crate"].as_str().unwrap();
        assert!(!packages.iter().any(|package| package.name == client), "{client}");
    }
}

/// All Rust files below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn unsafe_code_is_in_kernels_and_where_htslib_is_called_only() {
    for crate_file in ["src/lib.rs", "src/main.rs"] {
        let text = fs::read_to_string(file(crate_file)).unwrap();
        assert!(text.contains("#![deny(unsafe_code)]"), "{crate_file}");
    }
    let mut files = Vec::new();
    sources(&file("src"), &mut files);
    assert!(files.len() > 100);
    for path in files {
        let excepted = fs::read_to_string(&path).unwrap().contains("allow(unsafe_code)");
        let kernel = path.starts_with(file("src/engine"));
        let htslib = path == file("src/variants/vcf/htslib.rs");
        assert!(kernel || htslib || !excepted, "{}: unsafe code", path.display());
    }
}

/// The texts of a module in a folder and of those inside it.
fn texts_of(folder: &Path, module: &str) -> String {
    let inner = fs::read_dir(folder.join(module)).into_iter().flatten();
    let inner = inner.map(|entry| entry.unwrap().path());
    let files = inner.chain([folder.join(format!("{module}.rs"))]);
    files.map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn every_test_that_the_page_on_reliability_names_is_there() {
    let page = fs::read_to_string(file("docs/RELIABILITY.md")).unwrap();
    let mut named = 0;
    for word in page.split('`') {
        let parts: Vec<&str> = word.split("::").collect();
        let [module, inner @ .., test] = &parts[..] else { continue };
        let (of_module, folder) =
            (file(&format!("tests/{module}.rs")), file(&format!("tests/{module}")));
        if !of_module.exists() {
            continue;
        }
        let text = match inner.first() {
            None => fs::read_to_string(of_module).unwrap(),
            Some(inner) => texts_of(&folder, inner),
        };
        assert!(text.contains(&format!("\nfn {test}() {{")), "{word}");
        named += 1;
    }
    assert!(named > 20, "{named}");
}
