//! What a user is. A value of these types was parsed once and is good for ever.

use std::time::Duration;

use email_address::{EmailAddress, Options};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::http::{Id, Origin};

/// The id of a [`User`].
pub(crate) type UserId = Id<User>;

/// A registered user.
#[derive(Clone)]
pub(crate) struct User {
    pub(super) id: UserId,
    /// Gone once the account is closed.
    pub(super) person: Option<Person>,
    pub(super) standing: Standing,
    /// Why the last request to close the account was refused.
    pub(super) refusal: Option<String>,
    pub(super) version: i64,
    pub(super) registered_at: Timestamp,
    pub(super) changed_at: Timestamp,
}

/// Who somebody is: all that is personal about a user.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) email: Email,
    pub(super) name: Name,
}

/// A user who is about to register.
pub(super) struct NewUser {
    pub(super) id: UserId,
    pub(super) person: Person,
    pub(super) origin: Origin,
}

/// Where an account stands: `active → closing → closed`, or from `closing` back to `active` when the closing is refused.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "UserStanding", with = "String", extend("enum" = Self::ALL.map(Self::word)))]
pub(super) enum Standing {
    Active,
    /// The person wants to leave; others may object.
    Closing,
    /// Nothing personal is left.
    Closed,
}

/// What others may know of a user: that there is one, and how the account stands. Nothing personal.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub(crate) struct Fact {
    pub(crate) user_id: UserId,
    /// Grows by one with each change of the account.
    pub(crate) version: i64,
    /// `active`, `closing` or `closed`. A word and no enum, because a reader may be older than the writer.
    pub(crate) standing: String,
}

/// A fact in the feed.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub(crate) struct Event {
    /// From 1, in the order of the commits.
    pub(crate) position: i64,
    #[serde(flatten)]
    pub(crate) fact: Fact,
    /// Whether a newer fact of the same account has followed.
    pub(crate) superseded: bool,
    /// When the change began.
    pub(crate) at: Timestamp,
}

/// Where a reader of the feed stands: the last fact that it is done with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// 0 before the first.
    pub(crate) position: i64,
    /// When that fact was made. A database that was restored from a backup writes other facts at the same places.
    pub(crate) at: Option<Timestamp>,
}

/// What a reader of the feed has not read yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backlog {
    /// How many facts.
    pub(crate) facts: i64,
    /// How long the first of them has waited.
    pub(crate) age: Duration,
}

/// A place in the feed, as a reader names it: 0 is before the first fact.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(inline, extend("type" = "integer", "format" = "int64", "minimum" = 0, "maximum" = i64::MAX))]
pub(super) struct Position(pub(super) i64);

/// What somebody has to say to a user's wish to leave.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) user_id: UserId,
    /// The version of the account that asked; another one did not.
    pub(crate) version: i64,
    /// Why the account cannot be closed yet: a word for machines.
    pub(crate) refusal: Option<String>,
}

/// What is to be different about a user; what is `None` stays.
pub(super) struct Change {
    pub(super) email: Option<Email>,
    pub(super) name: Option<Name>,
}

/// An e-mail address in lower case, so that one address is one account however it is typed; 3 to 254 bytes.
#[derive(Clone, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(try_from = "String")]
#[schemars(inline, extend("format" = "email", "maxLength" = Self::LONGEST), example = &"ada@example.com")]
pub(super) struct Email(String);

/// A name as its bearer writes it: 1 to 200 characters, none of them a control character.
#[derive(Clone, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(try_from = "String")]
#[schemars(
    inline,
    extend("minLength" = 1, "maxLength" = Self::LONGEST, "pattern" = Self::PATTERN),
    example = &"Ada Lovelace"
)]
pub(super) struct Name(String);

impl Standing {
    const ALL: [Self; 3] = [Self::Active, Self::Closing, Self::Closed];

    /// The word for it, on the wire and in the store.
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

impl TryFrom<String> for Position {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.parse() {
            Ok(position @ 0..) => Ok(Self(position)),
            Ok(_) | Err(_) => Err("must be a whole number from 0"),
        }
    }
}

impl From<&User> for Fact {
    fn from(user: &User) -> Self {
        Self {
            user_id: user.id,
            version: user.version,
            standing: user.standing.word().to_owned(),
        }
    }
}

impl Email {
    /// Bytes of the longest address that mail knows (RFC 5321).
    const LONGEST: usize = 254;

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
            Ok(_) if address.len() <= Self::LONGEST && !address.chars().any(char::is_control) => {
                Ok(Self(address))
            }
            Ok(_) | Err(_) => Err("must be an e-mail address"),
        }
    }
}

impl Name {
    const LONGEST: usize = 200;
    /// No control character, and one at least that can be seen.
    const PATTERN: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\u0000-\u001f\u007f-\u009f\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff][^\u0000-\u001f\u007f-\u009f]*$";

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
        match text.chars().count() {
            _ if text.chars().all(is_invisible) => Err("must not be empty"),
            1..=Self::LONGEST if !text.chars().any(char::is_control) => {
                Ok(Self(text.trim().to_owned()))
            }
            1..=Self::LONGEST => Err("must not hold control characters"),
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
