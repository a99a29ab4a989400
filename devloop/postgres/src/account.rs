//! The system's account that the server runs as. PostgreSQL refuses to run as root, so under root it runs as `postgres`, the
//! account that PostgreSQL's packages create.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use tokio::process::Command;

use crate::PostgresError;

/// The account's name in every distribution.
const NAME: &str = "postgres";

/// An account other than the one that devloop runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Account {
    /// The account `postgres` if devloop runs as root; otherwise `None`, and the server runs as devloop does.
    pub(crate) fn find() -> Result<Option<Self>, PostgresError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        Self::named(&users).map(Some).ok_or(PostgresError::NoUser)
    }

    fn named(users: &str) -> Option<Self> {
        let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let fields = fields.into_iter().find(|fields| fields.first() == Some(&NAME))?;
        let (uid, gid) = (fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?);
        (uid != 0).then_some(Self { uid, gid })
    }

    /// Makes the command run as this account, without any of root's groups.
    pub(crate) fn runs(self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }

    /// Whether this account can enter the folder and all folders above it: root's home is closed to others.
    pub(crate) fn reaches(self, folder: &Path) -> bool {
        folder.ancestors().all(|each| match each.metadata() {
            Ok(metadata) => self.may_enter(&metadata),
            // A folder that does not exist yet will be made so that the account can enter it.
            Err(_) => true,
        })
    }

    fn may_enter(self, metadata: &Metadata) -> bool {
        let bit = if metadata.uid() == self.uid {
            0o100
        } else if metadata.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        metadata.mode() & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::Account;

    #[test]
    fn the_user_is_read_from_the_list_of_users() {
        let users =
            "root:x:0:0::/root:/bin/sh\npostgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(Account::named(users), Some(Account { uid: 101, gid: 104 }));
        assert_eq!(Account::named("root:x:0:0::/root:/bin/sh\n"), None);
        assert_eq!(Account::named("postgres:x:0:0::/:/bin/sh\n"), None, "this is root under another name");
        assert_eq!(Account::named("postgres\n"), None);
    }

    #[test]
    fn a_folder_that_is_closed_to_others_is_out_of_reach() {
        let home = tempfile::tempdir().unwrap();
        let inner = home.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let stranger = Account { uid: 4_000_000, gid: 4_000_000 };
        let open = |mode| fs::set_permissions(home.path(), fs::Permissions::from_mode(mode)).unwrap();
        open(0o700);
        assert!(!stranger.reaches(&inner));
        open(0o711);
        assert!(stranger.reaches(&inner) && stranger.reaches(&inner.join("to be made")));
    }
}
