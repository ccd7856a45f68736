//! Tables of kernels, tab-separated, with a line of column names.

use std::fmt::Write as _;

use super::clusters::Clusters;
use super::{Found, Peaks, Profiles, Study};
use crate::interpret::tables::{Table, number, number_or_none};
use crate::output::logo::information;

/// What the columns of all tables mean, for their headers.
pub const REMARKS: [&str; 3] = [
    "activation: of a kernel after the ReLU, the greatest of a sequence; position: nt from the sequence's first base (1) to the kernel's",
    "limit: greatest of the classes' mean activations; importance: that less the least of them; above: sequences at or above the limit",
    "enrichment: log2 odds of being above against the other classes; p: hypergeometric, times kernels and classes",
];

/// Everything that tables and pictures are made of.
pub struct Results<'a> {
    pub study: &'a Study<'a>,
    pub peaks: &'a Peaks,
    pub found: &'a [Found],
    pub profiles: &'a Profiles,
    pub clusters: &'a Clusters,
    /// Kernels, the most important first.
    pub ranked: &'a [usize],
}

impl Results<'_> {
    /// Returns a kernel's name.
    pub fn name(&self, kernel: usize) -> &str {
        &self.study.kernels[kernel].name
    }

    fn names(&self, plain: &[&str], of_each: &[&str]) -> Vec<String> {
        let of_each = self
            .study
            .classes
            .iter()
            .flat_map(|class| of_each.iter().map(move |name| format!("{name}_{class}")));
        plain.iter().map(|&name| name.to_owned()).chain(of_each).collect()
    }

    /// A row for each kernel, the most important first.
    pub fn kernels(&self) -> String {
        let plain = [
            "rank",
            "kernel",
            "width_nt",
            "importance",
            "limit",
            "limit_class",
            "sequences_above",
            "sequences_aligned",
            "consensus_sequence",
            "bits_sequence",
            "consensus_structure",
            "bits_structure",
        ];
        let each = ["sequences", "mean_activation", "above", "log2_enrichment", "p_corrected"];
        let mut table = Table::new(&self.names(&plain, &each));
        for (rank, &kernel) in self.ranked.iter().enumerate() {
            let found = &self.found[kernel];
            let of = |track: &str| {
                let motif = found.motifs.iter().find(|motif| motif.track.name == track);
                let dot = || ".".to_owned();
                let consensus = motif.map_or_else(dot, |motif| motif.consensus());
                [consensus, number_or_none(motif.map(|motif| motif.information()))]
            };
            let mut row = vec![
                (rank + 1).to_string(),
                self.name(kernel).to_owned(),
                self.study.banks[self.study.kernels[kernel].bank].width.to_string(),
                format!("{:.6}", found.importance),
                format!("{:.6}", found.limit),
                self.study.classes[found.class].clone(),
                found.above.len().to_string(),
                found.aligned.len().to_string(),
            ];
            row.extend(of("sequence").into_iter().chain(of("structure")));
            for class in &found.classes {
                row.extend([
                    class.sequences.to_string(),
                    format!("{:.6}", class.mean),
                    class.above.to_string(),
                    number(class.enrichment),
                    format!("{:.3e}", class.p),
                ]);
            }
            table.row(&row);
        }
        table.text()
    }

    /// A row for each letter at each position of each motif: its share, and its height in a logo.
    pub fn motifs(&self) -> String {
        let columns = ["kernel", "track", "position", "letter", "share", "height_bits"];
        let mut table = Table::new(&columns.map(str::to_owned));
        for &kernel in self.ranked {
            for motif in &self.found[kernel].motifs {
                for (position, shares) in motif.shares().iter().enumerate() {
                    let bits = information(shares);
                    for (letter, share) in motif.track.letters.chars().zip(shares) {
                        table.row(&[
                            self.name(kernel).to_owned(),
                            motif.track.name.to_owned(),
                            (position + 1).to_string(),
                            letter.to_string(),
                            format!("{share:.6}"),
                            number(share * bits),
                        ]);
                    }
                }
            }
        }
        table.text()
    }

    /// A row for each sequence above a kernel's limit: where the kernel lies, and what it reads
    /// there.
    pub fn aligned(&self) -> String {
        let tracks = &self.study.network.letters().tracks;
        let names: Vec<&str> = tracks.iter().map(|track| track.name).collect();
        let plain = ["kernel", "class", "name", "position", "activation", "in_motif"];
        let columns: Vec<String> = plain.into_iter().chain(names).map(str::to_owned).collect();
        let mut text = format!("#{}\n", columns.join("\t"));
        for &kernel in self.ranked {
            let (name, found) = (self.name(kernel), &self.found[kernel]);
            let bank = &self.study.banks[self.study.kernels[kernel].bank];
            for &sequence in &found.above {
                let labelled = &self.study.sequences[sequence];
                let at = self.peaks.place(sequence, kernel);
                let is_aligned = found.aligned.binary_search(&sequence).is_ok();
                let _ = write!(
                    text,
                    "{name}\t{}\t{}\t{}\t{:.6}\t{}",
                    self.study.classes[labelled.class],
                    labelled.name,
                    at + 1,
                    self.peaks.value(sequence, kernel),
                    if is_aligned { "yes" } else { "no" }
                );
                let read = self.study.read(sequence);
                for (number, track) in tracks.iter().enumerate() {
                    let is_read = bank.tracks.contains(&number);
                    let letters = track.text(&read[number][at..at + bank.width]);
                    let _ = write!(text, "\t{}", if is_read { letters.as_str() } else { "." });
                }
                text.push('\n');
            }
        }
        text
    }

    /// A row for each position of each kernel and class: how many sequences above the limit have
    /// their greatest activation there, and the mean and standard deviation of all their
    /// activations.
    pub fn positions(&self) -> String {
        let columns = ["kernel", "class", "position", "maxima", "mean_activation", "sd_activation"];
        let mut text = format!("#{}\n", columns.join("\t"));
        for &kernel in self.ranked {
            for (class, name) in self.study.classes.iter().enumerate() {
                for (place, maxima) in self.profiles.maxima[kernel][class].iter().enumerate() {
                    let mean = self.profiles.mean(kernel, class, place);
                    let (mean, deviation) = (mean.map(|mean| mean.0), mean.map(|mean| mean.1));
                    let [mean, deviation] = [mean, deviation].map(number_or_none);
                    let (kernel, at) = (self.name(kernel), place + 1);
                    let _ = writeln!(text, "{kernel}\t{name}\t{at}\t{maxima}\t{mean}\t{deviation}");
                }
            }
        }
        text
    }

    /// A row for each kernel and class: how its activations spread.
    pub fn activations(&self) -> String {
        let columns = [
            "kernel",
            "class",
            "sequences",
            "mean",
            "least",
            "quarter",
            "median",
            "three_quarters",
            "greatest",
        ];
        let mut table = Table::new(&columns.map(str::to_owned));
        for &kernel in self.ranked {
            for (name, class) in self.study.classes.iter().zip(&self.found[kernel].classes) {
                let mut row =
                    vec![self.name(kernel).to_owned(), name.clone(), class.sequences.to_string()];
                row.push(number(class.mean));
                row.extend(class.quantiles.map(number));
                table.row(&row);
            }
        }
        table.text()
    }

    /// A row for each sequence of the heat map, a column for each kernel, both in the order of
    /// their clusters: standard deviations from the kernel's mean activation.
    pub fn clusters(&self) -> String {
        let kernels =
            self.clusters.kernels.iter().map(|&kernel| format!("kernel_{}", self.name(kernel)));
        let columns: Vec<String> =
            ["name", "class"].into_iter().map(str::to_owned).chain(kernels).collect();
        let mut table = Table::new(&columns);
        for (column, &sequence) in self.clusters.sequences.iter().enumerate() {
            let labelled = &self.study.sequences[sequence];
            let mut row = vec![labelled.name.clone(), self.study.classes[labelled.class].clone()];
            row.extend(self.clusters.values.iter().map(|values| number(values[column])));
            table.row(&row);
        }
        table.text()
    }
}
