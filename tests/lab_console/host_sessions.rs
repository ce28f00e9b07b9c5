//! Sessions of a host that others take: on the console's own connection, and on a user's own that the console uses.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use super::{
    bench::{Lab, PATIENCE, timed, tool, until},
    ends::children,
    hosts::{OPEN, fleet, has_numbers, is_live, is_old, source, sources},
};

/// The host whose sshd grants two sessions on a connection.
const HOST: &str = "two-sessions";

/// A program of the lab's `ssh` that is ended with this.
struct Running(Child);

impl Running {
    fn start(lab: &Lab, arguments: &[&str]) -> Self {
        let mut ssh = Command::new(lab.value("LAB_SSH"));
        let ssh = ssh.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(ssh.spawn().expect("ssh starts"))
    }

    /// A session on the host over the connection with this control socket.
    fn session(lab: &Lab, socket: &Path, name: &str) -> Self {
        let control = format!("ControlPath={}", socket.display());
        let program = format!("sh -c 'read -r line' {name}");
        let started = Self::start(lab, &["-o", &control, "-o", "ProxyCommand=false", HOST, &program]);
        until("a session by hand", || is_there(lab, name));
        started
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It removes its socket upon this signal.
        let pid = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.0.wait();
    }
}

/// Whether the session of this name is on the host; it waits for a line that never comes.
fn is_there(lab: &Lab, name: &str) -> bool {
    lab.on_host(HOST, &["ps", "-eww", "-o", "args="]).lines().any(|line| line == format!("sh -c read -r line {name}"))
}

/// The control socket of the console's connection to the host.
fn control(console: u32) -> PathBuf {
    let arguments = |pid| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let is_its = |line: &String| line.contains("ControlMaster=yes") && line.split('\0').any(|word| word == HOST);
    let line = children(console).into_iter().map(arguments).find(is_its).expect("its connection");
    let path = line.split('\0').find_map(|word| word.strip_prefix("ControlPath=")).expect("its socket");
    path.into()
}

#[test]
fn sessions_that_others_take_are_missed_only_by_who_wants_one() {
    let lab = Lab::take();
    let mut terminal = fleet(&lab);
    let other = Running::session(&lab, &control(terminal.pid()), "other");
    // The last host but one.
    terminal.send("Gkl");
    timed(&mut terminal, "a journal without a session for it: said", |screen| {
        screen.contains("the server takes no more sessions on this connection (MaxSessions)")
    });
    terminal.send("q");
    let rows = terminal.wait_within(PATIENCE, "hosts", |screen| OPEN.iter().all(|host| has_numbers(screen, host)));
    assert!(!OPEN.iter().any(|host| is_old(&rows, host)), "{rows}");
    drop(other);
    until("it is given back", || !is_there(&lab, "other"));
    terminal.send("l");
    timed(&mut terminal, "the same, given back: lines", |screen| screen.contains("sshd["));
}

#[test]
fn a_users_own_connection_is_used_and_stays_and_may_be_full() {
    let lab = Lab::take();
    let home = tempfile::tempdir().expect("a directory");
    let (socket, ssh_config) = (home.path().join("own"), home.path().join("config"));
    let lines = format!(
        "Host {HOST}\n    ControlPath {}\nHost *\n    Include {}\n",
        socket.display(),
        lab.value("LAB_SSH_CONFIG")
    );
    std::fs::write(&ssh_config, lines).expect("written");
    let own = Running::start(&lab, &["-M", "-S", &socket.to_string_lossy(), "-N", HOST]);
    until("the user's connection", || socket.exists());
    let (_first, second) = (Running::session(&lab, &socket, "first"), Running::session(&lab, &socket, "second"));
    let config = std::fs::read_to_string(lab.value("LAB_FLEET_CONFIG")).expect("the hosts' configuration");
    let config = config.replace(lab.value("LAB_SSH_CONFIG"), &ssh_config.to_string_lossy());
    let mut terminal = lab.console_with(&config, 400, 40);
    sources(&mut terminal);
    timed(&mut terminal, "a user's own connection is full: said", |screen| {
        source(screen, HOST).is_some_and(|line| line.contains("forbidden") && line.contains("close other sessions"))
            && OPEN.iter().all(|host| *host == HOST || is_live(screen, host))
    });
    drop(second);
    timed(&mut terminal, "a session of it is given back: live", |screen| is_live(screen, HOST));
    terminal.send("q:q\r");
    assert!(terminal.ended().success());
    until("no probe", || !lab.on_host(HOST, &["ps", "-eww", "-o", "args="]).contains("$(head -c "));
    let control = format!("ControlPath={}", socket.display());
    tool(lab.value("LAB_SSH"), &["-o", &control, "-O", "check", HOST]);
    assert!(is_there(&lab, "first"), "what the user ran goes on");
    drop(own);
}
