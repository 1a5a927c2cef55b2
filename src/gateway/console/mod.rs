//! `GET /`: the whole at a glance, for whoever runs it.
//!
//! One document with its style and its script in it, so that it needs nothing else and nobody else. It counts nothing itself:
//! figures come from the registry of metrics, walls from the last look of each service, and health is asked for when somebody
//! looks. [`watch`](Console::watch) samples the registry for the plots; no request pays for them.
//!
//! With token keys set, `/` is a shell without a figure; its script fetches them from `/console` with the operator's token.

mod figures;
mod history;
mod matrix;
mod page;
mod plot;
mod view;

use std::{sync::LazyLock, time::Instant};

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::header::{self, HeaderValue},
    web::Data,
};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use prometheus::Registry;
use tokio::time::{MissedTickBehavior, interval};

use self::{
    figures::Figures,
    history::{History, PACE},
    view::{Sayings, View},
};
use crate::http::{About, Caller, Door, Gives, Media, Raw, Scope, Sketch};

pub(super) const PAGE: About = About {
    id: "read_console",
    summary: "The whole at a glance, as a page for people",
    problems: &[],
    links: &[],
};
pub(super) const PARTS: About = About {
    id: "read_console_parts",
    summary: "What changes on that page",
    problems: &[],
    links: &[],
};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// What the page may do in a browser: apply this one style, run this one script, ask this server, show the icon in it.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let [style, script] =
        [STYLE, SCRIPT].map(|text| STANDARD.encode(digest(&SHA256, text.as_bytes())));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
});

/// A part of a document.
pub(super) struct Html;

/// The document, with what it may do.
pub(super) struct Page(Raw<Html>);

/// What the console remembers.
pub(crate) struct Console {
    registry: Registry,
    history: History,
    sayings: Sayings,
}

impl Console {
    pub(crate) fn new(registry: &Registry) -> Self {
        Self {
            registry: registry.clone(),
            history: History::default(),
            sayings: Sayings::default(),
        }
    }

    /// Samples the registry, until dropped.
    pub(crate) async fn watch(&self) {
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            pace.tick().await;
            self.history.take(&self.figures(), Instant::now());
        }
    }

    fn figures(&self) -> Figures {
        Figures::new(self.registry.gather())
    }

    async fn view(&self, doors: &[Box<dyn Door>]) -> View {
        View::gather(doors, &self.figures(), &self.history, &self.sayings).await
    }
}

/// The page: with the figures for whoever may see them, else with a place for a token.
pub(super) async fn page(
    caller: Caller,
    console: Data<Console>,
    doors: Data<[Box<dyn Door>]>,
) -> Page {
    let view = if caller.may(Scope::Operator) {
        Some(console.view(&doors).await)
    } else {
        None
    };
    Page(Raw::new(page::whole(view.as_ref()).into_string()))
}

/// The figures alone, for the page's script.
pub(super) async fn parts(console: Data<Console>, doors: Data<[Box<dyn Door>]>) -> Raw<Html> {
    let view = console.view(&doors).await;
    Raw::new(page::parts(&view).into_string())
}

impl Media for Html {
    const TYPE: &'static str = "text/html; charset=utf-8";
}

impl Responder for Page {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = self.0.respond_to(request);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
        response
    }
}

impl Gives for Page {
    fn sketch(sketch: &mut Sketch<'_>) {
        Raw::<Html>::sketch(sketch);
    }
}
