//! Whether the process lives, and whether each service can reach its data.

use std::collections::BTreeMap;

use actix_web::web::Data;
use futures_util::future::{join, join_all};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{Recorder, readings};
use crate::{
    db::Ailment,
    http::{About, Door, Problem, Shown},
};

pub(super) const LIVE: About = about("read_liveness", "Whether the process answers");
pub(super) const READY: About = about("read_readiness", "Whether every service reaches its data");
pub(super) const HEALTH: About = about("read_health", "The same as readiness");

const fn about(id: &'static str, summary: &'static str) -> About {
    About {
        id,
        summary,
        problems: &[],
        links: &[],
    }
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Liveness", example = json!({ "status": "up" }))]
pub(super) struct Live {
    status: Status,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Health")]
pub(super) struct Ready {
    status: Status,
    /// Where each service stands.
    services: BTreeMap<&'static str, Standing>,
    /// How far each feed was read.
    feeds: Vec<Progress>,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "HealthStatus")]
enum Status {
    Up,
    // An operator has something to do, and requests need not go elsewhere.
    Degraded,
}

#[derive(Clone, Copy, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "ServiceStanding")]
enum Standing {
    Up,
    Down,
    // It reaches more than its own data.
    Breached,
}

impl Standing {
    const fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Breached => "breached",
        }
    }
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Feed")]
struct Progress {
    reader: &'static str,
    feed: &'static str,
    /// Facts that the reader has not applied yet; null when that cannot be told.
    behind: Option<i64>,
    /// Facts that the reader could not apply.
    set_aside: i64,
    /// Whether the feed's database was restored from a backup.
    restored: bool,
}

/// The process answers, whatever becomes of the databases.
pub(super) async fn live() -> Shown<Live> {
    Shown(Live { status: Status::Up })
}

/// Every service reaches its data and nothing else: 200, with how far each feed was read; else 503, naming those that do not. Also 503
/// while the server stops, so that requests go elsewhere.
pub(super) async fn ready(
    doors: Data<[Box<dyn Door>]>,
    recorder: Data<Recorder>,
) -> Result<Shown<Ready>, Problem> {
    if recorder.is_leaving() {
        return Err(Problem::unavailable().detail("the server stops"));
    }
    let checks = join_all(doors.iter().map(|door| door.check()));
    let (checks, readings) = join(checks, readings(&doors)).await;
    let standings = checks.iter().map(|check| match check {
        Ok(()) => Standing::Up,
        Err(Ailment::Down) => Standing::Down,
        Err(Ailment::Breached) => Standing::Breached,
    });
    let services: BTreeMap<_, _> = doors
        .iter()
        .map(|door| door.name())
        .zip(standings)
        .collect();
    let ailing = services
        .iter()
        .filter(|(_, standing)| **standing != Standing::Up);
    let ailing: Vec<String> = ailing
        .map(|(name, standing)| format!("{name} is {}", standing.word()))
        .collect();
    if !ailing.is_empty() {
        let problem = Problem::unavailable().detail(ailing.join(", "));
        return Err(problem.with("services", &services));
    }
    // Facts that were set aside, and a feed that was restored from a backup, are an operator's affair, and no reason to send
    // requests elsewhere.
    let is_well = readings
        .iter()
        .all(|(_, reading)| reading.set_aside == 0 && !reading.is_another);
    let feeds = readings.into_iter().map(|(reader, reading)| Progress {
        reader,
        feed: reading.feed,
        behind: reading.behind.map(|(facts, _)| facts),
        set_aside: reading.set_aside,
        restored: reading.is_another,
    });
    Ok(Shown(Ready {
        status: if is_well {
            Status::Up
        } else {
            Status::Degraded
        },
        services,
        feeds: feeds.collect(),
    }))
}
