//! Where ronde's files are: XDG directories, on every system.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use super::schema::{Config, Kubeconfig};

/// The configuration of the whole machine.
pub const SYSTEM: &str = "/etc/ronde/config.toml";

/// Files of this user, and the machine's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The home directory, for `~`.
    pub home: PathBuf,
    /// The machine's configuration.
    pub system: PathBuf,
    /// The user's configuration.
    pub user: PathBuf,
    /// The directory of what can be made again.
    pub cache: PathBuf,
    /// The directory of logs and saved views.
    pub state: PathBuf,
}

/// There is no home directory.
#[derive(Debug, thiserror::Error)]
#[error("no home directory: set HOME")]
pub struct Homeless(#[source] etcetera::HomeDirError);

impl Places {
    /// The places of the user who runs this. A relative path in an XDG variable is passed over, as its specification says.
    pub fn of_this_user() -> Result<Self, Homeless> {
        let xdg = etcetera::base_strategy::Xdg::new().map_err(Homeless)?;
        let home = xdg.home_dir().to_owned();
        Ok(Self {
            system: SYSTEM.into(),
            user: xdg.config_dir().join("ronde/config.toml"),
            cache: xdg.cache_dir().join("ronde"),
            state: xdg.state_dir().unwrap_or_else(|| home.join(".local/state")).join("ronde"),
            home,
        })
    }

    /// Places below one directory, for tests and sandboxes.
    pub fn below(root: &Path) -> Self {
        Self {
            home: root.to_owned(),
            system: root.join("etc/ronde/config.toml"),
            user: root.join(".config/ronde/config.toml"),
            cache: root.join(".cache/ronde"),
            state: root.join(".local/state/ronde"),
        }
    }

    /// The path with `~` as the home directory.
    pub fn expand(&self, path: &Path) -> PathBuf {
        path.strip_prefix("~").map_or_else(|_| path.to_owned(), |rest| self.home.join(rest))
    }
}

impl Config {
    /// Replaces `~` in every path.
    #[must_use]
    pub(super) fn at_home(mut self, places: &Places) -> Self {
        if self.ui.theme.starts_with('~') {
            self.ui.theme = places.expand(Path::new(&self.ui.theme)).to_string_lossy().into_owned();
        }
        let engines = self.engines.iter_mut().filter_map(|engine| engine.certificates.as_mut());
        let clusters = self.clusters.iter_mut().filter_map(|cluster| match &mut cluster.kubeconfig {
            Some(Kubeconfig::Path(path)) => Some(path),
            _ => None,
        });
        let own =
            [&mut self.cache.path, &mut self.log.file, &mut self.ssh.config].into_iter().filter_map(Option::as_mut);
        for path in engines.chain(clusters).chain(own) {
            *path = places.expand(path);
        }
        self
    }

    /// The cache's file.
    pub fn cache_file(&self, places: &Places) -> PathBuf {
        self.cache.path.clone().unwrap_or_else(|| places.cache.join("state.db"))
    }

    /// The log's file.
    pub fn log_file(&self, places: &Places) -> PathBuf {
        self.log.file.clone().unwrap_or_else(|| places.state.join("ronde.log"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilde_is_the_home_directory_and_nothing_else() {
        let places = Places::below(Path::new("/home/a"));
        for (path, full) in [("~/x/y", "/home/a/x/y"), ("~", "/home/a"), ("/x/~/y", "/x/~/y"), ("~b/x", "~b/x")] {
            assert_eq!(places.expand(Path::new(path)), Path::new(full));
        }
    }
}
