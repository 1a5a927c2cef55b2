//! Who may call an operation. The table of them all is the routes themselves: none can be written without its rule.

use std::{
    future::{Ready, ready},
    marker::PhantomData,
};

use actix_web::{FromRequest, Handler, HttpMessage as _, HttpRequest, dev::Payload};

use super::{
    Kind, Problem,
    caller::{Caller, Distrust, NOT_ALLOWED, Scope, TOKEN_ABSENT, TOKEN_EXPIRED, TOKEN_WRONG},
};

/// What a caller may hear who is not known.
const UNKNOWN_CALLER: [Kind; 3] = [TOKEN_ABSENT, TOKEN_EXPIRED, TOKEN_WRONG];
/// What a caller may hear who is not known, or lacks a scope.
const LACKING_SCOPE: [Kind; 4] = [TOKEN_ABSENT, TOKEN_EXPIRED, TOKEN_WRONG, NOT_ALLOWED];

/// Who may call an operation. Each rule is a type, so that to keep it costs no more than to look at the caller.
pub(crate) trait Rule: 'static {
    /// The rule as the outside knows it.
    const NAME: &'static str;
    /// The scopes that a token needs; `None` when nobody is asked for one.
    const SCOPES: Option<&'static [Scope]>;
    /// What a caller may hear who is not admitted.
    const REFUSALS: &'static [Kind];

    /// Lets a caller go on to the handler, or says why not.
    fn admits(caller: &Caller) -> Result<(), Problem>;
}

/// Anyone, without a token: nothing here is anybody's.
pub(crate) struct Anyone;

/// Whoever has a token, for what is their own, and operators for everyone's. What is somebody else's does not exist: 404, an
/// empty list, an unknown customer. The service's door sees to it.
pub(crate) struct Owner;

/// Whoever may register users.
pub(crate) struct Register;

/// Operators.
pub(crate) struct Operator;

/// Operators, for an object that has an owner: the owner hears 403 and anyone else 404, as with [`Owner`]. The service's door
/// sees to it.
pub(crate) struct OperatorOnObject;

impl Rule for Anyone {
    const NAME: &'static str = "anyone";
    const SCOPES: Option<&'static [Scope]> = None;
    const REFUSALS: &'static [Kind] = &[];

    fn admits(_caller: &Caller) -> Result<(), Problem> {
        Ok(())
    }
}

impl Rule for Owner {
    const NAME: &'static str = "owner";
    const SCOPES: Option<&'static [Scope]> = Some(&[]);
    const REFUSALS: &'static [Kind] = &UNKNOWN_CALLER;

    fn admits(caller: &Caller) -> Result<(), Problem> {
        caller.check_known()
    }
}

impl Rule for Register {
    const NAME: &'static str = Scope::Register.word();
    const SCOPES: Option<&'static [Scope]> = Some(&[Scope::Register]);
    const REFUSALS: &'static [Kind] = &LACKING_SCOPE;

    fn admits(caller: &Caller) -> Result<(), Problem> {
        check_scope(caller, Scope::Register)
    }
}

impl Rule for Operator {
    const NAME: &'static str = Scope::Operator.word();
    const SCOPES: Option<&'static [Scope]> = Some(&[Scope::Operator]);
    const REFUSALS: &'static [Kind] = &LACKING_SCOPE;

    fn admits(caller: &Caller) -> Result<(), Problem> {
        check_scope(caller, Scope::Operator)
    }
}

impl Rule for OperatorOnObject {
    const NAME: &'static str = "operator-on-object";
    const SCOPES: Option<&'static [Scope]> = Some(&[Scope::Operator]);
    const REFUSALS: &'static [Kind] = &LACKING_SCOPE;

    fn admits(caller: &Caller) -> Result<(), Problem> {
        caller.check_known()
    }
}

fn check_scope(caller: &Caller, scope: Scope) -> Result<(), Problem> {
    caller.check_known()?;
    if caller.may(scope) {
        Ok(())
    } else {
        Err(scope.lacking())
    }
}

/// Shows that a request's caller was looked at by the rule, before anything of its path, query or body was.
pub(crate) struct Admitted<R>(PhantomData<R>);

impl<R: Rule> FromRequest for Admitted<R> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let extensions = request.extensions();
        let admitted = match extensions.get::<Caller>() {
            Some(caller) => R::admits(caller),
            None => Err(Distrust::Absent.into()),
        };
        ready(admitted.map(|()| Self(PhantomData)))
    }
}

/// A handler behind its rule.
pub(super) struct Ruled<R, H> {
    handler: H,
    rule: PhantomData<fn() -> R>,
}

impl<R, H> Ruled<R, H> {
    pub(super) const fn new(handler: H) -> Self {
        Self {
            handler,
            rule: PhantomData,
        }
    }
}

// Derived, it would ask the same of `R`, which is only a name here.
impl<R, H: Clone> Clone for Ruled<R, H> {
    fn clone(&self) -> Self {
        Self::new(self.handler.clone())
    }
}

impl<R: Rule, Args, H: Handler<Args>> Handler<(Admitted<R>, Args)> for Ruled<R, H> {
    type Output = H::Output;
    type Future = H::Future;

    fn call(&self, (_admitted, args): (Admitted<R>, Args)) -> H::Future {
        self.handler.call(args)
    }
}
