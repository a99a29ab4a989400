//! Reports to the platform why a function could not start; without this the caller only sees an exit status.
//!
//! `lambda_runtime` has no call for this, so it is one request written by hand.

use std::env;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use serde_json::json;

use crate::environment::StartError;

/// How long to wait for the platform, which is on the same machine.
const PATIENCE: Duration = Duration::from_secs(1);

/// Posts to `init/error` `[Using the Lambda runtime API for custom runtimes]`. The function ends either way.
pub(crate) fn report(error: &StartError) {
    if let Ok(api) = env::var("AWS_LAMBDA_RUNTIME_API") {
        let _ = post(&api, &error.to_string());
    }
}

fn post(api: &str, message: &str) -> io::Result<()> {
    let body =
        json!({"errorType": "Runtime.InitError", "errorMessage": message, "stackTrace": []}).to_string();
    let address = api.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
    let mut connection = TcpStream::connect_timeout(&address, PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    write!(
        connection,
        "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: {api}\r\nContent-Type: application/json\r\n\
         Lambda-Runtime-Function-Error-Type: Runtime.InitError\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    // Wait for the answer: closing the connection too early may lose the request.
    connection.read_to_end(&mut Vec::new()).map(drop)
}
