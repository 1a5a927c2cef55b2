//! A connection string that cannot be printed by accident.

use std::{convert::Infallible, fmt::Write as _, net::IpAddr, path::Path, str::FromStr};

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

    /// The same server and login, but another database.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        let Parts {
            scheme,
            login,
            hosts,
            query,
            ..
        } = self.parts();
        Self(
            format!(
                "{scheme}{login}{hosts}/{}{query}",
                percent_encoded(database)
            )
            .into(),
        )
    }

    /// The same server and database, but another login.
    #[must_use]
    pub fn with_login(&self, role: &str, password: &SecretString) -> Self {
        let Parts {
            scheme,
            hosts,
            path,
            query,
            ..
        } = self.parts();
        let (role, password) = (
            percent_encoded(role),
            percent_encoded(password.expose_secret()),
        );
        Self(format!("{scheme}{role}:{password}@{hosts}{path}{query}").into())
    }

    /// The password that it carries, if any.
    pub fn password(&self) -> Option<SecretString> {
        let (_, password) = self.parts().login.strip_suffix('@')?.split_once(':')?;
        Some(percent_decoded(password).into())
    }

    /// Looks for what undoes the walls before anyone connects.
    ///
    /// # Errors
    ///
    /// When this is no URL, when it carries session options, or when it leaves the machine without a check of who answers;
    /// the last is let through by `unverified`.
    pub fn refuse_unsafe(&self, unverified: bool) -> Result<(), Unsafe> {
        let Parts {
            scheme,
            login,
            hosts,
            query,
            ..
        } = self.parts();
        // libpq reads a second `@` or `?` in another way than we do, so there may be one of each.
        let once = |text: &str, c| text.matches(c).count() <= 1;
        if !matches!(scheme, "postgres://" | "postgresql://")
            || !once(login, '@')
            || !once(query, '?')
        {
            return Err(Unsafe::NotAUrl);
        }
        let pairs = query
            .trim_start_matches('?')
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        let parameters: Vec<(String, String)> = pairs
            .map(|(key, value)| (percent_decoded(key), percent_decoded(value)))
            .collect();
        if let Some(key) = REFUSED
            .iter()
            .find(|refused| parameters.iter().any(|(key, _)| key == *refused))
        {
            return Err(Unsafe::Parameter(key));
        }
        let values = |name| {
            parameters
                .iter()
                .filter(move |(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        let hosts = percent_decoded(hosts);
        let remote = [&*hosts]
            .into_iter()
            .chain(values("host"))
            .chain(values("hostaddr"))
            .flat_map(|hosts| hosts.split(','))
            .any(|host| !is_local(host));
        // libpq takes the last of a repeated parameter.
        let verified = matches!(values("sslmode").next_back(), Some("verify-full"));
        if remote && !verified && !unverified {
            Err(Unsafe::Unverified)
        } else {
            Ok(())
        }
    }

    fn parts(&self) -> Parts<'_> {
        let text = self.expose();
        let (scheme, rest) = text.split_at(text.find("://").map_or(0, |at| at + "://".len()));
        let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (path, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
        let (login, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        Parts {
            scheme,
            login,
            hosts,
            path,
            query,
        }
    }

    /// What libpq connects with: it gives up on a server that does not answer the login, and notices when the other machine
    /// is gone. Left to itself it waits for both for hours. What the URL itself says of that goes.
    pub(super) fn for_libpq(&self) -> Self {
        const PATIENCE: &str = "connect_timeout=3&keepalives_idle=5&keepalives_interval=2&keepalives_count=3&tcp_user_timeout=5000";
        let Parts {
            scheme,
            login,
            hosts,
            path,
            query,
        } = self.parts();
        if scheme.is_empty() {
            return self.clone();
        }
        // Of a repeated parameter libpq takes the last.
        let query = query.replacen('?', "&", 1);
        Self(format!("{scheme}{login}{hosts}{path}?{PATIENCE}{query}").into())
    }

    /// The connection string itself, for the one moment at which libpq reads it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<&str> for DatabaseUrl {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl FromStr for DatabaseUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::from(text))
    }
}

/// The parts of a URL, which put together make it again.
struct Parts<'a> {
    scheme: &'a str,
    login: &'a str,
    hosts: &'a str,
    path: &'a str,
    query: &'a str,
}

/// What a query may not carry: session options, another login or database than the URL itself says, and the old name of
/// `sslmode`.
const REFUSED: [&str; 8] = [
    "options",
    "service",
    "servicefile",
    "user",
    "password",
    "passfile",
    "dbname",
    "ssl",
];

/// Why a URL is refused before anyone connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsafe {
    /// It is no URL.
    #[error("it must be a URL that begins with postgres://")]
    NotAUrl,
    /// It sets what provisioning sets, or says twice who logs in where.
    #[error(
        "its query carries `{0}`, which can undo the limits of the role or lead elsewhere; leave it out"
    )]
    Parameter(&'static str),
    /// Anyone could answer.
    #[error(
        "it leaves this machine without a check of who answers; \
         add sslmode=verify-full (and sslrootcert), or accept the risk with --unverified-database"
    )]
    Unverified,
}

fn is_local(host: &str) -> bool {
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(name, _)| name);
    let name = name.trim_matches(['[', ']']);
    name.is_empty()
        || name.starts_with(['/', '@'])
        || name == "localhost"
        || name
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = tail
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
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
        ];

        for (from, to) in moved {
            let from: DatabaseUrl = from.parse().unwrap();
            assert_eq!(from.with_login("r", &"p@ss".into()).expose(), to);
        }
    }

    #[test]
    fn libpq_is_told_to_give_up_unless_the_url_says_when() {
        let told = |url: &str| DatabaseUrl::from(url).for_libpq().expose().to_owned();

        assert!(
            told("postgres://u:p@h:1/a").starts_with("postgres://u:p@h:1/a?connect_timeout=3&")
        );
        assert!(told("postgresql://h").starts_with("postgresql://h?connect_timeout=3&"));
        assert!(told("postgres:///a?connect_timeout=60&x=y").ends_with("&connect_timeout=60&x=y"));
        assert_eq!(told("host=h dbname=a"), "host=h dbname=a");
    }

    #[test]
    fn what_undoes_the_walls_is_refused_before_anyone_connects() {
        let refused = |url: &str| {
            url.parse::<DatabaseUrl>()
                .unwrap()
                .refuse_unsafe(false)
                .err()
        };

        for local in [
            "postgres://u:p@%2Frun:5432/a",
            "postgresql:///a?host=/run",
            "postgres://localhost/a",
            "postgres://u@[::1]:5/a",
        ] {
            assert_eq!(refused(local), None, "{local}");
        }
        for bad in ["host=h dbname=a", "", "mysql://h/a"] {
            assert_eq!(refused(bad), Some(Unsafe::NotAUrl), "{bad}");
        }
        for (rest, parameter) in [
            ("?options=-cstatement_timeout%3D0", "options"),
            ("?x=1&%6Fptions=-c", "options"),
            ("?service=x", "service"),
            ("?user=postgres&password=p", "user"),
            ("?sslmode=verify-full&ssl=true", "ssl"),
            ("?dbname=postgres", "dbname"),
        ] {
            assert_eq!(
                refused(&format!("postgres:///a{rest}")),
                Some(Unsafe::Parameter(parameter)),
                "{rest}"
            );
        }
        for two in [
            "postgres://?@/app?options=-c",
            "postgres://u:x@192.0.2.2,@localhost/a",
        ] {
            assert_eq!(refused(two), Some(Unsafe::NotAUrl), "{two}");
        }
        let remote = [
            "h/a",
            "h/a?sslmode=require",
            "h/a?sslmode=verify-ca",
            "10.0.0.1:5432/a",
            "localhost,h/a",
            "/a?host=h",
            "/a?host=/run,h",
            "localhost/a?hostaddr=10.0.0.1",
            "h/a?sslmode=verify-full&sslmode=disable",
        ];
        for rest in remote {
            assert_eq!(
                refused(&format!("postgres://{rest}")),
                Some(Unsafe::Unverified),
                "{rest}"
            );
        }
        assert_eq!(refused("postgres://u:p@h/a?sslmode=verify-full"), None);
        let accepted: DatabaseUrl = "postgres://h/a".parse().unwrap();
        assert_eq!(accepted.refuse_unsafe(true), Ok(()));
    }

    #[test]
    fn debug_shows_no_password() {
        let url: DatabaseUrl = "postgres://u:hunter2@localhost/app".parse().unwrap();

        assert!(!format!("{url:?}").contains("hunter2"));
    }
}
