//! The one port: connections, who is asked, in which protocol, and the answer in the same. What there is to ask is in the
//! registry; no service is known here by name.

mod dispatch;
mod fallback;
mod host;
mod pages;
mod protocol;
mod route;
mod server;

#[cfg(test)]
pub(crate) use dispatch::answer;
pub(crate) use pages::Pages;
pub(crate) use server::serve;
