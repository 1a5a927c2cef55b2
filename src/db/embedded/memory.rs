//! How much memory the embedded PostgreSQL may keep of its data.
//!
//! PostgreSQL's own default, 128 MB, is meant to start anywhere. Past it each page comes from the operating system again, so that reads
//! grow slower with the data long before the machine is full. Its manual takes a quarter of a machine of its own for a start; this
//! machine runs other things too.

use std::fs;

const MB: u64 = 1 << 20;
/// PostgreSQL's own default.
const LEAST: u64 = 128 * MB;
/// Past this, what the operating system keeps of files does as well.
const MOST: u64 = 2_048 * MB;

/// The value of `shared_buffers`: an eighth of the memory that this process may use. It is used as data comes, not before.
pub(super) fn shared_buffers() -> String {
    format!("{}MB", share(total(), limit()) / MB)
}

fn share(total: Option<u64>, limit: Option<u64>) -> u64 {
    let usable = total.into_iter().chain(limit).min();
    (usable.unwrap_or(0) / 8).clamp(LEAST, MOST)
}

/// The memory of the machine, where `/proc` tells.
fn total() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// The memory that a container gives us, if it is a container's business (cgroup v2, then v1).
fn limit() -> Option<u64> {
    [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ]
    .into_iter()
    .find_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1024 * MB;

    #[test]
    fn a_container_counts_and_not_the_machine_it_runs_on() {
        assert_eq!(share(Some(64 * GB), Some(4 * GB)), 512 * MB);
        // No limit is a number larger than any machine.
        assert_eq!(share(Some(8 * GB), Some(u64::MAX)), GB);
    }

    #[test]
    fn it_is_never_less_than_postgresqls_own_and_never_all_there_is() {
        assert_eq!(share(None, None), LEAST);
        assert_eq!(share(Some(512 * MB), None), LEAST);
        assert_eq!(share(Some(256 * GB), None), MOST);
    }
}
