//! What `rebuild` and `replay` share: the services that read a feed, behind walls that were looked at.

use std::error::Error;

use prometheus::Registry;

use super::serve::{block_on, with_databases};
use crate::{config::Config, gateway, http::Reader, services};

/// Does something with each service that reads a feed, by its name. Servers may run meanwhile.
pub(super) fn with_readers(
    config: &Config,
    mut work: impl AsyncFnMut(&'static str, &dyn Reader) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    with_databases(config, |urls, _place| {
        block_on(async {
            let urls = urls.try_into().expect("one URL for each service");
            let doors = services::open(urls, config, &Registry::new());
            gateway::admit(&doors, &config.terms()).await?;
            for door in &*doors {
                if let Some(reader) = door.reader() {
                    work(door.name(), reader).await?;
                }
            }
            Ok(())
        })
    })
}
