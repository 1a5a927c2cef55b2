//! Keeps the server process alive while we live, and lets it end when we do.

use std::{
    os::unix::process::CommandExt as _,
    process::{ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

/// Failed starts in a row after which nothing good is expected any more.
const HOPELESS: u32 = 10;

/// A thread that waits for the server process, and starts it again when it ended unasked.
///
/// The process hangs on a pipe: dropping the keeper closes it, and so does the kernel when we are killed.
#[derive(Debug)]
pub(super) struct Keeper {
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct State {
    stopping: bool,
    starts: u32,
    pipe: Option<ChildStdin>,
}

impl Keeper {
    pub(super) fn start(mut server: Command) -> Self {
        // A group of its own, so that the terminal's Ctrl-C reaches us alone and requests under way still find a database.
        server
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let state = Arc::new(Mutex::new(State::default()));
        let kept = Arc::clone(&state);
        let thread = thread::spawn(move || keep(server, &kept));
        Self {
            state,
            thread: Some(thread),
        }
    }

    /// Whether the server ended again and again before it ever answered.
    pub(super) fn gave_up(&self) -> bool {
        locked(&self.state).starts > HOPELESS
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let mut state = locked(&self.state);
        state.stopping = true;
        state.pipe = None;
        drop(state);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn keep(mut server: Command, state: &Mutex<State>) {
    loop {
        let mut guard = locked(state);
        if guard.stopping {
            return;
        }
        guard.starts += 1;
        let child = server.spawn().map(|mut child| {
            guard.pipe = child.stdin.take();
            child
        });
        drop(guard);

        match child {
            // A server that ran and was killed leaves processes that hold its memory for a moment: the second start, or the
            // third, succeeds.
            Ok(mut child) => drop(child.wait()),
            Err(error) => tracing::error!(%error, "cannot run /bin/sh"),
        }
        if locked(state).stopping {
            return;
        }
        tracing::error!("the embedded PostgreSQL ended unasked; starting it again");
        thread::sleep(Duration::from_secs(1));
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
