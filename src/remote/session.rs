//! Further sessions on a connection that is there: one program each, by the control socket.

use std::{ffi::OsString, path::PathBuf};

use super::{
    slots::{Full, Slot, Slots},
    target::Target,
};

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
