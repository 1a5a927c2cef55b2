//! Opens the doors, binds, serves, and stops.
//!
//! The port is opened only once every service whose database answers was looked at ([`gateway::admit`]). What was accepted is answered
//! before the process ends, unless a second signal comes.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_cors::Cors;
use actix_web::{
    HttpServer,
    dev::{Server, ServerHandle},
    middleware::{Condition, from_fn},
    web::{self, Data},
};
use futures_util::future::{LocalBoxFuture, join3};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::sleep,
};

use crate::{
    config::Config,
    db::DatabaseUrl,
    gateway::{self, Console, Entrance, Figures, KeysError, Recorder, Spans, SpansError},
    http,
    services::{self, SERVICES},
};

pub use crate::http::Operation;

/// The time that requests under way have to end in once the server was told to stop: longer than any of their deadlines.
const FAREWELL: Duration = Duration::from_secs(10);

/// The time within which two signals are one.
const ONCE: Duration = Duration::from_millis(500);

/// The time in which what was accepted is read.
const LULL: Duration = Duration::from_millis(100);

/// The time a client has to send the head of a request.
const HEAD_DEADLINE: Duration = Duration::from_secs(5);

/// The time that a connection is kept for its next request.
const IDLE: Duration = Duration::from_secs(5);

const FIGURES: &str = "each figure has a name of its own";

/// A server that holds its port.
#[expect(
    missing_debug_implementations,
    reason = "a running server has nothing to print"
)]
pub struct App {
    server: Server,
    address: SocketAddr,
    recorder: Data<Recorder>,
    grace: Duration,
    operations: Vec<Operation>,
    watch: LocalBoxFuture<'static, ()>,
    /// Heard from before the port is open, so that whoever sees it open can stop it in order.
    signals: [Signal; 2],
}

/// A server that does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A service reaches what it should not, or the like.
    #[error("{0}")]
    Refused(String),
    /// The operating system does not let us hear its signals.
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),
    /// The keys of the tokens cannot be used.
    #[error("{0}")]
    Keys(String),
    /// Spans cannot be exported there.
    #[error("{0}")]
    Spans(String),
    /// The port cannot be had.
    #[error("cannot listen on {address}: {}", advice(.source))]
    Port {
        /// The address asked for.
        address: SocketAddr,
        /// What went wrong.
        source: io::Error,
    },
}

impl App {
    /// Opens every service's door, looks at what each can reach, and only then opens the port. `urls` are in the order of
    /// [`SERVICES`].
    ///
    /// # Errors
    ///
    /// When a service reaches what it should not, or the port cannot be had.
    ///
    /// # Panics
    ///
    /// When `urls` does not hold one URL for each service.
    pub async fn bind(config: &Config, urls: &[DatabaseUrl]) -> Result<Self, Error> {
        let hear = |kind| signal(kind).map_err(Error::Signals);
        let signals = [
            hear(SignalKind::interrupt())?,
            hear(SignalKind::terminate())?,
        ];
        let entrance = Entrance::open(&config.callers.admission())
            .map_err(|error: KeysError| Error::Keys(error.to_string()))?;
        let entrance = Data::new(entrance);
        let urls: &[DatabaseUrl; SERVICES.len()] =
            urls.try_into().expect("one URL for each service");
        let figures = Figures::new().expect(FIGURES);
        let doors = services::open(urls, config, figures.registry());
        let spans = config.otlp_endpoint.as_deref().map(Spans::open);
        let spans = spans
            .transpose()
            .map_err(|error: SpansError| Error::Spans(error.to_string()))?;
        let operations = gateway::operations(services::resources());
        let document = Data::new(gateway::Document::new(&operations));
        let recorder = Recorder::new(figures.registry(), spans).expect(FIGURES);
        let (figures, recorder) = (Data::new(figures), Data::new(recorder));
        let kept = recorder.clone();
        let terms = config.terms();
        gateway::admit(&doors, &terms)
            .await
            .map_err(|refused| Error::Refused(refused.to_string()))?;
        let console = Data::new(Console::new(figures.registry()));
        let watch = {
            let (entrance, doors) = (entrance.clone(), Arc::clone(&doors));
            let console = console.clone();
            let interval = Duration::from_secs(config.audit_interval.max(1));
            async move {
                join3(
                    gateway::watch(doors, terms, interval),
                    entrance.watch(),
                    console.watch(),
                )
                .await;
            }
        };
        let origins = config.callers.cors_origins.clone();
        let mut server = HttpServer::new(move || {
            let (doors, entrance) = (Arc::clone(&doors), entrance.clone());
            let recorder = recorder.clone();
            actix_web::App::new()
                .app_data(document.clone())
                .app_data(figures.clone())
                .app_data(console.clone())
                .app_data(recorder.clone())
                .wrap(from_fn(move |request, next| {
                    gateway::enter(entrance.clone(), request, next)
                }))
                .wrap(Condition::new(!origins.is_empty(), cors(&origins)))
                // The outermost: whatever is answered, also by the layers before, has its record.
                .wrap(from_fn(move |request, next| {
                    gateway::record(recorder.clone(), request, next)
                }))
                .configure(|config| gateway::mount(config, &doors, services::resources()))
                .default_service(web::to(http::nobodys_path))
        })
        .disable_signals()
        .client_request_timeout(HEAD_DEADLINE)
        .keep_alive(IDLE)
        .max_connections(config.callers.max_connections as usize)
        .shutdown_timeout(FAREWELL.as_secs());
        if config.workers > 0 {
            server = server.workers(config.workers);
        }
        let server = server.bind(config.listen).map_err(|source| Error::Port {
            address: config.listen,
            source,
        })?;
        let address = server.addrs().first().copied().unwrap_or(config.listen);
        Ok(Self {
            server: server.run(),
            address,
            recorder: kept,
            grace: Duration::from_secs(config.grace.into()),
            operations,
            watch: Box::pin(watch),
            signals,
        })
    }

    /// The address that the server listens on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every operation and who may call it.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Stops the server from elsewhere.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Serves until Ctrl-C, SIGTERM, or a stop through [`App::handle`]; then whatever was accepted is answered. Another signal
    /// after that ends it at once.
    ///
    /// # Errors
    ///
    /// When the server itself fails.
    pub async fn run(self) -> io::Result<()> {
        let [mut interrupt, mut terminate] = self.signals;
        let mut signal = async move || {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        let handle = self.server.handle();
        let (recorder, grace) = (self.recorder.clone(), self.grace);
        let stopper = actix_web::rt::spawn(async move {
            signal().await;
            tracing::info!("stopping");
            recorder.leave();
            tokio::select! {
                () = stop(&handle, grace) => {}
                () = again(signal) => {
                    tracing::info!("stopping at once");
                    handle.stop(false).await;
                }
            }
        });
        let watcher = actix_web::rt::spawn(self.watch);
        let ended = self.server.await;
        stopper.abort();
        watcher.abort();
        // It ends once it is waited for, and holds the doors open until then.
        drop(watcher.await);
        self.recorder.end();
        ended
    }
}

/// Why a port cannot be had, and what to do.
fn advice(error: &io::Error) -> String {
    let known = [
        (
            io::ErrorKind::AddrInUse,
            "another program does already; stop it, or choose another port with LISTEN",
        ),
        (
            io::ErrorKind::AddrNotAvailable,
            "this machine has no such address; choose one of its own with LISTEN, or 0.0.0.0 for all",
        ),
        (
            io::ErrorKind::PermissionDenied,
            "only root may, below port 1024; choose another port with LISTEN",
        ),
    ];
    match known.iter().find(|(kind, _)| *kind == error.kind()) {
        Some((_, advice)) => (*advice).to_owned(),
        None => format!("{error}; choose another address or port with LISTEN"),
    }
}

/// Whether the signal to stop comes once more, and not only twice at once, as `timeout` and some terminals send it.
async fn again(mut signal: impl AsyncFnMut()) {
    let first = Instant::now();
    loop {
        signal().await;
        if first.elapsed() > ONCE {
            return;
        }
    }
}

/// Lets others send us nothing more, then lets what was accepted end.
async fn stop(server: &ServerHandle, grace: Duration) {
    sleep(grace).await;
    // To stop is to close connections that were accepted and not read yet; so nothing is accepted for a moment, and all is read.
    server.pause().await;
    sleep(LULL).await;
    server.stop(true).await;
}

/// What pages of these origins may do from a browser.
fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PATCH", "DELETE"])
        .allowed_headers([
            "Authorization",
            "Content-Type",
            "Idempotency-Key",
            "If-Match",
            "If-None-Match",
            "Traceparent",
            "Tracestate",
            "X-Request-Id",
        ])
        .expose_headers([
            "ETag",
            "Idempotency-Replayed",
            "Link",
            "Location",
            "RateLimit",
            "RateLimit-Policy",
            "Retry-After",
            "Traceparent",
            "X-Request-Id",
        ])
        .max_age(600);
    origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}
