//! `GET /metrics`: figures for Prometheus. docs/operations.md lists them.

use std::{
    fs,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use actix_web::web::Data;
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike as _,
};
use prometheus::{
    Counter, Gauge, GaugeVec, Opts, Registry, TextEncoder, core::Collector, proto::MetricFamily,
};
use tokio::time::timeout;

use super::readings;
use crate::{
    http::{About, Door, Media, Problem, Raw},
    log,
};

pub(super) const ABOUT: About = About {
    id: "read_metrics",
    summary: "Figures for Prometheus",
    problems: &[],
    links: &[],
};

/// The text format of Prometheus.
pub(super) struct Exposition;

impl Media for Exposition {
    const TYPE: &'static str = prometheus::TEXT_FORMAT;
}

/// The longest wait for services to tell how far they have read; Prometheus itself waits ten seconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// All figures of the server. What is not counted as it happens is looked up whenever somebody asks.
pub(crate) struct Figures {
    registry: Registry,
    feeds: Feeds,
    process: Process,
}

/// How far each feed was read, which only the databases know.
struct Feeds {
    position: GaugeVec,
    behind: GaugeVec,
    age: GaugeVec,
    set_aside: GaugeVec,
}

/// What the process takes, by the names that Prometheus' own libraries use.
struct Process {
    cpu: Counter,
    memory: Gauge,
    files: Gauge,
}

/// Answers with everything; a service whose database cannot tell is left out.
pub(super) async fn metrics(
    doors: Data<[Box<dyn Door>]>,
    figures: Data<Figures>,
) -> Result<Raw<Exposition>, Problem> {
    let families = figures.gather(&doors).await;
    let text = TextEncoder::new().encode_to_string(&families);
    Ok(Raw::new(text.map_err(|_| Problem::unavailable())?))
}

impl Figures {
    /// Begins with those of the process itself; the doors and the recorder add their own to the registry.
    pub(crate) fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let start = Gauge::new(
            "process_start_time_seconds",
            "When the process started, in seconds since 1970.",
        )?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        start.set(since.unwrap_or_default().as_secs_f64());
        let build = Opts::new("build_info", "The program's version, as a label.")
            .const_label("version", env!("CARGO_PKG_VERSION"));
        let build = Gauge::with_opts(build)?;
        build.set(1.0);
        let others: [Box<dyn Collector>; 3] =
            [Box::new(start), Box::new(build), Box::new(log::lost())];
        for figure in others {
            registry.register(figure)?;
        }
        Ok(Self {
            feeds: Feeds::new(&registry)?,
            process: Process::new(&registry)?,
            registry,
        })
    }

    /// Where whoever has something to tell registers it.
    pub(crate) const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// All of them as they are now, in the order of their names.
    pub(crate) async fn gather(&self, doors: &[Box<dyn Door>]) -> Vec<MetricFamily> {
        self.feeds.look(doors).await;
        self.process.look();
        self.registry.gather()
    }
}

impl Feeds {
    fn new(registry: &Registry) -> prometheus::Result<Self> {
        let gauge = |name: &str, help: &str| {
            let gauge = GaugeVec::new(Opts::new(name, help), &["reader", "feed"])?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        Ok(Self {
            position: gauge("feed_position", "The last fact that the reader applied.")?,
            behind: gauge(
                "feed_behind_facts",
                "Facts that the reader has not applied yet.",
            )?,
            age: gauge(
                "feed_behind_seconds",
                "How long the first fact that is not applied has waited.",
            )?,
            set_aside: gauge(
                "feed_set_aside_facts",
                "Facts that the reader could not apply.",
            )?,
        })
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "Prometheus counts in floating point"
    )]
    async fn look(&self, doors: &[Box<dyn Door>]) {
        let readings = timeout(PATIENCE, readings(doors)).await;
        // What cannot be told is left out: an old figure would look like a new one.
        for gauges in [&self.position, &self.behind, &self.age, &self.set_aside] {
            gauges.reset();
        }
        for (reader, reading) in readings.unwrap_or_default() {
            let labels = [reader, reading.feed];
            let set = |gauges: &GaugeVec, value| gauges.with_label_values(&labels).set(value);
            set(&self.position, reading.position as f64);
            set(&self.set_aside, reading.set_aside as f64);
            if let Some((facts, waited)) = reading.behind {
                set(&self.behind, facts as f64);
                set(&self.age, waited.as_secs_f64());
            }
        }
    }
}

impl Process {
    fn new(registry: &Registry) -> prometheus::Result<Self> {
        let process = Self {
            cpu: Counter::new(
                "process_cpu_seconds_total",
                "Time that the process has computed.",
            )?,
            memory: Gauge::new(
                "process_resident_memory_bytes",
                "Memory that the process holds.",
            )?,
            files: Gauge::new(
                "process_open_fds",
                "Files and connections that the process has open.",
            )?,
        };
        registry.register(Box::new(process.cpu.clone()))?;
        registry.register(Box::new(process.memory.clone()))?;
        registry.register(Box::new(process.files.clone()))?;
        Ok(process)
    }

    /// Where there is no /proc, memory and files stay at zero.
    fn look(&self) {
        if let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) {
            let micros = (usage.user_time() + usage.system_time()).num_microseconds();
            let seconds = Duration::from_micros(micros.unsigned_abs()).as_secs_f64();
            self.cpu.inc_by((seconds - self.cpu.get()).max(0.0));
        }
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = resident.and_then(|text| text.split_whitespace().next()?.parse().ok());
        self.memory.set(kilobytes.unwrap_or(0.0) * 1024.0);
        let files = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        self.files
            .set(u32::try_from(files).unwrap_or(u32::MAX).into());
    }
}
