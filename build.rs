//! Watches the migrations, because the macro that embeds them cannot watch a folder; and refuses one that names another
//! service's schema or roles, so that no binary can carry it. (What hides from this, PostgreSQL refuses: an owner may not
//! enter another schema.)

use std::{
    fs,
    path::{Path, PathBuf},
    process,
};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let services: Vec<String> = entries(Path::new("."))
        .iter()
        .filter_map(|path| {
            path.file_name()?
                .to_str()?
                .strip_prefix("migrations_")
                .map(str::to_owned)
        })
        .collect();
    for service in &services {
        let folder = PathBuf::from(format!("migrations_{service}"));
        println!("cargo::rerun-if-changed={}", folder.display());
        for script in entries(&folder)
            .iter()
            .flat_map(|migration| entries(migration))
        {
            let sql = fs::read_to_string(&script).unwrap_or_default();
            for other in services.iter().filter(|other| *other != service) {
                if let Some(line) = sql.lines().position(|line| names(line, other)) {
                    println!(
                        "cargo::error={}:{} names {other}; a migration of {service} touches its own schema only",
                        script.display(),
                        line + 1
                    );
                    process::exit(1);
                }
            }
        }
    }
}

/// Whether a line of SQL holds `schema.`, `"schema".`, `schema_owner` or `schema_service`, outside a comment.
fn names(line: &str, schema: &str) -> bool {
    let code = line.split("--").next().unwrap_or_default();
    code.match_indices(schema).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + schema.len()..]
            .trim_start_matches('"')
            .trim_start();
        let begins = before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '.');
        begins
            && (after.starts_with('.')
                || after.starts_with("_owner")
                || after.starts_with("_service"))
    })
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths
}
