//! Failures as clients read them: RFC 9457 problem documents, on every path and whoever raises them.

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    dev::ServiceResponse,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::db;

/// A failure on its way to a client.
///
/// `type` is `/problems/<name>`; docs/problems.md says of each what the client does next. What the client may not see, the
/// cause, goes to the log instead, under the same `instance`.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    name: &'static str,
    title: &'static str,
    detail: Option<String>,
    errors: Vec<Fault>,
    extension: Map<String, Value>,
    header: Option<(HeaderName, HeaderValue)>,
    cause: Option<db::Error>,
    instance: Uuid,
}

/// What is wrong with one part of the input.
#[derive(Debug, Serialize)]
pub(crate) struct Fault {
    #[serde(flatten)]
    pub(super) at: Place,
    pub(super) detail: String,
}

/// The part of the input that a fault is about.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Place {
    /// A JSON Pointer (RFC 6901) into the body.
    Pointer(String),
    /// The name of a parameter in the path or the query.
    Parameter(String),
}

impl Problem {
    /// A problem of a service's own; `name` stays stable for ever, and so does `title`.
    pub(crate) fn new(status: StatusCode, name: &'static str, title: &'static str) -> Self {
        Self {
            status,
            name,
            title,
            detail: None,
            errors: Vec::new(),
            extension: Map::new(),
            header: None,
            cause: None,
            instance: Uuid::now_v7(),
        }
    }

    /// Says what is particular about this occurrence.
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds the header that belongs to its status.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.header = HeaderValue::from_str(value).ok().map(|value| (name, value));
        self
    }

    /// Points to the part of the body that is to blame.
    pub(crate) fn fault(mut self, pointer: &str, detail: &str) -> Self {
        self.errors.push(Fault {
            at: Place::Pointer(pointer.to_owned()),
            detail: detail.to_owned(),
        });
        self
    }

    /// Its name, which is public.
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// This occurrence of it, which is public.
    pub(crate) const fn instance(&self) -> Uuid {
        self.instance
    }

    /// Why it is a failure of ours, for the log alone; `None` when it is none.
    pub(crate) fn cause(&self) -> Option<String> {
        match &self.cause {
            Some(cause) => Some(cause.to_string()),
            None if self.status == StatusCode::INTERNAL_SERVER_ERROR => {
                Some("the framework failed".to_owned())
            }
            None => None,
        }
    }

    /// Whether the same request may succeed later.
    pub(crate) fn is_passing(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE
    }

    /// Well-formed JSON that does not make sense.
    pub(super) fn invalid(errors: Vec<Fault>) -> Self {
        let title = "The request body has faults";
        Self {
            errors,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", title)
        }
    }

    /// A path or query that does not make sense.
    pub(super) fn invalid_parameter(errors: Vec<Fault>) -> Self {
        let title = "The request's parameters have faults";
        Self {
            errors,
            ..Self::new(StatusCode::BAD_REQUEST, "invalid-parameter", title)
        }
    }

    /// The `If-Match` of a request names other versions than the stored one.
    pub(crate) fn precondition_failed() -> Self {
        let title = "The resource has changed since it was read";
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "precondition-failed",
            title,
        )
    }

    /// Some services cannot reach their data, or reach more than that.
    pub(crate) fn not_ready(detail: &str, services: Map<String, Value>) -> Self {
        let problem = Self::unavailable().detail(detail);
        Self {
            extension: Map::from_iter([("services".to_owned(), Value::Object(services))]),
            ..problem
        }
    }

    pub(super) fn method_not_allowed(allow: &'static str) -> Self {
        let title = "The resource does not understand this method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", title)
            .header(header::ALLOW, allow)
    }

    /// We cannot answer now.
    pub(crate) fn unavailable() -> Self {
        let title = "The service cannot answer now; try again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", title)
            .header(header::RETRY_AFTER, "1")
    }

    fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on our side",
        )
    }
}

impl From<db::Error> for Problem {
    fn from(cause: db::Error) -> Self {
        let problem = match &cause {
            db::Error::Unavailable | db::Error::Busy | db::Error::TimedOut => Self::unavailable(),
            db::Error::Refused(_) | db::Error::Panicked | db::Error::Failed(_) => Self::internal(),
        };
        Self {
            cause: Some(cause),
            ..problem
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        #[derive(Serialize)]
        struct Document<'a> {
            r#type: String,
            title: &'a str,
            status: u16,
            #[serde(skip_serializing_if = "Option::is_none")]
            detail: Option<&'a str>,
            instance: String,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            errors: &'a [Fault],
            #[serde(flatten)]
            extension: &'a Map<String, Value>,
        }

        let mut response = HttpResponse::build(self.status);
        if let Some(header) = &self.header {
            response.insert_header(header.clone());
        }
        let document = Document {
            r#type: format!("/problems/{}", self.name),
            title: self.title,
            status: self.status.as_u16(),
            detail: self.detail.as_deref(),
            instance: self.instance.urn().to_string(),
            errors: &self.errors,
            extension: &self.extension,
        };
        response
            .insert_header((header::CONTENT_TYPE, "application/problem+json"))
            .json(document)
    }
}

/// Makes a problem document of what is none yet: whatever the framework refused before a handler saw it.
pub(crate) fn as_problem(response: ServiceResponse) -> ServiceResponse {
    let is_strange = |error: &actix_web::Error| error.as_error::<Problem>().is_none();
    if !response.response().error().is_some_and(is_strange) {
        return response;
    }
    let status = response.status();
    let problem = if status.is_server_error() {
        Problem::internal()
    } else {
        Problem::new(status, "bad-request", "The request cannot be understood")
    };
    let mut answer = HttpResponse::from_error(problem);
    for (name, value) in response.headers() {
        if !answer.headers().contains_key(name) {
            answer.headers_mut().append(name.clone(), value.clone());
        }
    }
    response.into_response(answer)
}
