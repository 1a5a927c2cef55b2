//! A PostgreSQL with servers in front of it, and what befalls them. All of it was started here and ends with this program.

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, File, OpenOptions, Permissions},
    net::SocketAddr,
    os::unix::{fs::PermissionsExt as _, process::ExitStatusExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use fastrand::Rng;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use postgres::{Client, NoTls};
use schema_per_service::{
    db::{
        DatabaseUrl,
        embedded::{DATABASE, Durability, Embedded},
        migrate, provision,
    },
    services::SERVICES,
};
use tempfile::TempDir;

use super::{Options, Run, locked};

/// How often a server and its deadline are looked at.
const LOOK: Duration = Duration::from_millis(5);
/// Where a server that has debug assertions can be made to abort.
const FAULTS: [&str; 5] = [
    "users-committed",
    "orders-committed",
    "follow-applied",
    "follow-settled",
    "follow-uncommitted",
];

/// What a server must never do, once it listens.
pub(crate) const BY_THEMSELVES: &str = "servers that ended by themselves";

/// The database, and where each server listens.
pub(crate) struct House {
    places: Vec<Place>,
    kills: Mutex<Vec<(Instant, String)>>,
    program: PathBuf,
    log: Option<PathBuf>,
    /// The variables that a server finds its data by.
    urls: Vec<(String, DatabaseUrl)>,
    // In the order of the drops: PostgreSQL stops before its folder goes.
    database: Embedded,
    folder: TempDir,
}

/// Where a server runs, one after the other.
pub(crate) struct Place {
    number: u32,
    address: Mutex<Option<SocketAddr>>,
}

impl House {
    /// Starts PostgreSQL, and in it builds a home for all services.
    pub(crate) fn build(options: &Options) -> Result<Self, String> {
        let program = &options.server;
        if !program.is_file() {
            return Err(format!("there is no program {}", program.display()));
        }
        // As root, PostgreSQL runs as somebody else, who must be able to enter.
        let folder = tempfile::Builder::new()
            .prefix("fire-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir()
            .map_err(said)?;
        let database = Embedded::start(&folder.path().join("data"), None, Durability::Durable);
        let database = database.map_err(said)?;
        let plan = provision::Plan {
            // All roles share the server's 100; what is killed holds its own for a moment.
            connections: 40,
            ..database.plan(DATABASE, SERVICES)
        };
        plan.run().map_err(said)?;
        let mut urls = Vec::new();
        for service in SERVICES {
            let login = |role: String| database.login(&plan, &role).map_err(said);
            migrate::run(service, &login(service.owner_role())?).map_err(said)?;
            let variable = format!("{}_DATABASE_URL", service.name().to_uppercase());
            urls.push((variable, login(service.service_role())?));
        }
        let place = |number| Place {
            number,
            address: Mutex::default(),
        };
        Ok(Self {
            places: (0..options.servers).map(place).collect(),
            kills: Mutex::default(),
            program: program.clone(),
            log: options.log.clone(),
            urls,
            database,
            folder,
        })
    }

    pub(crate) fn places(&self) -> &[Place] {
        &self.places
    }

    /// A server that listens, if there is one.
    pub(crate) fn any_server(&self, rng: &mut Rng) -> Option<SocketAddr> {
        let first = rng.usize(..self.places.len());
        let (before, from) = self.places.split_at(first);
        let mut places = from.iter().chain(before);
        places.find_map(|place| *locked(&place.address))
    }

    /// Logs in as the superuser.
    pub(crate) fn admin(&self) -> Result<Client, postgres::Error> {
        let url = self.database.admin().with_database(DATABASE);
        Client::connect(url.expose(), NoTls)
    }

    pub(crate) fn kills(&self) -> usize {
        locked(&self.kills).len()
    }

    /// Whether something was killed since `then`, or so shortly before.
    pub(crate) fn killed_since(&self, then: Instant, shortly: Duration) -> bool {
        let kills = locked(&self.kills);
        kills.iter().any(|(at, _)| *at + shortly >= then)
    }

    fn note_kill(&self, how: String) {
        locked(&self.kills).push((Instant::now(), how));
    }

    fn file(&self, place: &Place) -> PathBuf {
        self.folder.path().join(format!("server-{}", place.number))
    }
}

impl fmt::Display for House {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts = BTreeMap::new();
        for (_, how) in &*locked(&self.kills) {
            *counts.entry(how.clone()).or_insert(0) += 1;
        }
        write!(f, "kills          {}", self.kills())?;
        for (how, count) in counts {
            write!(f, ", {how} {count}")?;
        }
        writeln!(f)
    }
}

/// A server process, which ends with this value.
struct Process(Child);

impl Process {
    fn start(house: &House, place: &Place, fault: Option<&str>) -> Result<Self, String> {
        let banner = File::create(house.file(place)).map_err(said)?;
        let log = match &house.log {
            Some(path) => {
                let file = OpenOptions::new().create(true).append(true).open(path);
                Stdio::from(file.map_err(said)?)
            }
            None => Stdio::null(),
        };
        let urls = house.urls.iter().map(|(name, url)| (name, url.expose()));
        let mut command = Command::new(&house.program);
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        command.env("ANYONE_MAY_CALL", "true");
        command.envs(urls).envs(fault.map(|fault| ("FAULT", fault)));
        command.stdin(Stdio::null()).stdout(banner).stderr(log);
        command.spawn().map(Self).map_err(said)
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Keeps a server running at `place` until the run is over. As long as there is load, each is killed after a while.
pub(crate) fn keep_a_server(run: &Run, place: &Place, mut rng: Rng) {
    let (house, options) = (&run.house, &run.options);
    let turns = (place.number..options.server_kills).step_by(run.house.places.len());
    let mut ends = turns.map(|turn| {
        let part = (f64::from(turn) + 0.9 * rng.f64()) / f64::from(options.server_kills);
        let point = rng.choice(FAULTS).filter(|_| rng.bool());
        // Mostly soon, because the end may come before.
        let most = 2 << rng.u32(..6);
        (run.length().mul_f64(part), point, rng.u32(1..most))
    });
    let mut next = ends.next();
    while !run.is_over() {
        let point = next.and_then(|(_, point, _)| point);
        let fault = next.and_then(|(_, point, times)| Some(format!("{}@{times}", point?)));
        let mut server = match Process::start(house, place, fault.as_deref()) {
            Ok(server) => server,
            Err(why) => return run.book.findings.add(BY_THEMSELVES, why),
        };
        let ended = loop {
            thread::sleep(LOOK);
            if run.is_over() {
                return;
            }
            let ended = server.ended();
            if ended.is_some() || next.is_some_and(|(end, ..)| run.begun.elapsed() > end) {
                break ended;
            }
            let mut address = locked(&place.address);
            if address.is_none() {
                *address = address_in(&house.file(place));
            }
        };
        drop(server);
        let listened = locked(&place.address).take().is_some();
        let how = match (ended, point) {
            (None, _) => "server -9".to_owned(),
            (Some(status), Some(point)) if status.signal() == Some(Signal::SIGABRT as i32) => {
                format!("server at {point}")
            }
            (Some(status), _) => {
                if listened {
                    run.book.findings.add(BY_THEMSELVES, status.to_string());
                }
                // Otherwise it did not like its database, which may just have been killed.
                thread::sleep(Duration::from_millis(200));
                continue;
            }
        };
        house.note_kill(how);
        next = ends.next();
    }
}

/// The address in the banner, once it is there.
fn address_in(banner: &Path) -> Option<SocketAddr> {
    let text = fs::read_to_string(banner).ok()?;
    let (_, rest) = text.split_once("Listening on http://")?;
    let (address, _) = rest.split_once(';')?;
    address.parse().ok()
}

/// Kills PostgreSQL now and then; its keeper starts it again.
pub(crate) fn kill_databases(run: &Run, mut rng: Rng) {
    let count = run.options.database_kills;
    for number in 0..count {
        let part = (f64::from(number) + 0.2 + 0.6 * rng.f64()) / f64::from(count);
        while run.begun.elapsed() < run.length().mul_f64(part) {
            thread::sleep(LOOK);
            if !run.is_loading() {
                return;
            }
        }
        // Whoever answers is the one whose process id the folder holds.
        while run.house.admin().is_err() {
            thread::sleep(LOOK);
            if !run.is_loading() {
                return;
            }
        }
        let file = run
            .house
            .database
            .data_dir()
            .join("postgres/postmaster.pid");
        let text = fs::read_to_string(file).unwrap_or_default();
        let pid = text.lines().next().and_then(|line| line.parse().ok());
        // Smaller numbers are whole groups of processes to `kill`, or all.
        let pid = pid.filter(|pid| *pid > 1).map(Pid::from_raw);
        if pid.is_some_and(|pid| kill(pid, Signal::SIGKILL).is_ok()) {
            run.house.note_kill("PostgreSQL -9".to_owned());
        }
    }
}

fn said(error: impl fmt::Display) -> String {
    error.to_string()
}
