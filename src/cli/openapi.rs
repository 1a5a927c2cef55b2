//! `openapi`: the document of the API, for whoever generates a client. No database is needed.

use super::print;
use crate::{gateway, services};

pub(super) const EXAMPLES: &str = "\
Examples:
  # For a generator of clients
  schema-per-service openapi > openapi.json

  # What has changed since
  schema-per-service openapi | diff openapi.json -";

pub(super) fn run() {
    let document = gateway::document(&gateway::operations(services::resources()));
    print(&format!("{document:#}\n"));
}
