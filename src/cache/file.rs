//! The cache's file on disk: private to its user, and moved aside when damaged, never deleted.

use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::Error;

/// Makes directory (0700) and file (0600) where missing, refuses what others could have put there, closes a file that
/// others may read.
pub(super) fn prepare(path: &Path) -> Result<(), Error> {
    let me = rustix::process::geteuid().as_raw();
    let directory = path.parent().unwrap_or(Path::new("/"));
    let found = match fs::metadata(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|source| io(directory, source))?;
            fs::metadata(directory)
        }
        found => found,
    };
    let found = found.map_err(|source| io(directory, source))?;
    if found.uid() != me {
        return Err(Error::Owner { path: directory.to_owned(), owner: found.uid() });
    }
    if found.mode() & 0o022 != 0 {
        return Err(Error::Shared { path: directory.to_owned() });
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(source) => return Err(io(path, source)),
    }
    let found = fs::symlink_metadata(path).map_err(|source| io(path, source))?;
    if !found.is_file() {
        return Err(Error::NotAFile { path: path.to_owned() });
    }
    if found.uid() != me {
        return Err(Error::Owner { path: path.to_owned(), owner: found.uid() });
    }
    if found.mode() & 0o177 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(|source| io(path, source))?;
    }
    Ok(())
}

fn io(path: &Path, source: std::io::Error) -> Error {
    Error::Io { path: path.to_owned(), source }
}

/// Moves the file and what SQLite keeps beside it out of the way; the error that says so.
pub(super) fn set_aside(path: &Path, now: Timestamp) -> Error {
    let stamp = now.strftime("%Y%m%dT%H%M%SZ");
    let name = |suffix: &str, end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!("{suffix}{end}"));
        PathBuf::from(name)
    };
    let free = (0..).map(|n| if n == 0 { String::new() } else { format!("-{n}") });
    let mut ends = free.map(|n| format!(".damaged-{stamp}{n}")).take(100);
    let end = ends.find(|end| !name(end, "").exists()).unwrap_or_else(|| format!(".damaged-{stamp}"));
    let aside = name(&end, "");
    if let Err(source) = fs::rename(path, &aside) {
        return io(path, source);
    }
    for beside in ["-wal", "-shm"] {
        // Often there is none. One that stayed would be taken for the new file's.
        if let Err(source) = fs::rename(name(beside, ""), name(&end, beside))
            && source.kind() != ErrorKind::NotFound
        {
            return io(&name(beside, ""), source);
        }
    }
    Error::Damaged { path: path.to_owned(), aside }
}
