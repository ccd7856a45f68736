use super::*;
use crate::genome::contigs::Contigs;
use proptest::prelude::*;

fn genome() -> Genome {
    let mut contigs = Contigs::default();
    contigs.push("c".into(), 2_000);
    contigs.push("out".into(), 2_000);
    Genome { contigs, codes: vec![vec![0; 2_000], Vec::new()] }
}

fn read(text: &str, counts: &str, gene: GeneOf<'_>) -> Result<Vec<CountedSite>> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    read_counts(file.path(), &genome(), counts, gene)
}

#[test]
fn sites_without_a_gene_and_of_contigs_left_out_do_not_count() {
    let text = "contig\toffset\tstrand\tgene\treads\nc\t700\t+\tG\t5\nc\t900\t-\tNA\t5\nout\t700\t+\tG\t5\n";
    let sites = read(text, "reads", GeneOf::Column("gene")).unwrap();
    assert_eq!(sites.len(), 1);
    assert_eq!((sites[0].place.position, sites[0].count, sites[0].gene.as_str()), (700, 5.0, "G"));
}

#[test]
fn the_annotation_gives_the_gene_of_a_cluster_on_its_strand() {
    let gtf = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        gtf.path(),
        "c\tx\texon\t501\t600\t.\t+\t.\tgene_id \"G\"; transcript_id \"T\";\n",
    )
    .unwrap();
    let text = "contig\tcluster_start\tcluster_end\tstrand\trepresentative_offset\ttpm\n\
                c\t540\t560\t+\t550\t0.25\nc\t700\t710\t+\t705\t2\nc\t540\t560\t-\t550\t9\nc\t10\t20\t+\t15\t9\n";
    let sites = read(text, "tpm", GeneOf::Annotation(gtf.path())).unwrap();
    let found: Vec<_> =
        sites.iter().map(|s| (s.place.position, s.count, s.gene.as_str())).collect();
    assert_eq!(found, [(550, 0.25, "G"), (705, 2.0, "G")]);
}

#[test]
fn wrong_counts_are_refused_with_their_line() {
    let head = "contig\toffset\tstrand\tgene\treads\n";
    for (text, told) in [
        (format!("{head}c\t700\t+\tG\tmany\n"), "line 2: reads \"many\""),
        (format!("{head}c\t700\t+\tG\t-1\n"), "line 2: reads \"-1\""),
        (format!("{head}c\t700\t+\tG\n"), "no column reads"),
        ("contig\toffset\tstrand\treads\nc\t700\t+\t5\n".into(), "no column gene"),
        ("c\t700\t701\tx\t0\t+\n".into(), "no header"),
        (head.into(), "no sites with a gene"),
    ] {
        let said = read(&text, "reads", GeneOf::Column("gene")).unwrap_err().to_string();
        assert!(said.contains(told), "{said}");
    }
}

#[test]
fn unknown_bases_and_contig_ends_make_a_window_incomplete() {
    let mut genome = genome();
    genome.codes[0][1_000] = UNKNOWN;
    let site = |strand, position| CountedSite {
        place: Place { contig: 0, strand, position },
        count: 1.0,
        gene: "G".into(),
        terminal: None,
    };
    let whole =
        |strand, position| !complete(vec![site(strand, position)], &genome, 120, 240).is_empty();
    // [p-120, p+120) on the plus strand, [p-119, p+121) on the other.
    for (strand, first, before, after) in
        [(Strand::Plus, 120, 880, 1_121), (Strand::Minus, 119, 879, 1_120)]
    {
        assert!(whole(strand, first) && !whole(strand, first - 1));
        assert!(whole(strand, before) && !whole(strand, before + 1));
        assert!(whole(strand, after) && !whole(strand, after - 1));
    }
}

proptest! {
    #[test]
    fn pairs_are_of_one_gene_apart_and_ordered_by_their_counts(
        sites in prop::collection::vec((0usize..400, 0u8..40, 0u8..3, any::<bool>()), 2..12),
        floor in 1u8..6,
    ) {
        let floor = f64::from(floor);
        let site = |&(position, count, gene, minus): &(usize, u8, u8, bool)| CountedSite {
            place: Place { contig: 0, strand: Strand::BOTH[usize::from(minus)], position },
            count: count.into(),
            gene: gene.to_string(),
            terminal: None,
        };
        let sites: Vec<CountedSite> = sites.iter().map(site).collect();
        let found: Vec<Pair> = genes(&sites).iter().flat_map(|gene| pairs(&sites, gene, floor)).collect();
        let mut expected = 0;
        for (i, a) in sites.iter().enumerate() {
            for b in &sites[i + 1..] {
                let same = a.gene == b.gene && a.place.strand == b.place.strand;
                let apart = a.place.position.abs_diff(b.place.position) >= APART;
                expected += usize::from(same && apart && a.count.max(b.count) > floor);
            }
        }
        prop_assert_eq!(found.len(), expected);
        for Pair { more, less, difference } in found {
            let ratio = sites[more].count / sites[less].count.max(floor);
            prop_assert!(difference >= 0.0 && (difference.exp2() - ratio).abs() < 1e-9);
        }
    }
}

#[test]
fn log_odds_are_among_the_sites_of_a_genes_terminal_exon() {
    let text = "contig\toffset\tstrand\tgene\treads\tfeature\n\
                c\t100\t+\tG,H\t30\tterminal_exon\n\
                c\t300\t+\tG\t10\textended_terminal_exon\n\
                c\t500\t+\tG\t900\tintron_composite\n\
                c\t700\t+\tG\t4\tterminal_exon\n\
                c\t900\t+\tF\t3\tterminal_exon\n";
    let sites = read(text, "reads", GeneOf::Column("gene")).unwrap();
    let odds = |n: f64| Some(((n + 1.0) / (40.0 - n + 1.0)).log2());
    let expected = [odds(30.0), odds(10.0), None, odds(4.0), None];
    assert_eq!(log_odds(&sites, 10.0), expected);
    let alone = log_odds(&sites, 3.0)[4];
    assert_eq!(alone, Some(4f64.log2()));
    // Nothing says where they lie: all are of the terminal exon.
    let unknown: Vec<CountedSite> =
        sites.into_iter().map(|site| CountedSite { terminal: None, ..site }).collect();
    assert_eq!(log_odds(&unknown, 10.0)[0], Some((31f64 / 901.0).log2()));
}
