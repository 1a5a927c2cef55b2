//! What the papers say, and what the floors promise, held against the files.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use schema_per_service::{db::Service, services::SERVICES};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below `folder` whose name ends so, except what is generated or brought.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
            if path.is_dir() && !["target", "data", ".git", ".tools"].contains(&name.as_str()) {
                folders.push(path);
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The floors of the house, from the top. A file may name the floors below its own, and its own; of the services, each may
/// know those that stand before it in the list.
fn floor_of(module: &str) -> Option<usize> {
    let services = SERVICES.iter().rev().map(|service| vec![service.name()]);
    let mut floors = vec![
        vec!["main", "cli", "app", "config", "services"],
        vec!["gateway"],
    ];
    floors.extend(services);
    floors.push(vec!["http", "db", "log"]);
    floors.iter().position(|floor| floor.contains(&module))
}

/// The first part of each path that begins at the crate's root.
fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = text[at + "crate::".len()..].trim_start_matches('{');
        // A group, `crate::{ a, b::{c} }`, names one module at each comma of its outermost level.
        let mut depth = 0;
        let mut name = String::new();
        let grouped = text[at + "crate::".len()..].starts_with('{');
        for c in rest.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ';' | '(' | ')' | '<' | '>' if !grouped => break,
                ',' if depth == 0 => {
                    found.push(std::mem::take(&mut name));
                    if !grouped {
                        break;
                    }
                }
                c if depth == 0 => name.push(c),
                _ => {}
            }
        }
        found.push(name);
    }
    let first = |path: String| {
        path.trim()
            .split([':', ' ', '\n'])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    found
        .into_iter()
        .map(first)
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn a_file_imports_only_from_its_own_floor_or_a_lower_one() {
    let mut seen = 0;
    for path in files("src", ".rs") {
        let relative = path.strip_prefix(root().join("src")).unwrap();
        let module = relative
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs");
        if module == "lib" {
            continue;
        }
        let own = floor_of(module).unwrap_or_else(|| panic!("{module} stands on no floor"));
        for import in imports(&fs::read_to_string(&path).unwrap()) {
            let floor = floor_of(&import)
                .unwrap_or_else(|| panic!("{}: {import} is no floor", path.display()));
            assert!(own <= floor, "{} looks up to {import}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} imports were understood");
}

#[test]
fn the_mechanism_names_no_service_and_a_service_none_above_it() {
    let names: Vec<&str> = SERVICES.iter().map(Service::name).collect();
    let mut unknown: Vec<(&str, &[&str])> = vec![("src/http", &names), ("src/db", &names)];
    let folders: Vec<String> = names.iter().map(|name| format!("src/{name}")).collect();
    for (at, folder) in folders.iter().enumerate() {
        unknown.push((folder, &names[at + 1..]));
    }

    for (folder, names) in unknown {
        for path in files(folder, ".rs")
            .into_iter()
            .chain(files(folder, ".sql"))
        {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            for name in names {
                assert!(
                    !code.contains(&format!("{name}::")),
                    "{} names {name}",
                    path.display()
                );
                assert!(
                    !code.contains(&format!("\"{name}")),
                    "{} names {name}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn services_have_the_same_rooms() {
    let rooms = |service: &str| -> Vec<String> {
        let folder = root().join("src").join(service);
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };

    for service in SERVICES {
        let mut rooms = rooms(service.name());
        // A service that does nothing without being asked has no room for it.
        rooms.retain(|room| room != "jobs.rs");
        assert_eq!(
            rooms,
            [
                "error.rs",
                "http",
                "mod.rs",
                "model.rs",
                "schema.rs",
                "store"
            ],
            "{}",
            service.name()
        );
    }
}

#[test]
fn only_a_services_store_imports_its_schema() {
    for path in files("src", ".rs") {
        let code = fs::read_to_string(&path).unwrap();
        assert!(
            path.parent().unwrap().ends_with("store") || !code.contains("schema::"),
            "{} reaches for a schema",
            path.display()
        );
    }
}

/// Every word in backticks that is a path of this repository or one of its commands.
#[test]
fn the_papers_name_only_paths_and_commands_that_exist() {
    let script = read("dev");
    let mut seen = 0;
    for paper in files("", ".md") {
        let text = fs::read_to_string(&paper).unwrap();
        for word in text.split('`').skip(1).step_by(2) {
            if let Some(command) = word.strip_prefix("./dev ") {
                let command = command.split(' ').next().unwrap();
                assert!(
                    script.contains(&format!("\n    {command})")),
                    "{}: no ./dev {command}",
                    paper.display()
                );
                seen += 1;
            }
            let is_path = word.starts_with("src/")
                || word.starts_with("tests/")
                || word.starts_with("docs/")
                // One of the figures looks like a path.
                || word.starts_with("migrations_") && word != "migrations_pending"
                || word.starts_with("bench/");
            if is_path && !word.contains(['<', '*', ' ']) {
                assert!(root().join(word).exists(), "{}: no {word}", paper.display());
                seen += 1;
            }
        }
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split([')', '#']).next())
        {
            if !link.is_empty() && !link.contains("://") {
                assert!(
                    paper.parent().unwrap().join(link).exists(),
                    "{}: no {link}",
                    paper.display()
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "only {seen} words were understood");
}

#[test]
fn dev_lists_the_verbs_that_it_has_and_refuses_any_other_with_the_same_list() {
    let dev = |verbs: &[&str]| {
        Command::new(root().join("dev"))
            .args(verbs)
            .output()
            .unwrap()
    };
    let script = read("dev");
    let cases = script.split("\ncase $command in\n").nth(1).unwrap();
    let verbs = cases.lines().filter_map(|line| {
        let verb = line.strip_prefix("    ")?.strip_suffix(')')?;
        verb.split(' ')
            .next()
            .filter(|verb| verb.chars().all(char::is_alphabetic))
    });
    let verbs: Vec<&str> = verbs.collect();

    let asked = dev(&[]);
    let refused = dev(&["fly"]);

    let list = String::from_utf8(asked.stdout).unwrap();
    let listed = list
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    assert_eq!(listed.collect::<Vec<_>>(), verbs);
    assert!(verbs.len() > 4, "{verbs:?}");
    assert_eq!(dev(&["help"]).stdout, list.as_bytes());
    assert_eq!(
        (asked.status.code(), refused.status.code()),
        (Some(0), Some(1))
    );
    assert_eq!(
        String::from_utf8(refused.stderr).unwrap(),
        format!("./dev has no verb fly.\n{list}")
    );
}

/// docs/consistency.md names the test of each row, as `folder::file::name`.
#[test]
fn every_test_that_the_contract_names_exists_and_no_case_goes_without_one() {
    let contract = read("docs/consistency.md");
    let rows = contract.lines().filter(|line| line.starts_with("| **"));

    let mut seen = 0;
    for row in rows {
        let words = row.split('`').skip(1).step_by(2);
        let tests: Vec<&str> = words.filter(|word| word.contains("::")).collect();
        assert!(!tests.is_empty(), "no test shows: {row}");
        for test in tests {
            let (module, name) = test.rsplit_once("::").unwrap();
            let file = read(format!("tests/it/{}.rs", module.replace("::", "/")));
            assert!(
                file.contains(&format!("#[test]\nfn {name}()")),
                "there is no test {test}"
            );
        }
        seen += 1;
    }
    assert!(seen >= 12, "only {seen} cases were understood");
}

/// What each patch takes away, and what stands around it, is in the file that it names.
#[test]
fn every_sabotage_still_fits_the_code() {
    let mut hunks = 0;
    for path in files("bench/sabotage", ".patch") {
        for part in read(&path).split("\n--- a/").skip(1) {
            let (name, changes) = part.split_once('\n').unwrap();
            let file = read(name);
            for hunk in changes.split("\n@@ ").skip(1) {
                let lines = hunk.lines().skip(1).filter(|line| !line.starts_with('+'));
                let before: Vec<&str> = lines.map(|line| line.get(1..).unwrap_or("")).collect();
                assert!(
                    file.contains(&before.join("\n")),
                    "{} does not fit {name}: {hunk}",
                    path.display()
                );
                hunks += 1;
            }
        }
    }
    assert!(hunks >= 9, "only {hunks} changes were understood");
}

#[test]
fn every_problem_that_the_code_raises_is_in_the_catalogue_and_the_other_way_round() {
    let code: String = files("src", ".rs")
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let catalogue = read("docs/problems.md");
    let listed: Vec<&str> = catalogue
        .lines()
        .filter_map(|line| line.strip_prefix("| `/problems/")?.split('`').next())
        .collect();

    for name in &listed {
        assert!(
            code.contains(&format!("\"{name}\"")),
            "nothing raises {name}"
        );
    }
    let kinds = code.split("Kind::new(").skip(1);
    let raised: Vec<&str> = kinds
        .filter(|call| call.trim_start().starts_with("StatusCode"))
        .filter_map(|call| call.split('"').nth(1))
        .collect();
    assert!(raised.len() > 20, "{raised:?}");
    for name in raised {
        assert!(listed.contains(&name), "{name} is not in docs/problems.md");
    }
}
