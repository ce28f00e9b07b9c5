//! Runs a program of the user's for its output: without a terminal to draw on or ask at, with a time limit, and with an end
//! for all it started.

use std::{io, path::Path, process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{io::AsyncReadExt, process::Command, time::timeout};

use crate::model::text;

/// Bytes of output that are read.
const OUTPUT: u64 = 1 << 20;

/// Why a program gave no output.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    /// It could not be started.
    #[error("cannot be started ({0}); is it installed and on PATH?")]
    Start(#[source] io::Error),
    /// It did not end in time.
    #[error("did not answer within {} s", .0.as_secs())]
    Slow(Duration),
    /// It failed, with the last line of its complaint.
    #[error("failed: {0}")]
    Status(String),
    /// It wrote without end.
    #[error("wrote more than 1 MB")]
    Endless,
}

/// Ends a session or group of processes when it goes, whatever happens to the one who waits.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // Already gone is as good.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// What `program` writes to standard output. It has no controlling terminal and nothing on standard input.
pub(crate) async fn output(
    program: &str,
    arguments: &[String],
    environment: &[(String, String)],
    limit: Duration,
) -> Result<Vec<u8>, Failed> {
    // A session of its own has no terminal, so that `/dev/tty` cannot be opened to ask for a password.
    let setsid = ["/usr/bin/setsid", "/bin/setsid"].into_iter().find(|path| Path::new(path).exists());
    let mut command = Command::new(setsid.unwrap_or(program));
    if setsid.is_some() {
        command.arg(program);
    } else {
        command.process_group(0);
    }
    let mut child = command
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(Failed::Start)?;
    let mut group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let work = async {
        let (mut out, mut complaint) = (Vec::new(), Vec::new());
        let read_out = async {
            match stdout {
                Some(stdout) => stdout.take(OUTPUT + 1).read_to_end(&mut out).await,
                None => Ok(0),
            }
        };
        let read_complaint = async {
            match stderr {
                Some(stderr) => stderr.take(OUTPUT).read_to_end(&mut complaint).await,
                None => Ok(0),
            }
        };
        tokio::try_join!(read_out, read_complaint).map_err(Failed::Start)?;
        if out.len() as u64 > OUTPUT {
            return Err(Failed::Endless);
        }
        let status = child.wait().await.map_err(Failed::Start)?;
        // The process is reaped: its number may belong to another soon.
        group.0 = None;
        if status.success() {
            return Ok(out);
        }
        let complaint = String::from_utf8_lossy(&complaint);
        let last = complaint.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        if setsid.is_some() && matches!(status.code(), Some(126 | 127)) && last.starts_with("setsid:") {
            return Err(Failed::Start(io::Error::from(io::ErrorKind::NotFound)));
        }
        let why = if last.is_empty() { status.to_string() } else { last.trim().to_owned() };
        Err(Failed::Status(text::inert(&text::limited(&why, 200)).into_owned()))
    };
    timeout(limit, work).await.unwrap_or(Err(Failed::Slow(limit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shell(script: &str, limit: Duration) -> Result<Vec<u8>, Failed> {
        output("sh", &["-c".into(), script.into()], &[("GREETING".into(), "hello".into())], limit).await
    }

    const LONG: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn output_and_environment_pass() {
        assert_eq!(shell("echo $GREETING", LONG).await.unwrap(), b"hello\n");
    }

    #[tokio::test]
    async fn a_failure_tells_the_last_line() {
        let error = shell("echo first >&2; echo 'log in again' >&2; exit 1", LONG).await.unwrap_err();
        assert_eq!(error.to_string(), "failed: log in again");
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_said() {
        let error = output("ronde-no-such-program", &[], &[], LONG).await.unwrap_err();
        assert!(matches!(error, Failed::Start(_)), "{error}");
    }

    #[tokio::test]
    async fn one_that_hangs_is_ended_with_its_children() {
        let error = shell("sleep 1000 & sleep 1000", Duration::from_millis(200)).await.unwrap_err();
        assert!(matches!(error, Failed::Slow(_)), "{error}");
    }

    #[tokio::test]
    async fn nobody_can_be_asked() {
        // Opening the terminal fails, so a plugin that prompts fails instead of drawing on the screen.
        assert!(shell("exec 3</dev/tty", LONG).await.is_err());
        assert_eq!(shell("read answer; echo \"got $answer\"", LONG).await.unwrap(), b"got \n");
    }

    #[tokio::test]
    async fn endless_output_ends() {
        assert!(matches!(shell("yes", LONG).await, Err(Failed::Endless)));
    }
}
