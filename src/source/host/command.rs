//! The programs this source runs, all of them: a fixed list that only reads. Without terminal, bounded in time and output.

use std::{fmt, io, process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
};

use crate::remote::{
    Door, Trouble,
    slots::{Full, Slot},
};

/// A unit's name as systemd allows it (systemd.unit(5)): so that it can be an argument and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UnitName(String);

impl UnitName {
    /// The name, if it is one. `-.mount` and `-.slice` are the only ones with a leading dash; they follow `--`.
    pub(super) fn new(name: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b":-_.\\@".contains(&b);
        let typed = name.rsplit_once('.').is_some_and(|(stem, suffix)| !stem.is_empty() && !suffix.is_empty());
        (name.len() <= 256 && typed && name.bytes().all(allowed)).then(|| Self(name.to_owned()))
    }

    /// The name's text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a program runs.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// On this machine.
    Here,
    /// On a host, over its connection.
    There(Door),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here => f.write_str("this machine"),
            Self::There(door) => f.write_str(door.target.destination()),
        }
    }
}

/// Runs its arguments on a host until its standard input ends. A program without a terminal is told nothing when its session
/// ends, and one that has nothing to print does not notice: it would stay. No word of it means anything to a login shell.
const TIED: &str =
    "exec 3<&0; (while read -r line <&3; do :; done; kill $$) >/dev/null 2>&1 & exec \"$@\" </dev/null 3<&-";

/// What is read by running a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Observation {
    /// The units and their states.
    Units,
    /// What systemd says of one unit, with its last log lines.
    UnitStatus(UnitName),
    /// The journal.
    Journal {
        /// Of these units; of everything without any.
        units: Vec<UnitName>,
        /// Last lines.
        lines: u32,
        /// Not older than this second since 1970.
        since: Option<i64>,
        /// Go on.
        follow: bool,
    },
}

impl Observation {
    /// The program and its arguments.
    fn argv(&self) -> (&'static str, Vec<String>) {
        let fixed = |arguments: &[&str]| arguments.iter().map(|&a| a.to_owned()).collect::<Vec<_>>();
        match self {
            Self::Units => (
                "systemctl",
                fixed(&["list-units", "--all", "--plain", "--no-legend", "--no-pager", "--full", "--no-ask-password"]),
            ),
            Self::UnitStatus(unit) => {
                let mut arguments = fixed(&["status", "--no-pager", "--full", "--no-ask-password", "-n", "20", "--"]);
                arguments.push(unit.0.clone());
                ("systemctl", arguments)
            }
            Self::Journal { units, lines, since, follow } => {
                let mut arguments = fixed(&["--output=short-iso", "--no-hostname", "--no-pager", "--quiet"]);
                arguments.push(format!("--lines={lines}"));
                arguments.extend(since.map(|second| format!("--since=@{second}")));
                arguments.extend(units.iter().map(|unit| format!("--unit={}", unit.0)));
                if *follow {
                    arguments.push("--follow".to_owned());
                }
                ("journalctl", arguments)
            }
        }
    }

    /// Whether it goes on until somebody ends it.
    fn is_endless(&self) -> bool {
        matches!(self, Self::Journal { follow: true, .. })
    }

    #[allow(clippy::disallowed_methods, reason = "the one place of this source that runs programs; they only read")]
    fn command(&self, place: &Place) -> Command {
        let (program, arguments) = self.argv();
        let environment = [("LC_ALL", "C"), ("TERM", "dumb"), ("SYSTEMD_COLORS", "0"), ("SYSTEMD_URLIFY", "0")];
        let mut command = match place {
            Place::Here => {
                let mut command = Command::new(program);
                command.args(arguments).envs(environment);
                command
            }
            Place::There(door) if self.is_endless() => {
                let tied = ["-c", TIED, "ronde", program].map(str::to_owned);
                let words: Vec<String> = tied.into_iter().chain(arguments).collect();
                let mut command = Command::new("ssh");
                command.args(door.arguments("sh", &words, &environment));
                command
            }
            Place::There(door) => {
                let mut command = Command::new("ssh");
                command.args(door.arguments(program, &arguments, &environment));
                command
            }
        };
        command
            // Open for as long as we are: what is tied to it ends with us, however we end.
            .stdin(if self.is_endless() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: keys pressed in the console do not reach it, and all of it can be ended at once.
            .process_group(0)
            .kill_on_drop(true);
        command
    }
}

impl fmt::Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (program, arguments) = self.argv();
        f.write_str(&shell_words::join(std::iter::once(program).chain(arguments.iter().map(String::as_str))))
    }
}

/// Why a program gave nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// It could not be started.
    #[error("cannot run {program} on {place}: {source}")]
    Start {
        /// Which.
        program: &'static str,
        /// Where.
        place: Place,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The connection takes no more programs.
    #[error("{program} on {place}: {full}")]
    Full {
        /// Which.
        program: &'static str,
        /// Where.
        place: Place,
        /// How many it takes.
        full: Full,
    },
    /// The connection did not take it there.
    #[error("{program} on {place}: {line}")]
    Away {
        /// Which.
        program: &'static str,
        /// Where.
        place: Place,
        /// Why, and what to do.
        line: String,
    },
    /// It did not end in time; it was killed.
    #[error("{program} on {place} did not answer within {} s; try it in a shell", .patience.as_secs())]
    Timeout {
        /// Which.
        program: &'static str,
        /// Where.
        place: Place,
        /// How long we waited.
        patience: Duration,
    },
    /// Its output could not be read.
    #[error("cannot read what {program} prints: {source}")]
    Read {
        /// Which.
        program: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// What a program printed.
#[derive(Debug)]
pub(super) struct Output {
    /// Its exit code; `None` when a signal ended it.
    pub(super) code: Option<i32>,
    /// Standard output, cut at the limit.
    pub(super) stdout: String,
    /// Standard error, cut at 64 KB.
    pub(super) stderr: String,
}

/// A program that runs; it and its children are killed when this is dropped.
pub(super) struct Running {
    child: Child,
    program: &'static str,
    place: Place,
    /// Its session, on a host.
    slot: Option<Slot>,
}

impl Running {
    /// Starts it.
    pub(super) fn start(observation: &Observation, place: &Place) -> Result<Self, Error> {
        let program = observation.argv().0;
        let slot = match place {
            Place::Here => None,
            Place::There(door) => {
                Some(door.session().map_err(|full| Error::Full { program, place: place.clone(), full })?)
            }
        };
        let started = observation.command(place).spawn();
        let child = started.map_err(|source| Error::Start { program, place: place.clone(), source })?;
        Ok(Self { child, program, place: place.clone(), slot })
    }

    /// Its standard output and error.
    pub(super) fn take_output(&mut self) -> (impl AsyncRead + use<>, impl AsyncRead + use<>) {
        let none = || Box::new(tokio::io::empty()) as Box<dyn AsyncRead + Send + Unpin>;
        let out = self.child.stdout.take().map_or_else(none, |out| Box::new(out));
        let err = self.child.stderr.take().map_or_else(none, |err| Box::new(err));
        (out, err)
    }

    /// Its exit code, once it has ended. By what it complained of it is known whether it ran at all: 255 is of `ssh` itself.
    pub(super) async fn wait(&mut self, complaint: &str) -> Result<Option<i32>, Error> {
        let ended = self.child.wait().await;
        let code = ended.map_err(|source| Error::Read { program: self.program, source })?.code();
        let (Place::There(door), Some(255)) = (&self.place, code) else { return Ok(code) };
        let lines: Vec<String> = complaint.lines().map(str::to_owned).collect();
        let trouble = Trouble::of_ssh(&lines);
        if let Some(slot) = self.slot.as_ref().filter(|_| trouble == Trouble::Sessions) {
            slot.refused();
        }
        let line = trouble.line(&door.target.command(&["ssh"]));
        Err(Error::Away { program: self.program, place: self.place.clone(), line })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // `id` is none once it has been waited for, so the number cannot be somebody else's by now.
        if let Some(group) = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)) {
            // Nothing is left to do when it ended in the meantime.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Runs a program to its end and takes at most `limit` bytes of what it prints.
pub(super) async fn output(
    observation: &Observation,
    place: &Place,
    patience: Duration,
    limit: usize,
) -> Result<Output, Error> {
    let program = observation.argv().0;
    let mut running = Running::start(observation, place)?;
    let (stdout, stderr) = running.take_output();
    let all = async {
        let both = tokio::try_join!(read(stdout, limit), read(stderr, 64 << 10));
        let (stdout, stderr) = both.map_err(|source| Error::Read { program, source })?;
        Ok(Output { code: running.wait(&stderr).await?, stdout, stderr })
    };
    let ended = tokio::time::timeout(patience, all).await;
    ended.unwrap_or_else(|_| Err(Error::Timeout { program, place: place.clone(), patience }))
}

/// At most `limit` bytes; what comes after is read and thrown away, so that the program can end.
async fn read(mut from: impl AsyncRead + Unpin, limit: usize) -> io::Result<String> {
    let mut kept = Vec::new();
    (&mut from).take(limit as u64).read_to_end(&mut kept).await?;
    tokio::io::copy(&mut from, &mut tokio::io::sink()).await?;
    Ok(String::from_utf8_lossy(&kept).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_units_become_arguments() {
        for good in ["ssh.service", "-.mount", "a\\x2db@1:2.service", "dev-vda.device"] {
            assert!(UnitName::new(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "ssh",
            "--user",
            ".service",
            "a b.service",
            "a;b.service",
            "../etc.service",
            "a.service\n",
            "é.service",
        ] {
            assert!(UnitName::new(bad).is_none(), "{bad}");
        }
        assert!(UnitName::new(&format!("{}.service", "a".repeat(300))).is_none());
    }

    #[test]
    fn every_program_only_reads() {
        let unit = UnitName::new("-.mount").expect("a name");
        let journal = Observation::Journal { units: vec![unit.clone()], lines: 5, since: Some(7), follow: true };
        for (observation, verb) in [
            (Observation::Units, "list-units"),
            (Observation::UnitStatus(unit), "status"),
            (journal, "--output=short-iso"),
        ] {
            assert_eq!(observation.argv().1[0], verb);
        }
        let status = Observation::UnitStatus(UnitName::new("-.mount").expect("a name")).to_string();
        assert_eq!(status, "systemctl status --no-pager --full --no-ask-password -n 20 -- -.mount");
    }

    #[tokio::test]
    async fn a_program_ends_when_nobody_listens_any_more() {
        let follow = Observation::Journal { units: Vec::new(), lines: 1, since: None, follow: true };
        let running = match Running::start(&follow, &Place::Here) {
            Ok(running) => running,
            Err(error) => return assert!(matches!(error, Error::Start { program: "journalctl", .. })),
        };
        let id = running.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)).expect("it runs");
        assert!(rustix::process::test_kill_process(id).is_ok());
        drop(running);
        let deadline = std::time::Instant::now() + Duration::from_mins(1);
        while rustix::process::test_kill_process(id).is_ok() {
            assert!(std::time::Instant::now() < deadline, "it still runs");
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    #[allow(clippy::disallowed_methods, reason = "runs what a host would run")]
    async fn what_is_tied_ends_with_its_input_and_by_itself() {
        let tied = |program: &[&str]| {
            let mut command = Command::new("sh");
            command.args(["-c", TIED, "ronde"]).args(program).stdin(Stdio::piped()).stdout(Stdio::piped());
            command.spawn().expect("a shell")
        };
        let mut endless = tied(&["sleep", "1000"]);
        drop(endless.stdin.take());
        let status = endless.wait().await.expect("it ends");
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(15));
        let mut brief = tied(&["echo", "a'b $x"]);
        let kept = brief.stdin.take();
        let mut said = String::new();
        brief.stdout.take().expect("a pipe").read_to_string(&mut said).await.expect("text, to its end");
        assert_eq!((said.as_str(), brief.wait().await.expect("it ends").success()), ("a'b $x\n", true));
        drop(kept);
        assert!(!TIED.contains(['!', '\\', '\n', '\'']), "means something to csh or fish");
    }

    #[tokio::test]
    async fn output_is_cut_at_its_limit() {
        let text = read(&b"0123456789"[..], 4).await.expect("memory");
        assert_eq!(text, "0123");
    }
}
