//! `shared`: the simpler alternative to a schema for each service. One schema, one role, a foreign key from an order to its
//! customer, and a customer with their orders out of one join.
//!
//! All else is the product itself: its `Batch`, its reading and writing of the wire, its record of each request, its models and its handlers are compiled in
//! from its own sources, and the queries are its own but for what isolation adds. So what differs in speed is the price of isolation.

mod customer;
mod db;
mod gateway;
mod http;
mod orders;
mod schema;
mod users;

use actix_web::{
    App, HttpServer,
    middleware::from_fn,
    web::{self, Data},
};
use contenders::Settings;
use prometheus::Registry;

use crate::{customer::Customers, db::Pool, gateway::Recorder, orders::Orders, users::Users};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    // What the product's two services have together.
    let settings = Settings::from_env(16);
    let pool = Pool::new(&settings.database_url, settings.pool);
    let users = Users::open(&pool);
    let orders = Orders::open(&pool);
    let customers = Data::new(Customers::open(&pool));
    let recorder =
        Recorder::new(&Registry::new(), None).expect("each figure has a name of its own");
    let recorder = Data::new(recorder);
    HttpServer::new(move || {
        let recorder = recorder.clone();
        App::new()
            .wrap(from_fn(gateway::enter))
            .wrap(from_fn(move |request, next| {
                gateway::record(recorder.clone(), request, next)
            }))
            .app_data(customers.clone())
            .configure(|config| users::http::routes(&users, config))
            .configure(|config| orders::http::routes(&orders, config))
            .service(
                http::resource("/customers/{id}")
                    .get(http::rule::Owner, customer::ABOUT, customer::customer)
                    .done("gateway"),
            )
            .default_service(web::to(http::nobodys_path))
    })
    .workers(2)
    .shutdown_timeout(5)
    .bind(("127.0.0.1", settings.port))?
    .run()
    .await
}
