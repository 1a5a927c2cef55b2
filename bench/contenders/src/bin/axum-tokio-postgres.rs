//! `axum-tokio-postgres`: axum and tokio-postgres with pipelining. All requests share a few connections, and none waits for the
//! answer to another before its statement is on the way. So a write must be one statement, which is a transaction of its own.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{StatusCode, header::LOCATION},
    response::IntoResponse,
    routing::{get, post},
    serve::ListenerExt as _,
};
use contenders::{
    Customer, Error, Item, List, NewOrder, NewUser, Newest, Order, Page, Settings, User, columns,
    told_to_stop,
};
use tokio::net::TcpListener;
use tokio_postgres::{Client, NoTls, Row, Statement};
use uuid::Uuid;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::from_env(32);
    let database = Database::connect(&settings).await?;
    let app = Router::new()
        .route("/users", post(register))
        .route("/users/{id}", get(user))
        .route("/orders", post(place).get(list))
        .route("/orders/{id}", get(order))
        .route("/customers/{id}", get(customer))
        .with_state(Arc::new(database));
    let listener = TcpListener::bind(("127.0.0.1", settings.port)).await?;
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    axum::serve(listener, app)
        .with_graceful_shutdown(told_to_stop())
        .await?;
    Ok(())
}

/// Connections for reads, of which few do best, and for writes, each of which holds up those behind it until it is on disk.
struct Database {
    reads: InTurn,
    writes: InTurn,
}

/// One for each worker thread: the fewer they are, the more requests share a packet.
const READERS: u32 = 2;

impl Database {
    async fn connect(settings: &Settings) -> Result<Self, tokio_postgres::Error> {
        let url = &settings.database_url;
        let writers = settings.pool.saturating_sub(READERS).max(1);
        Ok(Self {
            reads: InTurn::connect(url, READERS).await?,
            writes: InTurn::connect(url, writers).await?,
        })
    }
}

/// Connections that are taken in turn.
struct InTurn {
    connections: Vec<Connection>,
    next: AtomicUsize,
}

impl InTurn {
    async fn connect(url: &str, size: u32) -> Result<Self, tokio_postgres::Error> {
        let mut connections = Vec::new();
        for _ in 0..size {
            connections.push(Connection::new(url).await?);
        }
        let next = AtomicUsize::new(0);
        Ok(Self { connections, next })
    }

    fn next(&self) -> &Connection {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        &self.connections[turn % self.connections.len()]
    }
}

/// One connection and the statements that were prepared on it.
struct Connection {
    client: Client,
    user: Statement,
    register: Statement,
    order: Statement,
    place: Statement,
    list: Statement,
    latest: Statement,
}

impl Connection {
    async fn new(url: &str) -> Result<Self, tokio_postgres::Error> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        Ok(Self {
            user: client.prepare(USER).await?,
            register: client.prepare(REGISTER).await?,
            order: client.prepare(ORDER).await?,
            place: client.prepare(PLACE).await?,
            list: client.prepare(LIST).await?,
            latest: client.prepare(LATEST).await?,
            client,
        })
    }
}

const USER: &str = "SELECT id, email, name, standing, refusal, registered_at, changed_at FROM accounts WHERE id = $1";

const REGISTER: &str = "INSERT INTO accounts (id, email, name) VALUES ($1, $2, $3)
    RETURNING id, email, name, standing, refusal, registered_at, changed_at";

const ORDER: &str = "
    SELECT o.id, o.customer_id, o.status, o.currency, o.total, o.placed_at, o.changed_at, i.sku, i.quantity, i.unit_price
    FROM orders o JOIN items i ON i.order_id = o.id
    WHERE o.id = $1 ORDER BY i.position";

const LIST: &str = "
    SELECT o.id, o.customer_id, o.status, o.currency, o.total, o.placed_at, o.changed_at, i.sku, i.quantity, i.unit_price
    FROM (SELECT * FROM orders WHERE customer_id = $1 AND id > $2 ORDER BY id LIMIT $3) o JOIN items i ON i.order_id = o.id
    ORDER BY o.id, i.position";

const LATEST: &str = "
    SELECT o.id, o.customer_id, o.status, o.currency, o.total, o.placed_at, o.changed_at, i.sku, i.quantity, i.unit_price
    FROM (SELECT * FROM orders WHERE customer_id = $1 ORDER BY id DESC LIMIT $2) o JOIN items i ON i.order_id = o.id
    ORDER BY o.id DESC, i.position";

/// No row when there is no such customer; no order in it when the customer may not order.
const PLACE: &str = "
    WITH customer AS (
        SELECT id, standing FROM accounts WHERE id = $2 FOR SHARE
    ), placed AS (
        INSERT INTO orders (id, customer_id, currency, total)
        SELECT $1, id, $3, $4 FROM customer WHERE standing = 'active'
        RETURNING id, status, placed_at, changed_at
    ), lines AS (
        INSERT INTO items (order_id, position, sku, quantity, unit_price)
        SELECT placed.id, position, sku, quantity, unit_price
        FROM placed, unnest($5::text[], $6::integer[], $7::bigint[]) WITH ORDINALITY AS line (sku, quantity, unit_price, position)
    )
    SELECT placed.status, placed.placed_at, placed.changed_at FROM customer LEFT JOIN placed ON true";

type Shared = State<Arc<Database>>;

async fn user(State(database): Shared, Path(id): Path<Uuid>) -> Result<Json<User>, Error> {
    let Connection { client, user, .. } = database.reads.next();
    let row = client.query_opt(user, &[&id]).await?;
    Ok(Json(to_user(&row.ok_or(Error::NotFound)?)))
}

async fn register(
    State(database): Shared,
    Json(new): Json<NewUser>,
) -> Result<impl IntoResponse, Error> {
    let new = new.checked()?;
    let Connection {
        client, register, ..
    } = database.writes.next();
    let row = client
        .query_one(register, &[&Uuid::now_v7(), &new.email, &new.name])
        .await?;
    let user = to_user(&row);
    let location = format!("/users/{}", user.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(user)))
}

async fn order(State(database): Shared, Path(id): Path<Uuid>) -> Result<Json<Order>, Error> {
    let Connection { client, order, .. } = database.reads.next();
    let lines = client.query(order, &[&id]).await?;
    to_orders(&lines).pop().map(Json).ok_or(Error::NotFound)
}

async fn place(
    State(database): Shared,
    Json(new): Json<NewOrder>,
) -> Result<impl IntoResponse, Error> {
    let total = new.checked_total()?;
    let id = Uuid::now_v7();
    let (skus, quantities, unit_prices) = columns(&new.items);
    let Connection { client, place, .. } = database.writes.next();
    let row = client
        .query_opt(
            place,
            &[
                &id,
                &new.customer_id,
                &new.currency,
                &total,
                &skus,
                &quantities,
                &unit_prices,
            ],
        )
        .await?
        .ok_or(Error::UnknownCustomer)?;
    let status: Option<String> = row.get(0);
    let status = status.ok_or(Error::NotActive)?;
    let order = new.placed(id, status, total, [row.get(1), row.get(2)]);
    let location = format!("/orders/{id}");
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(order)))
}

async fn list(State(database): Shared, Query(query): Query<List>) -> Result<Json<Page>, Error> {
    let limit = query.limit()?;
    let Connection { client, list, .. } = database.reads.next();
    let lines = client
        .query(list, &[&query.customer_id, &query.after(), &(limit + 1)])
        .await?;
    Ok(Json(Page::new(to_orders(&lines), limit)))
}

async fn customer(
    State(database): Shared,
    Path(id): Path<Uuid>,
    Query(newest): Query<Newest>,
) -> Result<Json<Customer>, Error> {
    let limit = newest.limit()?;
    let Connection {
        client,
        user,
        latest,
        ..
    } = database.reads.next();
    let (user, lines) = tokio::try_join!(async { client.query_opt(user, &[&id]).await }, async {
        client.query(latest, &[&id, &limit]).await
    },)?;
    let user = to_user(&user.ok_or(Error::NotFound)?);
    Ok(Json(Customer::new(user, to_orders(&lines))))
}

fn to_user(row: &Row) -> User {
    User {
        id: row.get(0),
        email: row.get(1),
        name: row.get(2),
        standing: row.get(3),
        refusal: row.get(4),
        registered_at: row.get(5),
        changed_at: row.get(6),
    }
}

/// Puts lines together. Those of one order follow each other.
fn to_orders(lines: &[Row]) -> Vec<Order> {
    let mut orders: Vec<Order> = Vec::new();
    for line in lines {
        let id: Uuid = line.get(0);
        let item = Item {
            sku: line.get(7),
            quantity: line.get(8),
            unit_price: line.get(9),
        };
        match orders.last_mut().filter(|order| order.id == id) {
            Some(order) => order.items.push(item),
            None => orders.push(Order {
                id,
                customer_id: line.get(1),
                status: line.get(2),
                currency: line.get(3),
                total: line.get(4),
                items: vec![item],
                placed_at: line.get(5),
                changed_at: line.get(6),
            }),
        }
    }
    orders
}
