//! Who may call an operation. The table of them all is the routes themselves: none can be written without its rule.

use actix_web::{
    HttpMessage as _, HttpResponse,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};

use super::{
    Problem,
    caller::{Caller, Distrust, Scope},
};

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Anyone, without a token: nothing here is anybody's.
    Anyone,
    /// Whoever has a token, for what is their own, and operators for everyone's. What is somebody else's does not exist: 404,
    /// an empty list, an unknown customer. The service's door sees to it.
    Owner,
    /// Whoever has this scope.
    Scope(Scope),
    /// Operators, for an object that has an owner: the owner hears 403 and anyone else 404, as with [`Rule::Owner`].
    OperatorOnObject,
}

/// An operation and its rule, as the outside knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Right {
    /// The method, in capitals.
    pub method: &'static str,
    /// The path's pattern.
    pub path: &'static str,
    /// `anyone`, `owner`, `register`, `operator` or `operator-on-object`.
    pub rule: &'static str,
}

impl Rule {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Owner => "owner",
            Self::Scope(scope) => scope.word(),
            Self::OperatorOnObject => "operator-on-object",
        }
    }

    /// Lets a request through to its handler, or answers it.
    pub(super) async fn gate(
        self,
        request: ServiceRequest,
        next: Next<BoxBody>,
    ) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
        let caller = request.extensions().get::<Caller>().cloned();
        match self.admits(caller.as_ref()) {
            Ok(()) => next.call(request).await,
            Err(problem) => Ok(request.into_response(HttpResponse::from_error(problem))),
        }
    }

    fn admits(self, caller: Option<&Caller>) -> Result<(), Problem> {
        if self == Self::Anyone {
            return Ok(());
        }
        let caller = caller.ok_or(Distrust::Absent)?;
        caller.check_known()?;
        match self {
            Self::Scope(scope) if !caller.may(scope) => Err(scope.lacking()),
            Self::Anyone | Self::Owner | Self::Scope(_) | Self::OperatorOnObject => Ok(()),
        }
    }
}
