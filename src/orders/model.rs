//! What an order is. A value of these types was parsed once and is good for ever.

use iso_currency::Currency as IsoCurrency;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    http::{Id, IdempotencyKey, Origin},
    users::{Fact, UserId},
};

/// The id of an [`Order`].
pub(super) type OrderId = Id<Order>;

/// An order that was placed.
#[derive(Clone)]
pub(crate) struct Order {
    pub(super) id: OrderId,
    pub(super) customer: UserId,
    pub(super) status: Status,
    pub(super) items: Vec<Item>,
    pub(super) total: Money,
    pub(super) version: i64,
    pub(super) placed_at: Timestamp,
    pub(super) changed_at: Timestamp,
}

/// An order that is about to be placed: 1 to 100 items of one currency, whose total is known and not too large.
pub(super) struct NewOrder {
    pub(super) id: OrderId,
    pub(super) customer: UserId,
    pub(super) key: Option<Key>,
    pub(super) origin: Origin,
    items: Vec<Item>,
    total: Money,
}

/// What a customer calls an order, hashed: a UUID of version 5 in the name space of the customer's id. So keys of two
/// customers never meet, and what a client writes into one is not kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(Uuid);

/// What became of a [`NewOrder`].
pub(super) enum Placed {
    /// It is an order.
    Order(Placement),
    /// Its key names another order.
    KeyReused,
    /// We know nobody of this id; users may.
    UnknownCustomer,
    /// Its customer may not order.
    NotActive(Standing),
}

/// An order that was placed, by this request or by an earlier one with the same key.
pub(super) struct Placement {
    pub(super) order: Order,
    pub(super) is_replay: bool,
}

/// What orders knows of a user.
#[derive(Clone, Copy)]
pub(super) struct Customer {
    pub(super) id: UserId,
    /// The version of the user that this is true of.
    pub(super) version: i64,
    pub(super) standing: Standing,
}

/// Where a customer's account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Active,
    /// The customer wants to leave; we have a say in that.
    Closing,
    Closed,
}

/// One line of an order.
#[derive(Clone, JsonSchema, PartialEq, Eq, Serialize)]
pub(super) struct Item {
    pub(super) sku: Sku,
    pub(super) quantity: Quantity,
    pub(super) unit_price: Amount,
}

/// A stock keeping unit: 1 to 64 ASCII letters, digits, `-`, `_` or `.`.
#[derive(Clone, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(try_from = "String")]
#[schemars(inline, extend("pattern" = "^[A-Za-z0-9._-]{1,64}$"), example = &"tea-100")]
pub(super) struct Sku(String);

/// How many of a thing: 1 to 1,000,000.
#[derive(Clone, Copy, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(try_from = "WholeNumber")]
#[schemars(inline, with = "i32", extend("minimum" = 1, "maximum" = Self::MOST))]
pub(super) struct Quantity(i32);

/// A number of minor units, such as cents, of a currency named elsewhere: 0 to 2^53 - 1, which every JSON reader holds
/// exactly.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(try_from = "WholeNumber")]
#[schemars(inline, with = "i64", extend("minimum" = 0, "maximum" = Self::MOST))]
pub(super) struct Amount(i64);

/// A currency of ISO 4217.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(try_from = "String", into = "&str")]
#[schemars(with = "String", extend("enum" = Self::codes()), example = &"EUR")]
pub(super) struct Currency(IsoCurrency);

/// An amount of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Money {
    amount: Amount,
    currency: Currency,
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(try_from = "String", into = "&str")]
#[schemars(rename = "OrderStatus", with = "String", extend("enum" = Self::ALL.map(Self::word)))]
pub(super) enum Status {
    Placed,
    Shipped,
    Delivered,
    Cancelled,
}

/// A move from one [`Status`] to the next; there are no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Cancel,
    Ship,
    Deliver,
}

/// Why items make no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadItems {
    #[error("must hold 1 to {} items", NewOrder::MOST_ITEMS)]
    Count,
    #[error("must not come to more than {} minor units in total", Amount::MOST)]
    Total,
}

impl NewOrder {
    pub(super) const MOST_ITEMS: usize = 100;

    /// Makes an order with an id of its own.
    pub(super) fn new(
        key: Option<&IdempotencyKey>,
        origin: Origin,
        customer: UserId,
        currency: Currency,
        items: Vec<Item>,
    ) -> Result<Self, BadItems> {
        if items.is_empty() || items.len() > Self::MOST_ITEMS {
            return Err(BadItems::Count);
        }
        let nothing = Money {
            amount: Amount(0),
            currency,
        };
        let total = items.iter().try_fold(nothing, |sum, item| {
            sum.plus(item.unit_price, item.quantity)
        });
        Ok(Self {
            id: OrderId::new(),
            customer,
            key: key.map(|key| Key::new(customer, key)),
            origin,
            items,
            total: total.ok_or(BadItems::Total)?,
        })
    }

    pub(super) fn items(&self) -> &[Item] {
        &self.items
    }

    pub(super) const fn total(&self) -> Money {
        self.total
    }

    /// Whether `order` is what this one asks for.
    pub(super) fn asks_for(&self, order: &Order) -> bool {
        (self.customer, self.total, &self.items) == (order.customer, order.total, &order.items)
    }
}

impl Order {
    /// The order as it was when it was placed: nothing but its status ever changes.
    pub(super) fn when_placed(self) -> Self {
        Self {
            status: Status::Placed,
            version: 1,
            changed_at: self.placed_at,
            ..self
        }
    }
}

impl Key {
    fn new(customer: UserId, IdempotencyKey(key): &IdempotencyKey) -> Self {
        Self(Uuid::new_v5(&customer.uuid(), key.as_bytes()))
    }

    /// The bare UUID, for the store.
    pub(super) const fn uuid(self) -> Uuid {
        self.0
    }
}

impl Customer {
    /// Understands a fact about a user; `None` when it speaks of a standing that this program does not know.
    pub(super) fn from_fact(fact: &Fact) -> Option<Self> {
        Some(Self {
            id: fact.user_id,
            version: fact.version,
            standing: Standing::from_word(&fact.standing)?,
        })
    }
}

impl Standing {
    const ALL: [Self; 3] = [Self::Active, Self::Closing, Self::Closed];

    /// The word for it, in the feed and in the store.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Closing => "closing",
            Self::Closed => "closed",
        }
    }

    /// The standing that `word` names.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|standing| standing.word() == word)
    }
}

impl Money {
    /// Adds `quantity` times `price`; `None` when the sum is larger than an [`Amount`] can be.
    fn plus(self, price: Amount, quantity: Quantity) -> Option<Self> {
        let line = price.0.checked_mul(i64::from(quantity.0))?;
        let amount = Amount::new(self.amount.0.checked_add(line)?)?;
        Some(Self { amount, ..self })
    }

    pub(super) const fn amount(self) -> Amount {
        self.amount
    }

    pub(super) const fn currency(self) -> Currency {
        self.currency
    }

    /// Reads what the store holds; `None` for what this program would not have stored.
    pub(super) fn from_store(amount: i64, currency: &str) -> Option<Self> {
        Some(Self {
            amount: Amount::new(amount)?,
            currency: Currency::from_code(currency)?,
        })
    }
}

impl Item {
    /// Reads what the store holds; `None` for what this program would not have stored.
    pub(super) fn from_store(sku: String, quantity: i32, unit_price: i64) -> Option<Self> {
        let sku = Sku::try_from(sku).ok()?;
        let quantity = Quantity::new(quantity.into())?;
        Some(Self {
            sku,
            quantity,
            unit_price: Amount::new(unit_price)?,
        })
    }
}

impl Sku {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Sku {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if (1..=64).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text))
        } else {
            Err("must be 1 to 64 letters, digits, '-', '_' or '.'")
        }
    }
}

impl Quantity {
    const MOST: i64 = 1_000_000;

    fn new(number: i64) -> Option<Self> {
        (1..=Self::MOST)
            .contains(&number)
            .then(|| i32::try_from(number).ok().map(Self))
            .flatten()
    }

    pub(super) const fn number(self) -> i32 {
        self.0
    }
}

impl TryFrom<WholeNumber> for Quantity {
    type Error = String;

    fn try_from(WholeNumber(number): WholeNumber) -> Result<Self, Self::Error> {
        Self::new(number).ok_or_else(|| format!("must be from 1 to {}", Self::MOST))
    }
}

impl Amount {
    const MOST: i64 = (1 << 53) - 1;

    fn new(number: i64) -> Option<Self> {
        (0..=Self::MOST).contains(&number).then_some(Self(number))
    }

    pub(super) const fn minor_units(self) -> i64 {
        self.0
    }
}

impl TryFrom<WholeNumber> for Amount {
    type Error = String;

    fn try_from(WholeNumber(number): WholeNumber) -> Result<Self, Self::Error> {
        Self::new(number).ok_or_else(|| format!("must be from 0 to {} minor units", Self::MOST))
    }
}

/// A JSON number without a fraction, whatever its size; serde's own words for it would be `i64`.
struct WholeNumber(i64);

impl<'de> Deserialize<'de> for WholeNumber {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Value::deserialize(deserializer)?;
        number
            .as_i64()
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("must be a whole number, and not too large"))
    }
}

impl Currency {
    fn from_code(code: &str) -> Option<Self> {
        IsoCurrency::from_code(code).map(Self)
    }

    /// The code of each currency there is.
    fn codes() -> Vec<&'static str> {
        let numbers = 0..1_000;
        numbers
            .filter_map(IsoCurrency::from_numeric)
            .map(|currency| currency.code())
            .collect()
    }

    /// The three letters of ISO 4217.
    pub(super) fn code(self) -> &'static str {
        self.0.code()
    }
}

impl TryFrom<String> for Currency {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::from_code(&text).ok_or("must be an ISO 4217 code such as EUR")
    }
}

impl From<Currency> for &str {
    fn from(currency: Currency) -> Self {
        currency.code()
    }
}

impl Status {
    const ALL: [Self; 4] = [
        Self::Placed,
        Self::Shipped,
        Self::Delivered,
        Self::Cancelled,
    ];

    /// The word for it, on the wire and in the store.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status that `word` names.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

impl TryFrom<String> for Status {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::from_word(&text).ok_or("must be placed, shipped, delivered or cancelled")
    }
}

impl From<Status> for &str {
    fn from(status: Status) -> Self {
        status.word()
    }
}

impl Step {
    /// The status that the step starts from.
    pub(super) const fn from(self) -> Status {
        match self {
            Self::Cancel | Self::Ship => Status::Placed,
            Self::Deliver => Status::Shipped,
        }
    }

    /// The status that the step leads to.
    pub(super) const fn to(self) -> Status {
        match self {
            Self::Cancel => Status::Cancelled,
            Self::Ship => Status::Shipped,
            Self::Deliver => Status::Delivered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(quantity: i64, unit_price: i64) -> Item {
        Item {
            sku: Sku::try_from("A-1".to_owned()).unwrap(),
            quantity: Quantity::new(quantity).unwrap(),
            unit_price: Amount::new(unit_price).unwrap(),
        }
    }

    fn total(items: Vec<Item>) -> Result<i64, BadItems> {
        let currency = Currency::from_code("EUR").unwrap();
        let order = NewOrder::new(None, Origin::default(), UserId::new(), currency, items);
        order.map(|order| order.total.amount.0)
    }

    #[test]
    fn a_total_is_the_exact_sum_of_its_lines() {
        assert_eq!(
            total(vec![item(3, 199), item(1, 0), item(1_000_000, 5)]),
            Ok(5_000_597)
        );
    }

    #[test]
    fn a_total_cannot_overflow() {
        assert_eq!(total(vec![item(1, Amount::MOST)]), Ok(Amount::MOST));
        assert_eq!(
            total(vec![item(1, Amount::MOST), item(1, 1)]),
            Err(BadItems::Total)
        );
        assert_eq!(
            total(vec![item(1_000_000, Amount::MOST); 100]),
            Err(BadItems::Total)
        );
    }

    #[test]
    fn an_order_has_1_to_100_items() {
        assert_eq!(total(vec![]), Err(BadItems::Count));
        assert_eq!(total(vec![item(1, 1); 100]), Ok(100));
        assert_eq!(total(vec![item(1, 1); 101]), Err(BadItems::Count));
    }

    #[test]
    fn a_sku_is_short_and_plain() {
        for (text, good) in [
            ("A-1_b.9", true),
            ("", false),
            ("a b", false),
            ("é", false),
            ("a\0", false),
            (&"x".repeat(65), false),
        ] {
            assert_eq!(Sku::try_from(text.to_owned()).is_ok(), good, "{text:?}");
        }
    }
}
