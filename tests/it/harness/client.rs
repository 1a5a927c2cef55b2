//! A client that speaks the API, and looks at every failure with a stranger's eyes.

use std::{
    collections::HashMap,
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

use serde_json::Value;
use ureq::{
    Agent,
    http::{Request, Response},
};

use super::document;

pub(crate) struct Client {
    agent: Agent,
    pub(crate) address: SocketAddr,
    /// What it sends as `Authorization`, if anything.
    authorization: Option<String>,
}

/// A client that has asked and was not answered yet.
pub(crate) struct Waiting(TcpStream);

/// An answer as the client sees it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Value,
    /// The body as it came.
    pub(crate) written: String,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self {
            agent: config.into(),
            address,
            authorization: None,
        }
    }

    /// The same client as the bearer of a token.
    pub(crate) fn bearing(&self, token: &str) -> Self {
        Self {
            agent: self.agent.clone(),
            address: self.address,
            authorization: Some(format!("Bearer {token}")),
        }
    }

    /// What it sends as `Authorization`, if anything.
    pub(crate) fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(
            "POST",
            path,
            &[("Content-Type", "application/json")],
            &body.to_string(),
        )
    }

    pub(crate) fn patch(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let headers = [headers, &[("Content-Type", "application/merge-patch+json")]].concat();
        self.send("PATCH", path, &headers, &body.to_string())
    }

    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address));
        let own = self.authorization.as_deref();
        for (name, value) in own
            .map(|token| ("Authorization", token))
            .iter()
            .chain(headers)
        {
            request = request.header(*name, *value);
        }
        let response = if body.is_empty() {
            self.agent.run(request.body(()).unwrap())
        } else {
            self.agent.run(request.body(body).unwrap())
        };
        let answer = Answer::read(response.unwrap());
        document::check(method, path, &answer);
        answer
    }

    /// Sends bytes that no decent client would, and reads until the server closes.
    pub(crate) fn raw(&self, bytes: &[u8]) -> String {
        self.begin(bytes).end()
    }

    /// Sends bytes and leaves the answer for later, so that one thread can be several hundred clients.
    pub(crate) fn begin(&self, bytes: &[u8]) -> Waiting {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        stream.write_all(bytes).unwrap();
        Waiting(stream)
    }
}

impl Waiting {
    /// Reads until the server closes.
    pub(crate) fn end(mut self) -> String {
        let mut answer = Vec::new();
        self.0.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Answer {
    fn read(response: Response<ureq::Body>) -> Self {
        let (parts, mut body) = response.into_parts();
        // A file of the docs is compressed; nobody here reads it.
        let text = String::from_utf8_lossy(&body.read_to_vec().unwrap()).into_owned();
        let headers = parts
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let is_json = parts
            .headers
            .get("content-type")
            .is_some_and(|kind| kind.to_str().unwrap().contains("json"));
        let body = if is_json && !text.is_empty() {
            serde_json::from_str(&text).expect(&text)
        } else {
            Value::Null
        };
        let answer = Self {
            status: parts.status.as_u16(),
            headers,
            body,
            written: text,
        };
        if answer.status >= 400 && !answer.written.is_empty() {
            answer.check_problem();
        }
        answer
    }

    /// What is true of every failure: its form, its entry in the catalogue, and that it tells nothing of our insides.
    fn check_problem(&self) {
        assert_eq!(
            self.headers["content-type"], "application/problem+json",
            "{self:?}"
        );
        assert_eq!(self.body["status"], self.status, "{self:?}");
        assert!(self.text("/instance").starts_with("urn:uuid:"), "{self:?}");
        assert!(!self.text("/title").is_empty(), "{self:?}");
        let catalogue =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/problems.md"))
                .unwrap();
        let name = self.text("/type");
        assert!(
            catalogue.contains(&format!("| `{name}` | {} |", self.status)),
            "{name} is not in docs/problems.md"
        );
        for secret in [
            "_service", "_owner", "_pkey", "_key", "_check", "accounts", "SELECT", "INSERT",
            "postgres", "@",
        ] {
            assert!(!self.written.contains(secret), "{secret} in {self:?}");
        }
    }

    /// The name of the problem, without its folder.
    pub(crate) fn problem(&self) -> String {
        self.text("/type")
            .trim_start_matches("/problems/")
            .to_owned()
    }

    /// The JSON Pointers or parameters that the problem blames, in their order.
    pub(crate) fn blames(&self) -> Vec<&str> {
        let errors = self.body["errors"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        errors
            .iter()
            .filter_map(|fault| {
                ["pointer", "parameter"]
                    .iter()
                    .find_map(|place| fault[*place].as_str())
            })
            .collect()
    }

    /// The string at a JSON Pointer of the body.
    pub(crate) fn text(&self, pointer: &str) -> String {
        let value = self.body.pointer(pointer).and_then(Value::as_str);
        value
            .unwrap_or_else(|| panic!("no {pointer} in {self:?}"))
            .to_owned()
    }
}
