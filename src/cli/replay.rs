//! `replay`: tries the facts that were set aside.

use std::{error::Error, fmt::Write as _, process::ExitCode};

use super::{print, reader::with_readers};
use crate::{config::Config, http::Retried};

pub(super) const EXAMPLES: &str = "\
Examples:
  # On the databases that serve.env names
  (set -a; . secrets/serve.env; schema-per-service replay)

  # On the embedded PostgreSQL, whose server is stopped
  schema-per-service replay --data-dir data";

/// Exit code 1 when a fact failed again.
pub(super) fn run(config: &Config) -> Result<ExitCode, Box<dyn Error>> {
    let mut text = String::new();
    let mut code = ExitCode::SUCCESS;
    with_readers(config, async |name, reader| {
        for Retried { position, failure } in reader.replay().await? {
            match failure {
                None => writeln!(text, "{name}: fact {position} is applied")?,
                Some(failure) => {
                    writeln!(text, "{name}: fact {position} failed again: {failure}")?;
                    code = ExitCode::FAILURE;
                }
            }
        }
        Ok(())
    })?;
    print(if text.is_empty() {
        "nothing was set aside\n"
    } else {
        &text
    });
    Ok(code)
}
