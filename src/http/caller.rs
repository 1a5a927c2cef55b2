//! Who calls, and what of all that is stored is theirs.

use std::{
    future::{Ready, ready},
    sync::Arc,
};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest,
    dev::Payload,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use uuid::Uuid;

use super::{Id, Kind, Problem, sketch::Takes};

pub(super) const TOKEN_ABSENT: Kind = Kind::new(
    StatusCode::UNAUTHORIZED,
    "token-absent",
    "A token is needed here",
);
pub(super) const TOKEN_EXPIRED: Kind = Kind::new(
    StatusCode::UNAUTHORIZED,
    "token-expired",
    "The token has expired",
);
pub(super) const TOKEN_WRONG: Kind = Kind::new(
    StatusCode::UNAUTHORIZED,
    "token-wrong",
    "The token is not good here",
);
pub(super) const NOT_ALLOWED: Kind = Kind::new(
    StatusCode::FORBIDDEN,
    "not-allowed",
    "The token does not allow this",
);

/// Who a request comes from, as the entrance found out. Whatever shows or changes data asks for one.
#[derive(Clone)]
pub(crate) struct Caller(Arc<Request>);

struct Request {
    identity: Identity,
    id: HeaderValue,
}

/// What is known of a caller.
#[derive(Clone)]
pub(crate) enum Identity {
    /// No keys are configured, so nobody is asked who they are: whoever reaches the port may do everything.
    Unasked,
    /// Nobody we know.
    Unknown(Distrust),
    /// The bearer of a good token.
    Known(Arc<Subject>),
}

/// Why a caller is not known. It tells no more than a forger knows anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distrust {
    /// There is no token.
    Absent,
    /// The token was good and is too old.
    Expired,
    /// Anything else.
    Wrong,
}

/// Whom a token speaks for.
pub(crate) struct Subject {
    name: Arc<str>,
    /// The user of this id; the nil id, which nobody has, when the name is no id.
    user: Uuid,
    scopes: Vec<Scope>,
}

/// What a token allows beyond what is its bearer's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scope {
    /// Sees and changes everything.
    Operator,
    /// Registers users, as a sign-up page does, and does nothing else.
    Register,
}

/// Where a change comes from, for the audit trail.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    /// The subject of the caller's token; `None` when nobody was asked, or when the program acts of its own accord.
    pub(crate) subject: Option<String>,
    /// The request; `None` when the program acts of its own accord.
    pub(crate) request_id: Option<String>,
}

impl Caller {
    pub(crate) fn new(identity: Identity, request_id: HeaderValue) -> Self {
        Self(Arc::new(Request {
            identity,
            id: request_id,
        }))
    }

    /// Whose things the caller sees, by their owner's id: `None` means everyone's.
    pub(crate) fn whose<T>(&self) -> Option<Id<T>> {
        match &self.0.identity {
            Identity::Unasked => None,
            Identity::Unknown(_) => Some(Id::from(Uuid::nil())),
            Identity::Known(subject) if subject.has(Scope::Operator) => None,
            Identity::Known(subject) => Some(Id::from(subject.user)),
        }
    }

    /// Whether the caller sees what belongs to the user of this id.
    pub(crate) fn sees<T>(&self, owner: Id<T>) -> bool {
        self.whose().is_none_or(|own| own == owner)
    }

    /// Whether the caller may do what takes this scope.
    pub(crate) fn may(&self, scope: Scope) -> bool {
        match &self.0.identity {
            Identity::Unasked => true,
            Identity::Unknown(_) => false,
            Identity::Known(subject) => subject.has(scope) || subject.has(Scope::Operator),
        }
    }

    /// Refuses whoever is not known.
    pub(super) fn check_known(&self) -> Result<(), Problem> {
        match self.0.identity {
            Identity::Unknown(distrust) => Err(distrust.into()),
            Identity::Unasked | Identity::Known(_) => Ok(()),
        }
    }

    pub(crate) fn origin(&self) -> Origin {
        let subject = match &self.0.identity {
            Identity::Known(subject) => Some(subject.name.as_ref().to_owned()),
            Identity::Unasked | Identity::Unknown(_) => None,
        };
        Origin {
            subject,
            request_id: self.0.id.to_str().ok().map(str::to_owned),
        }
    }
}

impl Takes for Caller {}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Self>().cloned();
        ready(caller.ok_or_else(|| Distrust::Absent.into()))
    }
}

impl Subject {
    /// `scopes` is the list of RFC 8693: words with spaces between. Those that mean nothing here are passed over.
    pub(crate) fn new(name: String, scopes: &str) -> Self {
        Self {
            name: name.as_str().into(),
            user: Id::<()>::try_from(name).map_or(Uuid::nil(), Id::uuid),
            scopes: scopes.split(' ').filter_map(Scope::from_word).collect(),
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

impl Scope {
    const ALL: [Self; 2] = [Self::Operator, Self::Register];

    /// The word for it, in a token.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Register => "register",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }

    /// The refusal of a known caller who lacks the scope.
    pub(crate) fn lacking(self) -> Problem {
        Problem::new(NOT_ALLOWED)
            .detail(format!("it takes the scope {}", self.word()))
            .header(
                header::WWW_AUTHENTICATE,
                &format!(
                    "Bearer error=\"insufficient_scope\", scope=\"{}\"",
                    self.word()
                ),
            )
    }
}

impl From<Distrust> for Problem {
    fn from(distrust: Distrust) -> Self {
        let (kind, challenge) = match distrust {
            Distrust::Absent => (TOKEN_ABSENT, "Bearer"),
            Distrust::Expired => {
                let challenge = "Bearer error=\"invalid_token\", error_description=\"expired\"";
                (TOKEN_EXPIRED, challenge)
            }
            Distrust::Wrong => (TOKEN_WRONG, "Bearer error=\"invalid_token\""),
        };
        Self::new(kind).header(header::WWW_AUTHENTICATE, challenge)
    }
}
