//! What one client does, for as long as there is load.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use serde_json::json;

use super::{
    book::{Book, Names, Order, Placed, Step, User},
    client::{Answer, Call, Client},
    locked,
};

/// Does one thing after the other.
pub(crate) fn work(mut client: Client<'_>) {
    let book = &client.run.book;
    while client.run.is_loading() {
        let user = Book::any(&book.users, &mut client.rng);
        let order = Book::any(&book.orders, &mut client.rng);
        match (client.rng.u32(..100), user, order) {
            (0..10, ..) | (_, None, _) => register(&mut client),
            (10..65, Some(user), _) => place(&mut client, user),
            (65..85, _, Some(order)) => advance(&mut client, &order),
            (85..89, _, Some(order)) => replay(&mut client, &order),
            (89..94, Some(user), _) => rename(&mut client, &user),
            (_, Some(user), _) => leave(&mut client, &user),
        }
    }
}

/// Somebody registers and, sometimes, orders at once: perhaps from a server that has not heard of them.
fn register(client: &mut Client<'_>) {
    let book = &client.run.book;
    let secret = User::new_secret();
    let (name, email) = (format!("Ada {secret}"), format!("{secret}@example.com"));
    book.registrations.fetch_add(1, Relaxed);
    let call = Call {
        method: "POST",
        path: "/users".to_owned(),
        key: None,
        body: Some(json!({ "email": email, "name": name })),
        refusals: &["email-taken"],
    };
    let Some(mut answer) = client.ask(&call) else {
        return;
    };
    if answer.is("email-taken") && answer.was_unsure {
        // By an earlier try of our own.
        let find = Call {
            path: format!("/users?email={email}"),
            ..Call::bare("GET")
        };
        let Some(found) = client.ask(&find) else {
            return;
        };
        answer.json = found.json["items"][0].clone();
    }
    let Some(id) = answer.json["id"].as_str() else {
        let example = format!("{email}: {} {}", answer.status, answer.body);
        return book.findings.add("registrations without a user", example);
    };
    let user = Arc::new(User {
        id: id.to_owned(),
        secret,
        names: Names {
            last: name,
            ..Names::default()
        }
        .into(),
        leaving: AtomicBool::default(),
        let_go: AtomicBool::default(),
    });
    locked(&book.users).push(Arc::clone(&user));
    if client.chance(50) {
        thread::sleep(Duration::from_millis(1));
        place(client, user);
    }
}

fn place(client: &mut Client<'_>, customer: Arc<User>) {
    let book = &client.run.book;
    let order = Arc::new(Order::invent(customer, &mut client.rng));
    locked(&book.orders).push(Arc::clone(&order));
    let call = placing(&order);
    if client.chance(10) {
        order.is_unsure.store(true, Relaxed);
        client.hang_up(&call);
    }
    let twin = client.chance(5).then(|| client.twin());
    if twin.is_some() {
        order.is_unsure.store(true, Relaxed);
        book.twins.fetch_add(1, Relaxed);
    }
    let (answer, other) = thread::scope(|scope| {
        let call = &call;
        let other = twin.map(|mut twin| scope.spawn(move || twin.ask(call)));
        let answer = client.ask(call);
        (answer, other.and_then(|other| other.join().ok()?))
    });
    for answer in [answer, other].into_iter().flatten() {
        settle(client, &order, &answer);
    }
    if client.chance(10) {
        replay(client, &order);
    }
}

fn placing(order: &Order) -> Call<'_> {
    Call {
        method: "POST",
        path: "/orders".to_owned(),
        key: Some(&order.key),
        body: Some(order.body()),
        refusals: &["customer-not-active"],
    }
}

/// Writes down what became of an order. The same key has one answer for ever.
fn settle(client: &Client<'_>, order: &Order, answer: &Answer) {
    let findings = &client.run.book.findings;
    order.is_unsure.fetch_or(answer.was_unsure, Relaxed);
    match (answer.status, answer.json["id"].as_str()) {
        (201, Some(id)) => {
            let id = id.to_owned();
            let placed = order.placed.get_or_init(|| Placed {
                id,
                body: answer.body.clone(),
            });
            if placed.body != answer.body {
                let example = format!(
                    "{} was answered with {}, then with {}",
                    order.key, placed.body, answer.body
                );
                findings.add("replays that differ", example);
            }
        }
        (409, _) => {
            order.refused.store(true, Relaxed);
            if !order.customer.leaving.load(Relaxed) {
                findings.add(
                    "refusals without a reason",
                    format!("{}: {}", order.customer.id, answer.body),
                );
            }
        }
        _ => findings.add(
            "unexpected answers to orders",
            format!("{} {}", answer.status, answer.body),
        ),
    }
}

/// Asks once more for what has been answered, perhaps long ago.
fn replay(client: &mut Client<'_>, order: &Order) {
    let Some(placed) = order.placed.get() else {
        return;
    };
    let Some(answer) = client.ask(&placing(order)) else {
        return;
    };
    let book = &client.run.book;
    book.replays.fetch_add(1, Relaxed);
    if answer.status == 409 && order.customer.leaving.load(Relaxed) {
        // The keys of closed users are forgotten with them.
        return;
    }
    if answer.status != 201 || answer.body != placed.body || !answer.is_replay {
        let example = format!(
            "{}: {}, then {} {} (marked as a replay: {})",
            order.key, placed.body, answer.status, answer.body, answer.is_replay,
        );
        book.findings.add("replays that differ", example);
    }
}

/// Takes an order a step further or, sometimes, all the way.
fn advance(client: &mut Client<'_>, order: &Order) {
    let steps: &[Step] = match client.rng.u32(..4) {
        0 => &[Step::Cancel],
        1 => &[Step::Ship],
        2 => &[Step::Deliver],
        _ => &[Step::Ship, Step::Deliver],
    };
    let Some(placed) = order.placed.get() else {
        return;
    };
    for step in steps {
        let call = Call {
            path: format!("/orders/{}/{}", placed.id, step.verb()),
            refusals: &["wrong-status"],
            ..Call::bare("POST")
        };
        step.add_to(&order.tried);
        if client.ask(&call).is_some_and(|answer| answer.status == 200) {
            step.add_to(&order.done);
        }
    }
}

fn rename(client: &mut Client<'_>, user: &User) {
    // Only one at a time, or nobody could tell which name was the last.
    let Ok(mut names) = user.names.try_lock() else {
        return;
    };
    let name = format!("Grace {} {}", client.rng.u32(..), user.secret);
    let call = Call {
        method: "PATCH",
        path: format!("/users/{}", user.id),
        body: Some(json!({ "name": name })),
        key: None,
        refusals: &["account-not-active"],
    };
    let answer = client.ask(&call);
    if answer.as_ref().is_none_or(|answer| answer.was_unsure) {
        names.unsure.insert(name.clone());
    }
    match answer {
        Some(answer) if answer.status == 200 => names.last = name,
        Some(answer) if !user.leaving.load(Relaxed) => {
            let example = format!("{}: {}", user.id, answer.body);
            client
                .run
                .book
                .findings
                .add("refusals without a reason", example);
        }
        _ => (),
    }
}

fn leave(client: &mut Client<'_>, user: &User) {
    user.leaving.store(true, Relaxed);
    let call = Call {
        path: format!("/users/{}", user.id),
        ..Call::bare("DELETE")
    };
    let Some(answer) = client.ask(&call) else {
        return;
    };
    user.let_go.store(true, Relaxed);
    let standing = answer.json["standing"].as_str();
    if answer.status != 202 || !matches!(standing, Some("active" | "closing" | "closed")) {
        let example = format!("{} {}", answer.status, answer.body);
        client
            .run
            .book
            .findings
            .add("unexpected answers to a leave", example);
    }
}
