//! What can befall a database, and the end of it.

use std::{
    fs,
    os::unix::fs::FileTypeExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use postgres::Client;
use schema_per_service::db::{DatabaseUrl, Service};

use super::{Part, cluster::connect, eventually};

/// Ends the trouble when dropped.
pub(crate) struct Undo(Option<Box<dyn FnOnce()>>);

impl Undo {
    pub(crate) fn by(undo: impl FnOnce() + 'static) -> Self {
        Self(Some(Box::new(undo)))
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        if let Some(undo) = self.0.take() {
            undo();
        }
    }
}

impl Part {
    /// An administrator locks every table of the service.
    pub(crate) fn lock_tables(&self, service: &Service) -> Undo {
        let mut admin = self.admin();
        let tables: String = admin
            .query_one(
                "SELECT string_agg(oid::regclass::text, ', ') FROM pg_class
                  WHERE relnamespace = $1::text::regnamespace AND relkind IN ('r', 'p')",
                &[&service.name()],
            )
            .unwrap()
            .get(0);
        admin
            .batch_execute(&format!(
                "BEGIN; LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE"
            ))
            .unwrap();
        // The lock ends with its session.
        Undo::by(move || drop(admin))
    }

    /// The service's role may log in no more, and its sessions are ended. Of a server of the test's own only.
    pub(crate) fn lock_out(&self, service: &Service) -> Undo {
        let (mut admin, role) = (self.elsewhere(), service.service_role());
        admin
            .batch_execute(&format!("ALTER ROLE {role} NOLOGIN"))
            .unwrap();
        end_sessions(&mut admin, &role, &[]);
        Undo::by(move || {
            admin
                .batch_execute(&format!("ALTER ROLE {role} LOGIN"))
                .unwrap();
        })
    }

    /// Somebody else holds all connections that the service's role may have. Of a server of the test's own only.
    pub(crate) fn take_connections(&self, service: &Service, url: &DatabaseUrl) -> Undo {
        let (mut admin, role) = (self.elsewhere(), service.service_role());
        let limit: i32 = admin
            .query_one(
                "SELECT rolconnlimit FROM pg_roles WHERE rolname = $1",
                &[&role],
            )
            .unwrap()
            .get(0);
        let mut taken: Vec<_> = (0..3).map(|_| connect(url)).collect();
        let pids: Vec<i32> = taken
            .iter_mut()
            .map(|one| {
                one.query_one("SELECT pg_backend_pid()", &[])
                    .unwrap()
                    .get(0)
            })
            .collect();
        admin
            .batch_execute(&format!(
                "ALTER ROLE {role} CONNECTION LIMIT {}",
                pids.len()
            ))
            .unwrap();
        end_sessions(&mut admin, &role, &pids);
        Undo::by(move || {
            drop(taken);
            admin
                .batch_execute(&format!("ALTER ROLE {role} CONNECTION LIMIT {limit}"))
                .unwrap();
        })
    }

    /// Nobody listens at the server's address, and its sessions are ended. Of a server of the test's own only.
    pub(crate) fn unplug(&self) -> Undo {
        let mut admin = self.elsewhere();
        let run = self.server().data_dir().join("run");
        let socket = fs::read_dir(&run)
            .unwrap()
            .map(|entry| entry.unwrap())
            .find(|entry| entry.file_type().unwrap().is_socket())
            .unwrap()
            .path();
        let away: PathBuf = run.join("away");
        fs::rename(&socket, &away).unwrap();
        admin
            .batch_execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
            )
            .unwrap();
        Undo::by(move || fs::rename(away, socket).unwrap())
    }

    /// Every process of the server stands still, as on a machine that swaps or hangs. Of a server of the test's own only.
    pub(crate) fn freeze(&self) -> Undo {
        let mut admin = self.elsewhere();
        let postmaster = postmaster(self.server().data_dir());
        // The first, so that it starts no other meanwhile; its children still answer.
        signal(postmaster, "STOP");
        let rows = admin
            .query("SELECT pid FROM pg_stat_activity", &[])
            .unwrap();
        let mut frozen = vec![postmaster];
        frozen.extend(rows.iter().map(|row| row.get::<_, i32>(0).cast_unsigned()));
        let to_all = move |name: &str| {
            // One that has ended meanwhile stands still as well.
            let mut kill = Command::new("kill");
            kill.arg(format!("-{name}"))
                .args(frozen.iter().map(u32::to_string));
            kill.status().unwrap();
        };
        to_all("STOP");
        Undo::by(move || {
            to_all("CONT");
            drop(admin);
        })
    }
}

fn end_sessions(admin: &mut Client, role: &str, except: &[i32]) {
    admin
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1 AND pid <> ALL ($2)",
            &[&role, &except],
        )
        .unwrap();
}

pub(crate) fn signal(pid: u32, name: &str) {
    assert!(
        Command::new("kill")
            .args([&format!("-{name}"), &pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

/// The process id of the PostgreSQL that serves `data_dir`, which writes it down anew when it starts again.
pub(crate) fn postmaster(data_dir: &Path) -> u32 {
    let read = || {
        fs::read_to_string(data_dir.join("postgres/postmaster.pid"))
            .ok()?
            .lines()
            .next()?
            .parse()
            .ok()
    };
    let mut pid = None;
    eventually("PostgreSQL runs", || {
        pid = read();
        pid.is_some()
    });
    pid.unwrap()
}
