//! Where control sockets stand: a directory that is ours alone, with a path short enough for a socket's address, and without
//! those that a console left when it was killed.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use rustix::process::{Pid, getuid, test_kill_process};

use super::janitor::Janitor;

/// Bytes of a path that `ssh` can bind: a socket's address has 108, and `ssh` adds a dot and sixteen letters meanwhile.
const LONGEST: usize = 90;

/// A directory for this console's sockets. Clones name sockets from the same row of numbers.
#[derive(Clone, Debug)]
pub struct Sockets {
    directory: PathBuf,
    next: Arc<AtomicU32>,
    /// Removes what `ssh` would leave when this console is killed; started when there is something.
    janitor: Arc<Mutex<Option<Janitor>>>,
}

/// The path of a socket that nobody else removes. Dropped, it is removed.
#[derive(Debug)]
pub struct Local(PathBuf);

impl Local {
    /// The path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // It may never have been made.
        let _ = fs::remove_file(&self.0);
    }
}

impl Sockets {
    /// In the user's runtime directory, else in the temporary one. Removes what dead consoles left.
    pub fn open() -> io::Result<Self> {
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let runtime = runtime.filter(|path| path.is_absolute() && is_ours(path)).map(|path| path.join("ronde"));
        let temporary = || std::env::temp_dir().join(format!("ronde-{}", getuid().as_raw()));
        Self::at(runtime.unwrap_or_else(temporary))
    }

    /// In this directory, which is made where it is not there.
    pub fn at(directory: PathBuf) -> io::Result<Self> {
        if directory.as_os_str().len() + 1 + name(u32::MAX, u32::MAX).len() > LONGEST {
            let why = format!("{}: too long for a socket; set XDG_RUNTIME_DIR", directory.display());
            return Err(io::Error::new(io::ErrorKind::InvalidFilename, why));
        }
        match fs::DirBuilder::new().mode(0o700).create(&directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        if !is_ours(&directory) {
            let why = format!("{}: not a directory of this user's alone (0700)", directory.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        }
        let sockets = Self { directory, next: Arc::default(), janitor: Arc::default() };
        sockets.sweep();
        Ok(sockets)
    }

    /// A path that no other connection has.
    pub fn path(&self) -> PathBuf {
        self.directory.join(name(std::process::id(), self.next.fetch_add(1, Ordering::Relaxed)))
    }

    /// A path for a socket that goes with this console, also when it is killed.
    ///
    /// # Errors
    /// When nothing could remove it in that case.
    pub fn local(&self) -> io::Result<Local> {
        let path = self.path();
        let mut janitor = self.janitor.lock().unwrap_or_else(PoisonError::into_inner);
        match janitor.as_mut() {
            Some(janitor) => janitor.see_to(&path)?,
            None => janitor.insert(Janitor::start()?).see_to(&path)?,
        }
        Ok(Local(path))
    }

    /// Removes sockets whose console is gone. Its `ssh` ended with it: the probe's session is the master's own.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let console = name.to_str().and_then(|name| name.split_once('.')?.0.parse().ok()).and_then(Pid::from_raw);
            if console.is_some_and(|console| test_kill_process(console) == Err(rustix::io::Errno::SRCH)) {
                // Another console may be sweeping too.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn name(console: u32, number: u32) -> String {
    format!("{console}.{number}")
}

/// A real directory that belongs to this user and to which nobody else has a way: the last six bits of its mode are 0.
fn is_ours(path: &Path) -> bool {
    fs::symlink_metadata(path)
        .is_ok_and(|meta| meta.is_dir() && meta.uid() == getuid().as_raw() && meta.mode().trailing_zeros() >= 6)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn sockets_of_dead_consoles_go_and_those_of_living_ones_stay() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("r");
        let sockets = Sockets::at(directory.clone()).unwrap();
        let (first, second) = (sockets.path(), sockets.clone().path());
        assert!(first != second && first.starts_with(&directory));
        // The numbers of processes end far below.
        for name in ["2000000000.0", "2000000000.0.AbCdEfGhIjKlMnOp", "notes"] {
            fs::write(directory.join(name), "").unwrap();
        }
        fs::write(&first, "").unwrap();
        Sockets::at(directory.clone()).unwrap();
        let mut left: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        left.sort();
        assert_eq!(left, [first, directory.join("notes")]);
    }

    #[test]
    fn a_directory_of_others_or_with_a_long_name_is_refused() {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(Sockets::at(home.path().into()).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        let link = home.path().join("link");
        let own = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(own.path(), &link).unwrap();
        assert_eq!(Sockets::at(link).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        let long = home.path().join("x".repeat(90));
        assert_eq!(Sockets::at(long).unwrap_err().kind(), io::ErrorKind::InvalidFilename);
    }
}
