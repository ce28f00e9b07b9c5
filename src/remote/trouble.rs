//! What can go wrong with a connection, sorted by what a person has to do about it; read from what `ssh` prints.

use std::{path::Path, time::Duration};

use super::session::is_refusal;
use crate::model::{health::State, text};

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The host's key is not in `known_hosts`.
    #[error("its host key is not known: {}", .0.shown())]
    UnknownKey(Unknown),
    /// The host's key is another than the known one.
    #[error("its host key has changed to {}", .0.shown())]
    ChangedKey(Changed),
    /// No key, certificate or agent of ours is accepted; the methods that the server would take.
    #[error("no login: it takes {0}")]
    Refused(String),
    /// A second factor, a password or a passphrase is asked for.
    #[error("{0}")]
    NeedsLogin(String),
    /// Not reached: refused, no route, name not found, timed out.
    #[error("{0}")]
    Unreachable(String),
    /// The server takes no more sessions on this connection.
    #[error("the server takes no more sessions on this connection (MaxSessions)")]
    Sessions,
    /// All sessions of this connection are taken, by ours: so many besides the probe's.
    #[error("all {0} sessions that its server grants besides the probe are taken")]
    Full(u32),
    /// The server does not forward.
    #[error("the server does not forward sockets")]
    Forwarding,
    /// There is a connection, and no POSIX shell behind it: what the host printed instead.
    #[error("no shell ran the probe: {0}")]
    NoShell(String),
    /// A connection that was there has ended.
    #[error("{0}")]
    Lost(String),
    /// No answer within this time.
    #[error("no answer within {} s", .0.as_secs())]
    Slow(Duration),
    /// `ssh` itself cannot work: it is not there, or its configuration has a mistake.
    #[error("{0}")]
    Configuration(String),
}

/// A host key that is not in `known_hosts`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unknown {
    /// `ED25519`.
    pub kind: String,
    /// `SHA256:…`; empty before the host was asked.
    pub fingerprint: String,
    /// The command that accepts it; empty before that was found out.
    pub accept: String,
}

impl Unknown {
    fn shown(&self) -> String {
        format!(
            "{} {}",
            self.kind,
            if self.fingerprint.is_empty() { "(fingerprint not seen)" } else { &self.fingerprint }
        )
    }
}

/// A host key that is not the known one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// `ED25519`.
    pub kind: String,
    /// `SHA256:…`.
    pub fingerprint: String,
    /// The command that forgets the known key, as `ssh` gives it.
    pub forget: String,
}

impl Changed {
    fn shown(&self) -> String {
        format!("{} {}", self.kind, self.fingerprint)
    }
}

/// Bytes of a remark that are shown.
const REMARK: usize = 300;

impl Trouble {
    /// What the source's state is because of it.
    pub fn state(&self) -> State {
        match self {
            Self::UnknownKey(_) | Self::ChangedKey(_) => State::Untrusted,
            Self::Refused(_) => State::AuthFailed,
            Self::NeedsLogin(_) => State::NeedsLogin,
            Self::Sessions | Self::Full(_) | Self::Forwarding | Self::NoShell(_) => State::Forbidden,
            Self::Unreachable(_) | Self::Lost(_) | Self::Slow(_) | Self::Configuration(_) => State::Unreachable,
        }
    }

    /// Whether each further try is one that the server counts against us: it may ban the address or lock the account.
    pub fn is_counted(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::NeedsLogin(_))
    }

    /// The trouble of a key with a passphrase that no agent holds.
    pub fn locked(key: &Path) -> Self {
        Self::NeedsLogin(format!("the key {} has a passphrase: ssh-add it", remark(&key.to_string_lossy())))
    }

    /// The trouble of a session that the host ended, with what was said about it last.
    pub(super) fn ended(lines: &[String]) -> Self {
        let last = lines.iter().rev().map(|line| line.trim()).find(|line| !line.is_empty());
        let said = last.map(|line| format!(": {}", remark(line))).unwrap_or_default();
        Self::Lost(format!("the probe was ended on the host{said}"))
    }

    /// One line: what, where, why, what to do. `ssh` is the command line by which a person reaches the same host.
    pub fn line(&self, ssh: &str) -> String {
        let line = match self {
            Self::UnknownKey(unknown) => {
                let asking = format!("{ssh} -o StrictHostKeyChecking=ask");
                let accept = if unknown.accept.is_empty() { &asking } else { &unknown.accept };
                format!("{self}; compare it with what its administrator says, then accept it: {accept}")
            }
            Self::ChangedKey(changed) => format!(
                "{self}: if that was not planned, somebody may stand in between; if it was, forget the known key: {}",
                changed.forget
            ),
            Self::Refused(_) => format!("{self}; try {ssh} (tried again slowly, so that nobody is locked out)"),
            Self::NeedsLogin(_) => {
                format!("{self}; or log in once with a ControlMaster, which is then used: {ssh} -M -N -f")
            }
            Self::Sessions | Self::Full(_) => format!("{self}; close other sessions"),
            Self::Slow(_) => format!("{self}; try {ssh}"),
            Self::NoShell(_) => format!("{self}; its login shell must run `sh`"),
            _ => self.to_string(),
        };
        text::name(&line).into_owned()
    }

    /// The trouble of a host that printed this in place of the probe's greeting.
    pub(super) fn no_shell(line: &str) -> Self {
        Self::NoShell(remark(line))
    }

    /// The trouble behind what `ssh` printed, oldest line first, before it ended.
    pub fn of_ssh(lines: &[String]) -> Self {
        let found = lines.iter().find_map(|line| specific(line.trim(), lines));
        found.or_else(|| lines.iter().find_map(|line| general(line.trim()))).unwrap_or_else(|| {
            let last = lines.iter().rev().map(|line| line.trim()).find(|line| !line.is_empty());
            Self::Lost(last.map_or_else(|| "ssh ended without a word".to_owned(), remark))
        })
    }

    /// The same of a connection whose probe had answered. When `ssh` says nothing of the connection's end it was the host that
    /// ended the probe: all else was printed at the login, or is about other sessions and forwarded sockets.
    pub(super) fn of_probe(lines: &[String]) -> Self {
        let last = lines.iter().rev().find_map(|line| general(line.trim()));
        last.unwrap_or_else(|| Self::ended(&[]))
    }
}

/// What comes from outside, as one line of bounded length.
fn remark(line: &str) -> String {
    text::name(&text::limited(line, REMARK)).into_owned()
}

/// Lines that tell what is wrong, wherever they stand.
fn specific(line: &str, lines: &[String]) -> Option<Trouble> {
    if line.contains("REMOTE HOST IDENTIFICATION HAS CHANGED") {
        return Some(Trouble::ChangedKey(changed(lines)));
    }
    if let Some(rest) = line.strip_prefix("No ")
        && let Some((kind, _)) = rest.split_once(" host key is known for ")
    {
        return Some(Trouble::UnknownKey(Unknown { kind: remark(kind), ..Unknown::default() }));
    }
    if let Some((_, methods)) = line.split_once("Permission denied (") {
        let methods = methods.trim_end_matches(['.', ')']).replace(',', ", ");
        return Some(denied(&remark(&methods), lines));
    }
    if line.contains("Too many authentication failures") {
        let why = "other keys, and too many of the agent's were tried first; set IdentityFile and IdentitiesOnly";
        return Some(Trouble::Refused(why.to_owned()));
    }
    if is_refusal(line) {
        return Some(Trouble::Sessions);
    }
    if line.contains("administratively prohibited") {
        return Some(Trouble::Forwarding);
    }
    if line.contains("password has expired") || line.contains("Password expired") {
        return Some(Trouble::NeedsLogin("the password has expired and must be changed".to_owned()));
    }
    let is_configuration = ["Bad configuration option", "Bad owner or permissions on", "Bad port", "terminating, "];
    if is_configuration.iter().any(|words| line.contains(words)) || line.starts_with("Can't open user config") {
        return Some(Trouble::Configuration(remark(line)));
    }
    if line.starts_with("Unable to negotiate with") {
        return Some(Trouble::Unreachable(remark(line)));
    }
    if let Some(rest) = line.strip_prefix("ssh: connect to host ") {
        let why = rest.rsplit(": ").next().unwrap_or(rest);
        let place = rest.strip_suffix(why).unwrap_or_default().trim_end_matches([':', ' ']);
        return Some(Trouble::Unreachable(remark(&format!("{} ({place})", why.to_lowercase()))));
    }
    if let Some(rest) = line.strip_prefix("ssh: Could not resolve hostname ") {
        return Some(Trouble::Unreachable(remark(&format!("name not found: {rest}"))));
    }
    if line.contains("timed out during banner exchange") {
        return Some(Trouble::Unreachable("something accepts connections there and never says that it is SSH".into()));
    }
    None
}

/// Lines that tell that it ended, and little more.
fn general(line: &str) -> Option<Trouble> {
    if line.starts_with("Timeout, server ") {
        return Some(Trouble::Lost("no sign of life; it hangs, or packets are lost".to_owned()));
    }
    if line.starts_with("kex_exchange_identification") || line.starts_with("ssh_exchange_identification") {
        let why = "the server closed the connection before it began; it takes no more now (MaxStartups), or is being upgraded";
        return Some(Trouble::Unreachable(why.to_owned()));
    }
    let is_end = [
        "closed by remote host",
        "Connection closed by",
        "Connection reset by",
        "Broken pipe",
        "timed out",
        "Received disconnect from",
        "Disconnected from",
        "ssh_dispatch_run_fatal",
    ];
    is_end.iter().any(|words| line.contains(words)).then(|| Trouble::Lost(remark(line)))
}

/// A refusal. Where only a person's answer would be taken a key was accepted already, or none ever would be.
fn denied(methods: &str, lines: &[String]) -> Trouble {
    let is_interactive = |method: &str| matches!(method, "password" | "keyboard-interactive");
    if methods.split(", ").all(is_interactive) {
        return Trouble::NeedsLogin(format!("it asks for {}", methods.replace("keyboard-interactive", "an answer")));
    }
    let unread = lines.iter().find_map(|line| line.trim().strip_prefix("Load key "));
    match unread {
        Some(rest) => Trouble::Refused(format!("{methods}; our key cannot be read: {}", remark(rest))),
        None => Trouble::Refused(methods.to_owned()),
    }
}

fn changed(lines: &[String]) -> Changed {
    let mut changed = Changed::default();
    for line in lines.iter().map(|line| line.trim()) {
        if let Some(rest) = line.strip_prefix("The fingerprint for the ") {
            changed.kind = remark(rest.split(' ').next().unwrap_or_default());
        } else if line.starts_with("SHA256:") {
            changed.fingerprint = remark(line.trim_end_matches('.'));
        } else if line.starts_with("ssh-keygen -f ") {
            changed.forget = remark(line);
        }
    }
    changed
}

#[cfg(test)]
mod tests;
