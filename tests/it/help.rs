//! `--help` and `completions`: that what they teach works.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use clap::{CommandFactory as _, Parser as _};
use schema_per_service::cli::Cli;

use crate::harness::PROGRAM;

const NAME: &str = "schema-per-service";

/// What the program prints, without our environment, so that nobody's settings show.
fn prints(arguments: &[&str]) -> String {
    let output = Command::new(PROGRAM).args(arguments).env_clear().output();
    let output = output.unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The arguments of each call of the program that stands in a line: after variables or in brackets, before a comment, a pipe or
/// a redirection. An image of the same name is built by `docker build`.
fn calls(line: &str) -> Vec<Vec<&str>> {
    if line.starts_with("docker build") {
        return Vec::new();
    }
    let mut words = line.split_whitespace().peekable();
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        if word.trim_start_matches(['(', '$', '<']).rsplit('(').next() != Some(NAME) {
            continue;
        }
        let mut call = vec![NAME];
        while let Some(word) = words.next_if(|word| !["#", "|", ">", "\\"].contains(word)) {
            call.push(word.trim_end_matches([')', ';', '\'']));
            if word.ends_with([')', ';', '\'']) {
                break;
            }
        }
        if line.contains("--env ADMIN_DATABASE_URL") {
            call.extend(["--admin-url", "postgres:///"]);
        }
        found.push(call);
    }
    found
}

fn assert_parses(call: &[&str], place: &str) {
    let parsed = Cli::try_parse_from(call);
    if let Err(error) = parsed {
        panic!("{place} teaches {call:?}, which is refused: {error}");
    }
}

#[test]
fn each_command_says_what_it_is_for_and_its_examples_are_understood() {
    let cli = Cli::command();

    for command in cli.get_subcommands() {
        let help = prints(&[command.get_name(), "--help"]);
        let (_, examples) = help.split_once("Examples:").unwrap();
        let examples: Vec<_> = examples.lines().flat_map(calls).collect();
        assert!(examples.len() >= 2, "{help}");
        for call in &examples {
            assert_parses(call, command.get_name());
        }
        let shows_itself = |call: &Vec<&str>| call.get(1) == Some(&command.get_name());
        assert!(examples.iter().any(shows_itself), "{help}");
        for line in help.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
    assert!(prints(&["--help"]).contains("\nExamples:\n"));
}

#[test]
fn the_papers_teach_only_what_is_understood() {
    let mut seen = 0;
    for paper in ["README.md", "SECURITY.md", "docs/container.md"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(paper)).unwrap();
        for block in text.split("```sh\n").skip(1) {
            let block = block.split("```").next().unwrap();
            for call in block.lines().flat_map(calls) {
                // One that shows where more of the same goes is no example.
                if !call.contains(&"...") {
                    assert_parses(&call, paper);
                    seen += 1;
                }
            }
        }
    }
    assert!(seen >= 6, "only {seen} calls were understood");
}

#[test]
fn each_setting_stands_under_a_heading_with_its_variable() {
    let cli = Cli::command();
    let own = ["help", "version"];

    for setting in cli
        .get_arguments()
        .filter(|arg| !own.contains(&arg.get_id().as_str()))
    {
        let name = setting.get_id();
        assert!(
            setting.get_help_heading().is_some(),
            "{name} has no heading"
        );
        assert!(setting.get_env().is_some(), "{name} has no variable");
        assert!(setting.get_help().is_some(), "{name} has no help");
    }
    let help = prints(&["--help"]);
    for heading in ["Serving:", "Databases:", "Callers:", "Walls:", "Keeping:"] {
        assert_eq!(help.matches(heading).count(), 1, "{heading}");
    }
    let of_databases_alone = prints(&["rebuild", "--help"]);
    assert!(of_databases_alone.contains("USERS_DATABASE_URL"));
    assert!(
        !of_databases_alone.contains("LISTEN"),
        "{of_databases_alone}"
    );
}

#[test]
fn bash_takes_the_completions_and_offers_every_command() {
    let script = prints(&["completions", "bash"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("completions");
    fs::write(&file, script).unwrap();

    let syntax = Command::new("bash").arg("-n").arg(&file).status().unwrap();
    assert!(syntax.success());
    // As the shell does it: it calls the function that the script has named, with the word to be completed.
    let ask = "source \"$0\"; set -- $(complete -p schema-per-service); until [ \"$1\" = -F ]; do shift; done; \
               COMP_WORDS=(schema-per-service ''); COMP_CWORD=1; $2 schema-per-service '' schema-per-service; \
               echo \"${COMPREPLY[@]}\"";
    let bash = Command::new("bash")
        .args(["-c", ask])
        .arg(&file)
        .stderr(Stdio::inherit())
        .output();
    let offered = String::from_utf8(bash.unwrap().stdout).unwrap();
    let offered: Vec<&str> = offered.split_whitespace().collect();
    for command in Cli::command().get_subcommands() {
        assert!(offered.contains(&command.get_name()), "{offered:?}");
    }
    assert!(offered.contains(&"--listen"), "{offered:?}");
}

#[test]
fn every_other_shell_has_completions_too() {
    for shell in ["elvish", "fish", "powershell", "zsh"] {
        assert!(
            prints(&["completions", shell]).contains("provision"),
            "{shell}"
        );
    }
}
