//! One `ssh` process: the control master of a host, whose first session is the probe. It ends with this console, by the end
//! of its standard input, whatever happens to the console.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};

use super::{
    frame::{self, Parser, Section},
    lines::Lines,
    probe::{self, Tier},
    target::Target,
    trouble::Trouble,
};

/// Seconds in which a host must answer: TCP, key exchange, and once more for the login and the shell.
const CONNECT: u64 = 8;

/// Lines that login shells print before the probe that are passed over.
const NOISE: usize = 10_000;

/// Lines of `ssh`'s complaints that are kept.
const COMPLAINTS: usize = 60;

/// Options of every `ssh` we start: nothing is asked, nothing is accepted, a dead link is seen within nine seconds, and what the
/// user's configuration does for a person's sessions (forwarded ports, commands, terminals) is not done for ours.
const OPTIONS: &[&str] = &[
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    "ServerAliveInterval=3",
    "ServerAliveCountMax=2",
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "RequestTTY=no",
    "StdinNull=no",
    "ForkAfterAuthentication=no",
    "SessionType=default",
    "ControlPersist=no",
    "Tunnel=no",
    "VisualHostKey=no",
    "LogLevel=INFO",
];

/// A probe that answers.
pub struct Connection {
    ssh: Ssh,
    requests: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    parser: Parser,
    /// The probe's process on the host.
    pub pid: u32,
}

impl Connection {
    /// Connects, with the control socket at `socket`, and starts the probe.
    pub async fn open(target: &Target, socket: &Path) -> Result<Self, Trouble> {
        let mut arguments = target.config_arguments();
        arguments.extend(OPTIONS.iter().flat_map(|option| ["-o", option]).map(OsString::from));
        let mut control = OsString::from("ControlPath=");
        control.push(socket);
        let limit = format!("ConnectTimeout={CONNECT}");
        for option in [OsString::from(limit), "ControlMaster=yes".into(), control] {
            arguments.extend(["-o".into(), option]);
        }
        arguments.extend(["--".into(), target.destination().into(), probe::command().into()]);
        Self::start("ssh", &arguments, socket, Duration::from_secs(2 * CONNECT)).await
    }

    /// Starts a program that leads to a shell, and the probe in it.
    async fn start(program: &str, arguments: &[OsString], socket: &Path, limit: Duration) -> Result<Self, Trouble> {
        let deadline = Instant::now() + limit;
        let mut ssh = Ssh::start(program, arguments, socket)?;
        let (Some(mut requests), Some(output)) = (ssh.child.stdin.take(), ssh.child.stdout.take()) else {
            return Err(Trouble::Configuration(format!("{program} has no standard input")));
        };
        let mut lines = Lines::new(BufReader::new(output), frame::LINE);
        let mark = probe::mark();
        let greeting = async {
            // A host that does not listen may have said why: that is read before this is an error.
            let written = requests.write_all(probe::SCRIPT.as_bytes()).await;
            let pid = match ready(&mut lines).await? {
                Ok(pid) => pid,
                Err(noise) => return Ok(Err(noise)),
            };
            written?;
            // Only now: a `head` that reads ahead would have taken it with the script.
            requests.write_all(format!("{mark}\n").as_bytes()).await?;
            io::Result::Ok(Ok(pid))
        };
        match timeout_at(deadline, greeting).await {
            Ok(Ok(Ok(pid))) => Ok(Self { ssh, requests, lines, parser: Parser::new(&mark), pid }),
            Ok(Ok(Err(noise))) => {
                let trouble = ssh.end().await;
                Err(if noise.is_empty() { trouble } else { Trouble::no_shell(&noise) })
            }
            Ok(Err(_)) => Err(ssh.end().await),
            Err(_) => {
                ssh.kill();
                Err(match ssh.end().await {
                    // What it says when it is ended is no reason.
                    Trouble::Lost(_) => Trouble::Slow(limit),
                    known => known,
                })
            }
        }
    }

    /// Asks for these; the answers come by [`Self::next`].
    pub async fn request(&mut self, tiers: &[Tier]) -> Result<(), Trouble> {
        match self.requests.write_all(probe::request(tiers).as_bytes()).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.ssh.end().await),
        }
    }

    /// The next section that is whole. Safe to cancel.
    pub async fn next(&mut self) -> Result<Section, Trouble> {
        loop {
            match self.lines.next().await {
                Ok(Some(line)) => {
                    if let Some(section) = self.parser.line(&line.text) {
                        return Ok(section);
                    }
                }
                Ok(None) | Err(_) => return Err(self.ssh.end().await),
            }
        }
    }

    /// The control socket, for further sessions on this connection.
    pub fn socket(&self) -> &Path {
        &self.ssh.socket
    }
}

/// The probe's process id, or the last line of what came instead.
async fn ready(lines: &mut Lines<BufReader<ChildStdout>>) -> io::Result<Result<u32, String>> {
    let mut last = String::new();
    for _ in 0..NOISE {
        let Some(line) = lines.next().await? else { break };
        if let Some(pid) = probe::ready(&line.text) {
            return Ok(Ok(pid));
        }
        if !line.text.trim().is_empty() {
            last = line.text;
        }
    }
    Ok(Err(last))
}

/// A running `ssh`, in a session of its own: without a terminal it cannot ask there, and keys pressed here do not reach it.
struct Ssh {
    child: Child,
    socket: PathBuf,
    group: Option<Pid>,
    complaints: JoinHandle<Vec<String>>,
}

impl Ssh {
    fn start(program: &str, arguments: &[OsString], socket: &Path) -> Result<Self, Trouble> {
        let setsid = ["/usr/bin/setsid", "/bin/setsid"].into_iter().find(|path| Path::new(path).exists());
        #[allow(clippy::disallowed_methods, reason = "the one place that starts connections; the probe only reads")]
        let mut command = Command::new(setsid.unwrap_or(program));
        if setsid.is_some() {
            command.arg(program);
        } else {
            command.process_group(0);
        }
        let mut child = command
            .args(arguments)
            .env_remove("SSH_ASKPASS")
            .env_remove("DISPLAY")
            .env("SSH_ASKPASS_REQUIRE", "never")
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Trouble::Configuration(format!("{program} cannot be started: {error}")))?;
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let complaints = tokio::spawn(complaints(child.stderr.take()));
        Ok(Self { child, socket: socket.to_owned(), group, complaints })
    }

    /// Waits for its end, but not for long, and says why it ended.
    async fn end(&mut self) -> Trouble {
        let patience = Duration::from_secs(1);
        let ended = timeout(patience, self.child.wait()).await;
        if ended.is_err() {
            self.kill();
        }
        let complaints = timeout(patience, &mut self.complaints).await.ok().and_then(Result::ok).unwrap_or_default();
        // 255 is of `ssh` itself; any other code is that of the shell on the host.
        match ended {
            Ok(Ok(status)) if status.code().is_some_and(|code| code != 255) => Trouble::ended(&complaints),
            _ => Trouble::of_ssh(&complaints),
        }
    }

    fn kill(&mut self) {
        // `id` is none once it has been waited for, so the number cannot be somebody else's by now.
        if let Some(group) = self.group.filter(|_| self.child.id().is_some()) {
            // It removes its socket upon this signal. What it started for a jump host is in the same group.
            let _ = kill_process_group(group, Signal::TERM);
        }
    }
}

impl Drop for Ssh {
    fn drop(&mut self) {
        self.kill();
        // It removes it by itself, unless it was killed.
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// The first and the last lines of standard error: the first say what is wrong, the last how it ended.
async fn complaints(from: Option<impl AsyncRead + Unpin>) -> Vec<String> {
    let Some(from) = from else { return Vec::new() };
    let mut lines = Lines::new(BufReader::new(from), 1024);
    let mut kept = Vec::new();
    while let Ok(Some(line)) = lines.next().await {
        if kept.len() >= COMPLAINTS {
            kept.remove(COMPLAINTS / 2);
        }
        kept.push(line.text);
    }
    kept
}

#[cfg(test)]
mod tests;
