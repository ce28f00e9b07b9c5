//! The engine's pushed events, as long as one connection lasts, and which of them mean that a container's row changed.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::{allow, api::Event, client::Client, error::Error, lines::Lines};

/// Bytes of one event: it carries all labels of its container.
const LONGEST: usize = 1 << 20;
/// Events that wait to be taken; the engine keeps 256 itself.
const WAITING: usize = 256;

/// What the stream of events says.
#[derive(Debug)]
pub(super) enum News {
    /// The engine pushes from now on.
    Open,
    /// This container changed, or came or went, at that moment (nanoseconds since 1970).
    Changed(Arc<str>, i64),
    /// Something happened that could not be read; everything may have changed.
    Unclear,
    /// The stream ended.
    Ended(Option<Error>),
}

/// A running stream; dropped, it ends.
pub(super) struct Stream {
    news: mpsc::Receiver<News>,
    _task: AbortOnDropHandle<()>,
}

impl Stream {
    /// Opens a stream of container events, since that moment if one is given.
    pub(super) fn open(client: Client, since: Option<i64>) -> Self {
        let (sender, news) = mpsc::channel(WAITING);
        let task = async move {
            let end = follow(&client, since, &sender).await.err();
            // Nobody listens any more: nothing to tell.
            drop(sender.send(News::Ended(end)).await);
        };
        Self { news, _task: AbortOnDropHandle::new(tokio::spawn(task)) }
    }

    /// The next piece of news. Cancel safe.
    pub(super) async fn next(&mut self) -> News {
        self.news.recv().await.unwrap_or(News::Ended(None))
    }
}

async fn follow(client: &Client, since: Option<i64>, news: &mpsc::Sender<News>) -> Result<(), Error> {
    let since = since.map(|nanos| format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000));
    let mut query = vec![("filters", r#"{"type":["container"]}"#)];
    query.extend(since.as_deref().map(|since| ("since", since)));
    let mut body = client.stream("/events", &query).await?;
    let mut lines = Lines::new(LONGEST);
    let mut waiting = vec![News::Open];
    loop {
        for one in waiting.drain(..) {
            if news.send(one).await.is_err() {
                return Ok(());
            }
        }
        let Some(piece) = body.next().await else { return Ok(()) };
        lines.push(&piece?, |line, cut| waiting.extend(read(line, cut)));
    }
}

fn read(line: &[u8], cut: bool) -> Option<News> {
    if line.is_empty() {
        return None;
    }
    let event: Option<Event> = serde_json::from_slice(line).ok().filter(|_| !cut);
    match event {
        None => Some(News::Unclear),
        Some(event) if event.kind != "container" || !allow::is_id(&event.actor.id) => None,
        Some(event) if is_noise(&event.action) => None,
        Some(event) => Some(News::Changed(event.actor.id.as_str().into(), event.moment())),
    }
}

impl Event {
    /// Nanoseconds since 1970.
    pub(super) fn moment(&self) -> i64 {
        if self.time_nano > 0 { self.time_nano } else { self.time.saturating_mul(1_000_000_000) }
    }
}

/// Whether an action leaves a container's row as it is. Health checks are execs, every few seconds.
fn is_noise(action: &str) -> bool {
    let name = action.split([':', ' ']).next().unwrap_or("");
    name.starts_with("exec")
        || matches!(
            name,
            "top" | "attach" | "detach" | "resize" | "export" | "copy" | "archive-path" | "extract-to-dir" | "commit"
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn real_events_are_understood() {
        let lines = include_str!("../../../tests/fixtures/docker/events.jsonl");
        let news: Vec<News> = lines.lines().filter_map(|line| read(line.as_bytes(), false)).collect();
        let changed =
            news.iter().filter(|news| matches!(news, News::Changed(id, at) if id.len() == 64 && *at > 0)).count();
        assert_eq!(changed, news.len());
        let interesting = lines.lines().filter(|line| !line.contains("\"Action\":\"exec_")).count();
        assert!(interesting >= 5, "the capture has something to show");
        assert_eq!(changed, interesting);
    }

    #[test]
    fn noise_is_passed_over() {
        for action in ["exec_create: sh -c true", "exec_start: x", "exec_die", "top", "attach", "resize"] {
            assert!(is_noise(action), "{action}");
        }
        for action in
            ["start", "die", "oom", "destroy", "health_status: healthy", "rename", "pause", "died", "remove", "update"]
        {
            assert!(!is_noise(action), "{action}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_survived_and_none_is_passed_over_in_silence(text in any::<Vec<u8>>()) {
            let news = read(&text, false);
            prop_assert!(text.is_empty() || news.is_some() || serde_json::from_slice::<Event>(&text).is_ok());
        }
    }
}
