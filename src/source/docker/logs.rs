//! Log lines of containers: several at once, bounded while they are read, and counted when they come faster than they
//! can be shown.

mod demux;

use std::{collections::VecDeque, sync::Arc};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::BoxStream};
use jiff::{SignedDuration, Timestamp};

use self::demux::Demux;
use super::{
    api::Inspect,
    asks,
    client::{Body, Client},
    error::Error,
    list,
};
use crate::{
    model::{
        query::{Answer, LOG_LINE_LIMIT, LogLine, LogQuery},
        text,
    },
    source::Reply,
};

/// Containers whose logs are read at once: each is a connection.
const CONTAINERS: usize = 100;
/// Lines that wait for the console. When following, the oldest are dropped and counted; else reading waits.
const WAITING: usize = 8192;
/// Lines in one part of the answer.
const PART: usize = 512;
/// Ends a line that was cut.
const CUT: &str = " … (cut)";

/// Answers with the lines of the containers, until they end; when following, until nobody listens.
///
/// # Errors
/// Why there is nothing to answer, in one line.
pub(super) async fn answer(client: &Client, engine: &str, query: LogQuery, reply: &Reply) -> Result<(), String> {
    if query.previous {
        return Err(
            "an engine keeps no log of a container's previous run apart; the log has all runs since it was created"
                .into(),
        );
    }
    if query.keys.len() > CONTAINERS {
        return Err(format!("logs of {} containers at once are too many; {CONTAINERS} can be read", query.keys.len()));
    }
    let mut streams = futures::stream::SelectAll::new();
    let mut failures = Vec::new();
    for key in &query.keys {
        let id = asks::id(engine, key)?;
        match open(client, id, &query).await {
            Ok(stream) => streams.push(stream),
            Err(error) => failures.push(failure(id, &error)),
        }
    }
    if streams.is_empty()
        && let Some(first) = failures.first()
    {
        return Err(first.text.clone());
    }
    let mut queue = Queue::new(failures);
    let mut sending: Option<BoxFuture<'_, bool>> = None;
    let mut open = true;
    loop {
        if sending.is_none() {
            match queue.next() {
                Some(part) => sending = Some(reply.send(part).boxed()),
                None if open => {}
                None => break,
            }
        }
        tokio::select! {
            heard = sent(&mut sending) => if !heard {
                return Ok(());
            },
            lines = streams.next(), if open && (query.follow || queue.has_room()) => match lines {
                Some(lines) => queue.push(lines),
                None => open = false,
            },
        }
    }
    reply.send(Answer::End).await;
    Ok(())
}

async fn sent(sending: &mut Option<BoxFuture<'_, bool>>) -> bool {
    let Some(running) = sending else { return std::future::pending().await };
    let heard = running.await;
    *sending = None;
    heard
}

/// Lines that wait for the console.
struct Queue {
    lines: VecDeque<LogLine>,
    dropped: u64,
}

impl Queue {
    fn new(lines: Vec<LogLine>) -> Self {
        Self { lines: lines.into(), dropped: 0 }
    }

    fn has_room(&self) -> bool {
        self.lines.len() < WAITING
    }

    fn push(&mut self, lines: Vec<LogLine>) {
        self.lines.extend(lines);
        let over = self.lines.len().saturating_sub(WAITING);
        self.lines.drain(..over);
        self.dropped += over as u64;
    }

    fn next(&mut self) -> Option<Answer> {
        if self.dropped > 0 {
            return Some(Answer::Dropped(std::mem::take(&mut self.dropped)));
        }
        let part: Vec<LogLine> = self.lines.drain(..self.lines.len().min(PART)).collect();
        (!part.is_empty()).then_some(Answer::Lines(part))
    }
}

/// Opens one container's log.
async fn open(client: &Client, id: &str, query: &LogQuery) -> Result<BoxStream<'static, Vec<LogLine>>, Error> {
    let inspect: Inspect = client.get(&format!("/containers/{id}/json"), &[]).await?;
    let origin: Arc<str> = list::name(&[inspect.name]).into();
    let tail = query.tail.to_string();
    let follow = if query.follow { "1" } else { "0" };
    let mut parameters =
        vec![("stdout", "1"), ("stderr", "1"), ("timestamps", "1"), ("tail", &*tail), ("follow", follow)];
    let since = query.since.map(|ago| since(Timestamp::now(), ago));
    parameters.extend(since.as_deref().map(|since| ("since", since)));
    let body = client.stream(&format!("/containers/{id}/logs"), &parameters).await?;
    let reader = Reader { body, demux: Demux::new(inspect.config.tty, LOG_LINE_LIMIT), origin, id: id.into() };
    Ok(futures::stream::unfold(Some(reader), Reader::next).boxed())
}

/// The moment so long ago as the API takes it, `seconds.nanoseconds`.
fn since(now: Timestamp, ago: SignedDuration) -> String {
    let from = now.checked_sub(ago).unwrap_or(Timestamp::UNIX_EPOCH).max(Timestamp::UNIX_EPOCH);
    format!("{}.{:09}", from.as_second(), from.subsec_nanosecond())
}

struct Reader {
    body: Body,
    demux: Demux,
    origin: Arc<str>,
    id: String,
}

impl Reader {
    /// The lines of the next piece; the reader again, unless it was the last.
    async fn next(this: Option<Self>) -> Option<(Vec<LogLine>, Option<Self>)> {
        let mut this = this?;
        let mut lines = Vec::new();
        let piece = this.body.next().await;
        let origin = &this.origin;
        let mut each = |bytes: &[u8], cut: bool| lines.push(line(bytes, cut, origin));
        match piece {
            Some(Ok(piece)) => {
                this.demux.push(&piece, &mut each);
                return Some((lines, Some(this)));
            }
            Some(Err(error)) => {
                this.demux.finish(&mut each);
                lines.push(failure(&this.id, &error));
            }
            None => this.demux.finish(&mut each),
        }
        Some((lines, None))
    }
}

/// A line of its own that says why there are no more.
fn failure(id: &str, error: &Error) -> LogLine {
    let short = id.get(..12).unwrap_or(id);
    LogLine { at: None, origin: short.into(), text: format!("(the log cannot be read: {error})") }
}

/// A line from its bytes, which begin with the moment it was written.
fn line(bytes: &[u8], cut: bool, origin: &Arc<str>) -> LogLine {
    let line = String::from_utf8_lossy(bytes);
    let (at, rest) = match line.split_once(' ') {
        Some((first, rest)) => match first.parse::<Timestamp>() {
            Ok(at) => (Some(at), rest),
            Err(_) => (None, &*line),
        },
        // An empty line is its moment alone.
        None => line.parse::<Timestamp>().map_or((None, &*line), |at| (Some(at), "")),
    };
    // Bytes that are no UTF-8 grow when they are replaced.
    let limit = LOG_LINE_LIMIT - CUT.len() - '…'.len_utf8();
    let fits = !cut && rest.len() <= LOG_LINE_LIMIT;
    let text =
        if fits { rest.to_owned() } else { format!("{}{CUT}", text::limited(rest, limit).trim_end_matches('…')) };
    LogLine { at, origin: origin.clone(), text }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_have_their_moment_and_their_text() {
        let origin = Arc::from("web");
        let one = line(b"2026-11-25T22:51:21.405680840Z GET / 200", false, &origin);
        assert_eq!((one.at.map(Timestamp::as_second), &*one.text), (Some(1_795_647_081), "GET / 200"));
        assert_eq!(line(b"2026-11-25T22:51:21Z", false, &origin).text, "");
        assert_eq!(line(b"no moment", false, &origin), LogLine { at: None, origin, text: "no moment".into() });
    }

    #[test]
    fn a_cut_line_says_so_and_stays_within_the_limit() {
        let origin = Arc::from("web");
        let one = line(&[b'x'; LOG_LINE_LIMIT], true, &origin);
        assert!(one.text.ends_with(CUT) && one.text.len() <= LOG_LINE_LIMIT, "{}", one.text.len());
        let one = line(&[0xff; LOG_LINE_LIMIT], false, &origin);
        assert!(one.text.ends_with(CUT) && one.text.len() <= LOG_LINE_LIMIT, "{}", one.text.len());
    }

    #[test]
    fn what_comes_too_fast_is_counted_and_the_newest_is_kept() {
        let origin: Arc<str> = "web".into();
        let mut queue = Queue::new(Vec::new());
        for n in 0..WAITING + 10 {
            queue.push(vec![LogLine { at: None, origin: origin.clone(), text: n.to_string() }]);
        }
        assert!(!queue.has_room());
        assert_eq!(queue.next(), Some(Answer::Dropped(10)));
        let Some(Answer::Lines(lines)) = queue.next() else { panic!("lines") };
        assert_eq!((lines.len(), &*lines[0].text), (PART, "10"));
        assert!(queue.has_room());
    }

    #[test]
    fn since_is_told_as_the_engine_takes_it() {
        let now = Timestamp::from_second(1_000_000).expect("a moment");
        assert_eq!(since(now, SignedDuration::from_millis(1500)), "999998.500000000");
        assert_eq!(since(now, SignedDuration::from_hours(1_000_000)), "0.000000000");
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_line_too_long(bytes in any::<Vec<u8>>(), repeat in 1usize..200, cut: bool) {
            let one = line(&bytes.repeat(repeat), cut, &"web".into());
            prop_assert!(one.text.len() <= LOG_LINE_LIMIT);
        }
    }
}
