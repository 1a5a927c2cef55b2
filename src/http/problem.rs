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
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::db;

/// A failure on its way to a client.
///
/// `type` is `/problems/<name>`; docs/problems.md says of each what the client does next. What the client may not see, the
/// cause, goes to the log instead, under the same `instance`.
#[derive(Debug)]
pub(crate) struct Problem {
    kind: Kind,
    detail: Option<String>,
    errors: Vec<Fault>,
    extension: Map<String, Value>,
    header: Option<(HeaderName, HeaderValue)>,
    cause: Option<db::Error>,
    instance: Uuid,
}

/// A kind of failure. Its name and its title stay the same for ever.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) status: StatusCode,
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
}

impl Kind {
    pub(crate) const fn new(status: StatusCode, name: &'static str, title: &'static str) -> Self {
        Self {
            status,
            name,
            title,
        }
    }

    /// What a document calls it.
    pub(super) fn uri(&self) -> String {
        format!("/problems/{}", self.name)
    }

    /// A problem of this kind as clients read it.
    pub(super) fn example(&self) -> Value {
        json!({
            "type": self.uri(),
            "title": self.title,
            "status": self.status.as_u16(),
            "instance": Uuid::nil().urn().to_string(),
        })
    }
}

/// Well-formed JSON that does not make sense.
pub(super) const INVALID: Kind = Kind::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "invalid",
    "The request body has faults",
);
/// A path, query or header that does not make sense.
pub(super) const INVALID_PARAMETER: Kind = Kind::new(
    StatusCode::BAD_REQUEST,
    "invalid-parameter",
    "The request's parameters have faults",
);
/// What the framework refused before a handler saw it.
const BAD_REQUEST: Kind = Kind::new(
    StatusCode::BAD_REQUEST,
    "bad-request",
    "The request cannot be understood",
);
/// The `If-Match` of a request names other versions than the stored one.
pub(crate) const PRECONDITION_FAILED: Kind = Kind::new(
    StatusCode::PRECONDITION_FAILED,
    "precondition-failed",
    "The resource has changed since it was read",
);
/// We cannot answer now.
pub(crate) const UNAVAILABLE: Kind = Kind::new(
    StatusCode::SERVICE_UNAVAILABLE,
    "unavailable",
    "The service cannot answer now; try again",
);
/// A fault of ours.
pub(crate) const INTERNAL: Kind = Kind::new(
    StatusCode::INTERNAL_SERVER_ERROR,
    "internal",
    "Something went wrong on our side",
);

/// What is wrong with one part of the input.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Fault {
    #[serde(flatten)]
    pub(super) at: Place,
    pub(super) detail: String,
}

/// The part of the input that a fault is about.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Place {
    /// A JSON Pointer (RFC 6901) into the body.
    Pointer(String),
    /// The name of a parameter in the path or the query.
    Parameter(String),
}

impl Problem {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
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
        self.kind.name
    }

    /// This occurrence of it, which is public.
    pub(crate) const fn instance(&self) -> Uuid {
        self.instance
    }

    /// Why it is a failure of ours, for the log alone; `None` when it is none.
    pub(crate) fn cause(&self) -> Option<String> {
        match &self.cause {
            Some(cause) => Some(cause.to_string()),
            None if self.kind.status == StatusCode::INTERNAL_SERVER_ERROR => {
                Some("the framework failed".to_owned())
            }
            None => None,
        }
    }

    /// Whether the same request may succeed later.
    pub(crate) fn is_passing(&self) -> bool {
        self.kind.status == StatusCode::SERVICE_UNAVAILABLE
    }

    pub(super) fn invalid(errors: Vec<Fault>) -> Self {
        Self {
            errors,
            ..Self::new(INVALID)
        }
    }

    pub(super) fn invalid_parameter(errors: Vec<Fault>) -> Self {
        Self {
            errors,
            ..Self::new(INVALID_PARAMETER)
        }
    }

    /// Says more in a field of its own.
    pub(crate) fn with(mut self, field: &str, value: impl Serialize) -> Self {
        self.extension = serde_json::to_value(value)
            .map(|value| Map::from_iter([(field.to_owned(), value)]))
            .unwrap_or_default();
        self
    }

    pub(super) fn method_not_allowed(allow: &'static str) -> Self {
        const METHOD_NOT_ALLOWED: Kind = Kind::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "The resource does not understand this method",
        );
        Self::new(METHOD_NOT_ALLOWED).header(header::ALLOW, allow)
    }

    pub(crate) fn unavailable() -> Self {
        Self::new(UNAVAILABLE).header(header::RETRY_AFTER, "1")
    }
}

/// A problem as clients read it (RFC 9457).
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Problem")]
pub(super) struct Document<'a> {
    /// What happened: one of the kinds that docs/problems.md lists.
    #[schemars(extend("format" = "uri-reference"))]
    r#type: String,
    /// The same for every problem of this type.
    title: &'a str,
    /// The status of the answer.
    status: u16,
    /// What is particular about this occurrence.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    detail: Option<&'a str>,
    /// Names this occurrence; our log knows it too when the fault is ours.
    #[schemars(extend("format" = "uri"))]
    instance: String,
    /// The parts of the request that are to blame.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Fault],
    #[serde(flatten)]
    extension: &'a Map<String, Value>,
}

impl From<db::Error> for Problem {
    fn from(cause: db::Error) -> Self {
        let problem = match &cause {
            db::Error::Unavailable | db::Error::Busy | db::Error::TimedOut => Self::unavailable(),
            db::Error::Refused(_) | db::Error::Panicked | db::Error::Failed(_) => {
                Self::new(INTERNAL)
            }
        };
        Self {
            cause: Some(cause),
            ..problem
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.kind.status);
        if let Some(header) = &self.header {
            response.insert_header(header.clone());
        }
        let document = Document {
            r#type: self.kind.uri(),
            title: self.kind.title,
            status: self.kind.status.as_u16(),
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
        Problem::new(INTERNAL)
    } else {
        Problem::new(Kind {
            status,
            ..BAD_REQUEST
        })
    };
    let mut answer = HttpResponse::from_error(problem);
    for (name, value) in response.headers() {
        if !answer.headers().contains_key(name) {
            answer.headers_mut().append(name.clone(), value.clone());
        }
    }
    response.into_response(answer)
}
