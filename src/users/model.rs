//! What a user is. A value of these types was parsed once and is good for ever.

use email_address::{EmailAddress, Options};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::http::Id;

/// The id of a [`User`].
pub(crate) type UserId = Id<User>;

/// A registered user.
#[derive(Clone)]
pub(crate) struct User {
    pub(super) id: UserId,
    pub(super) email: Email,
    pub(super) name: Name,
    pub(super) version: i64,
    pub(super) registered_at: Timestamp,
    pub(super) changed_at: Timestamp,
}

/// A user who is about to register.
pub(super) struct NewUser {
    pub(super) id: UserId,
    pub(super) email: Email,
    pub(super) name: Name,
}

/// What is to be different about a user; what is `None` stays.
pub(super) struct Change {
    pub(super) email: Option<Email>,
    pub(super) name: Option<Name>,
}

/// An e-mail address in lower case, so that one address is one account however it is typed; 3 to 254 bytes.
#[derive(Clone, Deserialize, PartialEq, Eq, Serialize)]
#[serde(try_from = "String")]
pub(super) struct Email(String);

/// A name as its bearer writes it: 1 to 200 characters, none of them a control character.
#[derive(Clone, Deserialize, PartialEq, Eq, Serialize)]
#[serde(try_from = "String")]
pub(super) struct Name(String);

impl Email {
    /// An address that the store gave back: it was parsed before it went in.
    pub(super) const fn from_store(text: String) -> Self {
        Self(text)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Email {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let address = text.trim().to_lowercase();
        let options = Options::default()
            .with_required_tld()
            .without_display_text()
            .without_domain_literal();
        let parsed = EmailAddress::parse_with_options(&address, options);
        match parsed {
            Ok(_) if address.len() <= 254 && !address.chars().any(char::is_control) => {
                Ok(Self(address))
            }
            Ok(_) | Err(_) => Err("must be an e-mail address"),
        }
    }
}

impl Name {
    /// A name that the store gave back: it was parsed before it went in.
    pub(super) const fn from_store(text: String) -> Self {
        Self(text)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Characters without a glyph of their own: soft hyphen, zero-width space and joiners, marks of direction, word joiner, BOM.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let name = text.trim();
        match name.chars().count() {
            _ if name.chars().all(is_invisible) => Err("must not be empty"),
            1..=200 if !name.chars().any(char::is_control) => Ok(Self(name.to_owned())),
            1..=200 => Err("must not hold control characters"),
            _ => Err("must be at most 200 characters long"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str) -> Option<String> {
        Email::try_from(text.to_owned()).ok().map(|email| email.0)
    }

    #[test]
    fn an_address_is_trimmed_and_put_into_lower_case() {
        assert_eq!(
            email(" Ada@Example.COM ").as_deref(),
            Some("ada@example.com")
        );
        assert_eq!(
            email("josé@exämple.org").as_deref(),
            Some("josé@exämple.org")
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ada",
            "ada@",
            "@example.com",
            "ada@localhost",
            "Ada <ada@example.com>",
            "a b@example.com",
            "a@[127.0.0.1]",
            "a\0b@example.com",
            "a@b@example.com",
        ] {
            assert_eq!(email(text), None, "{text:?}");
        }
        assert_eq!(email(&format!("{}@example.com", "a".repeat(65))), None);
    }

    #[test]
    fn a_name_keeps_its_script_and_loses_its_margins() {
        let name = |text: &str| Name::try_from(text.to_owned()).map(|name| name.0);

        assert_eq!(name("  Seán O’Brien-李 "), Ok("Seán O’Brien-李".to_owned()));
        assert_eq!(name("   "), Err("must not be empty"));
        assert_eq!(name("\u{200b}\u{feff}"), Err("must not be empty"));
        assert_eq!(name("a\0b"), Err("must not hold control characters"));
        assert_eq!(
            name(&"é".repeat(200)).map(|name| name.chars().count()),
            Ok(200)
        );
        assert_eq!(
            name(&"é".repeat(201)),
            Err("must be at most 200 characters long")
        );
    }
}
