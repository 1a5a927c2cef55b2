//! A third service, as docs/adding-a-service.md has it: the page is followed word for word on a copy of the repository, and the checks
//! and the isolation tests pass there over three services, none of them touched. All code of the service is the page's.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The tests that take the services from the list, and those of the new service.
const SUITES: [&str; 14] = [
    "attacks::",
    "audit::",
    "boot::",
    "bulkhead::",
    "console::",
    "grants::",
    "health::",
    "inventory::",
    "migrations::",
    "openapi::",
    "operations::metrics::",
    "rights::walk::",
    "schema::",
    "tidy::",
];

/// Two long ones of the audit, which plant what they find in users and in orders, by name.
const PLANTED: &str = "--skip every_breach_planted --skip every_other_breach_planted";

/// What is brought or made, and no source.
const NOT_OURS: [&str; 6] = [".git", ".tools", ".venv", "data", "node_modules", "target"];

/// What the page has the reader do to one file.
enum Step {
    /// Write it.
    Write(PathBuf, String),
    /// Find these lines in it, once, and put those in their place.
    Replace(PathBuf, Vec<[String; 2]>),
}

/// The page's steps: each block under a line that is a path in bold. A block of `diff` changes a file, any other is one.
fn steps(page: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut path = None;
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            match path.take() {
                Some(path) if language == "diff" => steps.push(Step::Replace(path, hunks(&block))),
                Some(path) => steps.push(Step::Write(path, block.join("\n") + "\n")),
                None => {}
            }
        } else if !line.is_empty() {
            let bold = line
                .strip_prefix("**")
                .and_then(|rest| rest.split_once("**"));
            path = bold
                .filter(|(_, rest)| ["", ", changed:"].contains(rest))
                .map(|(path, _)| PathBuf::from(path));
        }
    }
    steps
}

/// The lines before and after, for each part of a diff between lines of `@@`.
fn hunks(diff: &[&str]) -> Vec<[String; 2]> {
    let side = |hunk: &[&str], mark: char| {
        let lines = hunk
            .iter()
            .filter_map(|line| line.strip_prefix([' ', mark]));
        lines.collect::<Vec<_>>().join("\n") + "\n"
    };
    diff.split(|line| *line == "@@")
        .map(|hunk| ['-', '+'].map(|mark| side(hunk, mark)))
        .collect()
}

impl Step {
    fn take(&self, copy: &Path) {
        match self {
            Self::Write(path, text) => {
                let path = copy.join(path);
                assert!(!path.exists(), "{} is there already", path.display());
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Self::Replace(path, hunks) => {
                let path = copy.join(path);
                let mut text = fs::read_to_string(&path).unwrap();
                for [before, after] in hunks {
                    let found = text.matches(before.as_str()).count();
                    assert_eq!(found, 1, "{}:\n{before}", path.display());
                    text = text.replace(before, after);
                }
                fs::write(path, text).unwrap();
            }
        }
    }
}

fn copy_into(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name());
        if NOT_OURS.iter().any(|brought| name == *brought) {
            continue;
        }
        if path.is_dir() {
            copy_into(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// The copy, always at one place: cargo then keeps one build of it, and not one more for each run.
fn copy() -> PathBuf {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("third-service");
    if copy.exists() {
        fs::remove_dir_all(&copy).unwrap();
    }
    copy_into(Path::new(env!("CARGO_MANIFEST_DIR")), &copy);
    copy
}

/// Runs cargo on the copy. It shares our build folder, so that the dependencies are built once, and has a target folder of its own, so
/// that its programs do not take the place of ours. Cargo tells what it built of the copy from what it built of us by the setting.
fn cargo(copy: &Path, command: &str) -> String {
    let build = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let output = Command::new(env!("CARGO"))
        .args([
            "--config",
            "profile.dev.package.schema-per-service.debug=false",
        ])
        .args(command.split(' '))
        .env("CARGO_BUILD_BUILD_DIR", build)
        .env("CARGO_TARGET_DIR", copy.join("target"))
        .env("RUSTDOCFLAGS", "--deny warnings")
        .current_dir(copy)
        .output()
        .unwrap();
    let told = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    let told = told.join("\n");
    assert!(output.status.success(), "cargo {command}\n{told}");
    told
}

#[test]
fn a_service_that_is_added_as_the_page_says_stands_behind_the_same_walls() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/adding-a-service.md");
    let copy = copy();

    let steps = steps(&fs::read_to_string(page).unwrap());
    assert!(
        steps.len() > 15,
        "only {} steps were understood",
        steps.len()
    );
    for step in &steps {
        step.take(&copy);
    }

    cargo(&copy, "fmt --check");
    cargo(&copy, "clippy --locked --lib --quiet -- --deny warnings");
    cargo(
        &copy,
        "doc --locked --no-deps --document-private-items --quiet",
    );
    let suites = SUITES.join(" ");
    let told = cargo(
        &copy,
        &format!("test --locked --test it -- {PLANTED} {suites}"),
    );
    for suite in SUITES {
        assert!(
            told.contains(&format!("\ntest {suite}")),
            "{suite} was not run: {told}"
        );
    }
    let rooms =
        "no_service_and_nobody_above_them_can_name_a_room_of_another_whichever_services_there_are";
    let told = cargo(&copy, &format!("test --locked --test walls -- {rooms}"));
    assert!(told.contains("1 passed"), "{told}");
}
