use super::*;
use crate::models::card::{ModelCard, Task};
use crate::models::{Output, Predictions, Window};

/// A model that reads 4 letters around index 1, and says nothing.
struct Four {
    card: ModelCard,
    letters: Option<&'static str>,
    structure: bool,
    features: Vec<Feature>,
}

impl Four {
    fn new() -> Self {
        let card = ModelCard::new("four", "none", Task::Binding);
        Self { card, letters: None, structure: false, features: Vec::new() }
    }
}

impl Model for Four {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn input(&self) -> Input {
        let features = crate::models::features::width(&self.features);
        Input { length: Length::Exactly(4), anchor: 1, structure: self.structure, features }
    }

    fn outputs(&self) -> &[Output] {
        &[]
    }

    fn letters(&self) -> Option<&str> {
        self.letters
    }

    fn features(&self) -> &[Feature] {
        &self.features
    }

    fn predict(&self, _: &[Window<'_>]) -> Result<Predictions> {
        Ok(Predictions::default())
    }
}

/// Names and windows (or why there are none) of a text.
fn read(model: &Four, anchor: Option<usize>, text: &str) -> Vec<(String, Cut)> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    taken(model, anchor, &open(file.path())).unwrap()
}

fn open(path: &Path) -> Files {
    Files::open(path, None, None).unwrap()
}

fn taken(model: &Four, anchor: Option<usize>, files: &Files) -> Result<Vec<(String, Cut)>> {
    let mut all = Vec::new();
    let reader = Reader::of(model, anchor).unwrap();
    reader.read(files, None, &mut |taken| {
        all.push((taken.name, taken.window));
        Ok(())
    })?;
    Ok(all)
}

fn codes(all: &[(String, Cut)]) -> Vec<std::result::Result<Vec<u8>, &'static str>> {
    all.iter().map(|(_, window)| window.clone().map(|window| window.codes)).collect()
}

#[test]
fn a_window_is_the_sequence_or_lies_around_the_anchor() {
    let model = Four::new();
    let whole = codes(&read(&model, None, "ACGT\nACGTA\nACG\nAC!T\n"));
    assert_eq!(whole, [Ok(vec![0, 1, 2, 3]), Err("too long"), Err("too short"), Err(NO_LETTER)]);
    let anchored = codes(&read(&model, Some(3), "TTACGTAA\nTTACG\n"));
    assert_eq!(anchored, [Ok(vec![0, 1, 2, 3]), Err("too short")]);
    assert!(Reader::of(&model, Some(0)).is_err_and(|problem| problem.contains("1 nt before")));
    let between = Input { length: Length::Between(2, 3), ..model.input() };
    let places = [2, 4, 1].map(|nt| place(between, None, nt));
    assert_eq!(places, [Ok(0..2), Err("too long"), Err("too short")]);
}

#[test]
fn letters_are_those_of_the_models_alphabet() {
    let model = Four { letters: Some("ACDEW"), ..Four::new() };
    let all = codes(&read(&model, None, ">a\nWED\nA\n>b\nwxca\n>c\nAC;D\n"));
    let none = crate::genome::sequence::NO_LETTER;
    assert_eq!(all[..2], [Ok(vec![4, 3, 2, 0]), Ok(vec![4, none, 1, 0])]);
    assert_eq!(all[2], Err(NO_LETTER_OF_ALPHABET));
}

#[test]
fn a_folder_is_its_files_by_name_and_hidden_ones_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let files =
        [("b", "GGGG\n"), ("a", "AAAA\nCCCC\n"), (".hidden", "ACGT\n"), ("c", ">x\nTTTT\n")];
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    std::fs::create_dir(folder.path().join("d")).unwrap();
    let all = taken(&Four::new(), None, &open(folder.path())).unwrap();
    let first: Vec<u8> = codes(&all).into_iter().map(|codes| codes.unwrap()[0]).collect();
    assert_eq!(first, [0, 1, 2, 3]);
    let empty = tempfile::tempdir().unwrap();
    let said = Files::open(empty.path(), None, None).unwrap_err().to_string();
    assert!(said.contains("without files"), "{said}");
}

#[test]
fn features_go_with_their_sequences_also_past_those_without_a_window() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name)
    };
    let feature = Feature { name: "x".into(), ..Feature::default() };
    let model = Four { features: vec![feature], structure: true, ..Four::new() };
    let sequences = write("s.fa", ">a\nACGU\n(..)\n>b\nACG\n(.)\n>c\nGGGG\n....\n");
    let features = write("f.tsv", "x\n1\n2\n3\n");
    let files = Files::open(&sequences, None, Some(&features)).unwrap();
    let all = taken(&model, None, &files).unwrap();
    let numbers: Vec<f32> =
        all.iter().filter_map(|(_, window)| Some(window.as_ref().ok()?.features[0])).collect();
    assert_eq!(numbers, [1.0, 3.0]);
    let said = taken(&model, None, &open(&sequences)).unwrap_err().to_string();
    assert!(said.contains("reads features (x)"), "{said}");
    let none = Four { structure: true, ..Four::new() };
    assert!(taken(&none, None, &files).unwrap_err().to_string().contains("no features"));
}
