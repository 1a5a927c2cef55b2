//! Whether the process lives, and whether each service can reach its data.

use actix_web::{HttpResponse, web};
use futures_util::future::{join, join_all};
use serde_json::{Map, Value, json};

use super::{Recorder, readings};
use crate::{
    db::Ailment,
    http::{Door, Problem},
};

/// The process answers, whatever becomes of the databases.
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "up" }))
}

/// Every service reaches its data and nothing else: 200, with how far each feed was read; else 503, naming those that do not. Also 503
/// while the server stops, so that requests go elsewhere.
pub(super) async fn ready(
    doors: web::Data<[Box<dyn Door>]>,
    recorder: web::Data<Recorder>,
) -> Result<HttpResponse, Problem> {
    if recorder.is_leaving() {
        return Err(Problem::not_ready("the server stops", Map::new()));
    }
    let checks = join_all(doors.iter().map(|door| door.check()));
    let (checks, readings) = join(checks, readings(&doors)).await;
    let mut services = Map::new();
    let mut ailing = Vec::new();
    for (door, check) in doors.iter().zip(checks) {
        let standing = match check {
            Ok(()) => "up",
            Err(Ailment::Down) => "down",
            Err(Ailment::Breached) => "breached",
        };
        services.insert(door.name().to_owned(), Value::from(standing));
        if check.is_err() {
            ailing.push(format!("{} is {standing}", door.name()));
        }
    }
    if ailing.is_empty() {
        // Facts that were set aside, and a feed that was restored from a backup, are an operator's affair, and no reason to send
        // requests elsewhere.
        let is_well = readings
            .iter()
            .all(|(_, reading)| reading.set_aside == 0 && !reading.is_another);
        let feeds: Vec<Value> = readings
            .into_iter()
            .map(|(name, reading)| {
                json!({
                    "reader": name,
                    "feed": reading.feed,
                    "behind": reading.behind.map(|(facts, _)| facts),
                    "set_aside": reading.set_aside,
                    "restored": reading.is_another,
                })
            })
            .collect();
        let status = if is_well { "up" } else { "degraded" };
        Ok(HttpResponse::Ok()
            .json(json!({ "status": status, "services": services, "feeds": feeds })))
    } else {
        Err(Problem::not_ready(&ailing.join(", "), services))
    }
}
