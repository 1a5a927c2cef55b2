//! Small plots: bars of the last minutes, stacked, as SVG without a style or a script of its own.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::history::STEPS;

const HEIGHT: f64 = 60.0;
/// A step's width, and that of its bar.
const STEP: usize = 3;
const BAR: &str = "2.4";

/// One bar for each step, the newest at the right edge; of each, the parts in the order of `classes` from the ground. `told`
/// says the same in words.
pub(super) fn bars<const PARTS: usize>(
    steps: &[[f64; PARTS]],
    classes: [&str; PARTS],
    told: &str,
) -> Markup {
    let highest = peak(steps);
    let offset = STEPS.saturating_sub(steps.len());
    let mut paths: [String; PARTS] = std::array::from_fn(|_| String::new());
    for (at, step) in steps.iter().enumerate() {
        let mut ground = HEIGHT;
        for (path, part) in paths.iter_mut().zip(step) {
            if *part > 0.0 {
                // What is there is seen, however small.
                let height = (part / highest * HEIGHT).max(1.0);
                let x = (offset + at) * STEP;
                // Writing to a string cannot fail.
                let _ = write!(path, "M{x} {ground:.1}v-{height:.1}h{BAR}v{height:.1}z");
                ground -= height;
            }
        }
    }
    html! {
        svg.plot viewBox={ "0 0 " (STEPS * STEP) " " (HEIGHT) } preserveAspectRatio="none" role="img" aria-label=(told) {
            @for (path, class) in paths.iter().zip(classes) {
                @if !path.is_empty() { path class=(class) d=(path) {} }
            }
        }
    }
}

/// The highest bar.
pub(super) fn peak<const PARTS: usize>(steps: &[[f64; PARTS]]) -> f64 {
    let sums = steps.iter().map(|step| step.iter().sum());
    sums.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_bar_stands_at_the_right_edge_and_failures_on_the_ground() {
        let steps = [[0.0, 1.0], [1.0, 1.0]];

        let svg = bars(&steps, ["failed", "served"], "two \"steps\"").into_string();

        assert!(svg.contains("aria-label=\"two &quot;steps&quot;\""));
        assert!(
            svg.contains("<path class=\"failed\" d=\"M297 60.0v-30.0h2.4v30.0z\">"),
            "{svg}"
        );
        assert!(
            svg.contains("d=\"M294 60.0v-30.0h2.4v30.0zM297 30.0v-30.0h2.4v30.0z\""),
            "{svg}"
        );
    }
}
