//! Parses the command line, calls the library, and turns an error into an exit code.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Parser as _;
use schema_per_service::cli::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            // Not `eprintln!`, which panics when nobody listens.
            let _ = writeln!(io::stderr(), "schema-per-service: {error}");
            ExitCode::FAILURE
        }
    }
}
