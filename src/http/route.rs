//! Resources that answer every method: with a handler, or with the list of those it understands.

use actix_web::{
    Handler, HttpResponse, Resource, Responder,
    guard::{self, Guard},
    http::{Method, StatusCode},
    web,
};

use super::Problem;

/// A resource under construction.
pub(crate) struct Routes {
    resource: Resource,
    allow: Vec<&'static str>,
}

/// Begins the resource at `path`.
pub(crate) fn resource(path: &'static str) -> Routes {
    Routes {
        resource: web::resource(path),
        allow: Vec::new(),
    }
}

impl Routes {
    /// Answers GET, and HEAD with the same headers.
    pub(crate) fn get<Args>(self, handler: impl Answers<Args>) -> Routes
    where
        Args: actix_web::FromRequest + 'static,
    {
        self.on(
            guard::Any(guard::Get()).or(guard::Head()),
            &["GET", "HEAD"],
            handler,
        )
    }

    /// Answers POST.
    pub(crate) fn post<Args>(self, handler: impl Answers<Args>) -> Routes
    where
        Args: actix_web::FromRequest + 'static,
    {
        self.on(guard::Post(), &["POST"], handler)
    }

    /// Answers PATCH.
    pub(crate) fn patch<Args>(self, handler: impl Answers<Args>) -> Routes
    where
        Args: actix_web::FromRequest + 'static,
    {
        self.on(guard::Patch(), &["PATCH"], handler)
    }

    /// Answers DELETE.
    pub(crate) fn delete<Args>(self, handler: impl Answers<Args>) -> Routes
    where
        Args: actix_web::FromRequest + 'static,
    {
        self.on(guard::Delete(), &["DELETE"], handler)
    }

    /// Ends the resource: any other method is told which ones there are.
    pub(crate) fn done(mut self) -> Resource {
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

    fn on<Args>(
        mut self,
        guard: impl Guard + 'static,
        methods: &[&'static str],
        handler: impl Answers<Args>,
    ) -> Routes
    where
        Args: actix_web::FromRequest + 'static,
    {
        self.allow.extend(methods);
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
