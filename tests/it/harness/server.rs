//! The real server, on port 0 and on a thread of this process.

use std::{net::SocketAddr, ops::Deref, sync::mpsc, thread, time::Duration};

use actix_web::{dev::ServerHandle, rt::System};
use clap::Parser;
use schema_per_service::{
    app::App,
    config::Config,
    db::{DatabaseUrl, Limits},
};

use super::{Client, Database};

/// A running server; it stops when dropped, before its database is dropped.
pub(crate) struct Server {
    client: Client,
    handle: ServerHandle,
    thread: Option<thread::JoinHandle<()>>,
    pub(crate) database: Database,
}

/// The settings, as the environment and their defaults have them.
#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

pub(super) fn settings() -> Config {
    Settings::parse_from(["test", "--listen", "127.0.0.1:0", "--workers", "2"]).config
}

impl Server {
    pub(crate) fn start() -> Self {
        let database = Database::new();
        Self::start_with(
            database,
            Limits {
                connections: 4,
                ..Limits::default()
            },
        )
    }

    pub(crate) fn start_with(database: Database, limits: Limits) -> Self {
        let urls = database.service_urls();
        let (address, handle, thread) = serve(urls, limits);
        Self {
            client: Client::new(address),
            handle,
            thread: Some(thread),
            database,
        }
    }
}

fn serve(
    urls: Vec<DatabaseUrl>,
    limits: Limits,
) -> (SocketAddr, ServerHandle, thread::JoinHandle<()>) {
    let mut config = settings();
    config.limits = limits;
    // The tests' databases stand beside each other on one server that does not sync.
    config.accept = ["other-database", "durability"].map(str::to_owned).to_vec();
    let (tell, started) = mpsc::channel();
    let thread = thread::spawn(move || {
        System::new().block_on(async {
            let app = App::bind(&config, &urls).await.unwrap();
            tell.send((app.address(), app.handle())).unwrap();
            app.run().await.unwrap();
        });
    });
    let (address, handle) = started.recv_timeout(Duration::from_secs(60)).unwrap();
    (address, handle, thread)
}

impl Deref for Server {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The command is sent by the call; waiting for its end is the join.
        drop(self.handle.stop(true));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
