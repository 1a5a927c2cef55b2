//! `axum-sqlx`: axum and sqlx's own pool. Each statement is prepared once for each connection, each order comes with its items out
//! of one join, and an order is placed in one transaction.

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{StatusCode, header::LOCATION},
    response::IntoResponse,
    routing::{get, post},
    serve::ListenerExt as _,
};
use chrono::{DateTime, Utc};
use contenders::{
    Customer, Error, Item, List, NewOrder, NewUser, Newest, Order, Page, Settings, User, columns,
    told_to_stop,
};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::net::TcpListener;
use uuid::Uuid;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::from_env(32);
    let pool = PgPoolOptions::new()
        .max_connections(settings.pool)
        // Or each request would cost a round trip more.
        .test_before_acquire(false)
        .connect(&settings.database_url)
        .await?;
    let app = Router::new()
        .route("/users", post(register))
        .route("/users/{id}", get(user))
        .route("/orders", post(place).get(list))
        .route("/orders/{id}", get(order))
        .route("/customers/{id}", get(customer))
        .with_state(pool);
    let listener = TcpListener::bind(("127.0.0.1", settings.port)).await?;
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    axum::serve(listener, app)
        .with_graceful_shutdown(told_to_stop())
        .await?;
    Ok(())
}

async fn user(State(pool): State<PgPool>, Path(id): Path<Uuid>) -> Result<Json<User>, Error> {
    Ok(Json(find_user(&pool, id).await?))
}

async fn register(
    State(pool): State<PgPool>,
    Json(new): Json<NewUser>,
) -> Result<impl IntoResponse, Error> {
    let new = new.checked()?;
    let user: User = sqlx::query_as(
        "INSERT INTO accounts (id, email, name) VALUES ($1, $2, $3)
         RETURNING id, email, name, standing, refusal, registered_at, changed_at",
    )
    .bind(Uuid::now_v7())
    .bind(new.email)
    .bind(new.name)
    .fetch_one(&pool)
    .await?;
    let location = format!("/users/{}", user.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(user)))
}

async fn order(State(pool): State<PgPool>, Path(id): Path<Uuid>) -> Result<Json<Order>, Error> {
    let lines: Vec<Line> = sqlx::query_as(
        "SELECT o.id, o.customer_id, o.status, o.currency, o.total, o.placed_at, o.changed_at, i.sku, i.quantity, i.unit_price
         FROM orders o JOIN items i ON i.order_id = o.id
         WHERE o.id = $1 ORDER BY i.position",
    )
    .bind(id)
    .fetch_all(&pool)
    .await?;
    orders(lines).pop().map(Json).ok_or(Error::NotFound)
}

async fn place(
    State(pool): State<PgPool>,
    Json(new): Json<NewOrder>,
) -> Result<impl IntoResponse, Error> {
    let total = new.checked_total()?;
    let mut transaction = pool.begin().await?;

    let standing: Option<String> =
        sqlx::query_scalar("SELECT standing FROM accounts WHERE id = $1 FOR SHARE")
            .bind(new.customer_id)
            .fetch_optional(&mut *transaction)
            .await?;
    match standing.as_deref() {
        Some("active") => {}
        Some(_) => return Err(Error::NotActive),
        None => return Err(Error::UnknownCustomer),
    }
    let id = Uuid::now_v7();
    let (status, placed_at, changed_at): (String, DateTime<Utc>, DateTime<Utc>) = sqlx::query_as(
        "INSERT INTO orders (id, customer_id, currency, total) VALUES ($1, $2, $3, $4)
         RETURNING status, placed_at, changed_at",
    )
    .bind(id)
    .bind(new.customer_id)
    .bind(&new.currency)
    .bind(total)
    .fetch_one(&mut *transaction)
    .await?;
    let (skus, quantities, unit_prices) = columns(&new.items);
    sqlx::query(
        "INSERT INTO items (order_id, position, sku, quantity, unit_price)
         SELECT $1, position, sku, quantity, unit_price
         FROM unnest($2::text[], $3::integer[], $4::bigint[]) WITH ORDINALITY AS line (sku, quantity, unit_price, position)",
    )
    .bind(id)
    .bind(skus)
    .bind(quantities)
    .bind(unit_prices)
    .execute(&mut *transaction)
    .await?;

    transaction.commit().await?;
    let order = new.placed(id, status, total, [placed_at, changed_at]);
    let location = format!("/orders/{id}");
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(order)))
}

async fn list(State(pool): State<PgPool>, Query(list): Query<List>) -> Result<Json<Page>, Error> {
    let limit = list.limit()?;
    let lines: Vec<Line> = sqlx::query_as(
        "SELECT o.id, o.customer_id, o.status, o.currency, o.total, o.placed_at, o.changed_at, i.sku, i.quantity, i.unit_price
         FROM (SELECT * FROM orders WHERE customer_id = $1 AND id > $2 ORDER BY id LIMIT $3) o JOIN items i ON i.order_id = o.id
         ORDER BY o.id, i.position",
    )
    .bind(list.customer_id)
    .bind(list.after())
    .bind(limit + 1)
    .fetch_all(&pool)
    .await?;
    Ok(Json(Page::new(orders(lines), limit)))
}

async fn customer(
    State(pool): State<PgPool>,
    Path(id): Path<Uuid>,
    Query(newest): Query<Newest>,
) -> Result<Json<Customer>, Error> {
    let limit = newest.limit()?;
    let user = find_user(&pool, id).await?;
    let lines: Vec<Line> = sqlx::query_as(
        "SELECT o.id, o.customer_id, o.status, o.currency, o.total, o.placed_at, o.changed_at, i.sku, i.quantity, i.unit_price
         FROM (SELECT * FROM orders WHERE customer_id = $1 ORDER BY id DESC LIMIT $2) o JOIN items i ON i.order_id = o.id
         ORDER BY o.id DESC, i.position",
    )
    .bind(id)
    .bind(limit)
    .fetch_all(&pool)
    .await?;
    Ok(Json(Customer::new(user, orders(lines))))
}

async fn find_user(pool: &PgPool, id: Uuid) -> Result<User, Error> {
    Ok(sqlx::query_as(
        "SELECT id, email, name, standing, refusal, registered_at, changed_at FROM accounts WHERE id = $1",
    )
    .bind(id)
    .fetch_one(pool)
    .await?)
}

/// One line of an order, with what is the same in all of its lines.
#[derive(sqlx::FromRow)]
struct Line {
    id: Uuid,
    customer_id: Uuid,
    status: String,
    currency: String,
    total: i64,
    placed_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    #[sqlx(flatten)]
    item: Item,
}

/// Puts lines together. Those of one order follow each other.
fn orders(lines: Vec<Line>) -> Vec<Order> {
    let mut orders: Vec<Order> = Vec::new();
    for line in lines {
        match orders.last_mut().filter(|order| order.id == line.id) {
            Some(order) => order.items.push(line.item),
            None => orders.push(Order {
                id: line.id,
                customer_id: line.customer_id,
                status: line.status,
                currency: line.currency,
                items: vec![line.item],
                total: line.total,
                placed_at: line.placed_at,
                changed_at: line.changed_at,
            }),
        }
    }
    orders
}
