//! The page at `/`: what it shows, to whom, and what it never shows.

mod browser;

use std::{fs, path::Path, thread};

use schema_per_service::{
    config::Config,
    db::{Service, migrate},
    services::SERVICES,
};
use secrecy::ExposeSecret as _;

use crate::harness::{Client, Database, Issuer, Layout, Server, eventually, place, register};

/// The largest page that is still small.
const LARGEST: usize = 64 * 1024;

fn page(client: &Client) -> String {
    let answer = client.get("/");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    assert!(answer.written.len() < LARGEST, "{}", answer.written.len());
    answer.written
}

/// What the page says first.
fn verdict(page: &str) -> String {
    let (_, verdict) = page.split_once("id=\"verdict\"").unwrap();
    let (verdict, _) = verdict.split_once("</div>").unwrap();
    text(&format!("<{verdict}"))
}

/// The row of the matrix that is this role's, as text.
fn row(page: &str, role: &str) -> String {
    let (_, row) = page
        .split_once(&format!("<th scope=\"row\"><code>{role}</code>"))
        .unwrap_or_else(|| panic!("no {role} in {page}"));
    text(row.split_once("</tr>").unwrap().0)
}

/// What is left without tags.
fn text(html: &str) -> String {
    let parts = html.split('<').skip(1);
    let texts = parts.filter_map(|part| Some(part.split_once('>')?.1.trim()));
    let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
    texts.join(" ")
}

/// The values of every such attribute.
fn values<'p>(page: &'p str, attribute: &str) -> Vec<&'p str> {
    let begins = format!(" {attribute}=\"");
    let pieces = page.split(&*begins).skip(1);
    pieces.filter_map(|piece| piece.split('"').next()).collect()
}

fn looks_often(config: &mut Config) {
    config.audit_interval = 1;
}

#[test]
fn the_page_shows_every_service_and_every_wall() {
    let server = Server::start();

    let page = page(&server);

    assert!(
        verdict(&page).starts_with("Every wall holds."),
        "{}",
        verdict(&page)
    );
    for service in SERVICES {
        let status = migrate::status(service, &server.database.service_url(service)).unwrap();
        for shown in [
            service.name().to_owned(),
            service.service_role(),
            status.applied.last().unwrap().clone(),
        ] {
            assert!(
                page.contains(&format!("<code>{shown}</code>")),
                "no {shown} in {page}"
            );
        }
        for role in [service.owner_role(), service.service_role()] {
            let row = row(&page, &role);
            assert!(row.contains("enters · "), "{row}");
            assert_eq!(row.matches("nothing").count(), SERVICES.len() - 1, "{row}");
        }
    }
    assert!(row(&page, "postgres").contains("superuser"));
    assert!(page.contains("orders reads users"));
}

#[test]
fn the_page_never_shows_who_somebody_is_nor_how_to_get_in() {
    let server = Server::start();
    let user = register(&server, "grace.hopper@example.com");
    let order = place(&server, &user);
    eventually("the feed is read", || page(&server).contains("up to date"));

    let page = page(&server);

    for (what, secret) in [
        ("address", "grace.hopper"),
        ("name", "Lovelace"),
        ("user", &user),
        ("order", &order),
        ("database", server.database.of("users").name()),
        ("URL", "://"),
        ("statement", "GRANT"),
        ("statement", "SELECT"),
    ] {
        // The one address in it is the name of an SVG's vocabulary.
        let page = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!page.contains(secret), "{what}: {secret} in {page}");
    }
    for service in SERVICES {
        let password = server.database.service_url(service).password().unwrap();
        assert!(!page.contains(password.expose_secret()));
    }
}

#[test]
fn the_page_needs_nobody_else_and_lets_nobody_else_in() {
    let server = Server::start();

    let answer = server.get("/");

    let policy = &answer.headers["content-security-policy"];
    for directive in [
        "default-src 'none'",
        "script-src 'sha256-",
        "style-src 'sha256-",
        "connect-src 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(directive), "no {directive} in {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    // The policy would not let them run.
    for inline in [" style=\"", " onclick=\"", " onload=\"", "javascript:"] {
        assert!(!answer.written.contains(inline), "{inline}");
    }
    for attribute in ["href", "src", "action"] {
        for value in values(&answer.written, attribute) {
            let is_here = value.starts_with('#')
                || value.starts_with("data:")
                || value.starts_with('/') && !value.starts_with("//");
            assert!(is_here, "{attribute}={value}");
        }
    }
    let parts = server.get("/console");
    assert_eq!(
        parts.headers["content-security-policy"],
        "default-src 'none'; frame-ancestors 'none'"
    );
    assert!(!parts.written.contains("<script"), "{}", parts.written);
}

#[test]
fn the_page_leads_only_to_what_is_there() {
    let server = Server::start();
    for link in values(&page(&server), "href") {
        if link.starts_with('/') {
            assert!([200, 302].contains(&server.get(link).status), "{link}");
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = page(&server);
    let (_, sources) = page.split_once("<footer>").unwrap();
    let papers = sources.split("<code>").skip(1);
    let papers: Vec<&str> = papers.filter_map(|paper| paper.split('<').next()).collect();
    assert!(papers.len() >= 4, "{papers:?}");
    for paper in papers {
        assert!(root.join(paper).exists(), "{paper}");
    }
}

#[test]
fn a_database_that_is_away_is_named_and_the_page_still_comes() {
    let server = Server::start();
    assert!(page(&server).contains("up to date"));
    let (mut admin, name) = (
        server.database.of("users").admin(),
        server.database.of("users").name(),
    );
    admin
        .batch_execute(&format!(
            "REVOKE CONNECT ON DATABASE {name} FROM users_service;
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'users_service' AND datname = '{name}'"
        ))
        .unwrap();

    // Its sessions are told to end, and one may still answer. What was seen before stands, with its time.
    eventually("users is away, and its last look stands", || {
        let page = page(&server);
        verdict(&page).starts_with("users does not answer.")
            && row(&page, "users_service").contains("enters · ")
            && page.contains("cannot tell now")
            && page.contains("So it stood at ")
    });
}

#[test]
fn a_database_that_hangs_holds_up_no_page() {
    let server = Server::start_with(Database::alone(Layout::OneDatabase), |_| {});
    // So that there are connections to wait on, and not only for.
    assert_eq!(server.get("/health").status, 200);
    let _frozen = server.database.of("users").freeze();
    let client = Client::new(server.address);
    let health = thread::spawn(move || client.get("/health"));

    let page = page(&server);

    // Health waits for as long as any caller does.
    assert!(!health.is_finished(), "the page came after all else");
    // A session that just logs in when all are frozen may be overlooked, so not every service has to be silent.
    assert!(verdict(&page).contains(" not answer."), "{page}");
    assert_eq!(health.join().unwrap().status, 503);
}

#[test]
fn a_breach_is_red_in_its_cell_and_named_until_it_is_closed() {
    let server = Server::start_with(Database::new(), looks_often);
    let mut admin = server.database.admin();

    admin
        .batch_execute("GRANT USAGE ON SCHEMA users TO orders_service")
        .unwrap();

    // Each service looks for itself, and the cell is told by the one whose schema it is.
    let id = || {
        let row = row(&page(&server), "orders_service");
        let mut words = row.split(' ').map(str::to_owned);
        words.find(|word| word.starts_with("foreign-grant-"))
    };
    eventually("the cell is red", || id().is_some());
    let (red, id) = (page(&server), id().unwrap());
    assert!(
        verdict(&red).starts_with("A wall is breached."),
        "{}",
        verdict(&red)
    );
    assert!(red.contains(&format!("href=\"#{id}\"")), "{red}");
    assert!(red.contains(&format!("<li id=\"{id}\"")), "{red}");
    assert!(!red.contains("REVOKE"), "{red}");
    admin
        .batch_execute("REVOKE USAGE ON SCHEMA users FROM orders_service")
        .unwrap();
    eventually("the page is green", || {
        verdict(&page(&server)).starts_with("Every wall holds.")
    });
}

#[test]
fn a_reader_that_is_behind_is_told_with_how_far_and_a_fact_set_aside_is_counted() {
    let server = Server::start();
    let mut reader = server.database.of("orders").admin();
    eventually("orders has a place", || {
        let place = "SELECT FROM orders.feed_cursors";
        reader.query(place, &[]).unwrap().len() == 1
    });
    // Whoever else holds the place is about to move it.
    reader
        .batch_execute("BEGIN; SELECT FROM orders.feed_cursors FOR UPDATE")
        .unwrap();

    for name in ["ada", "bob", "eve"] {
        register(&server, &format!("{name}@example.com"));
    }

    assert!(page(&server).contains("<dd>3<span class=\"small\">for "));
    reader
        .batch_execute(
            "INSERT INTO orders.set_aside (feed, position, customer_id, version, standing, superseded, failure, next_try_at)
             VALUES ('users', 1, gen_random_uuid(), 1, 'active', false, 'planted', now() + interval '1 day'); COMMIT",
        )
        .unwrap();
    eventually("a fact is set aside", || {
        let page = page(&server);
        page.contains("<dd>1<span class=\"small\">run replay")
            && verdict(&page).starts_with("A feed does not get through.")
    });
}

#[test]
fn with_keys_on_only_an_operator_sees_a_figure() {
    let issuer = Issuer::new();
    let server = issuer.server();
    let user = server.bearing(&issuer.token("01900000-0000-7000-8000-000000000000", ""));
    let operator = server.bearing(&issuer.token("olga", "operator"));

    for (client, status) in [(&*server, 401), (&user, 403)] {
        let shell = page(client);
        for service in SERVICES
            .iter()
            .flat_map(|one| [one.name().to_owned(), one.service_role()])
        {
            assert!(!shell.contains(&service), "{service} in {shell}");
        }
        assert!(
            shell.contains("<input id=\"token\" type=\"password\""),
            "{shell}"
        );
        // A field without a name is never sent by the browser itself, so no token gets into a URL.
        assert_eq!(values(&shell, "name"), ["viewport", "color-scheme"]);
        assert_eq!(client.get("/console").status, status);
    }
    let parts = operator.get("/console");
    assert_eq!(parts.status, 200, "{parts:?}");
    assert!(verdict(&parts.written).starts_with("Every wall holds."));
    assert!(row(&page(&operator), "users_service").contains("enters · "));
}

#[test]
fn a_third_service_needs_no_edit_of_the_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gateway/console");
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let code = fs::read_to_string(&path).unwrap();
        let code = code.split("#[cfg(test)]").next().unwrap();
        for name in SERVICES.iter().map(Service::name) {
            assert!(!code.contains(name), "{} names {name}", path.display());
        }
    }
}
