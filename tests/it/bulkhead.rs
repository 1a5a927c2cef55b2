//! One service's trouble is its own: whatever befalls its data, it says so in time, and the other service answers everything.

use std::{thread, time::Duration};

use schema_per_service::{config::Config, db::Service, services::SERVICES};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{
    Answer, Database, Layout, Server, Undo, Waiting, an_order, eventually, place, register,
};

/// As many as wait at once for the service that is in trouble.
const CROWD: usize = 400;

/// A request to a service that answers it with 2xx in good times, however often.
struct Ask {
    method: &'static str,
    path: String,
    body: Value,
}

impl Ask {
    fn send(&self, server: &Server) -> Answer {
        let body = if self.body.is_null() {
            String::new()
        } else {
            self.body.to_string()
        };
        let json = ("Content-Type", "application/json");
        server.send(self.method, &self.path, &[json], &body)
    }

    fn bytes(&self) -> Vec<u8> {
        let body = self.body.to_string();
        format!(
            "{} {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.method,
            self.path,
            body.len()
        )
        .into_bytes()
    }
}

/// A server with a user and an order, and what can be asked of each service.
struct Scene {
    server: Server,
    user: String,
    order: String,
}

impl Scene {
    fn new(server: Server) -> Self {
        let user = register(&server, "ada@example.com");
        let order = place(&server, &user);
        Self {
            server,
            user,
            order,
        }
    }

    /// One request of each kind that needs this service and no other. Orders knows the user, so placing is its own affair.
    fn asks(&self, service: &str) -> Vec<Ask> {
        let ask = |method, path: String, body| Ask { method, path, body };
        let Self { user, order, .. } = self;
        match service {
            "users" => {
                let stranger = format!("{}@example.com", Uuid::now_v7().simple());
                vec![
                    ask("GET", format!("/users/{user}"), Value::Null),
                    ask("GET", "/users?limit=5".to_owned(), Value::Null),
                    ask(
                        "POST",
                        "/users".to_owned(),
                        json!({ "email": stranger, "name": "Grace Hopper" }),
                    ),
                    ask(
                        "PATCH",
                        format!("/users/{user}"),
                        json!({ "name": "Ada King" }),
                    ),
                ]
            }
            "orders" => vec![
                ask("GET", format!("/orders/{order}"), Value::Null),
                ask("GET", "/orders?limit=5".to_owned(), Value::Null),
                ask("GET", format!("/orders?customer_id={user}"), Value::Null),
                ask("POST", format!("/orders/{order}/ship"), Value::Null),
                ask("POST", "/orders".to_owned(), an_order(user)),
            ],
            // Of a service that came later: its lists, which need nothing to be there.
            later => {
                let all = self.server.operations.iter();
                let lists = all.filter(|it| {
                    it.service == later && it.method == "GET" && !it.path.contains('{')
                });
                let asks: Vec<_> = lists
                    .map(|it| ask("GET", it.path.to_owned(), Value::Null))
                    .collect();
                assert!(!asks.is_empty(), "what can be asked of {later}?");
                asks
            }
        }
    }

    fn assert_serves(&self, service: &str) {
        for ask in self.asks(service) {
            let answer = ask.send(&self.server);
            assert!(
                (200..300).contains(&answer.status),
                "{} {}: {answer:?}",
                ask.method,
                ask.path
            );
        }
        assert_eq!(self.server.get("/health/live").status, 200);
    }

    fn serves(&self, service: &str) -> bool {
        self.asks(service)
            .iter()
            .all(|ask| (200..300).contains(&ask.send(&self.server).status))
    }

    /// Several hundred clients ask all that needs this service, and wait.
    fn crowd(&self, service: &str) -> Vec<Waiting> {
        let asks = self.asks(service);
        (0..CROWD)
            .map(|number| self.server.begin(&asks[number % asks.len()].bytes()))
            .collect()
    }

    /// A crowd asks the one service and is told to come back; until the last of it is told so, the others answer everything.
    fn assert_keeps_apart(&self, troubled: &Service) {
        let crowd = self.crowd(troubled.name());
        thread::scope(|scope| {
            let told = scope.spawn(|| assert_told_to_come_back(crowd));
            while !told.is_finished() {
                for other in others(troubled) {
                    self.assert_serves(other.name());
                }
                thread::sleep(Duration::from_millis(20));
            }
        });
    }

    fn standing(&self) -> (u16, Value) {
        let answer = self.server.get("/health/ready");
        (answer.status, answer.body["services"].clone())
    }
}

fn assert_told_to_come_back(crowd: Vec<Waiting>) {
    for client in crowd {
        let answer = client.end().to_ascii_lowercase();
        for part in [
            "http/1.1 503 ",
            "retry-after: 1\r\n",
            "content-type: application/problem+json\r\n",
        ] {
            assert!(answer.contains(part), "{part} is not in {answer}");
        }
    }
}

/// A deadline that a test can wait for.
fn soon(config: &mut Config) {
    config.limits.deadline = Duration::from_secs(2);
}

/// The services that are not in trouble.
fn others(troubled: &Service) -> impl Iterator<Item = &'static Service> {
    let name = troubled.name();
    SERVICES.iter().filter(move |other| other.name() != name)
}

/// Brings trouble on each service in turn, and heals it.
fn assert_trouble_stays_where_it_is(
    database: Database,
    trouble: impl Fn(&Database, &Service) -> Undo,
) {
    let scene = Scene::new(Server::start_with(database, soon));

    for troubled in SERVICES {
        let trouble = trouble(&scene.server.database, troubled);
        scene.assert_keeps_apart(troubled);
        drop(trouble);
        eventually("it serves again", || scene.serves(troubled.name()));
    }
}

#[test]
fn tables_that_are_locked() {
    assert_trouble_stays_where_it_is(Database::new(), |database, service| {
        database.of(service.name()).lock_tables(service)
    });
}

#[test]
fn a_role_that_may_not_log_in() {
    assert_trouble_stays_where_it_is(Database::alone(Layout::OneDatabase), |database, service| {
        database.of(service.name()).lock_out(service)
    });
}

#[test]
fn connections_that_somebody_else_has() {
    assert_trouble_stays_where_it_is(Database::alone(Layout::OneDatabase), |database, service| {
        database
            .of(service.name())
            .take_connections(service, &database.service_url(service))
    });
}

#[test]
fn an_address_where_nobody_listens() {
    assert_trouble_stays_where_it_is(Database::alone(Layout::TwoServers), |database, service| {
        database.of(service.name()).unplug()
    });
}

#[test]
fn a_server_that_stands_still() {
    assert_trouble_stays_where_it_is(Database::alone(Layout::TwoServers), |database, service| {
        database.of(service.name()).freeze()
    });
}

#[test]
fn a_database_that_is_away_at_the_start_keeps_nobody_else_from_serving_and_is_served_when_it_comes()
{
    let database = Database::alone(Layout::TwoServers);
    let scene = Scene::new(Server::start_with(database.clone(), soon));
    let (user, order) = (scene.user.clone(), scene.order.clone());
    drop(scene);

    for (troubled, frozen) in SERVICES.iter().zip([false, true].into_iter().cycle()) {
        let away = database.of(troubled.name());
        let trouble = if frozen { away.freeze() } else { away.unplug() };
        let scene = Scene {
            server: Server::start_with(database.clone(), soon),
            user: user.clone(),
            order: order.clone(),
        };

        let mut standing = json!({ troubled.name(): "down" });
        for other in others(troubled) {
            standing[other.name()] = "up".into();
        }
        assert_eq!(scene.standing(), (503, standing));
        scene.assert_keeps_apart(troubled);

        drop(trouble);
        eventually("it is served", || scene.serves(troubled.name()));
        assert_eq!(scene.standing().0, 200);
    }
}

#[test]
fn a_server_whose_database_stands_still_can_be_stopped() {
    let database = Database::alone(Layout::OneDatabase);
    let scene = Scene::new(Server::start_with(database.clone(), soon));
    let frozen = database.of("users").freeze();
    assert_told_to_come_back(scene.crowd("users"));

    let stopping = thread::spawn(move || drop(scene));

    eventually("it has stopped", || stopping.is_finished());
    drop(frozen);
}

#[test]
fn a_wall_that_is_breached_while_serving_turns_readiness_red_until_it_is_closed() {
    let scene = Scene::new(Server::start_with(Database::new(), |config| {
        config.audit_interval = 1;
    }));
    let mut admin = scene.server.database.admin();
    let breached =
        |(status, services): (u16, Value)| status == 503 && services["users"] == "breached";

    admin
        .batch_execute("GRANT USAGE ON SCHEMA users TO orders_service")
        .unwrap();

    eventually("readiness turns red", || {
        scene.assert_serves("users");
        scene.assert_serves("orders");
        breached(scene.standing())
    });
    admin
        .batch_execute("REVOKE USAGE ON SCHEMA users FROM orders_service")
        .unwrap();
    eventually("readiness turns green", || scene.standing().0 == 200);
    scene.assert_serves("users");
    scene.assert_serves("orders");
}
