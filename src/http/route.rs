//! Resources that answer every method: with a handler behind its rule, or with the list of those it understands.

use actix_web::{
    FromRequest, Handler, HttpResponse, Resource, Responder,
    guard::{self, Guard},
    http::{Method, StatusCode},
    web,
};

use super::{
    Kind, Operation, Problem,
    operation::About,
    rule::{Rule, Ruled},
    sketch::{Gives, Takes},
    visit::{Endpoint, NoteEndpoint},
};

pub(crate) const UNKNOWN_PATH: Kind = Kind::new(
    StatusCode::NOT_FOUND,
    "unknown-path",
    "There is nothing at this path",
);

/// A resource under construction.
pub(crate) struct Routes {
    path: &'static str,
    resource: Resource,
    allow: Vec<&'static str>,
    operations: Vec<Operation>,
}

/// Begins the resource at `path`.
pub(crate) fn resource(path: &'static str) -> Routes {
    Routes {
        path,
        #[expect(clippy::disallowed_methods, reason = "here it gets its rules")]
        resource: web::resource(path),
        allow: Vec::new(),
        operations: Vec::new(),
    }
}

impl Routes {
    /// Answers GET, and HEAD with the same headers.
    pub(crate) fn get<R: Rule, Args: Asked>(
        self,
        rule: R,
        about: About,
        handler: impl Answers<Args>,
    ) -> Routes {
        self.on(
            guard::Any(guard::Get()).or(guard::Head()),
            &["GET", "HEAD"],
            rule,
            about,
            handler,
        )
    }

    /// Answers POST.
    pub(crate) fn post<R: Rule, Args: Asked>(
        self,
        rule: R,
        about: About,
        handler: impl Answers<Args>,
    ) -> Routes {
        self.on(guard::Post(), &["POST"], rule, about, handler)
    }

    /// Answers PATCH.
    pub(crate) fn patch<R: Rule, Args: Asked>(
        self,
        rule: R,
        about: About,
        handler: impl Answers<Args>,
    ) -> Routes {
        self.on(guard::Patch(), &["PATCH"], rule, about, handler)
    }

    /// Answers DELETE.
    pub(crate) fn delete<R: Rule, Args: Asked>(
        self,
        rule: R,
        about: About,
        handler: impl Answers<Args>,
    ) -> Routes {
        self.on(guard::Delete(), &["DELETE"], rule, about, handler)
    }

    /// Its operations, without the resource.
    pub(crate) fn into_operations(self) -> Vec<Operation> {
        self.operations
    }

    /// Ends the resource, which is the service's: any other method is told which ones there are.
    pub(crate) fn done(mut self, service: &'static str) -> Resource {
        let route = self.path;
        self.allow.push("OPTIONS");
        // Leaked once for each resource and worker at start: it lives as long as the server.
        let allow: &'static str = self.allow.join(", ").leak();
        self.resource
            .guard(NoteEndpoint(Endpoint { route, service }))
            .default_service(web::to(move |method: Method| async move {
                if method == Method::OPTIONS {
                    Ok(HttpResponse::NoContent()
                        .insert_header(("Allow", allow))
                        .finish())
                } else {
                    Err(Problem::method_not_allowed(allow))
                }
            }))
    }

    fn on<R: Rule, Args: Asked, H: Answers<Args>>(
        mut self,
        guard: impl Guard + 'static,
        methods: &[&'static str],
        _rule: R,
        about: About,
        handler: H,
    ) -> Routes {
        self.allow.extend(methods);
        let operation =
            |method: &&'static str| Operation::new::<R, Args, H::Output>(method, self.path, about);
        self.operations.extend(methods.iter().map(operation));
        let handler = Ruled::<R, _>::new(handler);
        self.resource = self.resource.route(web::route().guard(guard).to(handler));
        self
    }
}

/// Any function that actix-web takes for a handler, and whose type says what it answers.
pub(crate) trait Answers<Args>: Handler<Args, Output: Responder + Gives + 'static> {}

impl<H, Args> Answers<Args> for H where H: Handler<Args, Output: Responder + Gives + 'static> {}

/// Any arguments that actix-web can give to a handler.
pub(crate) trait Asked: FromRequest + Takes + 'static {}

impl<Args: FromRequest + Takes + 'static> Asked for Args {}

/// Answers for every path that is nobody's.
pub(crate) async fn nobodys_path() -> Result<HttpResponse, Problem> {
    Err(Problem::new(UNKNOWN_PATH))
}
