//! What genome browsers open: a track hub for UCSC's, a session for IGV. Both name the files beside
//! them.

use std::fmt::Write as _;

use super::bed::colour;
use super::markup::escaped;
use crate::genome::strand::Strand;

/// What follows `PREFIX.` in the names of the files.
pub const ENDINGS: [&str; 4] = ["hub.txt", "genomes.txt", "trackDb.txt", "igv.xml"];

/// Letters of a short label, as the hubs' format recommends.
const SHORT: usize = 17;

/// What a file of results shows, in the order of the tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown {
    Sites,
    Cleavage(Strand),
    Probability(Strand),
}

/// The results of one sample on one genome.
pub struct Hub<'a> {
    /// As the files are called.
    pub sample: &'a str,
    /// UCSC's name of the assembly.
    pub genome: &'a str,
    /// Names of the files, without folders.
    pub files: Vec<(Shown, String)>,
}

impl Shown {
    /// Returns a name that is unique within a hub, of letters that every browser takes.
    fn name(self) -> String {
        match self {
            Self::Sites => "sites".to_owned(),
            Self::Cleavage(strand) => format!("{}_cleavage", strand.name()),
            Self::Probability(strand) => format!("{}_probability", strand.name()),
        }
    }

    fn short(self) -> String {
        match self {
            Self::Sites => "polyA sites".to_owned(),
            Self::Cleavage(strand) => format!("cleavage {strand}"),
            Self::Probability(strand) => format!("probability {strand}"),
        }
    }

    fn long(self) -> String {
        match self {
            Self::Sites => "polyA sites".to_owned(),
            Self::Cleavage(strand) => format!("cleavage at each nucleotide, {strand} strand"),
            Self::Probability(strand) => {
                format!("probability that RNA is cut near, {strand} strand")
            }
        }
    }

    fn colour(self) -> &'static str {
        match self {
            Self::Sites => "0,0,0",
            Self::Cleavage(strand) | Self::Probability(strand) => colour(strand),
        }
    }
}

impl Hub<'_> {
    /// Returns the texts of the files, in the order of [`ENDINGS`].
    pub fn texts(&self) -> [String; ENDINGS.len()] {
        [self.hub(), self.genomes(), self.tracks(), self.session()]
    }

    /// The sample's name, of which no letter ends a line.
    fn label(&self) -> String {
        self.sample.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    }

    fn hub(&self) -> String {
        let (label, short) = (self.label(), first(&self.label(), SHORT));
        let genomes = in_url(&format!("{}.{}", self.sample, ENDINGS[1]));
        format!(
            "hub polyascan_{}\nshortLabel {short}\nlongLabel polyA sites of {label}, predicted by polyascan {}\n\
             genomesFile {genomes}\nemail nobody@example.org\n",
            plain(self.sample),
            env!("CARGO_PKG_VERSION")
        )
    }

    fn genomes(&self) -> String {
        let tracks = in_url(&format!("{}.{}", self.sample, ENDINGS[2]));
        format!("genome {}\ntrackDb {tracks}\n", self.genome)
    }

    fn tracks(&self) -> String {
        let (parent, label) = (format!("polyascan_{}", plain(self.sample)), self.label());
        let mut text = format!(
            "track {parent}\nsuperTrack on show\nshortLabel {}\nlongLabel {label}: polyA sites, predicted by polyascan\n",
            first(&label, SHORT)
        );
        for (priority, (shown, file)) in (1..).zip(&self.files) {
            let (name, short, long) = (shown.name(), shown.short(), shown.long());
            let own = match shown {
                Shown::Sites => {
                    "type bigBed 9 +\nvisibility pack\nitemRgb on\nlabelFields name,gene,signal\n\
                     mouseOver $name $gene $feature, posterior $posterior, strength $strength, signal $signal\n"
                }
                Shown::Cleavage(_) | Shown::Probability(_) => {
                    "type bigWig 0 1\nvisibility full\nviewLimits 0:1\nautoScale off\nalwaysZero on\n\
                     maxHeightPixels 100:40:8\n"
                }
            };
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "\ntrack {parent}_{name}\nparent {parent}\nbigDataUrl {}\nshortLabel {short}\nlongLabel {label}: {long}\n\
                 {own}color {}\npriority {priority}\n",
                in_url(file),
                shown.colour()
            );
        }
        text
    }

    fn session(&self) -> String {
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Session genome=\"{}\" version=\"8\">\n  <Resources>\n",
            escaped(self.genome)
        );
        for (_, file) in &self.files {
            let _ = writeln!(text, "    <Resource path=\"{}\"/>", escaped(file));
        }
        text += "  </Resources>\n  <Panel name=\"DataPanel\">\n";
        for (shown, file) in &self.files {
            let (id, colour) = (escaped(file), shown.colour());
            let name = escaped(&format!("{} {}", self.label(), shown.short()));
            let _ = match shown {
                Shown::Sites => writeln!(
                    text,
                    "    <Track id=\"{id}\" name=\"{name}\" displayMode=\"EXPANDED\" visible=\"true\"/>"
                ),
                Shown::Cleavage(_) | Shown::Probability(_) => writeln!(
                    text,
                    "    <Track id=\"{id}\" name=\"{name}\" autoScale=\"false\" color=\"{colour}\" height=\"40\" \
                     renderer=\"BAR_CHART\" windowFunction=\"max\" visible=\"true\">\n      <DataRange baseline=\"0.0\" \
                     minimum=\"0.0\" maximum=\"1.0\" drawBaseline=\"true\" flipAxis=\"false\" type=\"LINEAR\"/>\n    \
                     </Track>"
                ),
            };
        }
        text + "  </Panel>\n</Session>\n"
    }
}

/// Returns the first letters of a text.
fn first(text: &str, letters: usize) -> String {
    text.chars().take(letters).collect()
}

/// Returns a name as part of a track's, which has letters, digits and underscores only.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// Returns a name as part of an address.
fn in_url(name: &str) -> String {
    let mut url = String::new();
    for byte in name.bytes() {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'_' | b'-' | b'~' => {
                url.push(char::from(byte));
            }
            // Writing to a String cannot fail.
            other => drop(write!(url, "%{other:02X}")),
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(sample: &str) -> Hub<'_> {
        let file = |ending: &str| format!("{sample}.{ending}");
        let files = vec![
            (Shown::Sites, file("sites.bb")),
            (Shown::Cleavage(Strand::Plus), file("plus.cleavage.bw")),
            (Shown::Probability(Strand::Minus), file("minus.probability.bw")),
        ];
        Hub { sample, genome: "hg38", files }
    }

    #[test]
    fn a_hub_names_its_files_in_the_order_of_its_tracks() {
        let [main, genomes, tracks, _] = hub("x").texts();
        assert!(main.contains("\ngenomesFile x.genomes.txt\n"), "{main}");
        assert_eq!(genomes, "genome hg38\ntrackDb x.trackDb.txt\n");
        let of = |key: &str| -> Vec<String> {
            let values = tracks.lines().filter_map(|line| line.strip_prefix(key));
            values.map(|value| value.trim().to_owned()).collect()
        };
        assert_eq!(
            of("bigDataUrl"),
            ["x.sites.bb", "x.plus.cleavage.bw", "x.minus.probability.bw"]
        );
        assert_eq!(of("priority"), ["1", "2", "3"]);
        assert_eq!(of("viewLimits"), ["0:1"; 2]);
        assert_eq!(of("type"), ["bigBed 9 +", "bigWig 0 1", "bigWig 0 1"]);
        assert!(of("shortLabel").iter().all(|label| label.chars().count() <= SHORT));
    }

    #[test]
    fn no_name_of_a_sample_ends_a_line_or_an_attribute() {
        let [main, genomes, tracks, session] = hub("a b\nemail \"x\"&<é>").texts();
        assert_eq!(main.lines().count(), 5, "{main}");
        assert_eq!(genomes.lines().count(), 2);
        assert!(
            tracks.contains("bigDataUrl a%20b%0Aemail%20%22x%22%26%3C%C3%A9%3E.sites.bb\n"),
            "{tracks}"
        );
        assert!(tracks.contains("track polyascan_a_b_email__x______plus_cleavage\n"), "{tracks}");
        assert!(session.contains("&quot;x&quot;&amp;&lt;"), "{session}");
        assert_eq!(session.matches("<Track ").count(), 3);
    }
}
