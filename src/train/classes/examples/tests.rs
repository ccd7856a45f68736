use super::*;

/// A configuration of a pysster of 4 letters, `more` in its [data].
fn config(folder: &Path, network: &str, more: &str) -> ClassTraining {
    let text = format!(
        "[model]\nname = \"x\"\ndescription = \"\"\nseed = 1\ndata = {folder:?}\n\
         [network]\narchitecture = \"pysster\"\nlength = 4\ndense = []\n\
         convolutions = [{{ kernels = 2, width = 2, pool = 1, stride = 1 }}]\n{network}\n\
         [optimiser]\nepochs = 1\nbatch = 1\nlearning_rate = 1\n[data]\n{more}\n"
    );
    toml::from_str(&text).unwrap()
}

const OF_TWO: &str = "classes = 2\nalphabet = \"ACGU,FHS\"";

/// Codes, structure and classes.
type Plain = (Vec<u8>, Option<Vec<u8>>, Vec<usize>);

/// Returns all examples of files.
fn read(files: &[(&str, &str)], network: &str, more: &str) -> Result<Vec<Plain>> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let examples = Examples::read(&config(folder.path(), network, more))?;
    let apart = |Example { window, classes }: Example| (window.codes, window.structure, classes);
    Ok(examples.all.into_iter().map(apart).collect())
}

#[test]
fn structures_come_with_the_sequences_or_from_a_file_and_are_cut_like_them() {
    let example = |codes: [u8; 4], labels: &[u8]| (codes.to_vec(), Some(labels.to_vec()), vec![0]);
    let whole = [example([0, 1, 2, 3], b"SHHS"), example([2, 2, 0, 0], b"FFFF")];
    let other = ("n", ">n\nACGU\n....\n");
    let structured = "positives = [{ sequences = \"p\", structures = \"s\" }]\nnegatives = [\"n\"]";
    let alone = "positives = [\"p\"]\nnegatives = [\"n\"]";
    let own = read(&[("p", ">a\nACGU\n(..)\n>b\nGGAA\n....\n"), other], OF_TWO, alone);
    assert_eq!(own.unwrap()[..2], whole);
    let structures = ("s", ">b\nGGAA\n....\n>a\nACGU\n(..)\n");
    let named = [("p", ">a\nACGU\n>b\nGGAA\n"), structures, other];
    assert_eq!(read(&named, OF_TWO, structured).unwrap()[..2], whole);
    let lines = [("p", "ACGU\nGGAA\n"), ("s", "(..)\n....\n"), other];
    assert_eq!(read(&lines, OF_TWO, structured).unwrap()[..2], whole);
    let longer = [("p", ">a\nTTACGUT\n..(..).\n"), ("n", ">n\nACGUACGU\n........\n")];
    let anchored = read(&longer, OF_TWO, &format!("{alone}\nanchor = 4")).unwrap();
    assert_eq!(anchored[0], whole[0]);
}

#[test]
fn a_structure_that_is_missing_or_does_not_fit_is_an_error() {
    let structured = "positives = [{ sequences = \"p\", structures = \"s\" }]\nnegatives = [\"n\"]";
    let said = |structures: &str| {
        let files = [("p", ">a\nACGU\n>b\nGGAA\n"), ("s", structures), ("n", "")];
        read(&files, OF_TWO, structured).unwrap_err().to_string()
    };
    assert!(said(">a\nACGU\n(..)\n").contains("no structure for sequence \"b\""));
    assert!(said(">a\nACG\n(.)\n").contains("3 letters"));
    let alone = "positives = [\"p\"]\nnegatives = [\"p\"]";
    assert!(read(&[("p", ">a\nACGU\n>b\nGGAA\n")], OF_TWO, alone).is_err());
}

#[test]
fn sequences_without_a_window_are_left_out_and_none_at_all_is_an_error() {
    let text = ">a\nACGU\n(..)\n>b\nGGA\n...\n>c\nGGAAA\n.....\n";
    let alone = "positives = [\"p\"]\nnegatives = [\"p\"]";
    assert_eq!(read(&[("p", text)], OF_TWO, alone).unwrap().len(), 2);
    let none = &text[text.find(">b").unwrap()..];
    let said = read(&[("p", none)], OF_TWO, alone).unwrap_err().to_string();
    assert!(said.contains("none of 2") && said.contains("1 too long, 1 too short"), "{said}");
}

const OF_THREE: &str = "classes = 3\noutput = \"sigmoid\"\nalphabet = \"ACGU\"";

#[test]
fn a_sequence_has_the_classes_of_its_header() {
    let labelled = "labelled = [\"l\"]";
    let text = ">0,2\nACGU\n>x class:1\nGGGG\n>y class:\nAAAA\n";
    let all = read(&[("l", text)], OF_THREE, labelled).unwrap();
    let classes: Vec<Vec<usize>> = all.into_iter().map(|example| example.2).collect();
    assert_eq!(classes, [vec![0, 2], vec![1], vec![]]);
    let said = read(&[("l", ">0,3\nACGU\n")], OF_THREE, labelled).unwrap_err().to_string();
    assert!(said.contains("sequence \"0,3\"") && said.contains("class 3"), "{said}");
    let softmax = "classes = 3\nalphabet = \"ACGU\"";
    assert!(read(&[("l", text)], softmax, labelled).unwrap_err().to_string().contains("sigmoid"));
}

#[test]
fn a_sequence_in_the_files_of_several_classes_is_of_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("a", "ACGU\nGGGG\n"), ("b", "GGGG\nAAAA\n"), ("c", "acgu\nggggg\nCCCC\n")]
    {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let mut config = config(folder.path(), OF_THREE, "");
    let class = |name: &str| super::super::config::Class {
        name: name.into(),
        files: vec![ExampleFile::Alone(name.into())],
        validation: Vec::new(),
    };
    config.class = ["a", "b", "c"].map(class).to_vec();
    let examples = Examples::read(&config).unwrap();
    let classes: Vec<Vec<usize>> = examples.all.iter().map(|e| e.classes.clone()).collect();
    assert_eq!(classes, [vec![0, 2], vec![0, 1], vec![1], vec![2]]);
    // Numbered in the order of the sets.
    assert_eq!(examples.strata(), [1, 0, 2, 3]);
}
