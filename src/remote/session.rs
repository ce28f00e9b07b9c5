//! Further sessions on a connection that is there: one program each, by the control socket.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{
    io::Join,
    process::{ChildStdin, ChildStdout},
    time::timeout,
};

use super::{
    connection::{LAST_WORDS, Ssh},
    slots::{Full, Slot, Slots},
    target::Target,
    trouble::Trouble,
};

/// What a program in a session prints and reads.
pub type Stream = Join<ChildStdout, ChildStdin>;

/// The way to a host that is connected. Clones share its sessions.
#[derive(Clone, Debug)]
pub struct Door {
    /// The host.
    pub target: Target,
    /// The control socket of its connection.
    socket: PathBuf,
    slots: Slots,
}

impl Door {
    /// The way over the connection with this control socket.
    pub fn new(target: Target, socket: PathBuf) -> Self {
        Self { target, socket, slots: Slots::default() }
    }

    /// A session on the connection, for one program.
    pub fn session(&self) -> Result<Slot, Full> {
        self.slots.take()
    }

    /// The control socket of the connection.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Whether the connection still has its control socket.
    pub fn is_there(&self) -> bool {
        self.socket.exists()
    }

    /// Whether both lead over the same connection.
    pub fn is_same(&self, other: &Self) -> bool {
        self.slots.is_same(&other.slots)
    }

    /// How many sessions the connection takes besides the probe's, as far as is known.
    pub fn limit(&self) -> u32 {
        self.slots.limit()
    }

    /// Starts a program on the host.
    ///
    /// # Errors
    /// When all sessions are taken, or `ssh` cannot be started.
    pub fn start(&self, program: &str, arguments: &[String], environment: &[(&str, &str)]) -> Result<Session, Trouble> {
        let slot = self.session().map_err(|full| Trouble::Full(full.limit))?;
        let ssh = Ssh::start("ssh", &self.arguments(program, arguments, environment), None)?;
        Ok(Session { ssh, slot })
    }

    /// Arguments for `ssh` that run this program on the host, with these environment variables.
    ///
    /// Every word is quoted for the login shell. When the connection takes no more sessions `ssh` would make a new one, with
    /// logins nobody asked for; a `ProxyCommand` that fails keeps it from that.
    pub fn arguments(&self, program: &str, arguments: &[String], environment: &[(&str, &str)]) -> Vec<OsString> {
        let mut control = OsString::from("ControlPath=");
        control.push(&self.socket);
        let mut all = self.target.config_arguments();
        for option in
            ["BatchMode=yes", "ControlMaster=no", "ProxyCommand=false", "ProxyJump=none", "RemoteCommand=none"]
        {
            all.extend(["-o".into(), option.into()]);
        }
        all.extend(["-o".into(), control, "-T".into(), "--".into(), self.target.destination().into()]);
        let set: Vec<String> = environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let words = ["exec", "env"].into_iter().chain(set.iter().map(String::as_str)).chain([program]);
        all.push(shell_words::join(words.chain(arguments.iter().map(String::as_str))).into());
        all
    }
}

/// A program that runs in a session of its own. Dropped, both end.
pub struct Session {
    ssh: Ssh,
    slot: Slot,
}

impl Session {
    /// What it prints, line by line, when it has ended.
    ///
    /// # Errors
    /// When it does not end in time, or the server takes no more sessions.
    pub async fn output(mut self, limit: Duration) -> Result<Vec<String>, Trouble> {
        let (code, lines, complaints) = timeout(limit, self.ssh.output()).await.map_err(|_| Trouble::Slow(limit))?;
        match code {
            Some(255) | None => Err(self.why(&complaints)),
            Some(_) => Ok(lines),
        }
    }

    /// Its standard output and input as one stream; once.
    pub fn stream(&mut self) -> Option<Stream> {
        self.ssh.stream()
    }

    /// Why it ended: the trouble of the connection, else its own last words.
    pub async fn end(mut self) -> Result<Vec<String>, Trouble> {
        let (code, complaints) = self.ssh.ended(LAST_WORDS).await;
        match code {
            Some(255) => Err(self.why(&complaints)),
            _ => Ok(complaints),
        }
    }

    fn why(&self, complaints: &[String]) -> Trouble {
        let trouble = Trouble::of_ssh(complaints);
        if trouble == Trouble::Sessions {
            self.slot.refused();
        }
        trouble
    }
}

/// Whether `ssh` says that the server refused one more session.
pub fn is_refusal(complaint: &str) -> bool {
    complaint.contains("Session open refused by peer") || complaint.contains("session request failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words_on_the_other_side() {
        let target = Target::new("h1", None).expect("a destination");
        let door = Door::new(target, "/run/x".into());
        let arguments = door.arguments("systemctl", &["status".into(), "a'b; c".into()], &[("LC_ALL", "C")]);
        let last = arguments.last().and_then(|word| word.to_str()).expect("text");
        assert_eq!(shell_words::split(last).unwrap(), ["exec", "env", "LC_ALL=C", "systemctl", "status", "a'b; c"]);
        assert!(arguments.contains(&"ControlPath=/run/x".into()) && arguments.contains(&"ProxyCommand=false".into()));
    }
}
