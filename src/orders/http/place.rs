//! `POST /orders`: places an order, once for each `Idempotency-Key`.

use actix_web::{HttpResponse, http::header, web::Data};
use serde::Deserialize;

use super::{
    super::{
        Orders,
        model::{Amount, BadItems, Currency, Item, NewOrder, Placement, Quantity, Sku},
    },
    answer,
};
use crate::{
    http::{Body, Caller, Faults, Field, IdempotencyKey, OptionalKey, Origin, Problem, Unknown},
    users::UserId,
};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Request {
    customer_id: Field<UserId>,
    currency: Field<Currency>,
    items: Field<Vec<Field<ItemRequest>>>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ItemRequest {
    sku: Field<Sku>,
    quantity: Field<Quantity>,
    unit_price: Field<Amount>,
    #[serde(flatten)]
    unknown: Unknown,
}

impl Request {
    fn parse(self, key: Option<&IdempotencyKey>, origin: Origin) -> Result<NewOrder, Problem> {
        let mut faults = Faults::in_body();
        let customer = faults.required("/customer_id", self.customer_id);
        let currency = faults.required("/currency", self.currency);
        let items = faults.required("/items", self.items).unwrap_or_default();
        if items.len() > NewOrder::MOST_ITEMS {
            faults.add("/items", BadItems::Count.to_string());
        }
        let items: Vec<Item> = items
            .into_iter()
            .enumerate()
            .filter_map(|(at, item)| parse_item(&mut faults, at, item))
            .collect();
        faults.unknown("/", &self.unknown);
        let (Some(customer), Some(currency), true) = (customer, currency, faults.is_empty()) else {
            return Err(faults.into_problem());
        };
        NewOrder::new(key, origin, customer, currency, items).map_err(|error: BadItems| {
            faults.add("/items", error.to_string());
            faults.into_problem()
        })
    }
}

fn parse_item(faults: &mut Faults, at: usize, item: Field<ItemRequest>) -> Option<Item> {
    let item = faults.required(format_args!("/items/{at}"), item)?;
    let sku = faults.required(format_args!("/items/{at}/sku"), item.sku);
    let quantity = faults.required(format_args!("/items/{at}/quantity"), item.quantity);
    let unit_price = faults.required(format_args!("/items/{at}/unit_price"), item.unit_price);
    faults.unknown(&format!("/items/{at}/"), &item.unknown);
    Some(Item {
        sku: sku?,
        quantity: quantity?,
        unit_price: unit_price?,
    })
}

/// With an `Idempotency-Key`, a request may be sent again: it gets the first answer again. A refusal is not kept, because it
/// changed nothing.
pub(super) async fn place(
    caller: Caller,
    orders: Data<Orders>,
    OptionalKey(key): OptionalKey,
    Body(request): Body<Request>,
) -> Result<HttpResponse, Problem> {
    let new_order = request.parse(key.as_ref(), caller.origin())?;
    let Placement { order, is_replay } = orders.place(&caller, new_order).await?;

    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, format!("/orders/{}", order.id)));
    if is_replay {
        response.insert_header(("Idempotency-Replayed", "true"));
    }
    Ok(answer(response, order))
}
