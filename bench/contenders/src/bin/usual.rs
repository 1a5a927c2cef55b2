//! `usual`: actix-web, Diesel and r2d2. Each request takes a connection to a thread that may block and asks one query after the
//! other; each write is a transaction. It works on the product's own tables, by one login that may reach both schemas, and so
//! looks straight at the customer of an order.

use actix_web::{
    App, HttpResponse, HttpServer,
    error::ErrorBadRequest,
    web::{self, Data, Json, Path, PathConfig, Query},
};
use chrono::{DateTime, Utc};
use contenders::{
    Customer, Error, Item, List, NewOrder, NewUser, Newest, Order, Page, Settings, User,
};
use diesel::{
    prelude::*,
    r2d2::{ConnectionManager, Pool},
};
use uuid::Uuid;

#[path = "../../../../src/orders/schema.rs"]
mod orders_schema;
#[path = "../../../../src/users/schema.rs"]
mod users_schema;

use orders_schema::orders::{items, orders};
use users_schema::users::accounts;

type PgPool = Pool<ConnectionManager<PgConnection>>;

const WORKERS: u32 = 2;

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let settings = Settings::from_env(32);
    // Of each worker. More of them than connections would only wait.
    let threads = settings.pool.div_ceil(WORKERS) as usize;
    let pool = Pool::builder()
        .max_size(settings.pool)
        // Or each request would cost a `SELECT 1` more.
        .test_on_check_out(false)
        .build(ConnectionManager::<PgConnection>::new(
            settings.database_url,
        ))
        .expect("the database can be reached");
    HttpServer::new(move || {
        App::new()
            .app_data(Data::new(pool.clone()))
            .app_data(PathConfig::default().error_handler(|error, _| ErrorBadRequest(error)))
            .route("/users", web::post().to(register))
            .route("/users/{id}", web::get().to(user))
            .route("/orders", web::post().to(place))
            .route("/orders", web::get().to(list))
            .route("/orders/{id}", web::get().to(order))
            .route("/customers/{id}", web::get().to(customer))
    })
    .workers(WORKERS as usize)
    .worker_max_blocking_threads(threads)
    .shutdown_timeout(5)
    .bind(("127.0.0.1", settings.port))?
    .run()
    .await
}

async fn user(pool: Data<PgPool>, id: Path<Uuid>) -> Result<Json<User>, Error> {
    Ok(Json(block(pool, move |conn| find_user(conn, *id)).await?))
}

async fn register(pool: Data<PgPool>, request: Json<NewUser>) -> Result<HttpResponse, Error> {
    let new = request.into_inner().checked()?;
    let insert = move |conn: &mut PgConnection| {
        let row = (
            accounts::id.eq(Uuid::now_v7()),
            accounts::email.eq(new.email),
            accounts::name.eq(new.name),
        );
        Ok(diesel::insert_into(accounts::table)
            .values(row)
            .returning(USER)
            .get_result::<User>(conn)?)
    };
    let user = block(pool, insert).await?;
    Ok(HttpResponse::Created()
        .insert_header(("Location", format!("/users/{}", user.id)))
        .json(user))
}

async fn order(pool: Data<PgPool>, id: Path<Uuid>) -> Result<Json<Order>, Error> {
    let find = move |conn: &mut PgConnection| {
        let row = orders::table
            .find(*id)
            .select(OrderRow::as_select())
            .first(conn)?;
        let items = ItemRow::belonging_to(&row)
            .order(items::position)
            .select(ItemRow::as_select())
            .load(conn)?;
        Ok(row.with(items))
    };
    Ok(Json(block(pool, find).await?))
}

async fn place(pool: Data<PgPool>, request: Json<NewOrder>) -> Result<HttpResponse, Error> {
    let new = request.into_inner();
    let total = new.checked_total()?;
    let order = block(pool, move |conn| {
        conn.transaction(|conn| insert_order(conn, new, total))
    })
    .await?;
    Ok(HttpResponse::Created()
        .insert_header(("Location", format!("/orders/{}", order.id)))
        .json(order))
}

async fn list(pool: Data<PgPool>, query: Query<List>) -> Result<Json<Page>, Error> {
    let limit = query.limit()?;
    let find = move |conn: &mut PgConnection| {
        let rows = orders::table
            .filter(orders::customer_id.eq(query.customer_id))
            .filter(orders::id.gt(query.after()))
            .order(orders::id)
            .limit(limit + 1)
            .select(OrderRow::as_select())
            .load(conn)?;
        with_items(conn, rows)
    };
    Ok(Json(Page::new(block(pool, find).await?, limit)))
}

async fn customer(
    pool: Data<PgPool>,
    id: Path<Uuid>,
    query: Query<Newest>,
) -> Result<Json<Customer>, Error> {
    let limit = query.limit()?;
    let find = move |conn: &mut PgConnection| {
        let user = find_user(conn, *id)?;
        let rows = orders::table
            .filter(orders::customer_id.eq(*id))
            .order(orders::id.desc())
            .limit(limit)
            .select(OrderRow::as_select())
            .load(conn)?;
        Ok(Customer::new(user, with_items(conn, rows)?))
    };
    Ok(Json(block(pool, find).await?))
}

/// Works with a connection on a thread that may block.
async fn block<T: Send + 'static>(
    pool: Data<PgPool>,
    work: impl FnOnce(&mut PgConnection) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    web::block(move || work(&mut *pool.get()?)).await?
}

type UserColumns = (
    accounts::id,
    accounts::email,
    accounts::name,
    accounts::standing,
    accounts::refusal,
    accounts::registered_at,
    accounts::changed_at,
);

const USER: UserColumns = (
    accounts::id,
    accounts::email,
    accounts::name,
    accounts::standing,
    accounts::refusal,
    accounts::registered_at,
    accounts::changed_at,
);

#[derive(Identifiable, Queryable, Selectable)]
#[diesel(table_name = orders, check_for_backend(diesel::pg::Pg))]
struct OrderRow {
    id: Uuid,
    customer_id: Uuid,
    status: String,
    currency: String,
    total: i64,
    placed_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
}

#[derive(Associations, Identifiable, Queryable, Selectable)]
#[diesel(table_name = items, primary_key(order_id, position), check_for_backend(diesel::pg::Pg))]
#[diesel(belongs_to(OrderRow, foreign_key = order_id))]
struct ItemRow {
    order_id: Uuid,
    position: i16,
    sku: String,
    quantity: i32,
    unit_price: i64,
}

impl OrderRow {
    fn with(self, items: Vec<ItemRow>) -> Order {
        Order {
            id: self.id,
            customer_id: self.customer_id,
            status: self.status,
            currency: self.currency,
            items: items.into_iter().map(Item::from).collect(),
            total: self.total,
            placed_at: self.placed_at,
            changed_at: self.changed_at,
        }
    }
}

impl From<ItemRow> for Item {
    fn from(row: ItemRow) -> Self {
        Self {
            sku: row.sku,
            quantity: row.quantity,
            unit_price: row.unit_price,
        }
    }
}

fn find_user(conn: &mut PgConnection, id: Uuid) -> Result<User, Error> {
    Ok(accounts::table.find(id).select(USER).first(conn)?)
}

fn with_items(conn: &mut PgConnection, rows: Vec<OrderRow>) -> Result<Vec<Order>, Error> {
    let items = ItemRow::belonging_to(&rows)
        .order((items::order_id, items::position))
        .select(ItemRow::as_select())
        .load(conn)?
        .grouped_by(&rows);
    Ok(rows
        .into_iter()
        .zip(items)
        .map(|(row, items)| row.with(items))
        .collect())
}

fn insert_order(conn: &mut PgConnection, new: NewOrder, total: i64) -> Result<Order, Error> {
    let standing: Option<String> = accounts::table
        .find(new.customer_id)
        .select(accounts::standing)
        .for_share()
        .first(conn)
        .optional()?;
    match standing.as_deref() {
        Some("active") => {}
        Some(_) => return Err(Error::NotActive),
        None => return Err(Error::UnknownCustomer),
    }

    let row = (
        orders::id.eq(Uuid::now_v7()),
        orders::customer_id.eq(new.customer_id),
        orders::currency.eq(&new.currency),
        orders::total.eq(total),
    );
    let row: OrderRow = diesel::insert_into(orders::table)
        .values(row)
        .returning(OrderRow::as_returning())
        .get_result(conn)?;
    let lines: Vec<_> = (1_i16..)
        .zip(&new.items)
        .map(|(position, item)| {
            (
                items::order_id.eq(row.id),
                items::position.eq(position),
                items::sku.eq(&item.sku),
                items::quantity.eq(item.quantity),
                items::unit_price.eq(item.unit_price),
            )
        })
        .collect();
    diesel::insert_into(items::table)
        .values(&lines)
        .execute(conn)?;
    Ok(new.placed(row.id, row.status, total, [row.placed_at, row.changed_at]))
}
