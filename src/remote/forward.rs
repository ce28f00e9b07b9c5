//! A unix socket of a host's, forwarded to one of ours over the connection that is there. It takes no session.

use std::{ffi::OsString, path::Path, process::Stdio, time::Duration};

use super::{
    session::Door,
    sockets::{Local, Sockets},
    trouble::Trouble,
};

/// How long the connection's own process may take to open a socket here.
const PATIENCE: Duration = Duration::from_secs(4);

/// A forwarded socket. Dropped, it is taken back and removed.
#[derive(Debug)]
pub struct Forward {
    door: Door,
    remote: String,
    local: Local,
}

impl Forward {
    /// Forwards `remote`, a path on the host. Whether the server lets it be used, and whether somebody listens there, only a
    /// connection to [`Self::path`] tells: it is closed at once if not.
    ///
    /// # Errors
    /// When the path cannot be forwarded, or the connection is gone.
    pub async fn open(door: &Door, remote: &str, sockets: &Sockets) -> Result<Self, Trouble> {
        if !is_forwardable(remote) {
            return Err(Trouble::Configuration(format!("{remote} cannot be forwarded; expected a path from `/`")));
        }
        let local = sockets.local().map_err(|error| Trouble::Configuration(format!("a socket here: {error}")))?;
        let arguments = arguments(door, "forward", local.path(), remote);
        let (code, _, complaints) = super::resolved::run("ssh", &arguments, PATIENCE).await?;
        if code != Some(0) {
            return Err(Trouble::of_ssh(&complaints));
        }
        Ok(Self { door: door.clone(), remote: remote.to_owned(), local })
    }

    /// Where it can be connected to.
    pub fn path(&self) -> &Path {
        self.local.path()
    }

    /// The path on the host.
    pub fn remote(&self) -> &str {
        &self.remote
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        // A connection of ours that ended took the forwarding with it; the user's own goes on, and shall not listen for us.
        if !self.door.is_there() {
            return;
        }
        #[allow(clippy::disallowed_methods, reason = "takes back what was opened here; nothing on the host changes")]
        let command = std::process::Command::new("ssh")
            .args(arguments(&self.door, "cancel", self.local.path(), &self.remote))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        if let Ok(mut child) = command {
            std::thread::spawn(move || child.wait());
        }
    }
}

/// Arguments by which `ssh` asks the connection's process. No configuration is read: the user's `LocalForward` lines would be
/// asked for too.
fn arguments(door: &Door, what: &str, local: &Path, remote: &str) -> Vec<OsString> {
    let mut control = OsString::from("ControlPath=");
    control.push(door.socket());
    let mut pair = local.as_os_str().to_owned();
    pair.push(":");
    pair.push(remote);
    let fixed = ["-F", "/dev/null", "-o", "BatchMode=yes", "-o", "LogLevel=INFO", "-o"].map(OsString::from);
    let mut all = fixed.to_vec();
    all.extend([control, "-O".into(), what.into(), "-L".into(), pair]);
    all.extend(["--".into(), door.target.destination().into()]);
    all
}

/// Whether `ssh -L` takes the path as one: a colon would end it, a backslash or a percent sign means something there.
pub fn is_forwardable(path: &str) -> bool {
    path.starts_with('/') && path.len() <= 100 && !path.contains([':', '\\', '%', '$', '"', '\'']) && is_plain(path)
}

fn is_plain(path: &str) -> bool {
    path.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::Target;

    #[test]
    fn only_plain_paths_are_forwarded() {
        for good in ["/var/run/docker.sock", "/run/user/1000/podman/podman.sock"] {
            assert!(is_forwardable(good), "{good}");
        }
        for bad in
            ["", "docker.sock", "/a:b", "/a b", "/a\nb", "/a%h", "/${HOME}", "/é", &format!("/{}", "x".repeat(200))]
        {
            assert!(!is_forwardable(bad), "{bad}");
        }
    }

    #[test]
    fn the_users_configuration_is_not_read_for_it() {
        let door = Door::new(Target::new("h1", Some("/etc/x".into())).expect("a destination"), "/run/c".into());
        let words = arguments(&door, "forward", Path::new("/run/l"), "/run/docker.sock");
        let words: Vec<_> = words.iter().filter_map(|word| word.to_str()).collect();
        assert_eq!(words[..2], ["-F", "/dev/null"]);
        assert_eq!(
            words[words.len() - 7..],
            ["ControlPath=/run/c", "-O", "forward", "-L", "/run/l:/run/docker.sock", "--", "h1"]
        );
    }
}
