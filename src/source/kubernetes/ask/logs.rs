//! Log lines of containers: one task a container, one bounded queue for all, so that a slow screen costs no memory.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::{
    sync::mpsc::{self, error::TrySendError},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{LIMIT, fetch, object::Reference};
use crate::{
    model::{
        query::{Answer, LOG_LINE_LIMIT, LogLine, LogQuery},
        text,
    },
    source::{
        Reply,
        kubernetes::{
            call,
            context::{Context, Link},
            lines::Splitter,
            trouble::Trouble,
            watch::escaped,
        },
    },
};

/// Lines that may wait for the screen.
const QUEUE: usize = 2048;

/// Lines that go to the screen at once.
const BATCH: usize = 256;

/// Containers that are read at once; each takes a connection.
const STREAMS: usize = 100;

/// How long to wait before a container that ended is followed again.
const AGAIN: Duration = Duration::from_secs(2);

/// What a container's task has to tell.
enum Told {
    Line(LogLine),
    /// So many lines found the queue full.
    Lost(u64),
}

/// Sends the lines that `query` asks for.
pub(super) async fn stream(context: &Context, link: &Link, query: &LogQuery, reply: &Reply) -> Result<(), Trouble> {
    let (sender, mut queue) = mpsc::channel(QUEUE);
    let mut tasks = JoinSet::new();
    let mut left_out = 0;
    for key in &query.keys {
        let reference = Reference::of(&context.cluster, query.table, key)?;
        let containers = match containers(link, &reference, query).await {
            Ok(containers) => containers,
            // One pod that is gone is not the end of the others.
            Err(trouble) => {
                note(reply, &reference.name, &trouble.to_string()).await;
                continue;
            }
        };
        for container in containers {
            if tasks.len() >= STREAMS {
                left_out += 1;
                continue;
            }
            let reader = Container::new(&reference, &container, query, sender.clone());
            tasks.spawn(reader.run(link.clone()));
        }
    }
    drop(sender);
    if left_out > 0 {
        note(reply, &context.cluster, &format!("{left_out} more containers are left out; choose fewer")).await;
    }
    while let Some(first) = queue.recv().await {
        let (mut lines, mut lost) = (Vec::new(), 0);
        let mut next = Some(first);
        while let Some(told) = next {
            match told {
                Told::Line(told) => lines.push(told),
                Told::Lost(count) => lost += count,
            }
            next = if lines.len() < BATCH { queue.try_recv().ok() } else { None };
        }
        if !lines.is_empty() && !reply.send(Answer::Lines(lines)).await {
            return Ok(());
        }
        if lost > 0 && !reply.send(Answer::Dropped(lost)).await {
            return Ok(());
        }
    }
    reply.send(Answer::End).await;
    Ok(())
}

/// Says something in place of lines.
async fn note(reply: &Reply, origin: &str, text: &str) {
    reply.send(Answer::Lines(vec![remark(&text::name(origin).as_ref().into(), text)])).await;
}

fn remark(origin: &Arc<str>, text: &str) -> LogLine {
    LogLine { at: None, origin: origin.clone(), text: format!("[ronde: {}]", text::name(text)) }
}

/// The containers whose logs are asked for: init, sidecars, app and ephemeral ones.
async fn containers(link: &Link, reference: &Reference, query: &LogQuery) -> Result<Vec<String>, Trouble> {
    if let Some(container) = query.container.as_deref().or(reference.container.as_deref()) {
        return Ok(vec![container.to_owned()]);
    }
    if reference.kind != "Pod" {
        return Err(Trouble::Configuration(format!("a {} has no log; its pods have", reference.kind)));
    }
    Ok(names(&fetch(link, reference).await?))
}

fn names(pod: &Value) -> Vec<String> {
    ["initContainers", "containers", "ephemeralContainers"]
        .iter()
        .filter_map(|list| pod.get("spec")?.get(list)?.as_array())
        .flatten()
        .filter_map(|container| Some(container.get("name")?.as_str()?.to_owned()))
        .collect()
}

/// One container's log.
struct Container {
    path: String,
    origin: Arc<str>,
    follow: bool,
    since: Option<SignedDuration>,
    tail: u32,
    sender: mpsc::Sender<Told>,
    lost: u64,
    /// The last line's time, to go on from.
    last: Option<Timestamp>,
    /// When reading began: older lines are there already and can wait.
    began: Timestamp,
}

impl Container {
    fn new(reference: &Reference, container: &str, query: &LogQuery, sender: mpsc::Sender<Told>) -> Self {
        let previous = if query.previous { "&previous=true" } else { "" };
        Self {
            path: format!("{}/log?container={}&timestamps=true{previous}", reference.path(), escaped(container)),
            origin: text::name(&format!("{}/{container}", reference.name)).as_ref().into(),
            // A run that is over writes nothing more.
            follow: query.follow && !query.previous,
            since: query.since,
            tail: query.tail,
            sender,
            lost: 0,
            last: None,
            began: Timestamp::now(),
        }
    }

    async fn run(mut self, link: Link) {
        loop {
            let before = self.last;
            let result = self.read(&link).await;
            let end = match &result {
                Ok(()) => !self.follow,
                Err(trouble) => {
                    self.tell(Told::Line(remark(&self.origin, &trouble.to_string()))).await;
                    !self.follow
                        || matches!(trouble, Trouble::Absent(_) | Trouble::Forbidden(_) | Trouble::Unauthorized(_))
                }
            };
            if end || self.sender.is_closed() {
                break;
            }
            // A container that ended may start again: go on after its last line, and slowly where nothing comes.
            sleep(if result.is_ok() && self.last != before { AGAIN } else { AGAIN * 3 }).await;
        }
        self.tell_lost().await;
    }

    async fn read(&mut self, link: &Link) -> Result<(), Trouble> {
        let follow = if self.follow { "&follow=true" } else { "" };
        let from = match (self.last, self.since) {
            // The API takes whole seconds: what was seen is passed over below.
            (Some(last), _) => format!("&sinceTime={}", escaped(&last.to_string())),
            (None, Some(since)) => format!("&sinceSeconds={}&tailLines={}", since.as_secs().max(1), self.tail),
            (None, None) => format!("&tailLines={}", self.tail),
        };
        let path = format!("{}{follow}{from}", self.path);
        let seen = self.last;
        let mut body = call::open(&link.client, &path, LIMIT).await?;
        // Room for the time before the text.
        let mut lines = Splitter::new(LOG_LINE_LIMIT + 40);
        loop {
            let chunk = if self.follow {
                call::chunk(&mut body).await?
            } else {
                timeout(LIMIT, call::chunk(&mut body)).await.unwrap_or(Err(Trouble::Slow(LIMIT)))?
            };
            let Some(chunk) = chunk else { break };
            lines.push(chunk.as_ref());
            while let Some(parsed) = lines.next().map(|line| parse(line.bytes, line.cut)) {
                self.line(parsed, seen).await;
            }
        }
        if let Some(parsed) = lines.rest().map(|line| parse(line.bytes, line.cut)) {
            self.line(parsed, seen).await;
        }
        Ok(())
    }

    async fn line(&mut self, (at, text): (Option<Timestamp>, String), seen: Option<Timestamp>) {
        if seen.is_some() && at <= seen {
            return;
        }
        self.last = at.or(self.last);
        self.tell(Told::Line(LogLine { at, origin: self.origin.clone(), text })).await;
    }

    /// Passes on. What is there already waits for the screen; what is being written does not, but is counted.
    async fn tell(&mut self, told: Told) {
        let is_old = matches!(&told, Told::Line(line) if line.at.is_some_and(|at| at < self.began));
        if !self.follow || is_old {
            // Nobody listens: the task is about to be ended.
            let _ = self.sender.send(told).await;
            return;
        }
        if self.lost > 0 && self.sender.try_send(Told::Lost(self.lost)).is_ok() {
            self.lost = 0;
        }
        if let Err(TrySendError::Full(Told::Line(_))) = self.sender.try_send(told) {
            self.lost += 1;
        }
    }

    async fn tell_lost(&mut self) {
        if self.lost > 0 {
            let _ = self.sender.send(Told::Lost(std::mem::take(&mut self.lost))).await;
        }
    }
}

/// A line with the time the runtime gave it. Without one the whole is text.
fn parse(line: &[u8], cut: bool) -> (Option<Timestamp>, String) {
    let line = String::from_utf8_lossy(line);
    let (at, rest) = match line.split_once(' ') {
        Some((time, rest)) => match time.parse() {
            Ok(at) => (Some(at), rest),
            Err(_) => (None, &*line),
        },
        None => (line.parse().ok(), if line.parse::<Timestamp>().is_ok() { "" } else { &*line }),
    };
    let most = LOG_LINE_LIMIT - 16;
    let mut kept = text::limited(rest, most).into_owned();
    if rest.len() > most {
        kept.push_str(" (cut)");
    } else if cut {
        kept.push_str("… (cut)");
    }
    (at, kept)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::model::{query::AskId, store::TableId};

    #[test]
    fn lines_have_their_time() {
        let (at, line) = parse(b"2026-11-25T22:47:36.123456789Z hello  world", false);
        assert_eq!((at, line.as_str()), (Some("2026-11-25T22:47:36.123456789Z".parse().unwrap()), "hello  world"));
        assert_eq!(parse(b"2026-11-25T22:47:36Z ", false).1, "");
        assert_eq!(parse(b"2026-11-25T22:47:36Z", false).1, "");
        assert_eq!(parse(b"no time here", false), (None, "no time here".into()));
        assert!(parse(&b"x".repeat(100_000), true).1.ends_with("… (cut)"));
    }

    #[test]
    fn every_container_of_a_pod_has_a_log() {
        let pod = json!({"spec": {"initContainers": [{"name": "i"}], "containers": [{"name": "a"}, {"name": "b"}]}});
        assert_eq!(names(&pod), ["i", "a", "b"]);
        assert!(names(&json!({})).is_empty());
    }

    fn container(follow: bool, sender: mpsc::Sender<Told>) -> Container {
        let reference = Reference { kind: "Pod", namespace: "a".into(), name: "b".into(), container: None };
        let query = LogQuery {
            table: TableId::Pods,
            keys: Vec::new(),
            container: None,
            previous: false,
            since: None,
            tail: 10,
            follow,
        };
        Container::new(&reference, "c", &query, sender)
    }

    #[tokio::test]
    async fn lines_that_find_the_queue_full_are_counted() {
        let (sender, mut queue) = mpsc::channel(4);
        let mut container = container(true, sender);
        for n in 0..10 {
            container.line((None, n.to_string()), None).await;
        }
        assert_eq!(container.lost, 6);
        let mut lines = 0;
        while let Ok(Told::Line(_)) = queue.try_recv() {
            lines += 1;
        }
        assert_eq!(lines, 4);
        container.line((None, "next".into()), None).await;
        assert!(matches!(queue.try_recv(), Ok(Told::Lost(6))));
        assert!(matches!(queue.try_recv(), Ok(Told::Line(line)) if line.text == "next"));
    }

    #[tokio::test]
    async fn a_line_seen_before_is_not_told_again() {
        let (sender, mut queue) = mpsc::channel(4);
        let mut container = container(true, sender);
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        container.line((at("2026-11-25T22:47:36Z"), "old".into()), at("2026-11-25T22:47:36Z")).await;
        container.line((at("2026-11-25T22:47:37Z"), "new".into()), at("2026-11-25T22:47:36Z")).await;
        assert!(matches!(queue.try_recv(), Ok(Told::Line(line)) if line.text == "new"));
        assert!(queue.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_remark_is_inert() {
        let (sender, mut answers) = mpsc::channel(4);
        note(&Reply::new(AskId(1), sender), "web\u{1b}", "gone\u{7}").await;
        let Some((_, Answer::Lines(lines))) = answers.recv().await else { panic!("no lines") };
        assert!(lines[0].text.chars().chain(lines[0].origin.chars()).all(text::is_shown));
    }

    proptest! {
        #[test]
        fn no_line_is_longer_than_the_limit(line in prop::collection::vec(any::<u8>(), 0..300), times in 1usize..200, cut: bool) {
            prop_assert!(parse(&line.repeat(times), cut).1.len() <= LOG_LINE_LIMIT);
        }
    }
}
