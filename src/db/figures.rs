//! What a service's part of the wall tells of itself, for Prometheus: its connections, its queues, its last examination.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus::{
    GaugeVec, Histogram, HistogramOpts, Opts, Registry,
    core::{Collector, Desc},
    exponential_buckets,
    proto::MetricFamily,
};

use super::guard::{Guard, Look};

/// The figures of one service, under its name.
#[derive(Clone)]
pub(super) struct Figures {
    registry: Registry,
    service: &'static str,
}

/// Two figures of one batch, each observed once for each run.
pub(super) struct Runs {
    size: Histogram,
    duration: Histogram,
}

impl Figures {
    pub(super) fn new(registry: &Registry, service: &'static str) -> Self {
        Self {
            registry: registry.clone(),
            service,
        }
    }

    /// Two histograms for the runs of a batch.
    pub(super) fn runs(&self, batch: &str) -> Runs {
        let histogram = |name, help, buckets| {
            let opts = HistogramOpts::new(name, help)
                .const_label("service", self.service)
                .const_label("batch", batch)
                .buckets(buckets);
            let histogram = Histogram::with_opts(opts).expect(NAMES);
            self.register(histogram.clone());
            histogram
        };
        Runs {
            size: histogram(
                "batch_size",
                "Callers that one run answered.",
                exponential_buckets(1.0, 2.0, 9).expect("nine sizes"),
            ),
            duration: histogram(
                "batch_run_duration_seconds",
                "How long one run took, with its wait for a connection.",
                exponential_buckets(0.000_25, 2.0, 14).expect("fourteen times"),
            ),
        }
    }

    /// How many wait in the queue of a batch.
    pub(super) fn batch_queue(
        &self,
        batch: &str,
        length: impl Fn() -> usize + Send + Sync + 'static,
    ) {
        let opts = Opts::new("batch_queue_length", "Callers that wait for the next run.")
            .const_label("batch", batch);
        self.look(opts, &[], move |gauges| set(gauges, &[], count(length())));
    }

    /// How many jobs wait for a thread of the crew.
    pub(super) fn crew_queue(&self, length: impl Fn() -> usize + Send + Sync + 'static) {
        let opts = Opts::new(
            "crew_queue_length",
            "Jobs that wait for a thread of the service.",
        );
        self.look(opts, &[], move |gauges| set(gauges, &[], count(length())));
    }

    /// What the connections do; `state` tells how many there are and how many of them are idle.
    pub(super) fn connections(
        &self,
        most: u32,
        state: impl Fn() -> (u32, u32) + Send + Sync + 'static,
    ) {
        let opts = Opts::new(
            "pool_connections",
            "Connections to the database, by what they do.",
        );
        self.look(opts, &["state"], move |gauges| {
            let (all, idle) = state();
            set(gauges, &["idle"], idle.into());
            set(gauges, &["used"], all.saturating_sub(idle).into());
        });
        let opts = Opts::new(
            "pool_connections_max",
            "Connections that the service may have.",
        );
        self.look(opts, &[], move |gauges| set(gauges, &[], most.into()));
    }

    /// What the last examination saw; nothing before the first.
    pub(super) fn examinations(&self, guard: &Arc<Guard>) {
        let last = |name, help, labels: &[&str], tell: fn(&GaugeVec, &Look)| {
            let guard = Arc::clone(guard);
            self.look(Opts::new(name, help), labels, move |gauges| {
                if let Some(look) = guard.last() {
                    tell(gauges, &look);
                }
            });
        };
        last(
            "audit_findings",
            "Breaches of the walls that the last examination found.",
            &[],
            |gauges, look| {
                set(gauges, &[], count(look.findings.len()));
            },
        );
        last(
            "audit_last_timestamp_seconds",
            "When the walls were examined last.",
            &[],
            |gauges, look| {
                set(gauges, &[], look.at.as_duration().as_secs_f64());
            },
        );
        last(
            "migrations_pending",
            "Migrations of this program that the schema lacks.",
            &[],
            |gauges, look| {
                set(gauges, &[], count(look.migrations.pending.len()));
            },
        );
        last(
            "migration_version",
            "The newest migration that the schema has, as a label.",
            &["version"],
            |gauges, look| {
                let version = look.migrations.applied.last();
                set(gauges, &[version.map_or("", String::as_str)], 1.0);
            },
        );
    }

    /// Registers gauges that are looked up whenever somebody asks for them, so that they cost nothing until then.
    fn look(&self, opts: Opts, labels: &[&str], look: impl Fn(&GaugeVec) + Send + Sync + 'static) {
        let opts = opts.const_label("service", self.service);
        let gauges = GaugeVec::new(opts, labels).expect(NAMES);
        self.register(Looked {
            gauges,
            look,
            turn: Mutex::new(()),
        });
    }

    fn register(&self, figure: impl Collector + 'static) {
        self.registry
            .register(Box::new(figure))
            .expect("a name for each figure");
    }
}

const NAMES: &str = "names that Prometheus takes";

struct Looked<F> {
    gauges: GaugeVec,
    look: F,
    /// Or one who asks would see what another is just about to set.
    turn: Mutex<()>,
}

impl Runs {
    /// Measures one run.
    pub(super) fn measure<T>(&self, size: usize, run: impl FnOnce() -> T) -> T {
        self.size.observe(count(size));
        self.duration.observe_closure_duration(run)
    }
}

impl<F: Fn(&GaugeVec) + Send + Sync> Collector for Looked<F> {
    fn desc(&self) -> Vec<&Desc> {
        self.gauges.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.gauges.reset();
        (self.look)(&self.gauges);
        self.gauges.collect()
    }
}

fn set(gauges: &GaugeVec, labels: &[&str], value: f64) {
    gauges.with_label_values(labels).set(value);
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus counts in floating point"
)]
fn count(things: usize) -> f64 {
    things as f64
}
