//! Compares what the clients were told with what stands in the tables, as an administrator reads them.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::atomic::Ordering::Relaxed,
    thread,
    time::{Duration, Instant},
};

use postgres::{Client, Row};

use super::{
    Run,
    book::{Item, MARK, Order},
    house::BY_THEMSELVES,
    locked,
};

/// How long facts may be under way once the load has stopped.
const PATIENCE: Duration = Duration::from_secs(30);

/// Kinds of findings that can be seen while the clients work.
const SEEN_BY_CLIENTS: [&str; 10] = [
    BY_THEMSELVES,
    "503 without Retry-After",
    "registrations without a user",
    "unexpected answers to a leave",
    "unexpected answers to orders",
    "replays that differ",
    "refusals without a reason",
    "unexpected refusals",
    "answers that should never be",
    "failures that are no problem documents",
];

/// What is under way.
const UNSETTLED: (&str, &str) = (
    "unsettled in the end",
    "SELECT 'the cursor is at ' || coalesce(max(c.position), 0) || ' of ' || h.position
       FROM users.feed_head h LEFT JOIN orders.feed_cursors c ON c.feed = 'users'
      GROUP BY h.position HAVING coalesce(max(c.position), 0) <> h.position
      UNION ALL SELECT 'closing: ' || id FROM users.accounts WHERE standing = 'closing'
      UNION ALL SELECT 'not told: ' || customer_id FROM orders.closings
      UNION ALL SELECT 'set aside: ' || position || ', ' || failure FROM orders.set_aside",
);

/// What must hold whatever the clients did. Each query returns what breaks it.
const PROMISES: [(&str, &str); 6] = [
    (
        "orders that are not whole",
        "SELECT o.id || ': ' || count(i) || ' items' FROM orders.orders o LEFT JOIN orders.items i ON i.order_id = o.id
          GROUP BY o.id
         HAVING o.total IS DISTINCT FROM sum(i.quantity * i.unit_price) OR count(i) IS DISTINCT FROM max(i.position)",
    ),
    (
        "open orders of closed users",
        "SELECT o.id || ' is ' || o.status FROM orders.orders o JOIN users.accounts a ON a.id = o.customer_id
          WHERE a.standing = 'closed' AND o.status IN ('placed', 'shipped')",
    ),
    (
        "accounts without their facts",
        "SELECT a.id || ' is ' || a.standing || ', version ' || a.version || ', not ' || coalesce(e.newest, 'told')
           FROM users.accounts a
           LEFT JOIN (SELECT DISTINCT ON (user_id) user_id, version, standing, standing || ', version ' || version AS newest
                        FROM users.events ORDER BY user_id, version DESC) e ON e.user_id = a.id
          WHERE (a.version, a.standing) IS DISTINCT FROM (e.version, e.standing)",
    ),
    (
        "facts without effect",
        "SELECT a.id || ' is ' || a.standing || ', version ' || a.version || ', but to orders '
                || coalesce(c.standing || ', version ' || c.version, 'unknown')
           FROM users.accounts a LEFT JOIN orders.customers c ON c.id = a.id
          WHERE (a.version, a.standing) IS DISTINCT FROM (c.version, c.standing)",
    ),
    (
        "gaps in the feed",
        "SELECT count(e) || ' facts, the last at ' || coalesce(max(e.position), 0) || ', the head at ' || h.position
           FROM users.feed_head h LEFT JOIN users.events e ON true
          GROUP BY h.position HAVING (count(e), coalesce(max(e.position), 0), coalesce(min(e.position), 1)) <> (h.position, h.position, 1)",
    ),
    (
        "gaps in the versions of a user",
        "SELECT user_id || ': ' || count(*) || ' facts, the last of version ' || max(version) FROM users.events
          GROUP BY user_id HAVING min(version) <> 1 OR max(version) <> count(*)",
    ),
];

/// An order as it stands in the table.
struct Stored {
    id: String,
    customer: String,
    status: String,
    total: i64,
    items: Vec<Item>,
}

/// Waits until nothing is under way any more, or patience ends; which of the two, [`check`] finds out.
pub(crate) fn settle(run: &Run) {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE && !run.is_over() {
        let admin = run.house.admin();
        if admin.is_ok_and(|mut admin| texts(&mut admin, UNSETTLED.1).is_ok_and(|it| it.is_empty()))
        {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Adds all that is not as promised to the findings.
pub(crate) fn check(run: &Run) -> Result<(), String> {
    let mut admin = run.house.admin().map_err(|error| error.to_string())?;
    for what in SEEN_BY_CLIENTS {
        run.book.findings.add_all(what, []);
    }
    for (what, query) in PROMISES.into_iter().chain([UNSETTLED]) {
        run.book.findings.add_all(what, texts(&mut admin, query)?);
    }
    check_orders(run, &stored_orders(&mut admin)?);
    check_users(run, &mut admin)
}

fn check_orders(run: &Run, stored: &[Stored]) {
    let orders = locked(&run.book.orders);
    let findings = &run.book.findings;
    let by_id: HashMap<&str, &Stored> = stored.iter().map(|one| (&*one.id, one)).collect();
    let mut by_attempt: HashMap<&str, Vec<&Stored>> = HashMap::new();
    for one in stored {
        let attempt = one.items.first().map_or("none", |item| &item.sku);
        by_attempt.entry(attempt).or_default().push(one);
    }
    let there = |order: &Order| by_attempt.get(&*order.attempt).map_or(0, Vec::len);
    let list = |what, is_wrong: &dyn Fn(&Order) -> Option<String>| {
        findings.add_all(what, orders.iter().filter_map(|order| is_wrong(order)));
    };

    list("acknowledged orders lost", &|order| {
        let placed = order.placed.get()?;
        let kept = by_id.get(&*placed.id).is_some_and(|one| one.is(order));
        (!kept).then(|| placed.body.clone())
    });
    list("duplicated orders", &|order| {
        let count = there(order);
        (count > 1).then(|| format!("{}: {count} times", order.attempt))
    });
    list("refused orders that are there", &|order| {
        (order.was_refused() && !order.is_unsure.load(Relaxed) && there(order) > 0)
            .then(|| order.attempt.clone())
    });
    list("acknowledged steps lost", &|order| {
        let placed = order.placed.get()?;
        let status = &by_id.get(&*placed.id)?.status;
        (!order.may_be(status)).then(|| {
            let (tried, done) = (order.tried.load(Relaxed), order.done.load(Relaxed));
            format!(
                "{} is {status}; tried {tried:03b}, done {done:03b}",
                placed.id
            )
        })
    });
    let attempts: HashSet<&str> = orders.iter().map(|order| &*order.attempt).collect();
    let unexpected = by_attempt
        .iter()
        .filter(|(attempt, _)| !attempts.contains(*attempt));
    findings.add_all(
        "unexpected orders",
        unexpected.map(|(attempt, _)| (*attempt).to_owned()),
    );

    let recovered = orders
        .iter()
        .filter(|order| order.placed.get().is_none() && !order.was_refused() && there(order) > 0);
    run.book.recovered.store(recovered.count() as u64, Relaxed);
}

fn check_users(run: &Run, admin: &mut Client) -> Result<(), String> {
    let users = locked(&run.book.users);
    let findings = &run.book.findings;
    let query = "SELECT id::text, standing, refusal, name, email FROM users.accounts";
    let rows = admin.query(query, &[]).map_err(|error| error.to_string())?;
    let accounts: HashMap<String, &Row> = rows.iter().map(|row| (row.get(0), row)).collect();
    let mut lost = Vec::new();
    let mut unkept = Vec::new();
    let mut renamed = Vec::new();
    let mut uncalled = Vec::new();
    let mut secrets = BTreeMap::new();
    for user in &*users {
        let Some(row) = accounts.get(&user.id) else {
            lost.push(user.id.clone());
            continue;
        };
        let text = |column| row.get::<_, Option<&str>>(column);
        let (standing, refusal, name, email) = (text(1), text(2), text(3), text(4));
        let example = || {
            format!(
                "{} is {standing:?}, {refusal:?}, {name:?}, {email:?}",
                user.id
            )
        };
        if standing == Some("closed") {
            secrets.insert(&*user.secret, &*user.id);
        } else if !name.is_some_and(|name| user.may_be_called(name))
            || !email.is_some_and(|email| email.starts_with(&user.secret))
        {
            renamed.push(example());
        }
        let was_asked = user.leaving.load(Relaxed);
        let stayed = standing == Some("active") && refusal.is_none();
        if user.let_go.load(Relaxed) && stayed {
            unkept.push(example());
        }
        if !was_asked && !stayed {
            uncalled.push(example());
        }
    }
    findings.add_all("acknowledged registrations lost", lost);
    findings.add_all("acknowledged changes of a user lost", renamed);
    findings.add_all("acknowledged requests to leave lost", unkept);
    findings.add_all("closings that nobody asked for", uncalled);
    let surplus = rows.len() as u64 > run.book.registrations.load(Relaxed);
    findings.add_all("unexpected users", surplus.then(|| rows.len().to_string()));

    let tables = "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables
                   WHERE table_schema IN ('users', 'orders')";
    for table in texts(admin, tables)? {
        // A whole row as text holds every column.
        let query = format!(
            "SELECT DISTINCT secret FROM {table} AS t, substring(t::text, '{MARK}[0-9a-f]{{32}}') AS secret
              WHERE secret IS NOT NULL"
        );
        let left = texts(admin, &query)?;
        let left = left.iter().filter_map(|secret| secrets.get(&**secret));
        findings.add_all(
            "personal data left of closed users",
            left.map(|id| format!("{id} in {table}")),
        );
    }
    Ok(())
}

impl Stored {
    fn is(&self, order: &Order) -> bool {
        self.customer == order.customer.id
            && self.items == order.items
            && self.total == order.total()
    }
}

fn stored_orders(admin: &mut Client) -> Result<Vec<Stored>, String> {
    let query = "SELECT o.id::text, o.customer_id::text, o.status, o.total, i.sku, i.quantity, i.unit_price
                   FROM orders.orders o LEFT JOIN orders.items i ON i.order_id = o.id ORDER BY o.id, i.position";
    let mut orders: Vec<Stored> = Vec::new();
    for row in admin.query(query, &[]).map_err(|error| error.to_string())? {
        let id: String = row.get(0);
        if orders.last().is_none_or(|last| last.id != id) {
            orders.push(Stored {
                id,
                customer: row.get(1),
                status: row.get(2),
                total: row.get(3),
                items: Vec::new(),
            });
        }
        if let (Some(sku), Some(order)) = (row.get(4), orders.last_mut()) {
            order.items.push(Item {
                sku,
                quantity: row.get(5),
                unit_price: row.get(6),
            });
        }
    }
    Ok(orders)
}

/// The first column of each row.
fn texts(admin: &mut Client, query: &str) -> Result<Vec<String>, String> {
    let rows = admin
        .query(query, &[])
        .map_err(|error| format!("{query}: {error}"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
