//! The server of a session.

use std::path::Path;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{Cluster, DatabaseUrl, PostgresError};

/// A server that takes connections. It ends with [`Server::stop`], and whenever this process ends.
#[derive(Debug)]
pub struct Server {
    url: DatabaseUrl,
    stop: CancellationToken,
    life: JoinHandle<()>,
}

impl Server {
    /// Makes a server with an empty database in a private folder below `home`, and starts it. The [`Death`] reports if the server
    /// ends before it is stopped.
    pub async fn start(home: &Path) -> Result<(Self, Death), PostgresError> {
        let cluster = Cluster::make(home, std::env::var_os("PATH").as_deref()).await?;
        let mut process = cluster.start(None, &[]).await?;
        let url = cluster.url(process.port);
        let stop = CancellationToken::new();
        let (tell, died) = tokio::sync::oneshot::channel();
        let life = tokio::spawn({
            let stop = stop.clone();
            async move {
                let ended = tokio::select! {
                    () = stop.cancelled() => None,
                    ended = process.wait() => Some(ended),
                };
                match ended {
                    None => process.stop().await,
                    Some(ended) => {
                        let _ = tell.send(format!("PostgreSQL ended: {ended}"));
                    }
                }
                // The folder is removed when no process works in it any more.
                drop(cluster);
            }
        });
        Ok((Self { url, stop, life }, Death(died)))
    }

    /// The database's URL.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Ends the server. When this resolves, its processes and its folder are gone.
    pub async fn stop(self) {
        self.stop.cancel();
        let _ = self.life.await;
    }
}

/// Reports that a server has ended that was not stopped.
#[derive(Debug)]
pub struct Death(tokio::sync::oneshot::Receiver<String>);

impl Death {
    /// Resolves with a message if the server ends by itself, and with `None` when it was stopped.
    pub async fn wait(self) -> Option<String> {
        self.0.await.ok()
    }
}
