//! Answers about pets.

use lambda_http::{Body, Error, Request, RequestExt, Response, run, service_fn};

async fn answer(request: Request) -> Result<Response<Body>, Error> {
    let parameters = request.path_parameters();
    let id = parameters.first("id").unwrap_or("none");
    let text = format!("pets first: {} {} {id}", request.method(), request.raw_http_path());
    println!("{text}");
    Ok(Response::builder().status(200).body(text.into())?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(answer)).await
}
