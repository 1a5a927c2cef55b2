//! Small plots of the last minutes, stacked, as SVG without a style or a script of its own.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::history::STEPS;

/// The plot's height, so fine that whole numbers will do.
const HEIGHT: f64 = 120.0;
/// A step's width.
const STEP: usize = 3;

/// A skyline of all steps, the newest at the right edge; of each, the parts in the order of `classes` from the ground. `told`
/// says the same in words.
pub(super) fn skyline<const PARTS: usize>(
    steps: &[[f64; PARTS]],
    classes: [&str; PARTS],
    told: &str,
) -> Markup {
    let highest = peak(steps);
    let begin = STEPS.saturating_sub(steps.len()) * STEP;
    let mut lines: [String; PARTS] = std::array::from_fn(|_| format!("M{begin} {HEIGHT}"));
    for step in steps {
        let mut height = 0.0;
        for (line, part) in lines.iter_mut().zip(step) {
            if *part > 0.0 {
                // What is there is seen, however little it is.
                height += (part / highest * HEIGHT).max(2.0);
            }
            // Writing to a string cannot fail.
            let _ = write!(line, "V{:.0}h{STEP}", (HEIGHT - height).max(0.0));
        }
    }
    let is_there = |part: usize| steps.iter().any(|step| step[part] > 0.0);
    html! {
        svg.plot viewBox={ "0 0 " (STEPS * STEP) " " (HEIGHT) } preserveAspectRatio="none" role="img" aria-label=(told) {
            // Each stands before those that are stacked upon it.
            @for part in (0..PARTS).rev().filter(|part| is_there(*part)) {
                path.(classes[part]) d={ (lines[part]) "V" (HEIGHT) "z" } {}
            }
        }
    }
}

/// The highest step.
pub(super) fn peak<const PARTS: usize>(steps: &[[f64; PARTS]]) -> f64 {
    let sums = steps.iter().map(|step| step.iter().sum());
    sums.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_step_stands_at_the_right_edge_and_failures_on_the_ground_before_all_else() {
        let steps = [[0.0, 0.0, 1.0], [1.0, 0.0, 1.0]];

        let svg = skyline(&steps, ["failed", "refused", "ok"], "two \"steps\"").into_string();

        assert!(
            svg.contains("aria-label=\"two &quot;steps&quot;\""),
            "{svg}"
        );
        let (_, paths) = svg.split_once("<path ").unwrap();
        assert_eq!(
            paths,
            "class=\"ok\" d=\"M294 120V60h3V0h3V120z\"></path>\
             <path class=\"failed\" d=\"M294 120V120h3V60h3V120z\"></path></svg>"
        );
    }
}
