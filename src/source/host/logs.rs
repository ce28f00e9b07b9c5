//! The journal of units, or of the whole machine: by `journalctl`, as lines.

use std::{io, sync::Arc, time::Duration};

use jiff::{Timestamp, fmt::strtime};
use tokio::io::{AsyncRead, AsyncReadExt, BufReader};

use super::command::{Error, Observation, Place, Running, UnitName};
use crate::{
    model::{
        query::{Answer, LOG_LINE_LIMIT, LogLine, LogQuery},
        text,
    },
    remote::lines::{Line, Lines},
    source::Ask,
};

/// Lines of one answer at most.
const BATCH: usize = 500;

/// How long lines are collected before they are shown.
const COLLECT: Duration = Duration::from_millis(50);

/// Lines of the past at most.
const TAIL: u32 = 100_000;

/// Answers a question for logs until it is done, or nobody asks any more.
pub(super) async fn answer(ask: Ask, query: &LogQuery, units: Vec<UnitName>, place: &Place) {
    let last = tokio::select! {
        () = ask.cancel.cancelled() => return,
        end = send(&ask, query, units, place) => end.unwrap_or_else(|error| Answer::Failed(error.to_string())),
    };
    ask.reply.send(last).await;
}

async fn send(ask: &Ask, query: &LogQuery, units: Vec<UnitName>, place: &Place) -> Result<Answer, Error> {
    if query.previous {
        return Ok(Answer::Failed("units have no previous run in the journal; look further back instead".into()));
    }
    let origin: Option<Arc<str>> = if let [unit] = units.as_slice() { Some(unit.as_str().into()) } else { None };
    let since = query.since.and_then(|since| Timestamp::now().checked_sub(since).ok()).map(Timestamp::as_second);
    let journal = Observation::Journal { units, lines: query.tail.min(TAIL), since, follow: query.follow };
    let mut running = Running::start(&journal, place)?;
    let (stdout, stderr) = running.take_output();
    let failed = |source| Error::Read { program: "journalctl", source };
    let (sent, complaint) = tokio::join!(pump(ask, stdout, origin.as_ref()), complaint(stderr));
    sent.map_err(failed)?;
    let complaint = complaint.unwrap_or_default();
    let code = running.wait(&complaint).await?;
    // "No journal files were found." comes with exit code 0: it is not the same as no lines.
    if code == Some(0) && complaint.is_empty() {
        return Ok(Answer::End);
    }
    Ok(Answer::Failed(format!("journalctl: {} (run it in a shell: {journal})", text::name(complaint.trim()))))
}

/// Sends lines as they come, some at a time.
async fn pump(ask: &Ask, from: impl AsyncRead + Unpin, origin: Option<&Arc<str>>) -> io::Result<()> {
    let mut lines = Lines::new(BufReader::new(from), LOG_LINE_LIMIT);
    let mut batch = Vec::new();
    loop {
        // The first line is waited for; those that follow closely come with it.
        let line = if batch.is_empty() {
            lines.next().await?
        } else if let Ok(line) = tokio::time::timeout(COLLECT, lines.next()).await {
            line?
        } else {
            if !ask.reply.send(Answer::Lines(std::mem::take(&mut batch))).await {
                return Ok(());
            }
            continue;
        };
        let ended = line.is_none();
        batch.extend(line.map(|line| parse(&whole(line), origin)));
        if (ended || batch.len() >= BATCH) && !batch.is_empty() {
            let open = ask.reply.send(Answer::Lines(std::mem::take(&mut batch))).await;
            if !open {
                return Ok(());
            }
        }
        if ended {
            return Ok(());
        }
    }
}

/// The line's text; of a long one its beginning, and how much is missing.
fn whole(line: Line) -> String {
    if line.cut > 0 { format!("{}… ({} bytes cut)", line.text, line.cut) } else { line.text }
}

async fn complaint(from: impl AsyncRead + Unpin) -> io::Result<String> {
    let mut text = Vec::new();
    from.take(4096).read_to_end(&mut text).await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// `2026-11-25T22:50:40+0000 systemd[1]: message`; newer versions write `+00:00`. Other lines stay as they are.
fn parse(line: &str, origin: Option<&Arc<str>>) -> LogLine {
    let moment = line.split_once(' ').and_then(|(stamp, rest)| Some((moment(stamp)?, rest)));
    let (at, rest) = moment.map_or((None, line), |(at, rest)| (Some(at), rest));
    let speaker =
        || rest.split(['[', ':', ' ']).next().map_or_else(|| "journal".into(), |word| text::name(word).into());
    LogLine { at, origin: origin.cloned().unwrap_or_else(speaker), text: rest.to_owned() }
}

fn moment(stamp: &str) -> Option<Timestamp> {
    stamp.parse().ok().or_else(|| strtime::parse("%Y-%m-%dT%H:%M:%S%z", stamp).ok()?.to_timestamp().ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn captured_lines_have_their_moment_and_speaker() {
        let line = parse(
            "2026-11-25T22:50:40+0000 systemd[1]: Finished systemd-sysctl.service - Apply Kernel Variables.",
            None,
        );
        assert_eq!(line.at, Some("2026-11-25T22:50:40Z".parse().expect("a moment")));
        assert_eq!(&*line.origin, "systemd");
        assert_eq!(line.text, "systemd[1]: Finished systemd-sysctl.service - Apply Kernel Variables.");
        let newer = parse("2026-11-25T23:50:40+01:00 kernel: veth0: left promiscuous mode", Some(&"x.service".into()));
        assert_eq!((newer.at, &*newer.origin), (line.at, "x.service"));
        let boot = parse("-- Boot 3d1219c7c4c5404aaa1f6d2a48adfda4 --", None);
        assert_eq!((boot.at, boot.text.as_str()), (None, "-- Boot 3d1219c7c4c5404aaa1f6d2a48adfda4 --"));
    }

    proptest! {
        #[test]
        fn any_line_is_survived_and_kept(text in any::<String>()) {
            let line = parse(&format!("2026-11-25T22:50:40+0000 {text}"), None);
            prop_assert_eq!(line.text, text.clone());
            parse(&text, None);
        }
    }
}
