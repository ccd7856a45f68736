use proptest::prelude::*;

use super::*;

fn labelled(structure: &str) -> String {
    String::from_utf8(label(structure.as_bytes()).unwrap()).unwrap()
}

#[test]
fn each_kind_of_loop_has_its_letter() {
    for (structure, labels) in [
        ("((((...))))", "SSSSHHHSSSS"),
        ("..((...))...", "FFSSHHHSSTTT"),
        ("((.((...))))", "SSISSHHHSSSS"),
        ("((((...)).))", "SSSSHHHSSISS"),
        ("((..((...)).))", "SSIISSHHHSSISS"),
        ("((.((.)).((.)).))", "SSMSSHSSMSSHSSMSS"),
        ("(((.))((.)))", "SSSHSSSSHSSS"),
        ("((.))..((.))", "SSHSSMMSSHSS"),
        (".((.))((.)).", "FSSHSSSSHSST"),
        ("(.(.(.).(.).).(.).)", "SMSMSHSMSHSMSMSHSMS"),
        ("()", "SS"),
        ("(())()", "SSSSSS"),
        (".....", "FFFFF"),
        ("", ""),
    ] {
        assert_eq!(labelled(structure), labels, "{structure}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_position() {
    for (structure, told) in [
        ("..((.)", "`(` at position 3 is never closed"),
        ("(.).)", "`)` at position 5 closes no `(`"),
        ("((.[[..)).]]", "`[` at position 4 marks a pseudoknot"),
        ("((.A)).a", "`A` at position 4 marks a pseudoknot"),
        ("((.,))", "`,` at position 4 is no dot-bracket"),
    ] {
        let said = label(structure.as_bytes()).unwrap_err();
        assert!(said.contains(told), "{structure}: {said}");
    }
}

#[test]
fn any_depth_is_labelled() {
    let structure = [vec![b'('; 200_000], vec![b'.'; 3], vec![b')'; 200_000]].concat();
    let labels = label(&structure).unwrap();
    assert_eq!(&labels[199_999..200_004], b"SHHHS");
}

/// The definition, by search: the innermost pair around each nucleotide, and the pairs inside that
/// no other pair separates from it.
fn by_search(structure: &[u8]) -> Vec<u8> {
    let n = structure.len();
    let partner = |i: usize| {
        let mut depth = 0;
        (i..n).find(|&j| {
            depth += i32::from(structure[j] == b'(') - i32::from(structure[j] == b')');
            depth == 0
        })
    };
    let pairs: Vec<(usize, usize)> =
        (0..n).filter(|&i| structure[i] == b'(').map(|i| (i, partner(i).unwrap())).collect();
    let innermost = |inside: (usize, usize)| {
        pairs.iter().filter(|p| p.0 < inside.0 && inside.1 < p.1).max_by_key(|p| p.0)
    };
    (0..n)
        .map(|i| match (structure[i], innermost((i, i))) {
            (b'(' | b')', _) => b'S',
            (_, Some(pair)) => {
                let inside = pairs.iter().filter(|p| innermost(**p) == Some(pair)).count();
                [b'H', b'I', b'M'][inside.min(2)]
            }
            _ if pairs.iter().all(|p| i < p.0) => b'F',
            _ if pairs.iter().all(|p| i > p.1) => b'T',
            _ => b'M',
        })
        .collect()
}

/// Any balanced structure: steps open a pair, close one, or leave a nucleotide unpaired.
fn structures() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(0u8..4, 0..80).prop_map(|steps| {
        let (mut structure, mut depth) = (Vec::new(), 0);
        for step in steps {
            match step {
                0 => {
                    structure.push(b'(');
                    depth += 1;
                }
                1 if depth > 0 => {
                    structure.push(b')');
                    depth -= 1;
                }
                _ => structure.push(b'.'),
            }
        }
        structure.resize(structure.len() + depth, b')');
        structure
    })
}

proptest! {
    #[test]
    fn labels_follow_the_definition(structure in structures()) {
        prop_assert_eq!(label(&structure).unwrap(), by_search(&structure));
    }
}
