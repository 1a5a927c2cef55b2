//! W3C Trace Context: taken where it is well-formed, made where it is not, and returned.

use crate::harness::Server;

#[test]
fn an_answer_names_the_callers_trace_or_a_new_one_and_the_request_as_its_span() {
    let server = Server::start();
    let told = |given: &[(&str, &str)]| {
        let answer = server.send("GET", "/nothing", given, "");
        answer.headers["traceparent"].clone()
    };
    let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    let answers = [
        told(&[("traceparent", given)]),
        told(&[("traceparent", given)]),
    ];

    for answer in &answers {
        assert!(
            answer.starts_with(&given[..36]) && answer.ends_with("-01"),
            "{answer}"
        );
        assert_ne!(answer, given);
    }
    assert_ne!(answers[0], answers[1]);
    for bad in [
        &[][..],
        &[("traceparent", "00-nonsense")],
        &[("traceparent", given), ("traceparent", given)],
    ] {
        let (one, other) = (told(bad), told(bad));
        assert_eq!((one.len(), &one[..3]), (55, "00-"), "{one}");
        assert_ne!(one[..36], other[..36]);
        assert_ne!(one[..36], given[..36]);
    }
}
