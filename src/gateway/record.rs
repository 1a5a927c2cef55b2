//! One record of each request, made around everything that answers it. From it come the line in the log, the figures
//! and the span.
//!
//! It names the route and never the path, which holds ids, nor the query, which may hold an address, nor who calls.

use std::{
    rc::Rc,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use actix_web::{
    HttpMessage as _, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        ConnectionType, Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use prometheus::{HistogramOpts, HistogramVec, IntGauge, Registry};
use uuid::Uuid;

use super::{
    spans::Spans,
    trace::{TRACEPARENT, Trace},
};
use crate::http::{Endpoint, Problem, Visit, as_problem};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_REQUEST_ID: usize = 64;
/// The status in the record of a request that nobody waited for any more; nginx has it for that.
const LEFT: u16 = 499;

/// For browsers: take an answer for what it says it is, show it in no frame, and keep it from others.
const FOR_BROWSERS: [(HeaderName, HeaderValue); 3] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    ),
];

/// Where records go.
pub(crate) struct Recorder {
    durations: HistogramVec,
    in_flight: IntGauge,
    /// `None` unless somebody asked for spans.
    spans: Option<Spans>,
    /// Whether the server is about to stop.
    is_leaving: AtomicBool,
}

/// What a span says of a request.
pub(super) struct Told<'a> {
    pub(super) trace: &'a Trace,
    pub(super) took: Duration,
    pub(super) method: &'static str,
    pub(super) route: &'static str,
    pub(super) status: StatusCode,
    pub(super) service: &'static str,
    pub(super) problem: Option<&'static str>,
    pub(super) request_id: &'a str,
}

/// A request that was not answered yet.
struct Record<'r> {
    recorder: &'r Recorder,
    visit: Rc<Visit>,
    trace: Trace,
    method: &'static str,
    begun: Instant,
    is_answered: bool,
}

/// What every answer tells: the client, what we call its request and whether to come on this connection again; a browser, what
/// not to do.
struct Marks {
    id: HeaderValue,
    trace: HeaderValue,
    is_last: bool,
}

/// Names the request, has it answered, and records how.
pub(crate) async fn record(
    recorder: Data<Recorder>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let mut record = recorder.begin(&request);
    match next.call(request).await {
        Ok(response) => {
            let mut response = as_problem(response.map_into_boxed_body());
            record.end(response.status(), response.response().error());
            record.marks().put(response.response_mut());
            Ok(response)
        }
        Err(mut error) => {
            let status = error.as_response_error().status_code();
            record.end(status, Some(&error));
            let marks = record.marks();
            error.add_response_mapper(move |mut response| {
                marks.put(&mut response);
                response
            });
            Err(error)
        }
    }
}

impl Recorder {
    pub(crate) fn new(registry: &Registry, spans: Option<Spans>) -> prometheus::Result<Self> {
        let durations = HistogramVec::new(
            HistogramOpts::new(
                "http_request_duration_seconds",
                "How long a request took, to the head of its answer.",
            )
            .buckets(vec![
                0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
            ]),
            &["method", "route", "status", "service"],
        )?;
        let in_flight = IntGauge::new(
            "http_requests_in_flight",
            "Requests that are being answered.",
        )?;
        registry.register(Box::new(durations.clone()))?;
        registry.register(Box::new(in_flight.clone()))?;
        Ok(Self {
            durations,
            in_flight,
            spans,
            is_leaving: AtomicBool::new(false),
        })
    }

    /// From now on, whoever is answered is told to come with a new connection, which somebody else may accept.
    pub(crate) fn leave(&self) {
        self.is_leaving.store(true, Ordering::Release);
    }

    /// Sends what still waits to be sent.
    pub(crate) fn end(&self) {
        if let Some(spans) = &self.spans {
            spans.end();
        }
    }

    /// Whether the server is about to stop.
    pub(super) fn is_leaving(&self) -> bool {
        self.is_leaving.load(Ordering::Acquire)
    }

    fn begin(&self, request: &ServiceRequest) -> Record<'_> {
        self.in_flight.inc();
        let headers = request.headers();
        let fresh = Uuid::now_v7();
        let trace = Trace::of(headers, fresh, self.spans.is_some());
        let visit = Visit::new(request_id(headers, fresh));
        request.extensions_mut().insert(Rc::clone(&visit));
        Record {
            recorder: self,
            visit,
            trace,
            method: known(request.method()),
            begun: Instant::now(),
            is_answered: false,
        }
    }
}

impl Record<'_> {
    fn end(&mut self, status: StatusCode, error: Option<&actix_web::Error>) {
        self.is_answered = true;
        let problem = error.and_then(|error| error.as_error::<Problem>());
        self.write(status, problem);
    }

    fn marks(&self) -> Marks {
        Marks {
            id: self.visit.id.clone(),
            trace: self.trace.header(),
            is_last: self.recorder.is_leaving(),
        }
    }

    fn write(&self, status: StatusCode, problem: Option<&Problem>) {
        let took = self.begun.elapsed();
        let Endpoint { route, service } = self.visit.endpoint();
        let labels = [self.method, route, status.as_str(), service];
        let durations = self.recorder.durations.with_label_values(&labels);
        durations.observe(took.as_secs_f64());
        if let Some(spans) = &self.recorder.spans {
            spans.tell(&Told {
                trace: &self.trace,
                took,
                method: self.method,
                route,
                status,
                service,
                problem: problem.map(Problem::name),
                request_id: self.visit.id.to_str().unwrap_or_default(),
            });
        }
        let duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);

        /// One event with these fields, at either level.
        macro_rules! tell {
            ($level:ident, $($more:tt)*) => {
                tracing::$level!(
                    target: "schema_per_service::request",
                    request_id = self.visit.id.to_str().unwrap_or_default(),
                    trace_id = self.trace.id(),
                    method = self.method,
                    route,
                    status = status.as_u16(),
                    duration_us,
                    service,
                    problem = problem.map(Problem::name),
                    $($more)*
                    // As a field it is text, where a message would be something to format.
                    message = "request",
                )
            };
        }

        match problem.and_then(|problem| Some((problem.instance(), problem.cause()?))) {
            None => tell!(info,),
            Some((instance, cause)) => tell!(error, instance = %instance.urn(), cause,),
        }
    }
}

impl Marks {
    fn put<B>(&self, response: &mut HttpResponse<B>) {
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, self.id.clone());
        headers.insert(TRACEPARENT, self.trace.clone());
        for (name, value) in FOR_BROWSERS {
            // A page says more precisely what it needs.
            if !headers.contains_key(&name) {
                headers.insert(name, value);
            }
        }
        if self.is_last {
            response
                .head_mut()
                .set_connection_type(ConnectionType::Close);
        }
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.write(StatusCode::from_u16(LEFT).unwrap_or_default(), None);
        }
        self.recorder.in_flight.dec();
    }
}

/// The methods that have a meaning here; a client may send any word for one.
fn known(method: &Method) -> &'static str {
    let methods = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"];
    let known = methods.into_iter().find(|known| *known == method.as_str());
    known.unwrap_or("other")
}

/// What the client calls its request, if it is short and plain, so that it may stand in a log and beside a row; else a name
/// of ours.
fn request_id(headers: &HeaderMap, ours: Uuid) -> HeaderValue {
    let mut given = headers.get_all(REQUEST_ID);
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    match (given.next(), given.next()) {
        (Some(id), None)
            if (1..=LONGEST_REQUEST_ID).contains(&id.len()) && id.as_bytes().iter().all(plain) =>
        {
            id.clone()
        }
        _ => {
            let mut digits = Uuid::encode_buffer();
            let id = ours.hyphenated().encode_lower(&mut digits);
            HeaderValue::from_str(id).unwrap_or_else(|_| HeaderValue::from_static("unnamed"))
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{App, dev::Service as _, middleware::from_fn, test};

    use super::*;
    use crate::{
        gateway::{Admission, Entrance, enter, health},
        http::{Shown, resource, rule},
    };

    async fn panics() -> Shown<health::Live> {
        panic!("ada@example.com is too much for us")
    }

    #[actix_web::test]
    async fn a_panic_is_answered_and_recorded_like_any_failure_and_by_its_route() {
        let registry = Registry::new();
        let recorder = Data::new(Recorder::new(&registry, None).unwrap());
        let entrance = Entrance::open(&Admission {
            keys: None,
            issuer: "",
            audience: "",
            leeway: 0,
            most_requests: None,
            proxies: &[],
        });
        let entrance = Data::new(entrance.unwrap());
        let app = App::new()
            .wrap(from_fn(move |request, next| {
                enter(entrance.clone(), request, next)
            }))
            .wrap(from_fn(move |request, next| {
                record(recorder.clone(), request, next)
            }))
            .service(
                resource("/panics")
                    .get(rule::Anyone, health::LIVE, panics)
                    .done("gateway"),
            );
        let app = test::init_service(app).await;
        let request = test::TestRequest::get().uri("/panics").to_request();

        let error = app.call(request).await.err().unwrap();

        let answer = error.error_response();
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let header = |name: &HeaderName| answer.headers().get(name).unwrap();
        assert_eq!(header(&header::CONTENT_TYPE), "application/problem+json");
        for (name, value) in FOR_BROWSERS {
            assert_eq!(header(&name), value);
        }
        assert_eq!(header(&REQUEST_ID).len(), 36);
        assert_eq!(header(&TRACEPARENT).len(), 55);
        let told = prometheus::TextEncoder::new().encode_to_string(&registry.gather());
        let told = told.unwrap();
        let series = r#"_count{method="GET",route="/panics",service="gateway",status="500"} 1"#;
        assert!(told.contains(series), "{told}");
        assert!(told.contains("http_requests_in_flight 0"), "{told}");
    }

    #[actix_web::test]
    async fn a_client_that_left_is_recorded_and_nothing_of_it_is_in_flight() {
        let registry = Registry::new();
        let recorder = Recorder::new(&registry, None).unwrap();
        let request = test::TestRequest::get().uri("/users").to_srv_request();

        drop(recorder.begin(&request));

        let told = prometheus::TextEncoder::new().encode_to_string(&registry.gather());
        let told = told.unwrap();
        let series = r#"_count{method="GET",route="none",service="gateway",status="499"} 1"#;
        assert!(told.contains(series), "{told}");
        assert!(told.contains("http_requests_in_flight 0"), "{told}");
    }
}
