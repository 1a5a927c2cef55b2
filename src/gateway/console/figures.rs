//! What the registry of metrics holds, by name and labels: the console counts nothing itself.

use prometheus::proto::{LabelPair, Metric, MetricFamily};

/// One gathering of the registry.
pub(super) struct Figures(Vec<MetricFamily>);

impl Figures {
    pub(super) const fn new(families: Vec<MetricFamily>) -> Self {
        Self(families)
    }

    /// The gauge of this name with these labels, if there is one.
    pub(super) fn gauge(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let has = |metric: &&Metric| {
            labels
                .iter()
                .all(|(name, value)| label(metric, name) == Some(value))
        };
        let metric = self.metrics(name).find(has)?;
        Some(metric.get_gauge().get_value())
    }

    /// Every series of this name.
    pub(super) fn metrics(&self, name: &str) -> impl Iterator<Item = &Metric> {
        let family = self.0.iter().find(move |family| family.name() == name);
        family.into_iter().flat_map(MetricFamily::get_metric)
    }
}

/// What a series says of this label.
pub(super) fn label<'m>(metric: &'m Metric, name: &str) -> Option<&'m str> {
    let labels = metric.get_label().iter();
    let mut named = labels.filter(|label| label.name() == name);
    named.next().map(LabelPair::value)
}
