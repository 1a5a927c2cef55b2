//! Resources that answer every method: with a handler behind its rule, or with the list of those it understands.

use actix_web::{
    Handler, HttpResponse, Resource, Responder,
    guard::{self, Guard},
    http::{Method, StatusCode},
    web::{self, ServiceConfig},
};

use super::{
    Problem, Right,
    rule::{Rule, Ruled},
    visit::NoteRoute,
};

/// A resource under construction.
pub(crate) struct Routes {
    path: &'static str,
    resource: Resource,
    allow: Vec<&'static str>,
    rights: Vec<Right>,
}

/// Begins the resource at `path`.
pub(crate) fn resource(path: &'static str) -> Routes {
    Routes {
        path,
        #[expect(clippy::disallowed_methods, reason = "here it gets its rules")]
        resource: web::resource(path).guard(NoteRoute(path)),
        allow: Vec::new(),
        rights: Vec::new(),
    }
}

/// Adds resources, and returns the rule of each of their operations.
pub(crate) fn mount(
    config: &mut ServiceConfig,
    resources: impl IntoIterator<Item = Routes>,
) -> Vec<Right> {
    let mut rights = Vec::new();
    for mut resource in resources {
        rights.append(&mut resource.rights);
        config.service(resource.done());
    }
    rights
}

impl Routes {
    /// Answers GET, and HEAD with the same headers.
    pub(crate) fn get<R: Rule, Args>(self, rule: R, handler: impl Answers<Args>) -> Routes
    where
        Args: actix_web::FromRequest + 'static,
    {
        self.on(
            guard::Any(guard::Get()).or(guard::Head()),
            &["GET", "HEAD"],
            rule,
            handler,
        )
    }

    /// Answers POST.
    pub(crate) fn post<R: Rule, Args>(self, rule: R, handler: impl Answers<Args>) -> Routes
    where
        Args: actix_web::FromRequest + 'static,
    {
        self.on(guard::Post(), &["POST"], rule, handler)
    }

    /// Answers PATCH.
    pub(crate) fn patch<R: Rule, Args>(self, rule: R, handler: impl Answers<Args>) -> Routes
    where
        Args: actix_web::FromRequest + 'static,
    {
        self.on(guard::Patch(), &["PATCH"], rule, handler)
    }

    /// Answers DELETE.
    pub(crate) fn delete<R: Rule, Args>(self, rule: R, handler: impl Answers<Args>) -> Routes
    where
        Args: actix_web::FromRequest + 'static,
    {
        self.on(guard::Delete(), &["DELETE"], rule, handler)
    }

    /// Ends the resource: any other method is told which ones there are.
    fn done(mut self) -> Resource {
        self.allow.push("OPTIONS");
        // Leaked once for each resource and worker at start: it lives as long as the server.
        let allow: &'static str = self.allow.join(", ").leak();
        self.resource
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

    fn on<R: Rule, Args>(
        mut self,
        guard: impl Guard + 'static,
        methods: &[&'static str],
        _rule: R,
        handler: impl Answers<Args>,
    ) -> Routes
    where
        Args: actix_web::FromRequest + 'static,
    {
        self.allow.extend(methods);
        let right = |method: &&'static str| Right {
            method,
            path: self.path,
            rule: R::NAME,
        };
        self.rights.extend(methods.iter().map(right));
        let handler = Ruled::<R, _>::new(handler);
        self.resource = self.resource.route(web::route().guard(guard).to(handler));
        self
    }
}

/// Any function that actix-web takes for a handler.
pub(crate) trait Answers<Args>: Handler<Args, Output: Responder + 'static> {}

impl<H, Args> Answers<Args> for H where H: Handler<Args, Output: Responder + 'static> {}

/// Answers for every path that is nobody's.
pub(crate) async fn unknown_path() -> Result<HttpResponse, Problem> {
    Err(Problem::new(
        StatusCode::NOT_FOUND,
        "unknown-path",
        "There is nothing at this path",
    ))
}
