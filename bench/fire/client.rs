//! A client that asks until it has an answer, and looks at every answer with a stranger's eyes.

use std::{
    io::{self, Write as _},
    net::{SocketAddr, TcpStream},
    sync::atomic::Ordering::Relaxed,
    thread,
    time::{Duration, Instant},
};

use fastrand::Rng;
use serde_json::Value;
use ureq::{Agent, http::Request};

use super::Run;

/// The longest wait for one answer; the server's own deadline is shorter.
const ANSWER_WAIT: Duration = Duration::from_secs(8);
/// How long one thing is asked for before it is left unsure.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Client<'run> {
    pub(crate) run: &'run Run,
    pub(crate) rng: Rng,
    agent: Agent,
}

/// A request, and the problems that may rightly answer it.
pub(crate) struct Call<'a> {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) key: Option<&'a str>,
    pub(crate) body: Option<Value>,
    pub(crate) refusals: &'static [&'static str],
}

/// A definite answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) json: Value,
    /// It says that it was given before.
    pub(crate) is_replay: bool,
    /// There were tries before it that may have been carried out.
    pub(crate) was_unsure: bool,
    /// A server that asks to come again has not decided.
    retry_after: bool,
    content_type: String,
}

impl<'run> Client<'run> {
    pub(crate) fn new(run: &'run Run, rng: Rng) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_WAIT))
            .proxy(None);
        let agent = config.build().new_agent();
        Self { run, rng, agent }
    }

    /// Another client of the same run.
    pub(crate) fn twin(&mut self) -> Self {
        Self::new(self.run, self.rng.fork())
    }

    /// True in so many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.rng.u32(..100) < percent
    }

    /// Asks any server, again and again, until the answer is definite. `None` when there was no such answer in time.
    pub(crate) fn ask(&mut self, call: &Call<'_>) -> Option<Answer> {
        let begun = Instant::now();
        let mut was_unsure = false;
        while begun.elapsed() < PATIENCE && !self.run.has_given_up() {
            if let Some(address) = self.run.house.any_server(&mut self.rng) {
                match self.ask_once(address, call) {
                    Ok(answer) if self.decides(call, &answer) => {
                        return Some(Answer {
                            was_unsure,
                            ..answer
                        });
                    }
                    Err(error) if never_arrived(&error) => (),
                    Ok(_) | Err(_) => was_unsure = true,
                }
                self.run.book.retries.fetch_add(1, Relaxed);
            }
            thread::sleep(Duration::from_millis(self.rng.u64(5..100)));
        }
        None
    }

    fn ask_once(&self, address: SocketAddr, call: &Call<'_>) -> Result<Answer, ureq::Error> {
        let mut request = Request::builder()
            .method(call.method)
            .uri(format!("http://{address}{}", call.path));
        if let Some(key) = call.key {
            request = request.header("Idempotency-Key", key);
        }
        let mut response = if let Some(body) = &call.body {
            let request = request.header("Content-Type", "application/json");
            self.agent.run(request.body(body.to_string())?)
        } else {
            self.agent.run(request.body(())?)
        }?;
        let header = |name| Some(response.headers().get(name)?.to_str().unwrap_or_default());
        let (is_replay, retry_after, content_type) = (
            header("Idempotency-Replayed") == Some("true"),
            header("Retry-After").is_some(),
            header("Content-Type").unwrap_or_default().to_owned(),
        );
        let body = response.body_mut().read_to_string()?;
        Ok(Answer {
            status: response.status().as_u16(),
            json: serde_json::from_str(&body).unwrap_or_default(),
            body,
            is_replay,
            was_unsure: false,
            retry_after,
            content_type,
        })
    }

    /// Holds an answer against what is promised of all answers, and tells whether it settles the matter.
    fn decides(&self, call: &Call<'_>, answer: &Answer) -> bool {
        let find = |what| {
            let example = format!("{call}: {} {:.300}", answer.status, answer.body);
            self.run.book.findings.add(what, example);
        };
        match answer.status {
            200..300 => return true,
            400.. if answer.content_type != "application/problem+json" => {
                find("failures that are no problem documents");
            }
            503 if !answer.retry_after => find("503 without Retry-After"),
            503 => (),
            409 if answer.retry_after => (),
            400..500 if call.refusals.iter().any(|name| answer.is(name)) => return true,
            400..500 => {
                find("unexpected refusals");
                return true;
            }
            _ => find("answers that should never be"),
        }
        false
    }

    /// Sends a request, or a part of it, and hangs up.
    pub(crate) fn hang_up(&mut self, call: &Call<'_>) {
        self.run.book.hang_ups.fetch_add(1, Relaxed);
        let Some(address) = self.run.house.any_server(&mut self.rng) else {
            return;
        };
        let body = call.body.as_ref().map(Value::to_string).unwrap_or_default();
        let text = format!(
            "{} {} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nIdempotency-Key: {}\r\n\r\n{body}",
            call.method,
            call.path,
            body.len(),
            call.key.unwrap_or_default(),
        );
        let part = if self.chance(80) {
            text.len()
        } else {
            self.rng.usize(..text.len())
        };
        let pause = Duration::from_millis(self.rng.u64(..20));
        let send = || -> io::Result<()> {
            let mut stream = TcpStream::connect_timeout(&address, ANSWER_WAIT)?;
            stream.write_all(&text.as_bytes()[..part])?;
            thread::sleep(pause);
            Ok(())
        };
        // A server that is being killed hangs up first.
        let _ = send();
    }
}

impl Call<'_> {
    /// A request of the method alone, for the rest to be filled in.
    pub(crate) const fn bare(method: &'static str) -> Self {
        Call {
            method,
            path: String::new(),
            key: None,
            body: None,
            refusals: &[],
        }
    }
}

impl Answer {
    /// Whether it is the problem of this name.
    pub(crate) fn is(&self, problem: &str) -> bool {
        let name = self.json["type"].as_str().unwrap_or_default();
        name.strip_prefix("/problems/") == Some(problem)
    }
}

impl std::fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

fn never_arrived(error: &ureq::Error) -> bool {
    matches!(error, ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused)
}
