//! Keeps the server process alive while we live, and lets it end when we do.

use std::{
    fs::File,
    os::unix::process::CommandExt as _,
    process::{ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

/// Failed starts in a row after which nothing good is expected any more.
const HOPELESS: u32 = 10;
/// How long the server may take for each way of stopping it, the gentlest first. Stopped by force it recovers at the next start.
const STOPS: [(Option<Signal>, Duration); 3] = [
    (None, Duration::from_secs(15)),
    (Some(Signal::SIGQUIT), Duration::from_secs(5)),
    (Some(Signal::SIGKILL), Duration::from_secs(5)),
];

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
    group: Option<Pid>,
    pipe: Option<ChildStdin>,
}

impl Keeper {
    pub(super) fn start(mut server: Command, startup_log: File) -> Self {
        // A group of its own, so that the terminal's Ctrl-C reaches us alone and requests under way still find a database.
        server
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(startup_log);
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
        let Some(thread) = self.thread.take() else {
            return;
        };
        for (signal, patience) in STOPS {
            if let (Some(signal), Some(group)) = (signal, locked(&self.state).group) {
                tracing::warn!("PostgreSQL does not stop; sending {signal}");
                let _ = killpg(group, signal);
            }
            let begun = Instant::now();
            while begun.elapsed() < patience {
                if thread.is_finished() {
                    let _ = thread.join();
                    return;
                }
                thread::sleep(Duration::from_millis(5));
            }
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
            guard.group = i32::try_from(child.id()).ok().map(Pid::from_raw);
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
        let mut guard = locked(state);
        guard.group = None;
        if guard.stopping {
            return;
        }
        drop(guard);
        tracing::error!("the embedded PostgreSQL ended unasked; starting it again");
        thread::sleep(Duration::from_secs(1));
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
