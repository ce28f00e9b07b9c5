//! Answers to questions about a machine. None delays another, or the observation.

use std::{path::Path, sync::Arc, time::Duration};

use tokio::task::{JoinSet, spawn_blocking};

#[cfg(target_os = "linux")]
use super::linux as machine;
#[cfg(not(target_os = "linux"))]
use super::portable as machine;
use super::{
    command::{self, Observation, Place, UnitName},
    details,
    latest::Latest,
    logs, now,
};
use crate::{
    model::{
        document::Document,
        key::Key,
        query::{Answer, LogQuery, Query},
        store::TableId,
        text,
    },
    remote::Door,
    source::Ask,
};
use machine::Root;

/// Questions that are open at once.
const OPEN: usize = 32;

/// How long an answer that reads files or runs a program may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of `systemctl status` that are shown.
const STATUS_LIMIT: usize = 256 << 10;

/// Answers questions, several at a time.
pub(super) struct Answers {
    node: Arc<str>,
    /// Its files, where they can be read here.
    files: Option<Root>,
    /// Where its programs run; none while a host is not connected.
    place: Option<Place>,
    open: JoinSet<()>,
}

impl Answers {
    /// For this machine, `node`, with its files under `root`.
    pub(super) fn here(node: &Arc<str>, root: &Path) -> Self {
        Self { node: node.clone(), files: Some(Root::at(root)), place: Some(Place::Here), open: JoinSet::new() }
    }

    /// For a host that is not connected yet.
    pub(super) fn there(node: &Arc<str>) -> Self {
        Self { node: node.clone(), files: None, place: None, open: JoinSet::new() }
    }

    /// The host is connected, or not any more.
    pub(super) fn connected(&mut self, door: Option<Door>) {
        self.place = door.map(Place::There);
    }

    /// Begins to answer. What is known already is answered from `latest`.
    pub(super) fn answer(&mut self, ask: Ask, latest: &Latest) {
        while self.open.try_join_next().is_some() {}
        if self.open.len() >= OPEN {
            self.say(ask, Answer::Failed(format!("{OPEN} questions to {} are open; close one", self.node)));
            return;
        }
        match ask.query.clone() {
            Query::Details(TableId::Nodes, _) => self.say(ask, Answer::Document(details::node(latest))),
            Query::Details(TableId::Disks, key) => {
                let disk = self.own(&key).and_then(|mount| details::disk(latest, mount));
                self.say(ask, disk.map_or_else(|| gone(&key), Answer::Document));
            }
            Query::Details(TableId::Units, key) => self.unit(ask, &key),
            Query::Details(TableId::Processes, key) => self.process(ask, &key),
            Query::Logs(query) => self.logs(ask, &query),
            Query::Details(table, _) | Query::Yaml(table, _) | Query::Events(table, _) => {
                let why = format!("{} of this machine have no such view; press i for details", table.name());
                self.say(ask, Answer::Failed(why));
            }
        }
    }

    /// The part of a key after this machine's name.
    fn own<'a>(&self, key: &'a Key) -> Option<&'a str> {
        key.as_str().strip_prefix(&*self.node)?.strip_prefix('/')
    }

    fn say(&mut self, ask: Ask, answer: Answer) {
        self.open.spawn(async move {
            ask.reply.send(answer).await;
        });
    }

    fn unit(&mut self, ask: Ask, key: &Key) {
        let Some(unit) = self.own(key).and_then(UnitName::new) else {
            return self.say(ask, gone(key));
        };
        let Some(place) = self.place.clone() else { return self.say(ask, self.away()) };
        self.open.spawn(async move {
            let what = Observation::UnitStatus(unit);
            let status = command::output(&what, &place, PATIENCE, STATUS_LIMIT);
            tokio::select! {
                () = ask.cancel.cancelled() => {}
                output = status => {
                    let answer = output.map_or_else(|error| Answer::Failed(error.to_string()), |output| status_text(&output));
                    ask.reply.send(answer).await;
                }
            }
        });
    }

    fn process(&mut self, ask: Ask, key: &Key) {
        let Some(pid) = self.own(key).and_then(|pid| pid.parse::<u32>().ok()) else {
            return self.say(ask, gone(key));
        };
        let Some(files) = self.files.clone() else {
            let why = format!("what else /proc/{pid} tells is read on this machine only; the row has what is known");
            return self.say(ask, Answer::Failed(why));
        };
        let key = key.clone();
        self.open.spawn(async move {
            let described = spawn_blocking(move || machine::describe(&files, pid, now()));
            let answer = match tokio::time::timeout(PATIENCE, described).await {
                Ok(Ok(Some(document))) => Answer::Document(document),
                Ok(Ok(None)) => gone(&key),
                Ok(Err(_)) | Err(_) => {
                    Answer::Failed(format!("process {pid} does not let itself be read; is it in state D?"))
                }
            };
            ask.reply.send(answer).await;
        });
    }

    fn logs(&mut self, ask: Ask, query: &LogQuery) {
        let units: Option<Vec<UnitName>> = match query.table {
            // The whole journal.
            TableId::Nodes => Some(Vec::new()),
            TableId::Units if !query.keys.is_empty() => {
                query.keys.iter().map(|key| UnitName::new(self.own(key)?)).collect()
            }
            _ => None,
        };
        let Some(units) = units else {
            return self.say(ask, Answer::Failed(format!("{} of this machine have no logs", query.table.name())));
        };
        let Some(place) = self.place.clone() else { return self.say(ask, self.away()) };
        let query = query.clone();
        self.open.spawn(async move { logs::answer(ask, &query, units, &place).await });
    }

    fn away(&self) -> Answer {
        Answer::Failed(format!("{} is not connected", self.node))
    }
}

fn gone(key: &Key) -> Answer {
    Answer::Failed(format!("{key} is not there any more"))
}

fn status_text(output: &command::Output) -> Answer {
    // 3: not active; 4: no such unit.
    if output.stdout.is_empty() {
        return Answer::Failed(format!("systemctl: {}", text::name(output.stderr.trim())));
    }
    let mut document = Document::default();
    for line in output.stdout.lines() {
        document.text(text::name(line));
    }
    Answer::Document(document)
}
