// @generated automatically by Diesel CLI.

pub mod users {
    diesel::table! {
        /// The people who registered.
        users.accounts (id) {
            /// UUID of version 7, made by the program, so ids grow with time.
            id -> Uuid,
            /// Lower-case address. Personal data; null once the account is closed.
            email -> Nullable<Text>,
            /// As the person writes it. Personal data; null once the account is closed.
            name -> Nullable<Text>,
            /// Grows by one with each change; the ETag on the wire.
            version -> Int8,
            /// When the row was inserted, by the database's clock.
            registered_at -> Timestamptz,
            /// When the row was last changed, by the database's clock.
            changed_at -> Timestamptz,
            /// active; closing, once the person asked for it; closed, once nobody objected.
            standing -> Text,
            /// Why the last request to close the account was refused.
            refusal -> Nullable<Text>,
        }
    }

    diesel::table! {
        /// The facts that others may read: one for each change of an account, and never anything personal.
        users.events (position) {
            /// The fact's place: from 1, gapless and in commit order. Of old facts only the newest of each account is kept.
            position -> Int8,
            /// Whose account changed. No foreign key: a fact stays true whatever becomes of the account.
            user_id -> Uuid,
            /// The account's version after the change.
            version -> Int8,
            /// The account's standing after the change.
            standing -> Text,
            /// When the change began, by the database's clock.
            at -> Timestamptz,
            /// When a newer fact of the same account was appended; null for the newest.
            superseded_at -> Nullable<Timestamptz>,
            /// Who asked for the change: the subject of the token; null when calls were open or nobody asked. Never on the wire.
            subject -> Nullable<Text>,
            /// The X-Request-Id of the request that asked for it; null when nobody asked. Never on the wire.
            request_id -> Nullable<Text>,
        }
    }

    diesel::table! {
        /// One row: the place of the newest fact. Its lock, held until commit, keeps the places gapless and in commit order.
        users.feed_head (singleton) {
            /// True, so that there is one row at most.
            singleton -> Bool,
            /// Facts appended so far.
            position -> Int8,
        }
    }

    diesel::table! {
        /// Who reads the feed, as far as they say so: facts that a reader has not passed are kept.
        users.feed_readers (reader) {
            /// The name that the reader gave itself.
            reader -> Text,
            /// The last fact that the reader is done with.
            position -> Int8,
            /// When the reader last said so, by the database's clock.
            seen_at -> Timestamptz,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(accounts, events, feed_head, feed_readers,);
}
