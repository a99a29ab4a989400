use runtime::{Body, Error, Request, RequestExt, Response, lambda_main};

async fn answer(request: Request) -> Result<Response<Body>, Error> {
    let parameters = request.path_parameters();
    let text = format!("delete-user first: {} {}", request.method(), parameters.first("id").unwrap_or("all"));
    println!("{text}");
    Ok(Response::new(text.into()))
}

lambda_main!(answer);
