//! Gathers what the parts of the source meet and makes one state and one line of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicU64, Ordering},
};

use jiff::Timestamp;
use tokio::sync::Mutex;

use super::{ending::Ending, kind::Kind, trouble::Trouble};
use crate::{
    model::{health::State, text},
    source::Outlet,
};

/// A list that is watched: the kind, and the namespace when not all are.
pub(crate) type Target = (Kind, Option<std::sync::Arc<str>>);

/// Failures of a list in a row before it is said: one may be an accident.
const TOLERATED: u32 = 2;

#[derive(Default)]
struct Facts {
    /// Where the server is.
    server: String,
    /// Why the source as a whole is not well: no client, no answer, no rights.
    whole: Option<Trouble>,
    /// Lists that are complete.
    listed: BTreeSet<Target>,
    /// Lists that fail, how often in a row, and why.
    failing: BTreeMap<Target, (u32, Trouble)>,
    /// Lists that failed and are under way again.
    mending: BTreeSet<Target>,
    /// Namespaces, when not all may be seen.
    namespaces: Option<String>,
    /// Why there is no usage.
    metrics: Option<String>,
    /// Objects that could not be read.
    unreadable: u64,
    /// When the credentials end.
    ending: Option<Ending>,
    /// What was said last.
    said: Option<(State, String)>,
}

/// The source's state.
pub(crate) struct Board {
    outlet: Outlet,
    facts: Mutex<Facts>,
    /// Grows with every fault, before it is reported: lists under way are void then.
    faults: AtomicU64,
}

impl Board {
    /// A board that reports to `outlet`.
    pub(crate) fn new(outlet: Outlet) -> Self {
        Self { outlet, facts: Mutex::default(), faults: AtomicU64::new(0) }
    }

    /// How many faults there were. A list during which this grew must be made again.
    pub(crate) fn faults(&self) -> u64 {
        self.faults.load(Ordering::SeqCst)
    }

    /// The server's address, and when the credentials for it end.
    pub(crate) async fn server(&self, server: &str, ending: Option<Ending>) {
        self.change(|facts| {
            server.clone_into(&mut facts.server);
            facts.ending = ending;
        })
        .await;
    }

    /// How the source is as a whole.
    pub(crate) async fn whole(&self, trouble: Option<Trouble>) {
        self.change(|facts| facts.whole = trouble).await;
    }

    /// A list is complete and followed.
    pub(crate) async fn listed(&self, target: &Target) {
        self.change(|facts| {
            facts.failing.remove(target);
            facts.mending.remove(target);
            facts.listed.insert(target.clone());
        })
        .await;
    }

    /// A list is being made; of one that failed that is news.
    pub(crate) async fn listing(&self, target: &Target) {
        self.change(|facts| {
            if facts.failing.contains_key(target) {
                facts.mending.insert(target.clone());
            }
        })
        .await;
    }

    /// A list that is followed may be made (again): the right was missing for a while.
    pub(crate) async fn allowed(&self, target: &Target) {
        self.change(|facts| {
            if facts.listed.contains(target) && matches!(facts.failing.get(target), Some((_, Trouble::Forbidden(_)))) {
                facts.failing.remove(target);
            }
        })
        .await;
    }

    /// A list or watch failed.
    pub(crate) async fn failed(&self, target: &Target, trouble: &Trouble) {
        self.change(|facts| {
            let (times, known) = facts.failing.entry(target.clone()).or_insert((0, trouble.clone()));
            *times += 1;
            known.clone_from(trouble);
            facts.mending.remove(target);
        })
        .await;
    }

    /// Only these are watched from now on.
    pub(crate) async fn watching(&self, targets: &BTreeSet<Target>, namespaces: Option<String>) {
        self.change(|facts| {
            facts.failing.retain(|target, _| targets.contains(target));
            facts.mending.retain(|target| targets.contains(target));
            facts.listed.retain(|target| targets.contains(target));
            facts.namespaces = namespaces;
        })
        .await;
    }

    /// Whether all of these lists are complete, but for those that may not be made.
    pub(crate) async fn settled(&self, targets: &BTreeSet<Target>) -> bool {
        let facts = self.facts.lock().await;
        let denied =
            |target| matches!(facts.failing.get(target), Some((_, Trouble::Forbidden(_) | Trouble::Absent(_))));
        targets.iter().all(|target| facts.listed.contains(target) || denied(target))
    }

    /// Why there is no usage; none when there is.
    pub(crate) async fn metrics(&self, absent: Option<String>) {
        self.change(|facts| facts.metrics = absent).await;
    }

    /// Whether all is well and was, since there were so many faults.
    pub(crate) async fn is_well_since(&self, faults: u64) -> bool {
        self.faults() == faults && self.said().await.0.is_current()
    }

    /// An object could not be read and was passed over.
    pub(crate) async fn unreadable(&self, count: u64) {
        self.change(|facts| facts.unreadable += count).await;
    }

    /// The last state and line.
    pub(crate) async fn said(&self) -> (State, String) {
        self.facts.lock().await.said.clone().unwrap_or((State::Connecting, "not connected yet".to_owned()))
    }

    async fn change(&self, change: impl FnOnce(&mut Facts)) {
        // Held while it is sent, so that two reports never overtake each other.
        let mut facts = self.facts.lock().await;
        change(&mut facts);
        let (state, line) = facts.verdict(Timestamp::now());
        if facts.said.as_ref().is_some_and(|(known, said)| *known == state && *said == line) {
            return;
        }
        // Another line of the same fault is no new fault: lists by which it heals would void each other.
        if state.is_fault() && !facts.said.as_ref().is_some_and(|(known, _)| known.is_fault()) {
            self.faults.fetch_add(1, Ordering::SeqCst);
        }
        self.outlet.health(state, line.clone()).await;
        facts.said = Some((state, line));
    }
}

impl Facts {
    fn verdict(&self, now: Timestamp) -> (State, String) {
        if let Some(trouble) = &self.whole {
            let line = match (trouble, self.ending.as_ref().and_then(|ending| ending.over(now))) {
                // The server says no more than that it does not know who this is.
                (Trouble::Unauthorized(_), Some(over)) => Trouble::Unauthorized(over).line(&self.server),
                _ => trouble.line(&self.server),
            };
            return (trouble.state(), line);
        }
        let broken = self.failing.iter().find(|(_, (times, trouble))| {
            *times >= TOLERATED && !matches!(trouble, Trouble::Forbidden(_) | Trouble::Absent(_))
        });
        if let Some((target, (_, trouble))) = broken {
            let (kind, namespace) = target;
            let of = namespace.as_ref().map(|namespace| format!(" of {namespace}")).unwrap_or_default();
            let again = if self.mending.contains(target) { "being listed again after: " } else { "" };
            return (State::Stale, format!("{}{of}: {again}{}", kind.plural(), trouble.line(&self.server)));
        }
        if !self.listed.iter().any(|(kind, _)| *kind == Kind::Pods) {
            return (State::Connecting, format!("listing the pods of {}", self.server));
        }
        (State::Live, self.remarks(now).join("; "))
    }

    fn remarks(&self, now: Timestamp) -> Vec<String> {
        let mut remarks: Vec<String> = self.ending.iter().filter_map(|ending| ending.remark(now)).collect();
        if let Some(namespaces) = &self.namespaces {
            remarks.push(format!("only namespaces {namespaces}"));
        }
        for (word, denied) in [("no right to list", true), ("the server has no", false)] {
            let kinds: BTreeSet<&str> = self
                .failing
                .iter()
                .filter(|(_, (_, trouble))| match trouble {
                    Trouble::Forbidden(_) => denied,
                    Trouble::Absent(_) => !denied,
                    _ => false,
                })
                .map(|((kind, _), _)| kind.plural())
                .collect();
            if !kinds.is_empty() {
                remarks.push(format!("{word} {}", kinds.into_iter().collect::<Vec<_>>().join(", ")));
            }
        }
        if let Some(absent) = &self.metrics {
            remarks.push(text::name(absent).into_owned());
        }
        if self.unreadable > 0 {
            remarks.push(format!("{} objects could not be read", self.unreadable));
        }
        remarks
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        model::{delta::Delta, key::SourceId},
        source::Inbox,
    };

    fn said(inbox: &Inbox) -> Option<(State, String)> {
        inbox.try_take(100).into_iter().rev().find_map(|delta| match delta {
            Delta::Health(health) => Some((health.state, health.message)),
            _ => None,
        })
    }

    #[tokio::test]
    async fn one_state_and_one_line_from_all_that_is_met() {
        let inbox = Inbox::default();
        let board = Board::new(inbox.outlet(SourceId::new("kubernetes", "eqiad")));
        board.server("https://h:6443", None).await;
        assert_eq!(said(&inbox).unwrap().0, State::Connecting);
        let (pods, nodes): (Target, Target) = ((Kind::Pods, None), (Kind::Nodes, None));
        board.listed(&pods).await;
        assert_eq!(said(&inbox), Some((State::Live, String::new())));
        board.failed(&nodes, &Trouble::Forbidden("no".into())).await;
        board.metrics(Some("metrics API absent".into())).await;
        assert_eq!(said(&inbox), Some((State::Live, "no right to list nodes; metrics API absent".into())));
        // Nothing new is not said again.
        board.metrics(Some("metrics API absent".into())).await;
        assert_eq!(said(&inbox), None);
        let before = board.faults();
        board.whole(Some(Trouble::Slow(Duration::from_secs(5)))).await;
        let (state, line) = said(&inbox).unwrap();
        assert!(state == State::Stale && line.contains("https://h:6443") && board.faults() > before, "{line}");
        board.whole(Some(Trouble::Unreachable("connection refused".into()))).await;
        assert_eq!(said(&inbox).unwrap().0, State::Unreachable);
        assert_eq!(board.faults(), before + 1, "the same fault, said anew");
        board.whole(None).await;
        assert_eq!(said(&inbox).unwrap().0, State::Live);
    }

    #[tokio::test]
    async fn one_failure_of_a_list_is_an_accident() {
        let inbox = Inbox::default();
        let board = Board::new(inbox.outlet(SourceId::new("kubernetes", "eqiad")));
        let (pods, jobs): (Target, Target) = ((Kind::Pods, None), (Kind::Jobs, None));
        board.listed(&pods).await;
        said(&inbox);
        let trouble = Trouble::Status(500, "etcdserver: request timed out".into());
        board.failed(&jobs, &trouble).await;
        assert_eq!(said(&inbox), None);
        board.failed(&jobs, &trouble).await;
        assert_eq!(said(&inbox).unwrap().0, State::Stale);
        board.listing(&jobs).await;
        let (state, line) = said(&inbox).unwrap();
        assert!(state == State::Stale && line.starts_with("jobs: being listed again after: "), "{line}");
        board.failed(&jobs, &trouble).await;
        assert!(!said(&inbox).unwrap().1.contains("again"), "that failed too");
        board.listing(&jobs).await;
        board.listed(&jobs).await;
        assert_eq!(said(&inbox).unwrap().0, State::Live);
    }

    #[tokio::test]
    async fn the_end_of_credentials_is_a_remark_and_then_the_reason() {
        // {"exp":1}
        let auth = kube::config::AuthInfo { token: Some("x.eyJleHAiOjF9.x".to_owned().into()), ..Default::default() };
        let inbox = Inbox::default();
        let board = Board::new(inbox.outlet(SourceId::new("kubernetes", "eqiad")));
        board.server("https://h:6443", crate::source::kubernetes::ending::of(&auth)).await;
        board.listed(&(Kind::Pods, None)).await;
        let (state, line) = said(&inbox).unwrap();
        assert!(state == State::Live && line.contains("token expired") && line.contains("still accepts it"), "{line}");
        board.whole(Some(Trouble::Unauthorized("Unauthorized".into()))).await;
        let (state, line) = said(&inbox).unwrap();
        assert!(
            state == State::AuthFailed && line.contains("does not accept the credentials (token expired"),
            "{line}"
        );
        board.whole(Some(Trouble::Unreachable("connection refused".into()))).await;
        assert!(!said(&inbox).unwrap().1.contains("expired"), "that is not why");
    }
}
