//! One client, who does as it is told: it waits when the server asks for it, and asks again when an answer was lost.

use std::{
    fmt, thread,
    time::{Duration, Instant},
};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use ureq::{
    Agent, Body,
    http::{Request, Response, StatusCode},
    tls::{RootCerts, TlsConfig, TlsProvider},
};
use uuid::Uuid;

use super::{
    data::{Person, Sale, Status},
    fill::Stop,
};

/// How often one request is tried while the server is away or overloaded.
const TRIES: u32 = 30;
/// The longest wait for one answer; the server's own deadline is shorter.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// The pause before another try, unless the server names one.
const PAUSE: Duration = Duration::from_secs(1);
/// The time between two looks whether to stop.
const LOOK: Duration = Duration::from_millis(50);

/// Why a client did not do what it was told.
pub(super) enum Failure {
    /// Somebody wants it to stop.
    Stopped,
    /// The server will not have it; the text is for whoever typed the command.
    Refused(String),
}

/// Something that stands there now.
pub(super) struct Made<T> {
    pub(super) what: T,
    /// Whether it was not there before this run.
    pub(super) is_new: bool,
}

/// A client, whose connection is kept for its next request.
pub(super) struct Client<'run> {
    agent: Agent,
    server: &'run str,
    token: Option<&'run SecretString>,
    stop: &'run Stop,
}

/// A request that may be made again without harm.
struct Call<'a> {
    method: &'static str,
    /// What an error names it by: without an id or an address.
    pattern: &'static str,
    path: String,
    key: Option<String>,
    body: Option<&'a Value>,
}

/// An answer that was read to its end.
struct Answer {
    call: String,
    status: StatusCode,
    json: Value,
    is_replay: bool,
    /// Whether an earlier try may have been carried out too.
    was_unsure: bool,
}

impl<'run> Client<'run> {
    pub(super) fn new(
        server: &'run str,
        token: Option<&'run SecretString>,
        stop: &'run Stop,
    ) -> Self {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::NativeTls)
            .root_certs(RootCerts::PlatformVerifier);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_WAIT))
            .tls_config(tls.build())
            .proxy(None);
        Self {
            agent: config.build().new_agent(),
            server,
            token,
            stop,
        }
    }

    /// Registers a person and returns the user's id. An address that is taken is this person's: it is found by it.
    pub(super) fn register(&self, person: &Person) -> Result<Made<Uuid>, Failure> {
        let body = json!({ "email": person.email, "name": person.name });
        let answer = self.ask(&Call {
            body: Some(&body),
            ..Call::new("POST", "/users")
        })?;
        let is_taken = answer.is(StatusCode::CONFLICT, "email-taken");
        let is_new = !is_taken || answer.was_unsure;
        let user = if is_taken {
            let found = self.ask(&Call {
                path: format!("/users?email={}", person.email),
                ..Call::new("GET", "/users")
            })?;
            found.read(StatusCode::OK)?["items"][0].take()
        } else {
            answer.read(StatusCode::CREATED)?
        };
        Ok(Made {
            what: id(&user)?,
            is_new,
        })
    }

    /// Places an order, brings it as far as it has come, and returns where it stands. The key makes it the same order each
    /// time.
    pub(super) fn sell(
        &self,
        sale: &Sale,
        key: String,
        customer: Uuid,
    ) -> Result<Made<Status>, Failure> {
        let body = sale.body(customer);
        let placed = self.ask(&Call {
            key: Some(key),
            body: Some(&body),
            ..Call::new("POST", "/orders")
        })?;
        let (is_replay, was_unsure) = (placed.is_replay, placed.was_unsure);
        let mut order = placed.read(StatusCode::CREATED)?;
        let path = format!("/orders/{}", id(&order)?);
        if is_replay {
            // A replay tells of the order as it was placed; it may have come further.
            let found = self.ask(&Call {
                path: path.clone(),
                ..Call::new("GET", "/orders/{id}")
            })?;
            order = found.read(StatusCode::OK)?;
        }
        for step in status(&order)?.steps(sale.status) {
            let stepped = self.ask(&Call {
                path: format!("{path}/{step}"),
                ..Call::new("POST", "/orders/{id}/{step}")
            })?;
            order = stepped.read(StatusCode::OK)?;
        }
        Ok(Made {
            what: status(&order)?,
            is_new: !is_replay || was_unsure,
        })
    }

    /// Makes a call until it is answered with something else than 429 or 503, or it was tried too often.
    fn ask(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let mut was_unsure = false;
        let mut tries = 0;
        loop {
            if self.stop.is_asked() {
                return Err(Failure::Stopped);
            }
            tries += 1;
            let (pause, trouble) = match self.try_once(call) {
                Ok((answer, pause)) => match answer.status {
                    StatusCode::TOO_MANY_REQUESTS => {
                        // It is no trouble, and gets better by itself.
                        tries = 0;
                        (pause, String::new())
                    }
                    StatusCode::SERVICE_UNAVAILABLE => {
                        // The server gives up waiting for a commit that may still come.
                        was_unsure = true;
                        (pause, answer.to_string())
                    }
                    _ => {
                        return Ok(Answer {
                            was_unsure,
                            ..answer
                        });
                    }
                },
                Err(error) => {
                    was_unsure = true;
                    (PAUSE, format!("{call}: {error}"))
                }
            };
            if tries == TRIES {
                return Err(Failure::Refused(format!("{trouble}, {TRIES} times")));
            }
            self.pause(pause);
        }
    }

    fn try_once(&self, call: &Call<'_>) -> Result<(Answer, Duration), ureq::Error> {
        let uri = format!("{}{}", self.server, call.path);
        let mut request = Request::builder().method(call.method).uri(uri);
        if let Some(token) = self.token {
            let bearer = format!("Bearer {}", token.expose_secret());
            request = request.header("Authorization", bearer);
        }
        if let Some(key) = &call.key {
            request = request.header("Idempotency-Key", key);
        }
        let mut response: Response<Body> = match call.body {
            Some(body) => {
                request = request.header("Content-Type", "application/json");
                self.agent.run(request.body(body.to_string())?)?
            }
            None => self.agent.run(request.body(())?)?,
        };
        let text = response.body_mut().read_to_string()?;
        let header = |name: &str| response.headers().get(name)?.to_str().ok();
        let pause = header("Retry-After").and_then(|seconds| seconds.parse().ok());
        let answer = Answer {
            call: call.to_string(),
            status: response.status(),
            json: serde_json::from_str(&text).unwrap_or_default(),
            is_replay: header("Idempotency-Replayed").is_some(),
            was_unsure: false,
        };
        Ok((answer, pause.map_or(PAUSE, Duration::from_secs)))
    }

    /// Waits that long, or until somebody wants it to stop.
    fn pause(&self, long: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < long && !self.stop.is_asked() {
            thread::sleep(LOOK.min(long));
        }
    }
}

impl Call<'_> {
    fn new(method: &'static str, pattern: &'static str) -> Self {
        Self {
            method,
            pattern,
            path: pattern.to_owned(),
            key: None,
            body: None,
        }
    }
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.pattern)
    }
}

impl Answer {
    fn is(&self, status: StatusCode, problem: &str) -> bool {
        self.status == status && self.json["type"] == format!("/problems/{problem}")
    }

    /// The body of an answer that must have this status.
    fn read(self, status: StatusCode) -> Result<Value, Failure> {
        if self.status == status {
            return Ok(self.json);
        }
        let hint = match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                "; give --token one with operator in its scope"
            }
            _ => "",
        };
        Err(Failure::Refused(format!("{self}{hint}")))
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} was answered with {}",
            self.call,
            self.status.as_u16()
        )?;
        let words = ["title", "detail"].map(|name| self.json[name].as_str());
        for words in words.into_iter().flatten() {
            write!(f, ", {words}")?;
        }
        Ok(())
    }
}

fn id(thing: &Value) -> Result<Uuid, Failure> {
    Uuid::deserialize(&thing["id"]).map_err(|_| strange("an id"))
}

fn status(order: &Value) -> Result<Status, Failure> {
    Status::deserialize(&order["status"]).map_err(|_| strange("a status that we know"))
}

fn strange(what: &str) -> Failure {
    Failure::Refused(format!(
        "an answer is without {what}; does --server name this program?"
    ))
}
