//! The log: lines on stderr, for people on a terminal and as JSON for everything else.
//!
//! Nobody waits for whoever reads it. Lines gather in memory and a thread of the log's own writes them, many at a time; when a
//! reader is so slow that [`MOST`] bytes wait, further lines are lost and counted. What is written holds no personal data and no
//! secret: that is up to whoever writes a line.

use std::{
    cell::RefCell,
    fmt,
    io::{self, IsTerminal as _, Write},
    panic,
    sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use prometheus::IntCounter;
use serde::Serialize;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    EnvFilter, Layer,
    fmt::layer as text,
    layer::{Context, SubscriberExt as _},
    util::SubscriberInitExt as _,
};

/// Bytes that wait at most: some four thousand requests.
const MOST: usize = 1024 * 1024;
/// The time in which lines gather before they are written, so that a busy server does not make a system call for each.
const GATHER: Duration = Duration::from_millis(5);
/// The longest wait for a slow reader at the end of the process.
const FAREWELL: Duration = Duration::from_secs(1);

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Text on a terminal, else JSON
    #[default]
    Auto,
    /// For people
    Text,
    /// An object on each line
    Json,
}

/// The log of this process; dropped, it writes what still waits.
pub(crate) struct Log(());

/// Starts the log. What the program has to say goes there from now on, panics too.
///
/// # Errors
///
/// When its thread cannot be started.
pub(crate) fn start(filter: EnvFilter, format: Format) -> io::Result<Log> {
    thread::Builder::new()
        .name("log".to_owned())
        .spawn(|| QUEUE.write())?;
    let is_terminal = io::stderr().is_terminal();
    let log = tracing_subscriber::registry().with(filter);
    if format == Format::Text || format == Format::Auto && is_terminal {
        let lines = text().with_ansi(is_terminal).with_writer(|| Line);
        // Or a log that nobody reads any more panics whoever writes to it.
        log.with(lines.log_internal_errors(false)).init();
    } else {
        log.with(Json).init();
    }
    // Where, and not what: the message of a panic may hold the very value that was too much for us.
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let thread = thread::current();
        tracing::error!(place, thread = thread.name(), "a bug of ours: a panic");
    }));
    Ok(Log(()))
}

/// Lines that were lost because nobody read those before them.
pub(crate) fn lost() -> IntCounter {
    LOST.clone()
}

impl Drop for Log {
    fn drop(&mut self) {
        QUEUE.end();
    }
}

static LOST: LazyLock<IntCounter> = LazyLock::new(|| {
    IntCounter::new(
        "log_lines_lost_total",
        "Lines that were lost because nobody read the log.",
    )
    .expect("a name that Prometheus takes")
});

static QUEUE: Queue = Queue {
    lines: Mutex::new(Lines {
        bytes: Vec::new(),
        count: 0,
        is_last: false,
        is_written: true,
    }),
    more: Condvar::new(),
    written: Condvar::new(),
};

/// What waits to be written.
struct Queue {
    lines: Mutex<Lines>,
    /// There is something to write, or no more will come.
    more: Condvar,
    written: Condvar,
}

struct Lines {
    bytes: Vec<u8>,
    count: u64,
    /// Whether nobody waits for more to gather.
    is_last: bool,
    /// Whether nothing is under way.
    is_written: bool,
}

impl Queue {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, line: &[u8]) {
        let mut lines = self.lines();
        if lines.bytes.len() + line.len() > MOST {
            LOST.inc();
            return;
        }
        lines.bytes.extend_from_slice(line);
        lines.count += 1;
        if lines.count == 1 {
            self.more.notify_one();
        }
    }

    /// Writes, for ever.
    fn write(&self) {
        let mut bytes = Vec::new();
        loop {
            let mut lines = self.lines();
            while lines.count == 0 {
                lines.is_written = true;
                self.written.notify_all();
                lines = self
                    .more
                    .wait(lines)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if !lines.is_last {
                drop(lines);
                thread::sleep(GATHER);
                lines = self.lines();
            }
            std::mem::swap(&mut lines.bytes, &mut bytes);
            let count = std::mem::take(&mut lines.count);
            lines.is_written = false;
            drop(lines);
            if io::stderr().write_all(&bytes).is_err() {
                LOST.inc_by(count);
            }
            bytes.clear();
        }
    }

    /// Waits until all is written, but not long for somebody who does not read.
    fn end(&self) {
        let mut lines = self.lines();
        lines.is_last = true;
        let _ = self.written.wait_timeout_while(lines, FAREWELL, |lines| {
            lines.count > 0 || !lines.is_written
        });
    }
}

/// Each event as an object on a line.
///
/// The subscriber's own JSON costs several times as much: it goes through serde, and a string of its own.
struct Json;

impl<S: Subscriber> Layer<S> for Json {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        thread_local! {
            static LAST: RefCell<Object> = const { RefCell::new(Object::new()) };
        }

        // Taken, because to show a value may fail, and that is an event too.
        let mut object = LAST.with(|last| last.replace(Object::new()));
        object.line.push(b'{');
        object.timestamp();
        object.text("level", event.metadata().level().as_str());
        event.record(&mut object);
        object.text("target", event.metadata().target());
        object.line.extend_from_slice(b"}\n");
        QUEUE.add(&object.line);
        object.line.clear();
        LAST.with(|last| last.replace(object));
    }
}

/// An object under construction, by a thread that writes many.
struct Object {
    line: Vec<u8>,
    /// The second of the last line, and how it is written.
    second: u64,
    date: String,
}

impl Object {
    const fn new() -> Self {
        Self {
            line: Vec::new(),
            second: 0,
            date: String::new(),
        }
    }

    /// The time to the microsecond. All but the fraction is written anew only when it has changed.
    fn timestamp(&mut self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default();
        if self.second != now.as_secs() {
            self.second = now.as_secs();
            let second = i64::try_from(self.second).map(jiff::Timestamp::from_second);
            let second = second.ok().and_then(Result::ok).unwrap_or_default();
            self.date = second.to_string().replace('Z', "");
        }
        self.line.extend_from_slice(b"\"timestamp\":\"");
        self.line.extend_from_slice(self.date.as_bytes());
        let at = self.line.len();
        // With a digit before them, all six of the fraction's are written.
        self.value(&(1_000_000 + now.subsec_micros()));
        self.line[at] = b'.';
        self.line.extend_from_slice(b"Z\"");
    }

    fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        // Almost always, and a look at all of them at once costs little.
        if value.bytes().fold(true, |all, byte| all & is_plain(byte)) {
            self.line.push(b'"');
            self.line.extend_from_slice(value.as_bytes());
            self.line.push(b'"');
        } else {
            self.value(value);
        }
    }

    /// Names are those of fields in the code, and need no escape.
    fn name(&mut self, name: &str) {
        self.line.extend_from_slice(b",\"");
        self.line.extend_from_slice(name.as_bytes());
        self.line.extend_from_slice(b"\":");
    }

    fn value(&mut self, value: &(impl Serialize + ?Sized)) {
        // Into memory, so it does not fail.
        let _ = serde_json::to_writer(&mut self.line, value);
    }
}

impl Visit for Object {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field.name());
        self.value(&value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.name(field.name());
        self.value(&value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.name(field.name());
        self.value(&value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field.name(), &format!("{value:?}"));
    }
}

/// One line on its way to the queue; the formatter hands it over whole.
struct Line;

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        QUEUE.add(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
