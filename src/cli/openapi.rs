//! `openapi`: the document of the API, for whoever generates a client. No database is needed.

use super::print;
use crate::{gateway, services};

pub(super) fn run() {
    let document = gateway::document(&gateway::operations(services::resources()));
    print(&format!("{document:#}\n"));
}
