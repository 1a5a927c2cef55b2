//! Spans for OpenTelemetry: each record of a request as one, sent in batches over OTLP/HTTP by a thread of its own.
//!
//! The libraries do the format, the batches, the retries and the standard variables. The span itself is made of the record, so
//! that a server that exports nothing pays for nothing.

use std::{
    str::FromStr as _,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use opentelemetry::{
    InstrumentationScope, Key, KeyValue,
    trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState},
};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    ExporterBuildError, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor as _},
};
use ureq::{
    Agent,
    tls::{RootCerts, TlsConfig, TlsProvider},
};

use super::record::Told;

/// The longest wait for the collector, at each batch and at the end.
const PATIENCE: Duration = Duration::from_secs(5);
const FAREWELL: Duration = Duration::from_secs(2);

/// A collector that cannot be exported to.
#[derive(Debug, thiserror::Error)]
#[error("OTEL_EXPORTER_OTLP_ENDPOINT does not do: {0}")]
pub(crate) struct Error(#[from] ExporterBuildError);

/// Where spans go.
pub(crate) struct Spans {
    batches: BatchSpanProcessor,
    scope: InstrumentationScope,
}

impl Spans {
    /// Begins to export to the collector at `endpoint`, the standard `OTEL_` variables permitting.
    pub(crate) fn open(endpoint: &str) -> Result<Self, Error> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new())
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .build()?;
        let mut batches = BatchSpanProcessor::builder(exporter).build();
        batches.set_resource(&resource());
        Ok(Self {
            batches,
            scope: InstrumentationScope::builder(env!("CARGO_PKG_NAME")).build(),
        })
    }

    /// Hands over one span, if somebody wants to keep its trace. It waits for nobody: when the collector is too slow, the span is
    /// lost, and the log says so once.
    pub(super) fn tell(&self, told: &Told<'_>) {
        if !told.trace.is_kept() {
            return;
        }
        let Told {
            trace,
            method,
            route,
            status,
            ..
        } = told;
        let mut attributes = vec![
            KeyValue::new(
                "http.request.method",
                if *method == "other" { "_OTHER" } else { method },
            ),
            KeyValue::new("http.route", *route),
            KeyValue::new("http.response.status_code", i64::from(status.as_u16())),
            KeyValue::new("url.scheme", "http"),
            KeyValue::new("app.service", told.service),
            KeyValue::new("app.request_id", told.request_id.to_owned()),
        ];
        attributes.extend(
            told.problem
                .map(|problem| KeyValue::new("error.type", problem)),
        );
        let state = trace.state.as_ref().and_then(|state| state.to_str().ok());
        let state = state.and_then(|state| TraceState::from_str(state).ok());
        let parent = trace.parent().and_then(|id| SpanId::from_hex(id).ok());
        let end_time = SystemTime::now();
        self.batches.on_end(SpanData {
            span_context: SpanContext::new(
                TraceId::from_hex(trace.id()).unwrap_or(TraceId::INVALID),
                SpanId::from_hex(trace.span()).unwrap_or(SpanId::INVALID),
                TraceFlags::SAMPLED,
                false,
                state.unwrap_or_default(),
            ),
            parent_span_id: parent.unwrap_or(SpanId::INVALID),
            parent_span_is_remote: parent.is_some(),
            span_kind: SpanKind::Server,
            name: format!("{method} {route}").into(),
            start_time: end_time - told.took,
            end_time,
            attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: if status.is_server_error() {
                Status::error("")
            } else {
                Status::Unset
            },
            instrumentation_scope: self.scope.clone(),
        });
    }

    /// Sends what still waits, and nothing from then on.
    pub(super) fn end(&self) {
        if let Err(error) = self.batches.shutdown_with_timeout(FAREWELL) {
            tracing::warn!("the last spans were not sent: {error}");
        }
    }
}

/// What exports: this program, unless `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES` name it otherwise.
fn resource() -> Resource {
    let found = Resource::builder().build();
    let name = found.get(&Key::new("service.name"));
    let is_named = name.is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder().with_attribute(version);
    if is_named {
        resource.build()
    } else {
        resource.with_service_name(env!("CARGO_PKG_NAME")).build()
    }
}

/// The way to the collector, on the exporter's own thread, which may block.
#[derive(Debug)]
struct Collector(Agent);

impl Collector {
    fn new() -> Self {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::NativeTls)
            .root_certs(RootCerts::PlatformVerifier);
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .tls_config(tls.build());
        Self(agent.build().into())
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let response = self.0.run(Request::from_parts(parts, &body[..]))?;
        let (parts, mut body) = response.into_parts();
        Ok(Response::from_parts(parts, body.read_to_vec()?.into()))
    }
}
