//! The file itself.

use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use super::Kind;
use crate::error::{Error, Result};
use crate::genome::compression::Source;
use crate::genome::text_lines::TextLines;
use crate::output::atomic::{AtomicFile, Complete};

/// Rows of a row group: bounds memory.
const ROWS: usize = 1 << 16;
/// Key of the metadata that has the header lines.
const KEY: &str = "polyascan";

/// Writes the table `from` as the file `to`.
pub(super) fn write(from: &Path, to: &Path, kind: impl Fn(&str) -> Kind) -> Result<Complete> {
    let mut lines = TextLines::new(&Source::open(from)?);
    let (mut header, mut columns) = (String::new(), Vec::new());
    while columns.is_empty() {
        let Some(line) = lines.next_text()? else {
            return Err(Error::Internal(format!("{}: a table without columns", from.display())));
        };
        // What made the table stands before the names of the columns, after `# ` or `## `.
        match line.strip_prefix('#').filter(|line| !line.starts_with(['#', ' '])) {
            Some(names) => columns = names.split('\t').map(|n| Column::new(n, kind(n))).collect(),
            None => header += &(line + "\n"),
        }
    }
    let mut file = AtomicFile::create(to)?;
    let failed = |e: ParquetError| match e {
        ParquetError::External(e) => Error::io(to, "cannot write", std::io::Error::other(e)),
        other => Error::Internal(format!("{}: {other}", to.display())),
    };
    let mut writer =
        SerializedFileWriter::new(&mut file, schema(&columns).map_err(failed)?, properties(header))
            .map_err(failed)?;
    let mut rows = 0;
    loop {
        let line = lines.next_line()?;
        let row = line.map(|line| read_row(line, &mut columns)).transpose().map_err(|problem| {
            Error::Internal(format!("{}: row {}: {problem}", to.display(), lines.number()))
        })?;
        rows += usize::from(row.is_some());
        if rows == ROWS || (rows > 0 && row.is_none()) {
            let mut group = writer.next_row_group().map_err(failed)?;
            for column in &mut columns {
                let Some(into) = group.next_column().map_err(failed)? else { break };
                column.write(into).map_err(failed)?;
            }
            group.close().map_err(failed)?;
            rows = 0;
        }
        if row.is_none() {
            break;
        }
    }
    writer.close().map_err(failed)?;
    file.complete()
}

/// Reads a row into the columns; says what is wrong with it.
fn read_row(line: &[u8], columns: &mut [Column]) -> std::result::Result<(), String> {
    let line = std::str::from_utf8(line).map_err(|e| e.to_string())?;
    let mut cells = line.split('\t');
    for column in columns {
        let cell = cells.next().ok_or("too few cells")?;
        column
            .push(cell)
            .map_err(|()| format!("{}: {cell:?} is no {:?}", column.name, column.kind))?;
    }
    cells.next().map_or(Ok(()), |_| Err("too many cells".to_owned()))
}

fn schema(columns: &[Column]) -> std::result::Result<Arc<Type>, ParquetError> {
    let fields = columns.iter().map(|column| column.field().map(Arc::new));
    let fields = fields.collect::<std::result::Result<_, _>>()?;
    Type::group_type_builder("table").with_fields(fields).build().map(Arc::new)
}

fn properties(header: String) -> Arc<WriterProperties> {
    let entry = (!header.is_empty()).then(|| vec![KeyValue::new(KEY.to_owned(), header)]);
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
    Arc::new(properties.set_key_value_metadata(entry).build())
}

/// The cells of a row group in one column.
struct Column {
    name: String,
    kind: Kind,
    texts: Vec<ByteArray>,
    integers: Vec<i64>,
    numbers: Vec<f64>,
    /// By value, or null: whether it is there; of lists 1 if the list is there, 2 a number in it.
    definition: Vec<i16>,
    /// By value: 1 if it goes on with a list.
    repetition: Vec<i16>,
}

impl Column {
    fn new(name: &str, kind: Kind) -> Self {
        let (texts, integers, numbers, definition, repetition) = Default::default();
        Self { name: name.to_owned(), kind, texts, integers, numbers, definition, repetition }
    }

    /// Takes a cell.
    fn push(&mut self, cell: &str) -> std::result::Result<(), ()> {
        if cell == "." {
            self.definition.push(0);
            self.repetition.push(0);
            return Ok(());
        }
        match self.kind {
            Kind::Text => self.texts.push(cell.as_bytes().to_vec().into()),
            Kind::Integer => self.integers.push(cell.parse().map_err(drop)?),
            Kind::Number => self.numbers.push(cell.parse().map_err(drop)?),
            Kind::Numbers => {
                for (i, number) in cell.split(',').enumerate() {
                    self.numbers.push(number.parse().map_err(drop)?);
                    self.definition.push(2);
                    self.repetition.push(i16::from(i > 0));
                }
                return Ok(());
            }
        }
        self.definition.push(1);
        Ok(())
    }

    /// Its place in the schema; what may be null is optional.
    fn field(&self) -> std::result::Result<Type, ParquetError> {
        let single = |name: &str, physical, of, repetition| {
            let field = Type::primitive_type_builder(name, physical);
            field.with_logical_type(of).with_repetition(repetition).build()
        };
        let optional = |physical, of| single(&self.name, physical, of, Repetition::OPTIONAL);
        match self.kind {
            Kind::Text => optional(Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Integer => optional(Physical::INT64, None),
            Kind::Number => optional(Physical::DOUBLE, None),
            Kind::Numbers => {
                let element = single("element", Physical::DOUBLE, None, Repetition::REQUIRED)?;
                let list = Type::group_type_builder("list").with_repetition(Repetition::REPEATED);
                let list = list.with_fields(vec![Arc::new(element)]).build()?;
                let field = Type::group_type_builder(&self.name);
                let field = field.with_logical_type(Some(LogicalType::List));
                let field = field.with_repetition(Repetition::OPTIONAL);
                field.with_fields(vec![Arc::new(list)]).build()
            }
        }
    }

    /// Writes what there is, and forgets it.
    fn write(
        &mut self,
        mut into: SerializedColumnWriter<'_>,
    ) -> std::result::Result<(), ParquetError> {
        let definition = Some(self.definition.as_slice());
        let _ = match self.kind {
            Kind::Text => {
                into.typed::<ByteArrayType>().write_batch(&self.texts, definition, None)?
            }
            Kind::Integer => {
                into.typed::<Int64Type>().write_batch(&self.integers, definition, None)?
            }
            Kind::Number => {
                into.typed::<DoubleType>().write_batch(&self.numbers, definition, None)?
            }
            Kind::Numbers => {
                let repetition = Some(self.repetition.as_slice());
                into.typed::<DoubleType>().write_batch(&self.numbers, definition, repetition)?
            }
        };
        self.texts.clear();
        self.integers.clear();
        self.numbers.clear();
        self.definition.clear();
        self.repetition.clear();
        into.close()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::{Field, Row};
    use proptest::prelude::*;

    use super::*;
    use crate::output::atomic::publish;

    fn kind(name: &str) -> Kind {
        match name {
            "n" => Kind::Integer,
            "x" => Kind::Number,
            "list" => Kind::Numbers,
            _ => Kind::Text,
        }
    }

    /// Writes a text as Parquet and reads that back: header lines, and rows as cells.
    fn back(text: &str) -> (Option<String>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("x.tsv"), folder.path().join("x.parquet"));
        fs::write(&from, text).unwrap();
        publish(vec![write(&from, &to, kind).unwrap()]).unwrap();
        let reader = SerializedFileReader::new(fs::File::open(&to).unwrap()).unwrap();
        let metadata = reader.metadata().file_metadata().key_value_metadata().cloned();
        let header = metadata.and_then(|all| all.into_iter().find(|entry| entry.key == KEY)?.value);
        let rows = reader.get_row_iter(None).unwrap().map(|row| cells(&row.unwrap()));
        (header, rows.collect())
    }

    fn cells(row: &Row) -> String {
        let cells = row.get_column_iter().map(|(_, cell)| shown(cell));
        cells.collect::<Vec<_>>().join("\t")
    }

    fn shown(cell: &Field) -> String {
        match cell {
            Field::Null => ".".into(),
            Field::Str(text) => text.clone(),
            Field::Long(n) => n.to_string(),
            Field::Double(x) => x.to_string(),
            Field::ListInternal(list) => {
                list.elements().iter().map(shown).collect::<Vec<_>>().join(",")
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn header_lines_are_metadata_and_a_table_of_no_rows_is_one() {
        let text = "## polyascan 1\n## command: a\n#name\tn\tx\tlist\n";
        let (header, rows) = back(text);
        assert_eq!(header.as_deref(), Some("## polyascan 1\n## command: a\n"));
        assert!(rows.is_empty());
        assert_eq!(back("#name\tn\tx\tlist\n#odd\t.\t.\t.\n").1, ["#odd\t.\t.\t."]);
    }

    #[test]
    fn what_a_column_does_not_hold_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("x.tsv");
        for (row, told) in [("a\tb", "n: \"b\" is no Integer"), ("a", "few"), ("a\t1\t2", "many")] {
            fs::write(&from, format!("#name\tn\n{row}\n")).unwrap();
            let error = write(&from, &folder.path().join("x.parquet"), kind).unwrap_err();
            assert!(error.to_string().contains(told), "{error}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn rows_come_back_as_they_were(
            rows in prop::collection::vec(
                (
                    "[a-z#\u{e4}]{1,5}|[.]",
                    prop::option::of(any::<i64>()),
                    prop::option::of(-1e9..1e9),
                    prop::option::of(prop::collection::vec(-1e3..1e3, 1..5)),
                ),
                0..50,
            ),
            times in prop_oneof![Just(1usize), Just(ROWS / 20)],
        ) {
            let shown = |x: Option<String>| x.unwrap_or_else(|| ".".into());
            let rows: Vec<String> = rows
                .into_iter()
                .map(|(name, n, x, list): (String, Option<i64>, Option<f64>, Option<Vec<f64>>)| {
                    let list = list.map(|l| l.iter().map(f64::to_string).collect::<Vec<_>>().join(","));
                    let (n, x) = (n.map(|n| n.to_string()), x.map(|x| x.to_string()));
                    [name, shown(n), shown(x), shown(list)].join("\t")
                })
                .collect();
            let all: Vec<String> = rows.iter().cycle().take(rows.len() * times).cloned().collect();
            let text = "#name\tn\tx\tlist\n".to_owned() + &all.join("\n") + "\n";
            prop_assert_eq!(back(text.trim_end_matches("\n\n")).1, all);
        }
    }
}
