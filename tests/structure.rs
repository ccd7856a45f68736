//! Structure labels are those that pysster gives.

use std::fs;

use polyascan::structure::label;

use crate::support::*;

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn loop_labels_equal_those_of_pysster() {
    let golden = shared("golden/pysster_NOVA.json");
    let golden: serde_json::Value = serde_json::from_slice(&fs::read(golden).unwrap()).unwrap();
    let texts = |key: &str| -> Vec<String> {
        golden[key].as_array().unwrap().iter().map(|s| s.as_str().unwrap().to_owned()).collect()
    };
    let mut compared = 0;
    for (dot_bracket, expected) in texts("mfe").iter().zip(texts("structs")) {
        let labels = label(dot_bracket.as_bytes()).unwrap();
        assert_eq!(labels.len(), expected.len());
        for (i, (&ours, theirs)) in labels.iter().zip(expected.bytes()).enumerate() {
            // pysster replaced F and T, which the model does not know, at random.
            if !b"FT".contains(&ours) {
                assert_eq!(ours as char, theirs as char, "position {i} of {dot_bracket}");
                compared += 1;
            }
        }
    }
    assert!(compared > 30_000, "{compared}");
}
