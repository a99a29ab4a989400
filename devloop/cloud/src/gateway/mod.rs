//! The one port: connections, who is asked, in which protocol, and the answer in the same.

mod dispatch;
mod host;
mod internal;
mod protocol;
mod route;
mod server;

pub(crate) use dispatch::operation;
pub(crate) use server::serve;
