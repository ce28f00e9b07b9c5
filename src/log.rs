//! ronde's own log: a file, never the terminal. Bounded: a full file becomes `ronde.log.1`, in place of the one before.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::schema::Level;

/// Bytes of one file.
pub const LIMIT: u64 = 4 << 20;

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
#[error("log {}: {source}; nothing is logged", path.display())]
pub struct Error {
    /// The file.
    path: PathBuf,
    /// Why.
    #[source]
    source: io::Error,
}

/// Begins to log to the file. Keep the guard: what it holds back is written when it goes.
///
/// # Errors
///
/// The file cannot be made, or something else logs already.
pub fn start(file: &Path, level: Level) -> Result<WorkerGuard, Error> {
    let failed = |source| Error { path: file.to_owned(), source };
    let (writer, guard) = tracing_appender::non_blocking(Bounded::open(file, LIMIT).map_err(failed)?);
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer);
    let subscriber = tracing_subscriber::registry().with(filter(level)).with(lines);
    subscriber.try_init().map_err(|error| failed(io::Error::other(error)))?;
    Ok(guard)
}

/// ronde's own lines from `level` on; of the crates below only what went wrong, as they say much and some say secrets. The
/// Kubernetes client counts every request that a server does not answer as an error; ours says which and why.
fn filter(level: Level) -> EnvFilter {
    let word = match level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    };
    let others = if level == Level::Error { "error" } else { "warn" };
    EnvFilter::new(format!("{others},kube_client::client::builder=off,ronde={word}"))
}

/// A file that begins anew when it is full.
struct Bounded {
    path: PathBuf,
    file: File,
    written: u64,
    limit: u64,
}

impl Bounded {
    fn open(path: &Path, limit: u64) -> io::Result<Self> {
        if let Some(directory) = path.parent().filter(|directory| !directory.exists()) {
            DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        }
        let file = append(path)?;
        Ok(Self { path: path.to_owned(), written: file.metadata()?.len(), file, limit })
    }

    fn turn(&mut self) -> io::Result<()> {
        let mut earlier = self.path.clone().into_os_string();
        earlier.push(".1");
        // Another console may have turned it already; then its new file is the one to go on with.
        if fs::metadata(&self.path).is_ok_and(|found| found.len() >= self.limit) {
            fs::rename(&self.path, earlier)?;
        }
        self.file = append(&self.path)?;
        self.written = self.file.metadata()?.len();
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is no ordinary file"));
    }
    Ok(file)
}

impl Write for Bounded {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.written >= self.limit {
            self.turn()?;
        }
        let written = self.file.write(line)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_log_is_private_and_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/ronde.log");
        let mut log = Bounded::open(&path, 1000).unwrap();
        for n in 0..1000 {
            writeln!(log, "line {n}").unwrap();
        }
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        let names: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().map(|e| e.unwrap()).collect();
        assert_eq!(names.len(), 2, "the file and the one before");
        assert!(names.iter().all(|entry| entry.metadata().unwrap().len() < 1100));
        assert!(fs::read_to_string(&path).unwrap().ends_with("line 999\n"));
    }

    #[test]
    fn two_consoles_turn_it_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ronde.log");
        let (mut first, mut second) = (Bounded::open(&path, 100).unwrap(), Bounded::open(&path, 100).unwrap());
        for n in 0..30 {
            writeln!(first, "first {n}").unwrap();
            writeln!(second, "second {n}").unwrap();
        }
        let text = fs::read_to_string(&path).unwrap() + &fs::read_to_string(dir.path().join("ronde.log.1")).unwrap();
        assert!(text.contains("first 29") && text.contains("second 29"), "{text}");
    }
}
