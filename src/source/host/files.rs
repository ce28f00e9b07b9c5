//! The files of a Linux machine, wherever they are read: here, or on a host that sent their text.

use std::borrow::Cow;

/// Text of files, named from the root without leading slash.
pub(super) trait Files {
    /// The text of a small file; `None` when it is absent or may not be read.
    fn read(&self, name: &str) -> Option<Cow<'_, str>>;

    /// Whether there is such a file.
    fn exists(&self, name: &str) -> bool;

    /// Names in a directory; empty when it cannot be read.
    fn list(&self, directory: &str) -> Vec<String>;

    /// How many processes there are.
    fn processes(&self) -> Option<u32>;
}
