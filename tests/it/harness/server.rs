//! The real server, on port 0 and on a thread of this process.

use std::{ops::Deref, sync::mpsc, thread, time::Duration};

use actix_web::{dev::ServerHandle, rt::System};
use clap::Parser;
use schema_per_service::{
    app::{App, Operation},
    config::Config,
};

use super::{Client, Database, Layout};

/// A running server; it stops when dropped, before its database is dropped.
pub(crate) struct Server {
    client: Client,
    handle: ServerHandle,
    thread: Option<thread::JoinHandle<()>>,
    /// Every operation and who may call it.
    pub(crate) operations: Vec<Operation>,
    pub(crate) database: Database,
}

/// The settings, as the environment and their defaults have them.
#[derive(Parser)]
pub(super) struct Settings {
    #[command(flatten)]
    pub(super) config: Config,
    #[arg(long, env = "LAYOUT", default_value = "one-database")]
    pub(super) layout: Layout,
}

pub(super) fn settings() -> Settings {
    Settings::parse_from(["test", "--listen", "127.0.0.1:0", "--workers", "2"])
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(Database::new(), |_| {})
    }

    /// Starts it on this database, with settings of the test's own.
    pub(crate) fn start_with(database: Database, set: impl FnOnce(&mut Config)) -> Self {
        let config = config(set);
        let urls = database.service_urls();
        let (tell, started) = mpsc::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async {
                let app = App::bind(&config, &urls).await.unwrap();
                let operations = app.operations().to_vec();
                tell.send((app.address(), app.handle(), operations))
                    .unwrap();
                app.run().await.unwrap();
            });
        });
        let (address, handle, operations) = started.recv_timeout(Duration::from_secs(60)).unwrap();
        Self {
            client: Client::new(address),
            handle,
            thread: Some(thread),
            operations,
            database,
        }
    }

    /// Why it does not start with these settings.
    pub(crate) fn refusal(set: impl FnOnce(&mut Config)) -> String {
        let (config, urls) = (config(set), Database::new().service_urls());
        let bound = System::new().block_on(App::bind(&config, &urls));
        bound.err().unwrap().to_string()
    }
}

fn config(set: impl FnOnce(&mut Config)) -> Config {
    let mut config = settings().config;
    config.limits.connections = 4;
    // The tests' databases stand beside each other on one server that does not sync.
    config.accept = ["other-database", "durability"].map(str::to_owned).to_vec();
    set(&mut config);
    config
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
