//! `completions`: what a shell needs to complete our commands and settings.

use std::process::ExitCode;

use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use super::{Cli, print};

pub(super) const EXAMPLES: &str = "\
Examples:
  # In this bash
  source <(schema-per-service completions bash)

  # In each bash from now on
  echo 'source <(schema-per-service completions bash)' >> ~/.bashrc

  # In fish
  schema-per-service completions fish > ~/.config/fish/completions/schema-per-service.fish";

#[derive(Args, Debug)]
pub(super) struct Options {
    /// The shell
    shell: Shell,
}

pub(super) fn run(options: &Options) -> ExitCode {
    let mut script = Vec::new();
    let mut command = Cli::command();
    generate(
        options.shell,
        &mut command,
        env!("CARGO_PKG_NAME"),
        &mut script,
    );
    print(&String::from_utf8_lossy(&script));
    ExitCode::SUCCESS
}
