//! Regions from BED files.

use std::path::Path;

use super::Region;
use crate::error::{Problem, Result, excerpt};
use crate::genome::compression::Source;
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;
use crate::genome::text_lines::TextLines;

/// Reads the regions of a plain, gzip or BGZF BED file of three or more columns, in file order,
/// with the strand of column 6 where it is there and not `.`. Comments, blank, `track` and
/// `browser` lines are skipped. Columns are separated by tabs, or by blanks in a line without tabs.
///
/// # Errors
/// A line that is no BED, an unknown contig, a region that is empty or reaches past its contig:
/// with line number.
///
/// ```
/// use polyascan::genome::{contigs::Contigs, region::read_bed, strand::Strand};
///
/// let mut contigs = Contigs::default();
/// contigs.push("chr9".to_owned(), 5_000);
/// let file = tempfile::NamedTempFile::new().unwrap();
/// std::fs::write(file.path(), "chr9\t0\t100\tname\t0\t-\n").unwrap();
/// let regions = read_bed(file.path(), &contigs).unwrap();
/// assert_eq!((regions[0].0.range.clone(), regions[0].1), (0..100, Some(Strand::Minus)));
/// ```
pub fn read_bed(path: &Path, contigs: &Contigs) -> Result<Vec<(Region, Option<Strand>)>> {
    read_bed_source(&Source::open(path)?, contigs)
}

/// As [`read_bed`], from a file that is open.
///
/// # Errors
/// As for [`read_bed`].
pub fn read_bed_source(
    source: &Source,
    contigs: &Contigs,
) -> Result<Vec<(Region, Option<Strand>)>> {
    read_bed_rows(source, contigs, |row| Ok((row.region.clone(), row.strand)))
}

/// A row of a BED file.
pub struct BedRow<'a> {
    /// Where it is.
    pub region: Region,
    /// Column 6, where there is one that says it.
    pub strand: Option<Strand>,
    /// All columns, as text.
    pub columns: &'a [&'a str],
    /// The names of the columns, where a line that begins with one `#` and has tabs stands above
    /// the first row.
    pub names: &'a [String],
}

/// Reads the rows of a BED file, as [`read_bed`] does, and what `take` makes of each.
///
/// # Errors
/// As for [`read_bed`], and what `take` finds wrong: with line number.
pub fn read_bed_rows<T>(
    source: &Source,
    contigs: &Contigs,
    mut take: impl FnMut(&BedRow<'_>) -> std::result::Result<T, Problem>,
) -> Result<Vec<T>> {
    let mut lines = TextLines::new(source);
    let (mut rows, mut names) = (Vec::new(), Vec::new());
    while let Some(line) = lines.next_line()? {
        let line = String::from_utf8_lossy(line);
        if is_remark(&line) {
            let header = line.strip_prefix('#').filter(|rest| !rest.starts_with('#'));
            if let Some(header) = header.filter(|header| rows.is_empty() && header.contains('\t')) {
                names = header.split('\t').map(|name| name.trim().to_owned()).collect();
            }
            continue;
        }
        let columns = columns_of(&line);
        let row = parse_line(&columns, contigs).and_then(|(region, strand)| {
            take(&BedRow { region, strand, columns: &columns, names: &names })
        });
        rows.push(row.map_err(|problem| lines.wrong(problem))?);
    }
    Ok(rows)
}

fn is_remark(line: &str) -> bool {
    let first = line.split_ascii_whitespace().next().unwrap_or_default();
    first.is_empty() || first.starts_with('#') || first == "track" || first == "browser"
}

fn columns_of(line: &str) -> Vec<&str> {
    if line.contains('\t') {
        line.split('\t').collect()
    } else {
        line.split_ascii_whitespace().collect()
    }
}

fn parse_line(
    columns: &[&str],
    contigs: &Contigs,
) -> std::result::Result<(Region, Option<Strand>), Problem> {
    let [name, start, end, ..] = *columns else {
        return Err("fewer than 3 columns; BED needs contig, start and end".into());
    };
    let contig = contigs.resolve(name).ok_or_else(|| {
        let name = excerpt(name);
        format!("contig {name:?} is not in the FASTA file, which has {}", contigs.examples(5))
    })?;
    let number = |text: &str| {
        text.parse::<u64>().map_err(|_| {
            format!("{:?} is not a position (a whole number, counted from 0)", excerpt(text))
        })
    };
    let range = number(start)?..number(end)?;
    if range.is_empty() {
        return Err(format!("the region {start}-{end} is empty; BED ends are exclusive").into());
    }
    let length = contigs[contig].length;
    if range.end > length {
        return Err(format!("the region ends at {end}, but {name} has {length} nt").into());
    }
    let strand = match columns.get(5) {
        None | Some(&".") => None,
        Some(text) => Some(text.parse::<Strand>()?),
    };
    Ok((Region { contig, range }, strand))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn contigs() -> Contigs {
        let mut contigs = Contigs::default();
        contigs.push("chr9".to_owned(), 1000);
        contigs.push("track1".to_owned(), 10);
        contigs
    }

    type Line = (usize, u64, u64, Option<Strand>);

    fn parse(bytes: &[u8]) -> Result<Vec<Line>> {
        let source = Source::from_stream(Path::new("x.bed"), bytes)?;
        let regions = read_bed_source(&source, &contigs())?.into_iter();
        Ok(regions.map(|(r, strand)| (r.contig, r.range.start, r.range.end, strand)).collect())
    }

    #[test]
    fn all_usual_forms_are_read() {
        let text = b"# remark\nbrowser position chr9\ntrack name=x\n\nchr9\t0\t1000\r\n9 5 6\n\
            chr9\t1\t2\tname\t0\t+\nchr9\t1\t2\tname\t0\t-\textra\nchr9\t1\t2\tname\t0\t.\ntrack1\t0\t10";
        let expected = [
            (0, 0, 1000, None),
            (0, 5, 6, None),
            (0, 1, 2, Some(Strand::Plus)),
            (0, 1, 2, Some(Strand::Minus)),
            (0, 1, 2, None),
            (1, 0, 10, None),
        ];
        assert_eq!(parse(text).unwrap(), expected);
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(text).unwrap();
        assert_eq!(parse(&writer.finish().unwrap()).unwrap(), expected);
    }

    #[test]
    fn errors_name_the_line() {
        for (line, told) in [
            ("chr9\t1", "fewer than 3 columns"),
            ("chrQ\t1\t2", "\"chrQ\" is not in the FASTA file, which has chr9, track1"),
            ("chr9\tx\t2", "\"x\" is not a position"),
            ("chr9\t-1\t2", "\"-1\" is not a position"),
            ("chr9\t2\t2", "is empty"),
            ("chr9\t3\t2", "is empty"),
            ("chr9\t0\t1001", "but chr9 has 1000 nt"),
            ("chr9\t0\t1\tn\t0\tplus", "neither + nor -"),
            ("\x01\x02", "fewer than 3"),
        ] {
            let text =
                parse(format!("#\nchr9\t1\t2\n{line}\n").as_bytes()).unwrap_err().to_string();
            assert!(text.contains("x.bed, line 3: ") && text.contains(told), "{text}");
        }
    }

    #[test]
    fn a_file_without_regions_has_none() {
        assert_eq!(parse(b"").unwrap(), []);
        assert_eq!(parse(b"# nothing\n\n").unwrap(), []);
    }
}
