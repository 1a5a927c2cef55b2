//! `rebuild`: drops what a service copied by another's feed, and reads the feed again.

use std::{error::Error, process::ExitCode, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

use super::{print, reader::with_readers};
use crate::{config::Config, http::Reader};

pub(super) const EXAMPLES: &str = "\
Examples:
  # On the databases that serve.env names
  (set -a; . secrets/serve.env; schema-per-service rebuild)

  # On the embedded PostgreSQL, whose server is stopped
  schema-per-service rebuild --data-dir data";

/// The time between two looks at how far the reader has come.
const LOOK: Duration = Duration::from_millis(100);

/// Returns once each reader has come as far as the feed was when it began, whoever reads it: this process, or a server that
/// runs.
pub(super) fn run(config: &Config) -> Result<ExitCode, Box<dyn Error>> {
    with_readers(config, async |name, reader| rebuild(name, reader).await)?;
    Ok(ExitCode::SUCCESS)
}

async fn rebuild(name: &str, reader: &dyn Reader) -> Result<(), Box<dyn Error>> {
    reader.rebuild().await?;
    let begun = reader.reading().await?;
    let feed = begun.feed;
    let (behind, _) = begun
        .behind
        .ok_or_else(|| format!("the feed of {feed} cannot be read now; it will be, once it can"))?;
    let head = u64::try_from(begun.position + behind)?;
    let bar = ProgressBar::new(head).with_message(format!("{name} reads the feed of {feed}"));
    bar.set_style(ProgressStyle::with_template(
        "{msg} {wide_bar} {pos}/{len} facts, {per_sec}, {eta} left",
    )?);
    loop {
        // Whoever reads may hold the place for a moment; then the next look tells.
        if let Ok(reading) = reader.reading().await {
            let read = u64::try_from(reading.position)?;
            bar.set_position(read.min(head));
            if read >= head {
                break;
            }
        }
        tokio::time::sleep(LOOK).await;
    }
    bar.finish_and_clear();
    print(&format!(
        "{name} has read the feed of {feed} again: {head} facts in {:.1} s\n",
        bar.elapsed().as_secs_f64()
    ));
    Ok(())
}
