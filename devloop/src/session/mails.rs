//! Reports the e-mails of the session's cloud, one line each.

use devloop_cloud::Cloud;
use tokio::sync::broadcast::error::RecvError;

use crate::bus::Events;
use crate::engine::Fact;

/// Reports every e-mail that a topic sends.
pub(super) async fn follow(cloud: Cloud, events: Events) {
    let mut mails = cloud.follow_mails();
    loop {
        let line = match mails.recv().await {
            Ok(mail) => format!("mail to {}: {} (devloop mail {})", mail.to, mail.subject, mail.number),
            Err(RecvError::Lagged(missed)) => format!("{missed} more mails (devloop mail)"),
            Err(RecvError::Closed) => return,
        };
        events.send(Fact::Log { function: "devloop".to_owned(), line }).await;
    }
}
