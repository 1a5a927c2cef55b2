//! W3C Trace Context: taken where it is well-formed, made where it is not, and returned; and the spans that a collector gets.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    sync::mpsc::{self, Receiver},
    thread,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::Span,
};
use prost::Message as _;

use super::{Logged, requests};
use crate::harness::Server;

const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn an_answer_names_the_callers_trace_or_a_new_one_and_the_request_as_its_span() {
    let server = Server::start();
    let told = |given: &[(&str, &str)]| {
        let answer = server.send("GET", "/nothing", given, "");
        answer.headers["traceparent"].clone()
    };

    let answers = [(); 2].map(|()| told(&[("traceparent", GIVEN)]));

    for answer in &answers {
        assert!(answer.starts_with(&GIVEN[..36]), "{answer}");
        assert!(answer.ends_with("-01"), "{answer}");
        assert_ne!(answer, GIVEN);
    }
    assert_ne!(answers[0], answers[1]);
    for bad in [
        &[][..],
        &[("traceparent", "00-nonsense")],
        &[("traceparent", GIVEN), ("traceparent", GIVEN)],
    ] {
        let (one, other) = (told(bad), told(bad));
        assert_eq!((one.len(), &one[..3]), (55, "00-"), "{one}");
        assert_ne!(one[..36], other[..36]);
        assert_ne!(one[..36], GIVEN[..36]);
    }
}

/// Takes what is exported, for as long as somebody listens to it.
fn collector() -> (SocketAddr, Receiver<ExportTraceServiceRequest>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, heard) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while stream.read_line(&mut line).is_ok_and(|read| read > 0) {
                let header = line.trim().to_lowercase();
                if let Some(value) = header.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if header.starts_with("post ") {
                    assert!(header.starts_with("post /v1/traces "), "{header}");
                }
                line.clear();
                if header.is_empty() {
                    let mut body = vec![0; length];
                    stream.read_exact(&mut body).unwrap();
                    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                    stream.get_mut().write_all(answer.as_bytes()).unwrap();
                    let export = ExportTraceServiceRequest::decode(&*body).unwrap();
                    if tell.send(export).is_err() {
                        return;
                    }
                }
            }
        }
    });
    (address, heard)
}

fn attribute(attributes: &[KeyValue], name: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == name);
    match found.and_then(|attribute| attribute.value.clone()?.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{name}: {other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn a_collector_gets_a_span_of_each_request_that_somebody_wants_to_keep() {
    let (address, heard) = collector();
    let endpoint = format!("http://{address}");
    let logged = Logged::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    let client = &logged.server.client;
    let unwanted = GIVEN.replace("-01", "-00");
    let told = client.send(
        "GET",
        "/users/01900000-0000-7000-8000-000000000000?secret=1",
        &[
            ("traceparent", GIVEN),
            ("tracestate", "vendor=what-it-said"),
        ],
        "",
    );
    assert_eq!(told.status, 404);
    client.send("GET", "/users", &[("traceparent", &unwanted)], "");
    let own = client.get("/orders");

    // The last ones are sent at the end.
    let log = logged.end();

    let exports: Vec<ExportTraceServiceRequest> = heard.try_iter().collect();
    let (resources, spans): (Vec<Resource>, Vec<Vec<Span>>) = exports
        .into_iter()
        .flat_map(|export| export.resource_spans)
        .map(|of_one| {
            let spans = of_one.scope_spans.into_iter().flat_map(|scope| scope.spans);
            (of_one.resource.unwrap(), spans.collect())
        })
        .unzip();
    let spans = spans.concat();
    assert_eq!(
        attribute(&resources[0].attributes, "service.name"),
        "schema-per-service"
    );
    let names: Vec<&str> = spans.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["GET /users/{id}", "GET /orders"]);
    let [of_theirs, of_ours] = &spans[..] else {
        unreachable!()
    };
    let told = &told.headers["traceparent"];
    assert_eq!(
        hex(&of_theirs.trace_id),
        told[3..35],
        "the caller's trace: {GIVEN}"
    );
    assert_eq!(hex(&of_theirs.span_id), told[36..52]);
    assert_eq!(hex(&of_theirs.parent_span_id), GIVEN[36..52]);
    assert_eq!(of_theirs.trace_state, "vendor=what-it-said");
    for (name, value) in [
        ("http.request.method", "GET"),
        ("http.route", "/users/{id}"),
        ("http.response.status_code", "404"),
        ("error.type", "user-not-found"),
        ("app.service", "users"),
    ] {
        assert_eq!(attribute(&of_theirs.attributes, name), value);
    }
    assert!(of_theirs.end_time_unix_nano > of_theirs.start_time_unix_nano);
    assert!(of_ours.parent_span_id.is_empty());
    let own = &own.headers["traceparent"];
    assert_eq!(hex(&of_ours.trace_id), own[3..35]);
    assert!(own.ends_with("-01"), "{own}");
    let lines = requests(&log);
    assert!(
        lines.iter().any(|line| line["trace_id"] == own[3..35]),
        "{log}"
    );
    let everything = format!("{spans:?}");
    assert!(
        !everything.contains("secret") && !everything.contains("01900000"),
        "{everything}"
    );
}

#[test]
fn a_collector_that_is_away_holds_up_nobody_and_is_told_in_the_log() {
    let away = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let endpoint = format!("http://{away}");
    let logged = Logged::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    assert_eq!(logged.server.client.get("/users").status, 200);

    let log = logged.end();

    let line = log.lines().find(|line| line.contains("opentelemetry"));
    assert!(line.is_some_and(|line| !line.contains("INFO")), "{log}");
}
