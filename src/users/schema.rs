// @generated automatically by Diesel CLI.

pub mod users {
    diesel::table! {
        /// The people who registered.
        users.accounts (id) {
            /// UUID of version 7, made by the program, so ids grow with time.
            id -> Uuid,
            /// Lower-case address. Personal data.
            email -> Text,
            /// As the person writes it. Personal data.
            name -> Text,
            /// Grows by one with each change; the ETag on the wire.
            version -> Int8,
            /// When the row was inserted, by the database's clock.
            registered_at -> Timestamptz,
            /// When the row was last changed, by the database's clock.
            changed_at -> Timestamptz,
        }
    }
}
