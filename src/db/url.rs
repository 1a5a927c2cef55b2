//! A connection string that cannot be printed by accident.

use std::{convert::Infallible, fmt::Write as _, path::Path, str::FromStr};

use secrecy::{ExposeSecret as _, SecretString};

/// A PostgreSQL connection string. It holds a password, so `Debug` shows nothing of it and there is no `Display`.
#[derive(Clone, Debug)]
pub struct DatabaseUrl(SecretString);

impl DatabaseUrl {
    /// The address of a server on a Unix socket in the folder `socket`.
    pub(super) fn on_socket(
        socket: &Path,
        port: u16,
        role: &str,
        password: &str,
        database: &str,
    ) -> Self {
        let host = percent_encoded(&socket.to_string_lossy());
        let (role, password, database) = (
            percent_encoded(role),
            percent_encoded(password),
            percent_encoded(database),
        );
        // The port is named, or the environment's PGPORT would choose it.
        Self(format!("postgres://{role}:{password}@{host}:{port}/{database}").into())
    }

    /// The same server and login, but another database. Understands both forms that libpq reads: a URI and a list of
    /// `key=value`.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        let text = self.expose();
        let Some(authority) = text.find("://").map(|at| at + "://".len()) else {
            return Self(format!("{text} dbname='{database}'").into());
        };
        let path = text[authority..]
            .find(['/', '?'])
            .map_or(text.len(), |at| authority + at);
        let query = text[path..].find('?').map_or("", |at| &text[path + at..]);
        Self(format!("{}/{}{query}", &text[..path], percent_encoded(database)).into())
    }

    /// The same server and database, but another login. Understands both forms that libpq reads.
    #[must_use]
    pub fn with_login(&self, role: &str, password: &SecretString) -> Self {
        let (text, password) = (self.expose(), password.expose_secret());
        let Some(authority) = text.find("://").map(|at| at + "://".len()) else {
            return Self(format!("{text} user='{role}' password='{password}'").into());
        };
        let end = text[authority..]
            .find(['/', '?'])
            .map_or(text.len(), |at| authority + at);
        let host = text[authority..end]
            .rfind('@')
            .map_or(authority, |at| authority + at + 1);
        let login = format!("{}:{}@", percent_encoded(role), percent_encoded(password));
        Self(format!("{}{login}{}", &text[..authority], &text[host..]).into())
    }

    /// The connection string itself, for the one moment at which libpq reads it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl FromStr for DatabaseUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.into()))
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_path_and_a_wild_password_survive_the_trip_into_a_url() {
        let url = DatabaseUrl::on_socket(
            Path::new("/var/a b"),
            5432,
            "users_service",
            "p@ss/w:rd",
            "app",
        );

        assert_eq!(
            url.expose(),
            "postgres://users_service:p%40ss%2Fw%3Ard@%2Fvar%2Fa%20b:5432/app"
        );
    }

    #[test]
    fn another_database_keeps_all_the_rest() {
        let moved = [
            (
                "postgres://u:p@h:1/a?sslmode=require",
                "postgres://u:p@h:1/b?sslmode=require",
            ),
            (
                "postgres://u:p@h?sslmode=require",
                "postgres://u:p@h/b?sslmode=require",
            ),
            ("postgresql://u@%2Frun", "postgresql://u@%2Frun/b"),
            ("host=h dbname=a", "host=h dbname=a dbname='b'"),
        ];

        for (from, to) in moved {
            let from: DatabaseUrl = from.parse().unwrap();
            assert_eq!(from.with_database("b").expose(), to);
        }
    }

    #[test]
    fn another_login_keeps_all_the_rest() {
        let moved = [
            (
                "postgres://u:p@h:1/a?sslmode=require",
                "postgres://r:p%40ss@h:1/a?sslmode=require",
            ),
            ("postgres://h/a", "postgres://r:p%40ss@h/a"),
            ("postgresql:///a", "postgresql://r:p%40ss@/a"),
            ("host=h user=u", "host=h user=u user='r' password='p@ss'"),
        ];

        for (from, to) in moved {
            let from: DatabaseUrl = from.parse().unwrap();
            assert_eq!(from.with_login("r", &"p@ss".into()).expose(), to);
        }
    }

    #[test]
    fn debug_shows_no_password() {
        let url: DatabaseUrl = "postgres://u:hunter2@localhost/app".parse().unwrap();

        assert!(!format!("{url:?}").contains("hunter2"));
    }
}
