//! Where events of the crate `tracing` go: standard error, as lines for people or as JSON.
//!
//! An event's message says all of it to people; its fields say the same to programs. The field `kind`
//! is `note` (a remark, also in the summary), `wrote` (names of files), `progress`, or `row` (of a
//! table or of training, which has no prefix in text).

use std::env;
use std::ffi::OsString;
use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal as _};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{LazyLock, OnceLock};

use clap::{Args, ValueEnum};
use indicatif::MultiProgress;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{self, Format, FormatEvent, FormatFields, Json, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, layer};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Registry, reload};

use crate::error::{Error, Result};
use crate::text::printable;

/// What may be told, in the form that the crate `tracing-subscriber` documents.
const VARIABLE: &str = "RUST_LOG";
/// Target of what ends a run, which is told whatever the filter says.
const FAILURE: &str = "polyascan::failure";

/// What is drawn on the terminal, which lines must not write over.
pub static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// How much is told, and how.
#[derive(Debug, Default, Args)]
pub struct LogOptions {
    /// Say nothing but errors; no progress bar.
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Also say what a run is made of: model, device, threads, time; twice: each step, with time and
    /// place in the program. The variable RUST_LOG (`polyascan=debug`) overrides it.
    #[arg(short, long, global = true, conflicts_with = "quiet", action = clap::ArgAction::Count)]
    verbose: u8,
    /// Form of what is said on standard error.
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t)]
    log_format: LogFormat,
}

/// The form of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people, and a progress bar on a terminal.
    #[default]
    Text,
    /// An object a line: timestamp, level, message and its fields; no progress bar.
    Json,
}

/// How a line looks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Plain,
    /// With time, level, target and fields.
    Detailed,
    Json,
}

static LOOK: AtomicU8 = AtomicU8::new(Look::Plain as u8);
static FILTER: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

impl LogOptions {
    /// Those of JSON alone.
    pub const JSON: Self = Self { quiet: false, verbose: 0, log_format: LogFormat::Json };

    /// Tells from now on what these options ask for.
    ///
    /// # Errors
    /// `RUST_LOG` that is no filter.
    pub fn apply(&self) -> Result<()> {
        let look = match (self.log_format, self.verbose) {
            (LogFormat::Json, _) => Look::Json,
            (LogFormat::Text, 0 | 1) => Look::Plain,
            _ => Look::Detailed,
        };
        LOOK.store(look as u8, Ordering::Relaxed);
        // What is wrong with the filter can be told, too.
        let (filter, outcome) = match self.filter() {
            Ok(filter) => (filter, Ok(())),
            Err(error) => (EnvFilter::new("error"), Err(error)),
        };
        install(filter);
        outcome
    }

    fn filter(&self) -> Result<EnvFilter> {
        let variable = env::var(VARIABLE).ok().filter(|text| !text.is_empty());
        let asked = match (self.quiet, variable, self.verbose) {
            (true, ..) => "error".to_owned(),
            (_, Some(filter), _) => filter,
            (.., 0) => "info".to_owned(),
            (.., 1) => "debug".to_owned(),
            _ => "trace".to_owned(),
        };
        let wrong = |e: &dyn fmt::Display| {
            let example =
                format!("give a level, as {VARIABLE}=debug, or {VARIABLE}=polyascan=debug");
            Error::Usage(format!("{VARIABLE}={asked}: {e}; {example}"))
        };
        let always = format!("{FAILURE}=error").parse().map_err(|e| wrong(&e))?;
        let filter = EnvFilter::builder().with_regex(false).parse(&asked).map_err(|e| wrong(&e))?;
        Ok(filter.add_directive(always))
    }
}

/// Sets the filter. Where a program that holds this one inside listens to events, they are its own.
fn install(filter: EnvFilter) {
    let mut filter = Some(filter);
    let handle = FILTER.get_or_init(|| {
        let (filter, handle) = reload::Layer::new(filter.take().unwrap_or_default());
        let lines = layer().event_format(Lines::new()).with_writer(|| Stderr);
        let lines = lines.log_internal_errors(false);
        let _ =
            tracing::subscriber::set_global_default(Registry::default().with(filter).with(lines));
        handle
    });
    filter.into_iter().for_each(|filter| drop(handle.reload(filter)));
}

/// Returns whether arguments ask for JSON, of which others may be wrong.
pub fn asks_for_json(arguments: &[OsString]) -> bool {
    let mut words = arguments.iter().filter_map(|word| word.to_str()).peekable();
    while let Some(word) = words.next() {
        let json =
            word == "--log-format=json" || word == "--log-format" && words.peek() == Some(&"json");
        if json {
            return true;
        }
    }
    false
}

/// Returns whether bars are drawn.
pub fn draws_bars() -> bool {
    LOOK.load(Ordering::Relaxed) != Look::Json as u8 && io::stderr().is_terminal()
}

/// Says what ends a run, also with `--quiet`.
pub fn error(error: &Error) {
    if FILTER.get().is_none() {
        // Before the arguments were read.
        let _ = LogOptions::default().apply();
    }
    tracing::error!(target: FAILURE, exit_code = error.exit_code(), "{error}");
}

/// Standard error, if anybody reads it: a message that cannot be told ends no run.
struct Stderr;

impl io::Write for Stderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let _ = BARS.suspend(|| io::stderr().write_all(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes lines of events.
struct Lines {
    json: Format<Json>,
}

impl Lines {
    fn new() -> Self {
        let json = format::format().json().flatten_event(true);
        Self { json: json.with_current_span(false).with_span_list(false) }
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let look = LOOK.load(Ordering::Relaxed);
        if look == Look::Json as u8 {
            return self.json.format_event(context, writer, event);
        }
        let mut said = Said::default();
        event.record(&mut said);
        let level = *event.metadata().level();
        let detailed = look == Look::Detailed as u8;
        if detailed {
            SystemTime.format_time(&mut writer)?;
            write!(writer, " {level:5} {}: ", event.metadata().target())?;
        }
        // What a file or a name holds can be in it.
        write!(writer, "{}{}", said.prefix(level), printable(&said.message))?;
        if detailed {
            writer.write_str(&printable(&said.fields))?;
        }
        writer.write_char('\n')
    }
}

/// What an event says.
#[derive(Default)]
struct Said {
    message: String,
    kind: String,
    /// ` name=value` of each other field.
    fields: String,
}

impl Said {
    /// What a line for people begins with; on a terminal an error in clap's colours.
    fn prefix(&self, level: Level) -> &'static str {
        let colours = || io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none();
        match (level, self.kind.as_str()) {
            (_, "row") => "",
            (Level::ERROR, _) if colours() => "polyascan: \u{1b}[1;31merror:\u{1b}[0m ",
            (Level::ERROR, _) => "polyascan: error: ",
            (Level::WARN, _) => "polyascan: warning: ",
            (_, "note") => "polyascan: note: ",
            _ => "polyascan: ",
        }
    }
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "kind" => value.clone_into(&mut self.kind),
            _ => self.record_debug(field, &value),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a text cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(line)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Kept {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    /// What is written of events.
    fn lines(tell: impl FnOnce()) -> String {
        let kept = Kept::default();
        let lines = layer().event_format(Lines::new()).with_writer(kept.clone());
        tracing::subscriber::with_default(Registry::default().with(lines), tell);
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn people_read_the_message_alone_and_no_name_forges_a_line() {
        let told = lines(|| {
            tracing::info!(kind = "note", count = 3, "a\nb");
            tracing::info!(kind = "row", "epoch 1");
            tracing::info!(path = "x.bed", "wrote x.bed");
            tracing::warn!("REF");
            tracing::error!(exit_code = 1, "no file");
        });
        let expected = "polyascan: note: a\\nb\nepoch 1\npolyascan: wrote x.bed\n\
                        polyascan: warning: REF\npolyascan: error: no file\n";
        assert_eq!(told, expected);
    }
}
