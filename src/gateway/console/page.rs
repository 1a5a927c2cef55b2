//! The page as HTML. Each part has an id, by which the script replaces it when it has changed.

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    SCRIPT, STYLE,
    history::Requests,
    matrix::{Cell, Part, Row},
    plot::{peak, skyline},
    view::{Batch, Health, Level, Pool, Reader, Standing, View},
};
use crate::{
    db::{Look, audit::Finding},
    http::Reading,
};

/// Two rooms and the wall between them.
const ICON: &str = "data:image/svg+xml,\
    <svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>\
    <rect width='16' height='16' rx='3' fill='%23285f46'/>\
    <path d='M8 2v12' stroke='white' stroke-width='2'/>\
    <path d='M3 8h2.5M10.5 8H13' stroke='white' stroke-width='2' opacity='.6'/></svg>";

/// Where the system answers for itself: a path and what is there.
const LINKS: [(&str, &str); 4] = [
    ("/docs", "every operation, to read and to try"),
    ("/openapi.json", "the same for machines"),
    ("/metrics", "these figures and more, for Prometheus"),
    ("/health", "each service and the whole, for a balancer"),
];

/// Where the repository says why.
const PAPERS: [(&str, &str); 6] = [
    ("ARCHITECTURE.md", "the map"),
    ("SECURITY.md", "what the walls stop, and what stays open"),
    ("docs/operations.md", "logs, figures, traces, signals"),
    ("docs/consistency.md", "what holds when something breaks"),
    ("docs/problems.md", "every failure, and what a client does"),
    ("docs/adr/", "why it is so"),
];

/// The whole document; without a view it asks for a token.
pub(super) fn whole(view: Option<&View>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (env!("CARGO_PKG_NAME")) }
                link rel="icon" href=(ICON);
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#figures" { "Skip to the figures" }
                header.top {
                    h1 { (env!("CARGO_PKG_NAME")) " " span.version { (env!("CARGO_PKG_VERSION")) } }
                    div.live {
                        p { @match view { Some(view) => (clock(view.at)), None => span #clock {} } }
                        button #pause type="button" aria-pressed="false" hidden { "Pause" }
                        button #forget type="button" hidden { "Forget the token" }
                    }
                }
                main {
                    // Read aloud when it changes, and only then.
                    div.say role="status" {
                        p #trouble hidden {}
                        @match view { Some(view) => (verdict(view)), None => div #verdict {} }
                    }
                    @if view.is_none() { (ask()) }
                    div #figures tabindex="-1" { @if let Some(view) = view { (sections(view)) } }
                    noscript { p.note { "This page shows how it was when it came. With JavaScript it keeps itself up to date." } }
                }
                footer { (sources()) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// What changes: whatever the script replaces.
pub(super) fn parts(view: &View) -> Markup {
    html! {
        (clock(view.at))
        (verdict(view))
        (sections(view))
    }
}

fn sections(view: &View) -> Markup {
    html! {
        (walls(view))
        (services(view))
        (feeds(view))
        (requests(view))
        (batches(view))
    }
}

/// A place for an operator's token. It has no name, so that no form ever puts it into a URL.
fn ask() -> Markup {
    html! {
        form #ask {
            h2 { "An operator's token, please" }
            p { "This server asks who calls. What it has to show is for operators." }
            p #refused role="alert" hidden {}
            label for="token" { "Token" }
            div.row {
                input #token type="password" autocomplete="off" spellcheck="false" required;
                button type="submit" { "Show" }
            }
            p.note {
                "It stays in this tab, until the tab is closed or you forget it; it travels in a header and never in a URL. "
                "For development: " code { (env!("CARGO_PKG_NAME")) " token NAME --scope operator" }
            }
            noscript { p.note { "A browser sends it with JavaScript only. Without: ask " code { "/console" } " with the header " code { "Authorization: Bearer TOKEN" } "." } }
        }
    }
}

fn clock(at: Timestamp) -> Markup {
    html! { span #clock { "As of " (time(at)) } }
}

fn verdict(view: &View) -> Markup {
    let (level, title, detail) = view.verdict();
    html! {
        div #verdict.(class(level)) {
            p.title { (sign(level)) (title) }
            p.detail { (detail) }
        }
    }
}

fn walls(view: &View) -> Markup {
    html! {
        section #walls aria-labelledby="walls-title" {
            h2 #walls-title { "Walls" }
            p.lead { "What each role reaches in each schema. The catalogs were asked with the services' own logins, the only ones that this process has." }
            div.scroll #walls-scroll role="region" tabindex="0" aria-label="The walls, role by schema" {
                table.matrix {
                    thead {
                        tr {
                            th scope="col" { "Role" }
                            @for standing in &view.services {
                                th scope="col" {
                                    code { (standing.service.name()) }
                                    span.small { @match &standing.look { Some(look) => { "looked at " (time(look.at)) }, None => "not looked at yet" } }
                                }
                            }
                        }
                    }
                    tbody { @for row in &view.matrix.rows { (line(row)) } }
                }
            }
            @if view.matrix.harmless > 0 {
                p.note { (count(view.matrix.harmless, "further role")) " can log in and reach nothing in them." }
            }
            @if !view.findings.is_empty() { (findings(&view.findings)) }
        }
    }
}

fn line(row: &Row) -> Markup {
    let part = match row.part {
        Part::Owns => "owns and migrates",
        Part::Serves => "serves",
        Part::Stranger => "of no service",
    };
    html! {
        tr {
            th scope="row" { code { (row.role) } span.small { (part) } }
            @for cell in &row.cells { (self::cell(cell)) }
        }
    }
}

fn cell(cell: &Cell) -> Markup {
    match cell {
        Cell::Own(reach) => html! { td.own { (sign(Level::Good)) (words(reach)) } },
        Cell::Nothing => html! { td.nothing { (icon(DASH)) span.aloud { "nothing" } } },
        Cell::Accepted(reach) => {
            html! { td.warn { (sign(Level::Warn)) (words(reach)) span.small { "trusted, or accepted" } } }
        }
        Cell::Superuser => {
            html! { td.above { "everything" span.small { "no wall stops a superuser" } } }
        }
        Cell::Unknown => html! { td.unknown { "unknown" } },
        Cell::Breached(reach, ids) => html! {
            td.bad {
                (sign(Level::Bad)) @if reach.is_empty() { "breached" } @else { (words(reach)) }
                @for id in ids { a.small href={ "#" (id) } { (id) } }
            }
        },
    }
}

fn words(reach: &str) -> String {
    reach.replace(", ", " · ")
}

fn findings(findings: &[Finding]) -> Markup {
    html! {
        h3 { (count(findings.len(), "finding")) }
        ol.findings {
            @for finding in findings {
                li #(finding.id()) tabindex="-1" {
                    p { code.id { (finding.id()) } }
                    p {
                        (sign(Level::Bad)) code { (finding.role) } " · " (finding.privilege)
                        @if !finding.object.is_empty() { " · " code { (finding.object) } }
                    }
                    p.note { "Allows: " (finding.allows()) "." }
                }
            }
        }
    }
}

fn services(view: &View) -> Markup {
    html! {
        section #services aria-labelledby="services-title" {
            h2 #services-title { "Services" }
            div.cards { @for standing in &view.services { (service(standing)) } }
        }
    }
}

fn service(standing: &Standing) -> Markup {
    let name = standing.service.name();
    let (level, health) = match standing.health {
        Health::Up => (Level::Good, "up"),
        Health::Breached => (Level::Bad, "breached"),
        Health::Down => (Level::Bad, "its database is away"),
        Health::Silent => (Level::Bad, "its database does not answer"),
    };
    html! {
        article.card aria-labelledby={ "service-" (name) } {
            header {
                h3 #{ "service-" (name) } { (name) }
                p.badge.(class(level)) { (sign(level)) (health) }
            }
            dl {
                div { dt { "Schema" } dd { code { (name) } } }
                div { dt { "Role" } dd { code { (standing.service.service_role()) } } }
                div { dt { "Migration" } dd { @match &standing.look { Some(look) => (migration(look)), None => "not looked at yet" } } }
                div { dt { "Walls" } dd { @match &standing.look { Some(look) => (seen(look)), None => "not looked at yet" } } }
                div { dt { "Connections" } dd { @match standing.pool { Some(pool) => (connections(pool)), None => "not counted" } } }
            }
        }
    }
}

fn migration(look: &Look) -> Markup {
    let status = &look.migrations;
    html! {
        code { (status.applied.last().map_or("none", |version| version)) }
        @if let Some(ours) = status.pending.last() {
            span.small.warn { (sign(Level::Warn)) "this program has " code { (ours) } ": run migrate" }
        } @else if !status.unknown.is_empty() {
            span.small.warn { (sign(Level::Warn)) "newer than this program" }
        } @else if !status.applied.is_empty() {
            span.small { "as this program has it" }
        }
    }
}

fn seen(look: &Look) -> Markup {
    html! {
        @match look.findings.len() {
            0 => "no way across",
            several => strong { (count(several, "finding")) },
        }
        span.small { "looked at " (time(look.at)) }
    }
}

fn connections(Pool { used, idle, max }: Pool) -> Markup {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a pool is small, and a cast saturates"
    )]
    let [busy, open, seats] = [used, used + idle, max].map(|count| (count as usize).min(64));
    let state = |seat| {
        if seat < busy {
            "used"
        } else if seat < open {
            "idle"
        } else {
            "free"
        }
    };
    html! {
        (used) " used, " (idle) " idle, of " (max)
        svg.seats viewBox={ "0 0 " (seats * 10) " 8" } aria-hidden="true" {
            @for seat in 0..seats { rect.(state(seat)) x=(seat * 10) y="0" width="8" height="8" rx="2" {} }
        }
    }
}

fn feeds(view: &View) -> Markup {
    html! {
        section #feeds aria-labelledby="feeds-title" {
            h2 #feeds-title { "Feeds" }
            @if view.readers.is_empty() { p.note { "No service reads another's feed." } }
            div.cards { @for reader in &view.readers { (feed(reader)) } }
        }
    }
}

fn feed(reader: &Reader) -> Markup {
    let name = reader.name;
    let level = reader.level();
    let standing = match reader.reading {
        _ if reader.is_silent => "cannot tell now",
        Some((_, reading)) if reading.is_another => "the feed is another since a restore",
        Some((_, reading)) if reading.set_aside > 0 => "facts are set aside",
        Some((_, reading)) if reading.behind.is_some_and(|(facts, _)| facts == 0) => "up to date",
        Some(_) if level == Level::Good => "reading",
        Some(_) | None => "late",
    };
    html! {
        article.card aria-labelledby={ "reader-" (name) } {
            header {
                h3 #{ "reader-" (name) } {
                    (name) " reads " @match &reader.reading { Some((_, reading)) => (reading.feed), None => "a feed" }
                }
                p.badge.(class(level)) { (sign(level)) (standing) }
            }
            @if let Some((at, reading)) = &reader.reading {
                (place(reading))
                @if reader.is_silent { p.note { "So it stood at " (time(*at)) "." } }
                @if reading.is_another { p.note { "The feed's database was restored from a backup. Run rebuild." } }
            }
        }
    }
}

fn place(reading: &Reading) -> Markup {
    html! {
        dl.figures {
            div { dt { "Its place" } dd { (number(reading.position)) } }
            div { dt { "The head" } dd { @match reading.behind { Some((facts, _)) => (number(reading.position + facts)), None => "–" } } }
            div {
                dt { "Behind" }
                dd {
                    @match reading.behind {
                        Some((0, _)) => "nothing",
                        Some((facts, waited)) => { (number(facts)) span.small { "for " (waited.as_secs()) " s" } }
                        None => "–",
                    }
                }
            }
            div { dt { "Set aside" } dd { (number(reading.set_aside)) @if reading.set_aside > 0 { span.small { "run replay" } } } }
        }
    }
}

fn requests(view: &View) -> Markup {
    html! {
        section #requests aria-labelledby="requests-title" {
            h2 #requests-title { "Requests" }
            p.lead {
                "A second, by class of status, in the last five minutes."
                @if let Some(count) = view.in_flight { " In flight now: " (count) "." }
            }
            div.plots { @for (service, steps) in &view.requests { (traffic(service, steps)) } }
        }
    }
}

fn traffic(service: &str, steps: &Requests) -> Markup {
    // Failures stand on the ground, where they are seen.
    let stacked: Vec<[f64; 4]> = steps
        .iter()
        .map(|&[ok, moved, refused, failed]| [failed, refused, moved, ok])
        .collect();
    let [failed, refused, moved, ok] = stacked.last().copied().unwrap_or_default();
    let (now, most) = (failed + refused + moved + ok, peak(&stacked));
    let told = format!(
        "{service}: {} requests a second now, {} at most in five minutes; {} of them failed now",
        rate(now),
        rate(most),
        rate(failed)
    );
    html! {
        figure {
            figcaption { h3 { (service) } p.now { (rate(now)) span.small { "a second" } } }
            (skyline(&stacked, ["failed", "refused", "moved", "ok"], &told))
            (axis())
            ul.legend {
                @for (class, name, value) in [("ok", "2xx", ok), ("moved", "3xx", moved), ("refused", "4xx", refused), ("failed", "5xx", failed)] {
                    li { span.key.(class) {} (name) " " b { (rate(value)) } }
                }
                li { "most " b { (rate(most)) } }
            }
        }
    }
}

fn batches(view: &View) -> Markup {
    html! {
        section #batches aria-labelledby="batches-title" {
            h2 #batches-title { "Batches" }
            p.lead { "How many callers one query answers, on average, in the last five minutes." }
            div.plots.low { @for batch in &view.batches { (sizes(batch)) } }
        }
    }
}

fn sizes(batch: &Batch) -> Markup {
    let sizes: Vec<[f64; 1]> = batch.runs.iter().map(|(_, size)| [*size]).collect();
    let (runs, size) = batch.runs.last().copied().unwrap_or_default();
    let most = peak(&sizes);
    let (service, name) = (&batch.service, &batch.name);
    let told = format!(
        "{service} {name}: {} callers in a run now, {} at most in five minutes",
        rate(size),
        rate(most)
    );
    html! {
        figure {
            figcaption { h3 { (service) " " (name) } p.now { @if runs > 0.0 { (rate(size)) } @else { "–" } span.small { "in a run" } } }
            (skyline(&sizes, ["size"], &told))
            (axis())
            ul.legend {
                li { "runs a second " b { (rate(runs)) } }
                @if let Some(waiting) = batch.waiting { li { "waiting " b { (waiting) } } }
                li { "most " b { (rate(most)) } }
            }
        }
    }
}

fn axis() -> Markup {
    html! { p.axis aria-hidden="true" { span { "5 min ago" } span { "now" } } }
}

fn sources() -> Markup {
    html! {
        nav aria-labelledby="sources-title" {
            h2 #sources-title { "Source of truth" }
            div.sources {
                ul { @for (path, what) in LINKS { li { a href=(path) { (path) } span { (what) } } } }
                ul { @for (path, what) in PAPERS { li { code { (path) } span { (what) } } } }
            }
        }
    }
}

const CHECK: &str = "M3 8.6l3.3 3.2L13 4.6";
const CROSS: &str = "M4 4l8 8M12 4l-8 8";
const MARK: &str = "M8 3v6.2M8 12.2v.6";
const DASH: &str = "M5.5 8h5";

/// A sign that a level is told by, beside its colour and its words.
fn sign(level: Level) -> Markup {
    icon(match level {
        Level::Good => CHECK,
        Level::Warn => MARK,
        Level::Bad => CROSS,
    })
}

fn icon(path: &str) -> Markup {
    html! { svg.icon viewBox="0 0 16 16" aria-hidden="true" { path d=(path) {} } }
}

const fn class(level: Level) -> &'static str {
    match level {
        Level::Good => "good",
        Level::Warn => "warn",
        Level::Bad => "bad",
    }
}

fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at.strftime("%FT%TZ")) { (at.strftime("%T")) " UTC" } }
}

fn count(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// Three digits, then a narrow space.
fn number(number: i64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| str::from_utf8(group).unwrap_or_default())
        .collect();
    groups.join("\u{202f}")
}

/// As many digits as one can read while they change.
#[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
fn rate(rate: f64) -> String {
    if rate == 0.0 {
        "0".to_owned()
    } else if rate < 9.95 {
        format!("{rate:.1}")
    } else {
        number(rate.round() as i64)
    }
}
