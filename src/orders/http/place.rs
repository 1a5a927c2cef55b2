//! `POST /orders`: places an order, once for each `Idempotency-Key`.

use actix_web::web::Data;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{
    super::{
        Orders,
        error::{CUSTOMER_NOT_ACTIVE, KEY_REUSED, UNKNOWN_CUSTOMER},
        model::{Amount, BadItems, Currency, Item, NewOrder, Placement, Quantity, Sku},
    },
    Response,
};
use crate::{
    http::{
        About, Body, Caller, Created, Faults, Field, IdempotencyKey, Link, Once, OptionalKey,
        Origin, Problem, Unknown, Versioned,
    },
    users::UserId,
};

pub(super) const ABOUT: About = About {
    id: "place_order",
    summary: "Places an order, once for each Idempotency-Key",
    problems: &[UNKNOWN_CUSTOMER, CUSTOMER_NOT_ACTIVE, KEY_REUSED],
    links: &[
        Link::At("read_order"),
        Link::At("cancel_order"),
        Link::At("ship_order"),
    ],
};

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(
    rename = "NewOrder",
    deny_unknown_fields,
    extend("required" = ["customer_id", "currency", "items"]),
    example = json!({
        "customer_id": "01890a5d-ac96-774b-bcce-b302099a8057",
        "currency": "EUR",
        "items": [{ "sku": "tea-100", "quantity": 2, "unit_price": 450 }],
    })
)]
pub(super) struct Request {
    customer_id: Field<UserId>,
    currency: Field<Currency>,
    #[schemars(extend("minItems" = 1, "maxItems" = NewOrder::MOST_ITEMS))]
    items: Field<Vec<Field<ItemRequest>>>,
    #[serde(flatten)]
    #[schemars(skip)]
    unknown: Unknown,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(
    rename = "NewItem",
    deny_unknown_fields,
    extend("required" = ["sku", "quantity", "unit_price"])
)]
struct ItemRequest {
    sku: Field<Sku>,
    quantity: Field<Quantity>,
    unit_price: Field<Amount>,
    #[serde(flatten)]
    #[schemars(skip)]
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
) -> Result<Once<Created<Response>>, Problem> {
    let new_order = request.parse(key.as_ref(), caller.origin())?;
    let Placement { order, is_replay } = orders.place(&caller, new_order).await?;

    let location = format!("/orders/{}", order.id);
    Ok(Once {
        answer: Versioned::from(order).at(location),
        is_replay,
    })
}
