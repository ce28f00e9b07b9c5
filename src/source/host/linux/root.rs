//! The tree the files are read from: `/`, or a captured one.

use std::{
    borrow::Cow,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use super::super::files::Files;

/// Bytes of one file that are read at most. `/proc/net/dev` and `mountinfo` of a large host stay far below.
const LIMIT: u64 = 4 << 20;

/// Names of one directory that are read at most.
const LISTED: usize = 10_000;

/// Where `/` is.
#[derive(Clone, Debug)]
pub(in crate::source::host) struct Root(PathBuf);

impl Root {
    /// A tree whose `/` is `path`.
    pub(in crate::source::host) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The path of a file named from the root, without leading slash.
    pub(in crate::source::host) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    /// At most `limit` bytes of a file.
    pub(in crate::source::host) fn read_up_to(&self, name: &str, limit: u64) -> Option<String> {
        let mut bytes = Vec::new();
        File::open(self.path(name)).ok()?.take(limit).read_to_end(&mut bytes).ok()?;
        Some(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })
    }

    /// The entries of a directory that are numbers: the processes in `/proc`.
    pub(super) fn numbered(&self, name: &str) -> Option<impl Iterator<Item = u32>> {
        Some(fs::read_dir(self.path(name)).ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()))
    }
}

impl Files for Root {
    fn read(&self, name: &str) -> Option<Cow<'_, str>> {
        self.read_up_to(name, LIMIT).map(Cow::Owned)
    }

    fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    fn list(&self, directory: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(directory)).into_iter().flatten().flatten();
        entries.take(LISTED).filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    fn processes(&self) -> Option<u32> {
        u32::try_from(self.numbered("proc")?.count()).ok()
    }
}
