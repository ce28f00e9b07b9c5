//! Whether files with credentials are for their owner only.

use std::{
    collections::BTreeSet,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use futures::{FutureExt, future::BoxFuture};

use super::super::{Check, Probe, Verdict};

/// Kubeconfigs of all clusters, each once.
pub(super) struct Kubeconfigs(BTreeSet<PathBuf>);

impl Kubeconfigs {
    /// Of these files; some may not be there.
    pub(super) fn new(files: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(files.into_iter().collect())
    }
}

impl Probe for Kubeconfigs {
    fn subject(&self) -> String {
        "kubeconfig".to_owned()
    }

    fn ask(&self) -> BoxFuture<'_, Vec<Check>> {
        let files = self.0.clone();
        async move {
            // A home directory on a network may hang.
            let looked = tokio::task::spawn_blocking(move || files.iter().filter_map(|file| look(file)).collect());
            let failed =
                |error: tokio::task::JoinError| vec![Check::new(Verdict::Fail, self.subject(), error.to_string())];
            looked.await.unwrap_or_else(failed)
        }
        .boxed()
    }
}

/// Nothing to say of a file that cannot be seen: the clusters that need it say more.
fn look(file: &Path) -> Option<Check> {
    let mode = std::fs::metadata(file).ok()?.mode();
    let shown = file.display();
    Some(if mode & 0o077 != 0 {
        let finding = format!("{shown}: others may read it; it is as good as your password: chmod 0600 it");
        Check::new(Verdict::Warn, "kubeconfig", finding)
    } else {
        Check::new(Verdict::Ok, "kubeconfig", shown.to_string())
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn each_file_once_and_those_open_to_others_are_told() {
        let home = tempfile::tempdir().unwrap();
        let (mine, open) = (home.path().join("a-mine"), home.path().join("b-open"));
        for (path, mode) in [(&mine, 0o600), (&open, 0o640)] {
            std::fs::write(path, "").unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let files = [mine.clone(), open.clone(), mine, home.path().join("c-absent")];
        let checks = Kubeconfigs::new(files).ask().await;
        let verdicts: Vec<_> = checks.iter().map(|check| check.verdict).collect();
        assert_eq!(verdicts, [Verdict::Ok, Verdict::Warn]);
        assert!(checks[1].finding.contains("chmod 0600"), "{:?}", checks[1]);
    }
}
