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
    io::{AsyncRead, AsyncWriteExt, BufReader, Join, join},
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

/// How long a program that ends may take to say why.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(1);

/// Lines that login shells print before the probe that are passed over.
const NOISE: usize = 10_000;

/// Lines that are kept of what `ssh` prints for itself; `ssh -G` prints some ninety.
const KEPT: usize = 200;

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

/// Whose control socket a connection has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Ours: the connection is made for the probe and ends with it.
    Own(PathBuf),
    /// The user's own master, which is connected already and stays.
    Theirs(PathBuf),
}

impl Control {
    fn socket(&self) -> &Path {
        match self {
            Self::Own(socket) | Self::Theirs(socket) => socket,
        }
    }

    fn own(&self) -> Option<PathBuf> {
        match self {
            Self::Own(socket) => Some(socket.clone()),
            Self::Theirs(_) => None,
        }
    }
}

/// A probe that answers.
pub struct Connection {
    ssh: Ssh,
    requests: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    parser: Parser,
    control: Control,
    /// Bytes that came of the probe.
    pub received: u64,
    /// The probe's process on the host.
    pub pid: u32,
}

impl Connection {
    /// Connects and starts the probe.
    pub async fn open(target: &Target, control: Control) -> Result<Self, Trouble> {
        let mut arguments = target.config_arguments();
        arguments.extend(OPTIONS.iter().flat_map(|option| ["-o", option]).map(OsString::from));
        let mut path = OsString::from("ControlPath=");
        let own: &[&str] = match &control {
            Control::Own(socket) => {
                path.push(socket);
                &["ControlMaster=yes"]
            }
            // When their connection takes no more sessions, `ssh` would make a new one, and ask for another factor.
            Control::Theirs(socket) => {
                path.push(socket);
                &["ControlMaster=no", "ProxyJump=none", "ProxyCommand=false"]
            }
        };
        arguments.extend(own.iter().flat_map(|option| ["-o", option]).map(OsString::from));
        let limit = format!("ConnectTimeout={CONNECT}");
        arguments.extend(["-o".into(), path, "-o".into(), limit.into()]);
        arguments.extend(["--".into(), target.destination().into(), probe::command().into()]);
        Self::start("ssh", &arguments, control, Duration::from_secs(2 * CONNECT)).await
    }

    /// Starts a program that leads to a shell, and the probe in it.
    async fn start(program: &str, arguments: &[OsString], control: Control, limit: Duration) -> Result<Self, Trouble> {
        let deadline = Instant::now() + limit;
        let mut ssh = Ssh::start(program, arguments, control.own())?;
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
            Ok(Ok(Ok(pid))) => Ok(Self { ssh, requests, lines, parser: Parser::new(&mark), control, received: 0, pid }),
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
            Err(_) => Err(self.lost().await),
        }
    }

    /// The next section that is whole. Safe to cancel.
    pub async fn next(&mut self) -> Result<Section, Trouble> {
        loop {
            match self.lines.next().await {
                Ok(Some(line)) => {
                    self.received += (line.text.len() + line.cut + 1) as u64;
                    if let Some(section) = self.parser.line(&line.text) {
                        return Ok(section);
                    }
                }
                Ok(None) | Err(_) => return Err(self.lost().await),
            }
        }
    }

    /// Why the probe answers no more.
    async fn lost(&mut self) -> Trouble {
        let (_, complaints) = self.ssh.ended(LAST_WORDS).await;
        Trouble::of_probe(&complaints)
    }

    /// The control socket, for further sessions on this connection.
    pub fn socket(&self) -> &Path {
        self.control.socket()
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

/// What a run of `ssh` gave: exit code, lines of output, lines of complaints.
pub(super) type Output = (Option<i32>, Vec<String>, Vec<String>);

/// A running `ssh`, in a session of its own: without a terminal it cannot ask there, and keys pressed here do not reach it.
pub(super) struct Ssh {
    child: Child,
    /// The control socket, where it is this process's own.
    socket: Option<PathBuf>,
    group: Option<Pid>,
    complaints: JoinHandle<Vec<String>>,
}

impl Ssh {
    /// Starts it. `socket` is removed when it ends.
    pub(super) fn start(program: &str, arguments: &[OsString], socket: Option<PathBuf>) -> Result<Self, Trouble> {
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
        let complaints = tokio::spawn(kept(child.stderr.take()));
        Ok(Self { child, socket, group, complaints })
    }

    /// All that it prints, to its end; nothing is written to it.
    pub(super) async fn output(&mut self) -> Output {
        drop(self.child.stdin.take());
        let out = kept(self.child.stdout.take()).await;
        let code = self.child.wait().await.ok().and_then(|status| status.code());
        let complaints = (&mut self.complaints).await.unwrap_or_default();
        (code, out, complaints)
    }

    /// Its standard output and input as one stream; once.
    pub(super) fn stream(&mut self) -> Option<Join<ChildStdout, ChildStdin>> {
        Some(join(self.child.stdout.take()?, self.child.stdin.take()?))
    }

    /// Its exit code and complaints, when it has ended or within `patience`; what it runs is ended then.
    pub(super) async fn ended(&mut self, patience: Duration) -> (Option<i32>, Vec<String>) {
        let ended = timeout(patience, self.child.wait()).await;
        self.kill();
        let complaints = timeout(patience, &mut self.complaints).await.ok().and_then(Result::ok).unwrap_or_default();
        (ended.ok().and_then(Result::ok).and_then(|status| status.code()), complaints)
    }

    /// Why it ended before the probe answered.
    async fn end(&mut self) -> Trouble {
        let (code, complaints) = self.ended(LAST_WORDS).await;
        // 255 is of `ssh` itself; any other code is that of the shell on the host.
        match code {
            Some(code) if code != 255 => Trouble::ended(&complaints),
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
        if let Some(socket) = &self.socket {
            // It removes it by itself, unless it was killed.
            let _ = std::fs::remove_file(socket);
        }
    }
}

/// The first and the last lines of a stream: of complaints the first say what is wrong, the last how it ended.
async fn kept(from: Option<impl AsyncRead + Unpin>) -> Vec<String> {
    let Some(from) = from else { return Vec::new() };
    let mut lines = Lines::new(BufReader::new(from), 1024);
    let mut kept = Vec::new();
    while let Ok(Some(line)) = lines.next().await {
        if kept.len() >= KEPT {
            kept.remove(KEPT / 2);
        }
        kept.push(line.text);
    }
    kept
}

#[cfg(test)]
mod tests;
