use super::*;
use crate::genome::annotation::{Annotation, Gene};
use crate::genome::strand::Strand;
use crate::output::bed::InContext;
use crate::scan::settings::Only;

fn contigs() -> Contigs {
    let mut contigs = Contigs::default();
    contigs.push("c".to_owned(), 100_000);
    contigs.push("d".to_owned(), 100_000);
    contigs
}

fn site(contig: usize, position: u64, strand: Strand) -> Site {
    Site {
        contig,
        position,
        strand,
        probability: 0.5,
        posterior: None,
        cleavage: 0.25,
        cluster: position..position + 1,
        entropy: 0.0,
        windows: 1,
        signal: None,
        gene: None,
        context: InContext::default(),
    }
}

#[derive(Default)]
struct Collected(Vec<Site>);

impl Sink for Collected {
    fn site(&mut self, site: &Site) -> Result<()> {
        self.0.push(site.clone());
        Ok(())
    }
}

fn genes(contigs: &Contigs) -> GeneContext {
    let gene = |strand, range: std::ops::Range<u64>| Gene {
        name: format!("G{}", range.start),
        id: String::new(),
        contig: 0,
        strand,
        transcripts: vec![vec![range.clone()]],
        range,
        open_ended: Vec::new(),
        biotype: None,
        transcript_ids: Vec::new(),
        coding_ends: Vec::new(),
    };
    let genes = (0..40).map(|number| {
        let strand = if number % 2 == 0 { Strand::Plus } else { Strand::Minus };
        gene(strand, number * 2_000 + 500..number * 2_000 + 2_300)
    });
    GeneContext::new(&Annotation { genes: genes.collect(), notes: Vec::new() }, contigs, 100)
}

/// What comes out of the stage, and the totals and remarks.
fn through(
    sites: &[Site],
    known: &KnownSites,
    settings: &ContextSettings,
) -> (Vec<Site>, ScanTotals, Vec<String>) {
    let contigs = contigs();
    let genes = genes(&contigs);
    let targets = Targets::new(&contigs, &Strand::BOTH, None, None);
    let (model, profile) = (ContextModel::built_in().unwrap(), Profile::default());
    let context = Context {
        contigs: &contigs,
        targets: &targets,
        genes: Some(&genes),
        model: &model,
        windows: None,
        strength: None,
        sites: None,
        known,
        settings,
        unscorable: 0,
        profile: &profile,
    };
    let mut collected = Collected::default();
    let mut stage = InContextSink::new(context, &mut collected, None);
    let mut totals = ScanTotals::default();
    for site in sites {
        stage.site(site).unwrap();
        totals.of_contig(site.contig).sites[site.strand.index()] += 1;
    }
    let notes = stage.finish(&mut totals).unwrap();
    (collected.0, totals, notes)
}

#[test]
fn all_sites_come_out_in_order_however_many_are_held() {
    let mut sites: Vec<Site> =
        (0..3_000).map(|i| site(0, 100 + i * 31, Strand::BOTH[usize::from(i % 3 == 0)])).collect();
    sites.extend((0..20).map(|i| site(1, i * 7, Strand::Plus)));
    let (found, totals, notes) =
        through(&sites, &KnownSites::default(), &ContextSettings::default());
    let places = |sites: &[Site]| -> Vec<(usize, u64, Strand)> {
        sites.iter().map(|site| (site.contig, site.position, site.strand)).collect()
    };
    assert_eq!(places(&found), places(&sites));
    assert_eq!(totals.sites(), 3_020);
    assert!(notes.is_empty());
}

#[test]
fn only_known_or_only_novel_sites_are_kept_and_counted() {
    let contigs = contigs();
    let mut known = KnownSites::default();
    known.add_ends(&genes(&contigs), false);
    known.finish(&contigs);
    // The first gene ends at 2299, 0-based.
    let sites = [site(0, 2_000, Strand::Plus), site(0, 2_310, Strand::Plus)];
    for (only, position) in [(Only::Known, 2_310), (Only::Novel, 2_000)] {
        let settings = ContextSettings { known_within: 24, only: Some(only), min_expressed: None };
        let (found, totals, notes) = through(&sites, &known, &settings);
        assert_eq!((found.len(), found[0].position, totals.sites()), (1, position, 1));
        let expected = (only == Only::Known).then(|| ("annotation".to_owned(), 11));
        assert_eq!(found[0].context.known, expected);
        assert!(notes[0].starts_with("1 sites are left out"), "{notes:?}");
    }
}
