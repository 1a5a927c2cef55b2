//! The services live together or apart by URL alone: the whole REST suite, run again in every other layout.

use std::{env, process::Command};

fn assert_rest_suite_passes_in(layout: &str) {
    let suites = ["users::", "orders::", "problems::", "health::"];
    let output = Command::new(env::current_exe().unwrap())
        .args(suites)
        .env("LAYOUT", layout)
        .output()
        .unwrap();

    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    for suite in suites {
        assert!(
            told.contains(&format!("\ntest {suite}")),
            "{suite} was not run: {told}"
        );
    }
}

#[test]
fn in_two_databases_of_one_server() {
    assert_rest_suite_passes_in("two-databases");
}

#[test]
fn on_two_servers() {
    assert_rest_suite_passes_in("two-servers");
}
