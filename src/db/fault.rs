//! Places where a test ends the process, as a power cut would. The idea is that of failpoints (github.com/tikv/fail-rs).

/// Ends the process here, if the environment says so: `FAULT=name` at the first passing, `FAULT=name@3` at the third. Only in a build with
/// debug assertions; in another this is nothing.
pub(crate) fn point(name: &str) {
    #[cfg(debug_assertions)]
    armed::pass(name);
    #[cfg(not(debug_assertions))]
    let _ = name;
}

/// The points that `FAULT` names, in builds that may have them.
#[cfg(debug_assertions)]
mod armed {
    use std::{
        env, process,
        sync::{
            LazyLock,
            atomic::{AtomicU32, Ordering},
        },
    };

    /// The place, and how often it is still passed unharmed.
    static FAULT: LazyLock<Option<(String, AtomicU32)>> = LazyLock::new(|| {
        let fault = env::var_os("FAULT")?.into_string().ok()?;
        let (name, passing) = fault.split_once('@').unwrap_or((&fault, "1"));
        let unharmed = passing.parse::<u32>().ok()?.checked_sub(1)?;
        Some((name.to_owned(), AtomicU32::new(unharmed)))
    });

    pub(super) fn pass(name: &str) {
        let Some((_, unharmed)) = FAULT.as_ref().filter(|(fault, _)| fault == name) else {
            return;
        };
        let passed = unharmed.try_update(Ordering::AcqRel, Ordering::Acquire, |left| {
            left.checked_sub(1)
        });
        if passed.is_err() {
            process::abort();
        }
    }
}
