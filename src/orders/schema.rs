// @generated automatically by Diesel CLI.

pub mod orders {
    diesel::table! {
        /// The lines of an order; never changed once placed.
        orders.items (order_id, position) {
            /// The order that the line belongs to.
            order_id -> Uuid,
            /// The line's place in the order, from 1.
            position -> Int2,
            /// Stock keeping unit: what was ordered.
            sku -> Text,
            /// How many.
            quantity -> Int4,
            /// The price of one, in minor units of the order's currency.
            unit_price -> Int8,
        }
    }

    diesel::table! {
        /// What customers ordered.
        orders.orders (id) {
            /// UUID of version 7, made by the program, so ids grow with time.
            id -> Uuid,
            /// Who ordered: an id that another service gave. No foreign key: that data is not ours.
            customer_id -> Uuid,
            /// placed, then shipped, then delivered; or placed, then cancelled.
            status -> Text,
            /// ISO 4217 code of every amount in the order.
            currency -> Text,
            /// The sum of quantity times unit price, in minor units; at most 2^53 - 1, which every JSON reader holds exactly.
            total -> Int8,
            /// Grows by one with each change; the ETag on the wire.
            version -> Int8,
            /// When the row was inserted, by the database's clock.
            placed_at -> Timestamptz,
            /// When the row was last changed, by the database's clock.
            changed_at -> Timestamptz,
        }
    }

    diesel::joinable!(items -> orders (order_id));

    diesel::allow_tables_to_appear_in_same_query!(items, orders,);
}
