//! The tables of schema.sql, which know each other.

diesel::table! {
    accounts (id) {
        id -> Uuid,
        email -> Nullable<Text>,
        name -> Nullable<Text>,
        version -> Int8,
        registered_at -> Timestamptz,
        changed_at -> Timestamptz,
        standing -> Text,
        refusal -> Nullable<Text>,
    }
}

diesel::table! {
    orders (id) {
        id -> Uuid,
        customer_id -> Uuid,
        status -> Text,
        currency -> Text,
        total -> Int8,
        version -> Int8,
        placed_at -> Timestamptz,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    items (order_id, position) {
        order_id -> Uuid,
        position -> Int2,
        sku -> Text,
        quantity -> Int4,
        unit_price -> Int8,
    }
}

diesel::joinable!(orders -> accounts (customer_id));
diesel::joinable!(items -> orders (order_id));
diesel::allow_tables_to_appear_in_same_query!(accounts, orders, items);
