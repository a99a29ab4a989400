//! The cloud's one port: accepts connections, finds the service and protocol of each request, and answers in the same
//! protocol. The services come from the registry; the gateway knows none by name.

mod dispatch;
mod door;
mod fallback;
mod host;
mod pages;
mod protocol;
mod route;
mod server;

#[cfg(test)]
pub(crate) use dispatch::answer;
pub use door::Door;
pub(crate) use pages::Pages;
pub(crate) use server::serve;
