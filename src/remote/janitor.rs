//! Removes our sockets when this console was killed and could not: a shell that waits for the end of its standard input, which
//! comes whatever the console dies of.

use std::{
    io::{self, Write},
    path::Path,
    process::{ChildStdin, Command, Stdio},
    thread::JoinHandle,
};

/// Keeps the names it reads, and removes them at the end.
const SCRIPT: &str =
    r#"trap '' HUP INT TERM; while read -r path; do set -- "$@" "$path"; done; [ $# -eq 0 ] || rm -f -- "$@""#;

/// A running janitor.
#[derive(Debug)]
pub(super) struct Janitor {
    names: ChildStdin,
    /// Its end.
    #[cfg_attr(not(test), expect(dead_code, reason = "only a test waits for it"))]
    ended: JoinHandle<()>,
}

impl Janitor {
    /// Starts one.
    pub(super) fn start() -> io::Result<Self> {
        use std::os::unix::process::CommandExt;
        #[allow(clippy::disallowed_methods, reason = "it only removes sockets that this console made")]
        let mut child = Command::new("sh")
            .args(["-c", SCRIPT, "ronde-janitor"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Keys pressed in the console's terminal do not reach it.
            .process_group(0)
            .current_dir("/")
            .spawn()?;
        let names = child.stdin.take().ok_or_else(|| io::Error::other("no standard input"))?;
        let ended = std::thread::spawn(move || drop(child.wait()));
        Ok(Self { names, ended })
    }

    /// It shall see to this file too.
    pub(super) fn see_to(&mut self, path: &Path) -> io::Result<()> {
        self.names.write_all(path.as_os_str().as_encoded_bytes())?;
        self.names.write_all(b"\n")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_was_named_goes_when_the_console_does() {
        let home = tempfile::tempdir().unwrap();
        let [left, kept] = ["a b", "c"].map(|name| home.path().join(name));
        for path in [&left, &kept] {
            fs::write(path, "").unwrap();
        }
        let mut janitor = Janitor::start().unwrap();
        janitor.see_to(&left).unwrap();
        assert!(left.exists());
        let Janitor { names, ended } = janitor;
        drop(names);
        ended.join().unwrap();
        assert!(!left.exists() && kept.exists());
    }
}
