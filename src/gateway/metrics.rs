//! `GET /metrics`: figures for Prometheus.

use actix_web::web::Data;
use prometheus::{GaugeVec, Opts, Registry, TextEncoder};

use super::readings;
use crate::http::{About, Door, Media, Problem, Raw, Reading};

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

/// Asks each reader of a feed how far it has come. A reader whose database cannot tell is left out.
pub(super) async fn metrics(doors: Data<[Box<dyn Door>]>) -> Result<Raw<Exposition>, Problem> {
    let text = render(&readings(&doors).await).map_err(|_| Problem::unavailable())?;
    Ok(Raw::new(text))
}

fn render(readings: &[(&'static str, Reading)]) -> prometheus::Result<String> {
    let registry = Registry::new();
    let gauge = |name: &str, help: &str| {
        let gauge = GaugeVec::new(Opts::new(name, help), &["reader", "feed"])?;
        registry.register(Box::new(gauge.clone()))?;
        Ok::<_, prometheus::Error>(gauge)
    };
    let position = gauge("feed_position", "The last fact that the reader applied.")?;
    let behind = gauge(
        "feed_behind_facts",
        "Facts that the reader has not applied yet.",
    )?;
    let age = gauge(
        "feed_behind_seconds",
        "How long the first fact that is not applied has waited.",
    )?;
    let set_aside = gauge(
        "feed_set_aside_facts",
        "Facts that the reader could not apply.",
    )?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "Prometheus counts in floating point"
    )]
    for (reader, reading) in readings {
        let labels = [*reader, reading.feed];
        position
            .with_label_values(&labels)
            .set(reading.position as f64);
        set_aside
            .with_label_values(&labels)
            .set(reading.set_aside as f64);
        if let Some((facts, waited)) = reading.behind {
            behind.with_label_values(&labels).set(facts as f64);
            age.with_label_values(&labels).set(waited.as_secs_f64());
        }
    }
    TextEncoder::new().encode_to_string(&registry.gather())
}
