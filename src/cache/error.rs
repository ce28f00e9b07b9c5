//! Why the cache cannot be used. Each is one line: what, where, why, what happens now.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the cache cannot be used; the console goes on without it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file or its directory cannot be made or opened.
    #[error("cache {}: {source}; going on without it", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file or its directory belongs to somebody else.
    #[error("cache {}: belongs to another user (uid {owner}); going on without it", path.display())]
    Owner {
        /// The file or directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// Others may write to the directory.
    #[error("cache {}: others may write to this directory; choose one of your own, or chmod go-w it", path.display())]
    Shared {
        /// The directory.
        path: PathBuf,
    },
    /// A directory, a link, a device.
    #[error("cache {}: is no ordinary file; going on without it", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Another process holds it.
    #[error("cache {}: another console is writing to it; going on without it", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// It was damaged and is out of the way now.
    #[error("cache {}: damaged; moved to {}, a new one begins", path.display(), aside.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where it is now.
        aside: PathBuf,
    },
    /// A newer ronde wrote it.
    #[error("cache {}: written by a newer ronde (layout {found}, this one knows {known}); going on without it", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its layout.
        found: i64,
        /// The newest this ronde knows.
        known: i64,
    },
    /// It is some other program's database.
    #[error("cache {}: is not ronde's; left alone, set another [cache] path", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The disk, or the file's limit, is full.
    #[error("cache {}: no space left (disk full, or [cache] limit too small); going on without saving", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Anything else SQLite says.
    #[error("cache {}: {source}; going on without it", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What it says.
        #[source]
        source: rusqlite::Error,
    },
    /// Rows could not be written down.
    #[error("cache {}: {source}", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    pub(super) fn of(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            _ => Self::Sqlite { path, source },
        }
    }
}

/// The error of a file that was found damaged by looking.
pub(super) fn damage() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT), None)
}

pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    // A file that lost tables or columns says so only when they are named.
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown))
}

pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}
