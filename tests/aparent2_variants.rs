//! APARENT2's own scores of variants: what two frames laid around the signal say, with the allele
//! and without.

use std::path::Path;

use polyascan::engine::device::Workers;
use polyascan::genome::sequence::{encode, reverse_complement, stretch};
use polyascan::models::aparent2::HEXAMER;
use polyascan::models::aparent2::weights::LENGTH;
use polyascan::models::architecture::ConvertOptions;
use polyascan::models::{Model, Window, convert, registry};

use crate::mutagenesis::{rows, table};
use crate::support::*;

const NARROW: usize = 1;
const WIDE: usize = 2;

/// Converts the authors' file.
fn converted(folder: &Folder) -> String {
    let keras = shared("models/aparent2_resnet_no_clinvar_wt_ep_5.h5");
    let path = folder.at("aparent2.safetensors");
    convert::convert(&keras, Path::new(&path), &ConvertOptions::default()).unwrap();
    path
}

/// The frame of a sequence (codes) whose signal begins, in transcript direction, at a position
/// (0-based).
fn frame(codes: &[u8], strand: &str, position: usize) -> Vec<u8> {
    match strand {
        "+" => stretch(codes, position as isize - HEXAMER as isize, LENGTH),
        _ => {
            let start = position as isize - (LENGTH - 1 - HEXAMER) as isize;
            reverse_complement(&stretch(codes, start, LENGTH))
        }
    }
}

/// The log-odds (narrow, wide) of the frames of both alleles.
fn predicted(model: &dyn Model, frames: &[Vec<u8>; 2]) -> [[f64; 2]; 2] {
    let windows = frames.each_ref().map(|frame| Window::from(frame.as_slice()));
    let values = model.predict(&windows).unwrap().values;
    [NARROW, WIDE].map(|output| [0, 1].map(|i| f64::from(values[output][i])))
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn variants_and_mutagenesis_say_what_frames_around_the_signal_say() {
    let folder = Folder::new();
    let model_file = converted(&folder);
    let model = registry::load(&model_file, &Workers::CPU).unwrap();
    let genome = simulate(&folder.at("sim"), 20_000, 6, 1, 3);
    let (contig, sequence) = read_fasta(&genome).remove(0);
    let signals = ["AATAAA", "TTTATT"].map(|hexamer| {
        let at = sequence[1_000..19_000].find(hexamer).unwrap() + 1_000;
        [at - 30, at + 2, at + 3, at + 40]
    });
    let mut positions: Vec<usize> = signals.concat();
    positions.sort_unstable();
    positions.retain(|&at| "ACGT".contains(&sequence[at..=at]));
    let other = |letter: &str| if letter == "C" { "G" } else { "C" };
    let row = |&at: &usize| {
        let letter = &sequence[at..=at];
        format!("{contig}\t{}\t.\t{letter}\t{}\t.\t.\t.\n", at + 1, other(letter))
    };
    let header = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
    let vcf =
        folder.file("x.vcf", header.to_owned() + &positions.iter().map(row).collect::<String>());
    let args = ["variants", &vcf, "--fasta", &genome, "--model", &model_file];
    let found = records(&String::from_utf8(run(args)).unwrap());
    let codes = encode(sequence.as_bytes()).unwrap();
    let mut compared = 0;
    for (record, &at) in found.iter().zip(&positions) {
        let mut changed = codes.clone();
        changed[at] = encode(other(&sequence[at..=at]).as_bytes()).unwrap()[0];
        for entry in record.info["PolyA_signals"].split(',') {
            let parts: Vec<&str> = entry.split('|').collect();
            let position = parts[2].parse::<usize>().unwrap() - 1;
            let frames = [&codes, &changed].map(|codes| frame(codes, parts[1], position));
            assert_ne!(frames[0], frames[1], "{entry}: the frame does not hold the variant");
            let hexamer = |frame: &[u8]| frame[HEXAMER..HEXAMER + 6].to_vec();
            for (i, signal) in [parts[3], parts[4]].into_iter().enumerate() {
                let there = encode(signal.as_bytes()).ok().filter(|_| signal != ".");
                assert!(there.is_none_or(|there| there == hexamer(&frames[i])), "{entry}");
            }
            let values: Vec<f64> = parts[5..].iter().map(|part| part.parse().unwrap()).collect();
            let [narrow, wide] = predicted(model.as_ref(), &frames);
            let expected = [narrow, wide].map(|[a, b]| [a, b, b - a]).concat();
            for (value, expected) in values.iter().zip(expected) {
                assert!((value - expected).abs() < 1e-4, "{entry}: {expected}");
            }
            compared += 1;
        }
    }
    assert!(compared > positions.len(), "{compared}");

    // The same of a site's signal in the table of mutagenesis.
    let region = format!("{contig}:{}-{}", signals[0][1] + 1, signals[0][1] + 1);
    let prefix = folder.at("m");
    run(["mutagenesis", "-f", &genome, "-r", &region, "--model", &model_file, "-o", &prefix]);
    let mut compared = 0;
    for row in rows(&table(&prefix)) {
        let delta = row["delta_logodds_narrow"].as_str();
        if delta == "." {
            continue;
        }
        let (delta, wide): (f64, f64) =
            (delta.parse().unwrap(), row["delta_logodds"].parse().unwrap());
        let mut changed = codes.clone();
        changed[signals[0][1]] = encode(row["alt"].as_bytes()).unwrap()[0];
        let near = |position: &usize| {
            let frames = [&codes, &changed].map(|codes| frame(codes, &row["strand"], *position));
            let said = predicted(model.as_ref(), &frames).map(|[a, b]| b - a);
            (said[0] - delta).abs() < 1e-3 && (said[1] - wide).abs() < 1e-3
        };
        let site: usize = row["site"].parse().unwrap();
        assert!((site - 60..site + 60).any(|position| near(&position)), "{row:?}");
        compared += 1;
    }
    assert!(compared > 0);
}
