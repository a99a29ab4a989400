//! What every function of the company begins with.

pub use lambda_http::{Body, Error, Request, RequestExt, Response};
pub use lambda_http::{run, service_fn};
pub use tokio;

/// The program of a function with this handler.
#[macro_export]
macro_rules! lambda_main {
    ($handler:path) => {
        fn main() -> Result<(), $crate::Error> {
            let runtime = $crate::tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on($crate::run($crate::service_fn($handler)))
        }
    };
}
