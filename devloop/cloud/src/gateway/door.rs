//! Who may ask on a port of this machine. The gateway asks here, and so does every other server of a session.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
};

use devloop_system::sockets::user_behind;
use hyper::http::request::Parts;
use tokio::net::TcpStream;

use super::host;

/// Whether programs of other users of this machine are answered.
#[derive(Debug, Default)]
pub struct Door {
    is_for_own_user: AtomicBool,
}

impl Door {
    /// What programs of other users are told.
    pub const TURNED_AWAY: &str =
        "this port answers programs of the user who started it, and no others (devloop's --only-me)";

    /// A door for programs of all users of this machine, or for those of this user and root alone.
    pub fn new(is_for_own_user: bool) -> Self {
        Self { is_for_own_user: AtomicBool::new(is_for_own_user) }
    }

    /// Turns programs of other users of this machine away from now on.
    pub(crate) fn close_to_other_users(&self) {
        self.is_for_own_user.store(true, Ordering::Relaxed);
    }

    /// Whether the program at the other end of a connection is answered.
    pub async fn lets_in(&self, stream: &TcpStream, peer: SocketAddr) -> bool {
        !self.is_for_own_user.load(Ordering::Relaxed) || is_own_user(stream, peer).await
    }

    /// Gives a request the one Host that it is for, and says with which status and why a request is turned away that is for another
    /// host, or that a page of another site sends.
    pub fn refusal(parts: &mut Parts) -> Option<(u16, String)> {
        match host::settle(parts) {
            Ok(()) => host::refusal(&parts.headers, false).map(|why| (403, why)),
            Err(why) => Some((400, why)),
        }
    }
}

/// Whether the program at the other end is this user's, or root's, who may do everything anyway.
async fn is_own_user(stream: &TcpStream, peer: SocketAddr) -> bool {
    const ROOT: u32 = 0;
    let Ok(own) = stream.local_addr() else { return false };
    let looking = tokio::task::spawn_blocking(move || user_behind(peer, own));
    let user = looking.await.ok().flatten();
    user.is_some_and(|user| user == ROOT || user == rustix::process::geteuid().as_raw())
}
