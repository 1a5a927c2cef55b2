//! Rebuilds when a migration was added: the macro that embeds them cannot watch a folder.

use std::fs;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let entries = fs::read_dir(".").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    for name in names.filter(|name| name.starts_with("migrations_")) {
        println!("cargo::rerun-if-changed={name}");
    }
}
