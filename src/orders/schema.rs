// @generated automatically by Diesel CLI.

pub mod orders {
    diesel::table! {
        /// Our answers to customers who want to leave, kept until the feed shows that they have arrived.
        orders.closings (customer_id) {
            /// Who wants to leave.
            customer_id -> Uuid,
            /// The version of the account that asked.
            version -> Int8,
            /// Why they cannot leave yet; null when they can.
            refusal -> Nullable<Text>,
        }
    }

    diesel::table! {
        /// What orders knows of those who order: a copy, kept by the feed that it comes from. Nothing personal.
        orders.customers (id) {
            /// The id that another service gave.
            id -> Uuid,
            /// The version of the account that this row tells of; an older one never overwrites it.
            version -> Int8,
            /// active, closing or closed. Only an active customer may order.
            standing -> Text,
        }
    }

    diesel::table! {
        /// How far each feed was read. It moves in the transaction that applies what was read.
        orders.feed_cursors (feed) {
            /// Whose feed.
            feed -> Text,
            /// The last fact that was applied.
            position -> Int8,
            /// When that fact was made, by its own account: it tells a feed from one that was restored from a backup.
            at -> Nullable<Timestamptz>,
        }
    }

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
            /// What the client calls this order, hashed with the customer's id (UUID of version 5); null without one, or once it has expired.
            idempotency_key -> Nullable<Uuid>,
            /// Who placed it: the subject of the token; null when calls were open.
            subject -> Nullable<Text>,
            /// The X-Request-Id of the request that placed it.
            request_id -> Nullable<Text>,
        }
    }

    diesel::table! {
        /// Facts that could not be applied. They are tried again, later and later, and hold up nobody.
        orders.set_aside (feed, position) {
            /// Whose fact.
            feed -> Text,
            /// Its place in the feed.
            position -> Int8,
            /// Whose account it tells of.
            customer_id -> Uuid,
            /// The version of the account.
            version -> Int8,
            /// The standing, in the words of the feed.
            standing -> Text,
            /// Whether a newer fact of the same account had followed.
            superseded -> Bool,
            /// How often it was tried.
            attempts -> Int4,
            /// Why it failed last.
            failure -> Text,
            /// When it is tried again, by the database's clock.
            next_try_at -> Timestamptz,
        }
    }

    diesel::table! {
        /// What became of orders after they were placed, and who moved them. Never changed.
        orders.steps (order_id, version) {
            /// The order that moved.
            order_id -> Uuid,
            /// The order's version after the step.
            version -> Int8,
            /// The order's status after the step.
            status -> Text,
            /// Who asked for it: the subject of the token; null when calls were open, or when the customer left.
            subject -> Nullable<Text>,
            /// The X-Request-Id of the request that asked for it; null when the customer left.
            request_id -> Nullable<Text>,
            /// When the step was taken, by the database's clock.
            at -> Timestamptz,
        }
    }

    diesel::joinable!(items -> orders (order_id));
    diesel::joinable!(steps -> orders (order_id));

    diesel::allow_tables_to_appear_in_same_query!(
        closings,
        customers,
        feed_cursors,
        items,
        orders,
        set_aside,
        steps,
    );
}
