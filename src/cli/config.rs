//! `ronde config …`.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use crate::config::{self, EXAMPLE, Loaded};

/// Why the example was not written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is a configuration.
    #[error("{}: is there already and stays as it is; `ronde config schema` and config.example.toml show every key", .0.display())]
    Exists(PathBuf),
    /// It cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Writes the commented example to a file that is not there yet.
pub fn init(path: &Path) -> Result<(), InitError> {
    let failed = |source: std::io::Error| match source.kind() {
        ErrorKind::AlreadyExists => InitError::Exists(path.to_owned()),
        _ => InitError::Io { path: path.to_owned(), source },
    };
    if let Some(directory) = path.parent().filter(|directory| !directory.exists()) {
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
    }
    // Addresses and names of a site are nobody else's business.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(EXAMPLE.as_bytes()).map_err(failed)
}

/// What `check` prints of a configuration without mistakes.
pub fn checked(loaded: &Loaded) -> String {
    let files: Vec<_> = loaded.files.iter().map(|file| format!("{}: ok\n", file.display())).collect();
    if files.is_empty() { "no configuration file: defaults hold\n".to_owned() } else { files.concat() }
}

/// The JSON schema, as text.
pub fn schema() -> String {
    format!("{:#}\n", config::json_schema())
}
