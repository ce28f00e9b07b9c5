//! How often pods restarted, and when: what the API counts, with the times at which this console saw it so.

use std::collections::HashMap;

use compact_str::CompactString;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What is older is forgotten.
pub const AGE: SignedDuration = SignedDuration::from_hours(8 * 24);

/// Different counts kept of one pod; a pod in a crash loop shows a new one every five minutes.
const RUNS: usize = 64;

/// Pods kept of one source; those not seen for longest go first.
const PODS: usize = 50_000;

/// From `first` to `last` (seconds since 1970) the pod had `count` restarts each time it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    first: i64,
    last: i64,
    count: u32,
}

/// The restarts of the pods of one source, by pod uid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    pods: HashMap<CompactString, Vec<Run>>,
}

/// What the API says of a pod, for [`History::since`].
#[derive(Clone, Copy, Debug)]
pub struct Pod<'a> {
    /// Its uid.
    pub uid: &'a str,
    /// Its restarts now.
    pub restarts: u32,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When it last restarted.
    pub restarted: Option<Timestamp>,
}

impl History {
    /// The pod has so many restarts now.
    pub fn record(&mut self, uid: &str, restarts: u32, now: Timestamp) {
        let now = now.as_second();
        if !self.pods.contains_key(uid) {
            self.pods.insert(uid.into(), Vec::with_capacity(1));
        }
        let Some(runs) = self.pods.get_mut(uid) else { return };
        match runs.last_mut() {
            // A clock that was set back must not turn a run around.
            Some(run) if run.count == restarts => run.last = run.last.max(now),
            _ => {
                if runs.len() >= RUNS {
                    runs.remove(0);
                }
                runs.push(Run { first: now, last: now, count: restarts });
            }
        }
    }

    /// Restarts since `then`; `None` when nobody watched at that time and nothing else tells.
    pub fn since(&self, pod: Pod<'_>, then: Timestamp) -> Option<u32> {
        if pod.created.is_some_and(|created| created >= then) {
            return Some(pod.restarts);
        }
        if pod.restarts == 0 || pod.restarted.is_some_and(|last| last < then) {
            return Some(0);
        }
        let then = then.as_second();
        let runs = self.pods.get(pod.uid)?;
        let run = runs.iter().find(|run| (run.first..=run.last).contains(&then))?;
        Some(pod.restarts.saturating_sub(run.count))
    }

    /// Forgets what is older than [`AGE`] or too much.
    pub fn prune(&mut self, now: Timestamp) {
        let oldest = (now - AGE).as_second();
        self.pods.retain(|_, runs| {
            runs.retain(|run| run.last >= oldest);
            !runs.is_empty()
        });
        if self.pods.len() > PODS {
            let last = |runs: &Vec<Run>| runs.last().map_or(0, |run| run.last);
            let mut seen: Vec<i64> = self.pods.values().map(last).collect();
            seen.sort_unstable();
            let limit = seen[seen.len() - PODS];
            self.pods.retain(|_, runs| last(runs) >= limit);
        }
    }

    /// Pods it knows.
    pub fn len(&self) -> usize {
        self.pods.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.pods.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn pod(restarts: u32) -> Pod<'static> {
        Pod { uid: "u", restarts, created: None, restarted: Some(at(10_000)) }
    }

    #[test]
    fn restarts_within_a_window_are_those_seen_to_happen_in_it() {
        let mut history = History::default();
        for (second, count) in [(0, 1), (60, 1), (120, 3), (180, 3), (240, 4)] {
            history.record("u", count, at(second));
        }
        assert_eq!(history.pods["u"].len(), 3);
        for (then, restarts) in [(0, Some(3)), (30, Some(3)), (150, Some(1)), (240, Some(0)), (-1, None), (90, None)] {
            assert_eq!(history.since(pod(4), at(then)), restarts, "since {then}");
        }
    }

    #[test]
    fn the_api_itself_tells_what_history_does_not() {
        let history = History::default();
        let young = Pod { created: Some(at(50)), ..pod(4) };
        assert_eq!(history.since(young, at(40)), Some(4), "it did not exist then");
        assert_eq!(history.since(young, at(60)), None);
        assert_eq!(history.since(pod(0), at(60)), Some(0), "it never restarted");
        assert_eq!(history.since(Pod { restarted: Some(at(5)), ..pod(4) }, at(60)), Some(0), "the last was before");
    }

    #[test]
    fn history_is_bounded_in_age_runs_and_pods() {
        let mut history = History::default();
        for n in 0..1000 {
            history.record("u", n, at(n.into()));
        }
        assert_eq!(history.pods["u"].len(), RUNS);
        assert_eq!(history.since(pod(1001), at(999)), Some(2));
        for n in 0..PODS {
            history.record(&n.to_string(), 0, at(2000));
        }
        history.prune(at(2000));
        assert_eq!(history.len(), PODS);
        assert!(!history.pods.contains_key("u"), "the one seen longest ago goes");
        history.prune(at(2001) + AGE);
        assert!(history.is_empty());
    }
}
