//! A router behind a function URL.

use lambda_http::{Body, Error, Request, RequestExt, Response, run, service_fn};

async fn route(request: Request) -> Result<Response<Body>, Error> {
    let (status, text) = match (request.method().as_str(), request.raw_http_path()) {
        ("GET", "/") => (200, "url first: home".to_owned()),
        ("GET", path) if path.starts_with("/hello/") => (200, format!("url first: hello {}", &path[7..])),
        (method, path) => (404, format!("url first: no {method} {path}")),
    };
    println!("{text}");
    Ok(Response::builder().status(status).header("content-type", "text/plain").body(text.into())?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(route)).await
}
