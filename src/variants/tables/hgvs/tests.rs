use super::*;

fn read(text: &str) -> Result<Edit, RowReason> {
    let stated = parse(text).unwrap_or_else(|| panic!("not HGVS: {text}"))?;
    assert_eq!(stated.contig, "NC_000002.12");
    match stated.what {
        What::Edit(edit) => Ok(edit),
        other => panic!("{text}: {other:?}"),
    }
}

fn edit(range: std::ops::Range<u64>, stated: Option<&str>, becomes: Becomes) -> Edit {
    Edit { range, stated: stated.map(|letters| letters.into()), becomes }
}

#[test]
fn every_form_is_a_stretch_that_becomes_another() {
    let letters = |text: &str| Becomes::Letters(text.into());
    for (text, expected) in [
        ("165389311C>T", edit(165389310..165389311, Some("C"), letters("T"))),
        ("5c>t", edit(4..5, Some("C"), letters("T"))),
        ("5_6AC>TG", edit(4..6, Some("AC"), letters("TG"))),
        ("5del", edit(4..5, None, letters(""))),
        ("5delA", edit(4..5, Some("A"), letters(""))),
        ("5_7del", edit(4..7, None, letters(""))),
        ("5_7delACG", edit(4..7, Some("ACG"), letters(""))),
        ("5_7del3", edit(4..7, None, letters(""))),
        ("5_6insACG", edit(5..5, None, letters("ACG"))),
        ("5dup", edit(4..5, None, Becomes::Twice)),
        ("5_7dupACG", edit(4..7, Some("ACG"), Becomes::Twice)),
        ("5_7inv", edit(4..7, None, Becomes::Inverse)),
        ("5delinsTT", edit(4..5, None, letters("TT"))),
        ("5_7delinsT", edit(4..7, None, letters("T"))),
        ("5_7delACGinsT", edit(4..7, Some("ACG"), letters("T"))),
        ("5=", edit(4..5, None, Becomes::Same)),
        ("5_6AC=", edit(4..6, Some("AC"), Becomes::Same)),
    ] {
        for kind in ["g.", "m.", "o."] {
            assert_eq!(read(&format!("NC_000002.12:{kind}{text}")), Ok(expected.clone()), "{text}");
        }
    }
}

#[test]
fn what_is_not_read_says_why() {
    for (text, reason) in [
        ("g.0C>T", RowReason::HgvsRange),
        ("g.7_5del", RowReason::HgvsRange),
        ("g.5_7insA", RowReason::HgvsRange),
        ("g.5insA", RowReason::HgvsRange),
        ("g.99999999999999999999del", RowReason::HgvsRange),
        ("g.2147483648del", RowReason::HgvsRange),
        ("g.5_7delAC", RowReason::HgvsLetters),
        ("g.5dupAC", RowReason::HgvsLetters),
        ("g.5AC>T", RowReason::HgvsLetters),
        ("g.5>T", RowReason::HgvsForm),
        ("g.5C>", RowReason::HgvsForm),
        ("g.5_6ins", RowReason::HgvsForm),
        ("g.5_6ins10", RowReason::HgvsForm),
        ("g.(5_7)del", RowReason::HgvsForm),
        ("g.5_7[12]", RowReason::HgvsForm),
        ("g.5CAG[12]", RowReason::HgvsForm),
        ("g.[5C>T;9A>G]", RowReason::HgvsForm),
        ("g.?", RowReason::HgvsForm),
        ("g.", RowReason::HgvsForm),
        ("g.5", RowReason::HgvsForm),
        ("c.5C>T", RowReason::NotGenomic),
        ("p.Val600Glu", RowReason::NotGenomic),
    ] {
        assert_eq!(read(&format!("NC_000002.12:{text}")), Err(reason), "{text}");
    }
    assert_eq!(parse(":g.5C>T"), Some(Err(RowReason::NoPosition)));
    for text in ["chr1:5:A:G", "rs1", "NC_000002.12", "", "g.5C>T", "HLA-A*01:01"] {
        assert_eq!(parse(text), None, "{text}");
    }
    let allele = parse("HLA-A*01:01:g.5C>T").unwrap().unwrap();
    assert_eq!(allele.contig, "HLA-A*01:01");
}
