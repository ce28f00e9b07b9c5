//! What a host says of its engines' sockets, and which of them is taken. Pure.

use crate::model::text;

/// Docker's socket where nothing else is said.
pub const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// What the host runs to say it. A constant: nothing of the configuration is in it.
pub const SCRIPT: &str = include_str!("engine_sockets.sh");

/// A socket on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Socket {
    path: String,
    is_open: bool,
    group: String,
}

/// What a host has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    sockets: Vec<Socket>,
    user: String,
    tools: Vec<Tool>,
}

/// A command that carries an engine's API on its standard input and output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// `docker system dial-stdio`.
    Docker,
    /// `podman system dial-stdio`.
    Podman,
}

impl Tool {
    /// The program.
    pub fn program(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }
}

/// The socket that is taken, and the command that reaches it where sockets are not forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its path on the host.
    pub socket: String,
    /// The command, if the host has one.
    pub tool: Option<Tool>,
}

/// Why none is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// There is no socket.
    Absent,
    /// The user may not open it.
    Closed {
        /// The socket's path.
        socket: String,
        /// Its group.
        group: String,
        /// Who may not.
        user: String,
    },
}

impl Found {
    /// Reads what [`SCRIPT`] printed; a login shell may have printed more.
    pub fn parse(lines: &[String]) -> Self {
        let mut found = Self::default();
        for said in lines.iter().filter_map(|line| line.strip_prefix("ronde ")) {
            match said.split(' ').collect::<Vec<_>>()[..] {
                ["socket", access, group, path] if found.sockets.len() < 16 => found.sockets.push(Socket {
                    path: text::name(path).into_owned(),
                    is_open: access == "open",
                    group: text::name(group).into_owned(),
                }),
                ["tool", "docker"] => found.tools.push(Tool::Docker),
                ["tool", "podman"] => found.tools.push(Tool::Podman),
                ["user", user] => found.user = text::name(user).into_owned(),
                _ => {}
            }
        }
        found
    }

    /// Where nothing could be asked: the socket that is configured, else Docker's.
    pub fn unseen(configured: Option<&str>) -> Choice {
        Choice { socket: configured.unwrap_or(DEFAULT_SOCKET).to_owned(), tool: Some(Tool::Docker) }
    }

    /// The first socket that may be opened.
    pub fn choose(&self) -> Result<Choice, Lack> {
        if let Some(socket) = self.sockets.iter().find(|socket| socket.is_open) {
            // Docker's command reaches a Podman too.
            return Ok(Choice { socket: socket.path.clone(), tool: self.tools.first().copied() });
        }
        Err(self.sockets.first().map_or(Lack::Absent, |socket| Lack::Closed {
            socket: socket.path.clone(),
            group: socket.group.clone(),
            user: self.user.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::net::UnixListener, process::Command};

    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Found {
        Found::parse(&text.lines().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_first_socket_that_opens_is_taken() {
        let both = found(
            "Welcome\nronde socket closed docker /var/run/docker.sock\nronde socket open a /run/user/1/docker.sock\nronde tool docker\nronde tool podman\nronde user a\n",
        );
        assert_eq!(both.choose(), Ok(Choice { socket: "/run/user/1/docker.sock".into(), tool: Some(Tool::Docker) }));
        let podman = found("ronde socket open root /run/podman/podman.sock\nronde tool podman\n");
        assert_eq!(podman.choose().map(|choice| choice.tool), Ok(Some(Tool::Podman)));
        assert_eq!(Found::unseen(None).socket, DEFAULT_SOCKET);
        assert_eq!(Found::unseen(Some("/x")).socket, "/x");
    }

    #[test]
    fn why_there_is_none_is_known() {
        assert_eq!(found("ronde user a\nronde tool docker\n").choose(), Err(Lack::Absent));
        assert_eq!(
            found("ronde socket closed docker /var/run/docker.sock\nronde user plain\n").choose(),
            Err(Lack::Closed { socket: "/var/run/docker.sock".into(), group: "docker".into(), user: "plain".into() })
        );
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "the script is run as a host would run it")]
    fn the_script_sees_sockets_of_this_machine() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("engine.sock");
        let _listener = UnixListener::bind(&path).unwrap();
        let missing = home.path().join("none.sock");
        let output = Command::new("sh").args(["-c", SCRIPT, "sh"]).args([&missing, &path]).output().unwrap();
        let found = found(&String::from_utf8_lossy(&output.stdout));
        assert_eq!(found.sockets.len(), 1, "{found:?}");
        assert!(found.sockets[0].is_open && found.sockets[0].path.ends_with("engine.sock") && !found.user.is_empty());
        assert_eq!(found.choose().map(|choice| choice.socket), Ok(path.display().to_string()));
    }

    proptest! {
        #[test]
        fn any_answer_is_survived(text in any::<String>()) {
            let _ = found(&format!("ronde socket {text}")).choose();
            let _ = found(&text).choose();
        }
    }
}
