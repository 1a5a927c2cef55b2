//! The last minutes of this process: samples of the registry, a few seconds apart, the oldest forgotten.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::figures::{Figures, label};

/// The time between two samples.
pub(super) const PACE: Duration = Duration::from_secs(3);
/// The time that the samples span, in steps of [`PACE`]: five minutes.
pub(super) const STEPS: usize = 100;
/// The classes of status that are told apart: 2xx, 3xx, 4xx and 5xx.
pub(super) const CLASSES: usize = 4;

/// Samples, the oldest first.
#[derive(Default)]
pub(super) struct History(Mutex<VecDeque<Sample>>);

/// What was counted since the start, at one time.
struct Sample {
    at: Instant,
    requests: BTreeMap<String, [u64; CLASSES]>,
    /// The runs of each batch of each service, and how many questions they answered together.
    runs: BTreeMap<(String, String), (u64, f64)>,
}

/// The requests of a service in each step, the oldest first: how many a second, by class of status.
pub(super) type Requests = Vec<[f64; CLASSES]>;

/// The runs of a batch in each step, the oldest first: how many a second, and their mean size.
pub(super) type Runs = Vec<(f64, f64)>;

impl History {
    /// Adds a sample.
    pub(super) fn take(&self, figures: &Figures, at: Instant) {
        let mut requests: BTreeMap<_, [u64; CLASSES]> = BTreeMap::new();
        for metric in figures.metrics("http_request_duration_seconds") {
            let status = label(metric, "status").unwrap_or_default();
            let class = status.bytes().next().unwrap_or_default().checked_sub(b'2');
            let service = requests
                .entry(label(metric, "service").unwrap_or_default().to_owned())
                .or_default();
            if let Some(count) = class.and_then(|class| service.get_mut(usize::from(class))) {
                *count += metric.get_histogram().get_sample_count();
            }
        }
        let mut runs = BTreeMap::new();
        for metric in figures.metrics("batch_size") {
            let [service, batch] =
                ["service", "batch"].map(|name| label(metric, name).unwrap_or_default().to_owned());
            let sizes = metric.get_histogram();
            let counted = (sizes.get_sample_count(), sizes.get_sample_sum());
            runs.insert((service, batch), counted);
        }
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if samples.len() > STEPS {
            samples.pop_front();
        }
        samples.push_back(Sample { at, requests, runs });
    }

    /// What each service was asked.
    pub(super) fn requests(&self) -> BTreeMap<String, Requests> {
        self.steps(
            |sample| &sample.requests,
            |before, now, seconds| {
                std::array::from_fn(|class| {
                    let before = before.map_or(0, |before| before[class]);
                    rate(now[class].saturating_sub(before), seconds)
                })
            },
        )
    }

    /// What each batch ran, by service and batch.
    pub(super) fn runs(&self) -> BTreeMap<(String, String), Runs> {
        self.steps(
            |sample| &sample.runs,
            |before, &(runs, questions), seconds| {
                let &(runs_before, questions_before) = before.unwrap_or(&(0, 0.0));
                let runs = runs.saturating_sub(runs_before);
                let size = if runs == 0 {
                    0.0
                } else {
                    (questions - questions_before) / rate(runs, 1.0)
                };
                (rate(runs, seconds), size)
            },
        )
    }

    /// Each series of the newest sample, step by step; what was not there yet counts as nothing.
    fn steps<Key: Ord + Clone, Counted, Step>(
        &self,
        of: impl Fn(&Sample) -> &BTreeMap<Key, Counted>,
        step: impl Fn(Option<&Counted>, &Counted, f64) -> Step,
    ) -> BTreeMap<Key, Vec<Step>> {
        let samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(newest) = samples.back() else {
            return BTreeMap::new();
        };
        let series = |key: &Key| {
            let pairs = samples.iter().zip(samples.iter().skip(1));
            pairs
                .filter_map(|(before, now)| {
                    let seconds = now.at.duration_since(before.at).as_secs_f64();
                    Some(step(of(before).get(key), of(now).get(key)?, seconds))
                })
                .collect()
        };
        let keys = of(newest).keys();
        keys.map(|key| (key.clone(), series(key))).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "no plot shows the difference")]
fn rate(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds
}

#[cfg(test)]
mod tests {
    use prometheus::{HistogramOpts, HistogramVec, Registry};

    use super::*;

    fn histogram(registry: &Registry, name: &str, labels: &[&str]) -> HistogramVec {
        let histogram = HistogramVec::new(HistogramOpts::new(name, "help"), labels).unwrap();
        registry.register(Box::new(histogram.clone())).unwrap();
        histogram
    }

    #[test]
    fn rates_are_the_differences_of_samples_and_the_oldest_sample_is_forgotten() {
        let registry = Registry::new();
        let requests = histogram(
            &registry,
            "http_request_duration_seconds",
            &["service", "status"],
        );
        let sizes = histogram(&registry, "batch_size", &["service", "batch"]);
        let history = History::default();
        let begun = Instant::now();
        let take = |step: usize| {
            let at = begun + PACE * u32::try_from(step).unwrap();
            history.take(&Figures::new(registry.gather()), at);
        };

        take(0);
        for status in ["200", "201", "2xx", "404", "503", "503"] {
            requests
                .with_label_values(&["users", status])
                .observe(0.001);
        }
        for size in [1.0, 4.0] {
            sizes.with_label_values(&["users", "find"]).observe(size);
        }
        take(1);
        take(2);

        let third = PACE.as_secs_f64().recip();
        let expected = [[3.0 * third, 0.0, third, 2.0 * third], [0.0; CLASSES]];
        assert_eq!(history.requests()["users"], expected);
        let find = ("users".to_owned(), "find".to_owned());
        assert_eq!(history.runs()[&find], [(2.0 * third, 2.5), (0.0, 0.0)]);
        for step in 3..1_000 {
            take(step);
        }
        assert_eq!(history.requests()["users"].len(), STEPS);
        let all = history.requests()["users"].concat();
        assert!(all.iter().all(|rate| *rate == 0.0), "{all:?} is long ago");
    }
}
