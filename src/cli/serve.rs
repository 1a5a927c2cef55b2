//! `serve`: REST until somebody stops it.

use std::{error::Error, mem, process::ExitCode};

use actix_web::rt::System;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::print;
use crate::{
    app::App,
    config::{Config, Databases},
    db::{
        DatabaseUrl,
        embedded::{Durability, Embedded},
        end_logins,
    },
    services::SERVICES,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  # On this machine: 127.0.0.1:8080, with a PostgreSQL of its own in ./data
  schema-per-service

  # With rights, by a key for development; the second command prints an operator's token
  schema-per-service serve --token-keys data/token-keys.pem
  schema-per-service token olga --scope operator

  # On databases of yours, for whoever bears a token that these keys have signed
  (set -a; . secrets/serve.env; schema-per-service serve --token-keys keys.json)";

pub(super) fn run(config: &Config) -> Result<ExitCode, Box<dyn Error>> {
    config.refuse_open(&config.databases()?)?;
    allow_many_connections();
    with_databases(config, |urls, place| serve(config, urls, place))
}

/// Does something with the services' databases: those of the given URLs, or our own, which runs that long.
pub(super) fn with_databases<T>(
    config: &Config,
    work: impl FnOnce(&[DatabaseUrl], &str) -> Result<T, Box<dyn Error>>,
) -> Result<T, Box<dyn Error>> {
    match config.databases()? {
        Databases::Given(urls) => work(&urls, "in the databases of the given URLs"),
        Databases::Embedded => {
            let embedded = Embedded::start(
                &config.data_dir(),
                config.pg_bin_dir.as_deref(),
                Durability::Durable,
            )?;
            let urls = embedded.prepare(SERVICES)?;
            let place = format!(
                "in {}, in a PostgreSQL of its own",
                embedded.data_dir().display()
            );
            work(&urls, &place)
            // The work is done; now `embedded` stops its database.
        }
    }
}

fn serve(config: &Config, urls: &[DatabaseUrl], place: &str) -> Result<ExitCode, Box<dyn Error>> {
    block_on(async {
        let app = App::bind(config, urls).await?;
        let address = app.address();
        print(&format!(
            "Listening on http://{address}; the data lies {place}. Ctrl-C stops.\n"
        ));
        if config.callers.is_open() {
            print(&format!(
                "Calls are open: whoever reaches {address} may read and change everything. TOKEN_KEYS closes them.\n\
                 Try: curl -i http://{address}/users -H 'Content-Type: application/json' \
                 -d '{{\"email\": \"ada@example.com\", \"name\": \"Ada Lovelace\"}}'\n"
            ));
        }
        app.run().await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// A connection is an open file, and the usual limit of a shell is 1,024, so that as many idle clients would keep everyone out.
pub(super) fn allow_many_connections() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE)
        && let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, most, most)
    {
        tracing::warn!(%error, "the number of open files stays as it is");
    }
}

/// Does the one thing that this process is there for, on a runtime that ends with the process.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let ended = block_on_for_good(work);
    end_logins();
    ended
}

fn block_on_for_good<T>(work: impl Future<Output = T>) -> T {
    let runner = System::new();
    let ended = runner.block_on(work);
    // Dropped, the runtime would wait for threads that wait for a database that hangs; the end of the process does not.
    mem::forget(runner);
    // Each thread of the runtime has one of these until it has ended, and whoever drops the last wakes the runtime. A thread that
    // has almost ended cannot do so, and would abort the process.
    mem::forget(System::current());
    ended
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, sync::mpsc, thread};

    use actix_rt::Arbiter;
    use tokio::{sync::oneshot, task::yield_now};

    use super::*;

    /// What a thread drops at its very end: it says that it is there, and stays until it is told to go on.
    struct Last {
        reached: Option<oneshot::Sender<()>>,
        go_on: mpsc::Receiver<()>,
    }

    impl Drop for Last {
        fn drop(&mut self) {
            let _ = self.reached.take().map(|reached| reached.send(()));
            let _ = self.go_on.recv();
        }
    }

    thread_local! {
        static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
    }

    #[test]
    fn a_thread_of_the_runtime_may_end_after_the_one_that_waited_for_it() {
        let (go_on, told) = mpsc::channel();
        let main = thread::spawn(|| {
            block_on_for_good(async {
                let worker = Arbiter::new();
                let (reached, at_its_end) = oneshot::channel();
                let last = Last {
                    reached: Some(reached),
                    go_on: told,
                };
                worker.spawn_fn(|| LAST.set(Some(last)));
                worker.stop();
                at_its_end.await.unwrap();
                // What the runtime was told meanwhile, it hears before this ends.
                yield_now().await;
                worker
            })
        });
        let worker = main.join().unwrap();

        go_on.send(()).unwrap();

        worker.join().unwrap();
    }
}
