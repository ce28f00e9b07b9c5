//! How often pods restarted lately. The API tells only how often in all and when last; this console's memory adds when.
//!
//! A history is a list of growths: so many restarts happened after one moment and not later than another. A pod is
//! born with none, so the first growth reaches back to its creation. An answer is exact where growths lie inside the
//! window, a lower bound where one reaches into it, and none where nothing is known. Saved in the cache.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    ops::Bound::{Excluded, Unbounded},
};

use compact_str::CompactString;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    rows::{PodRow, Restarts},
    store::Store,
};

/// Growths a history keeps; when there are more, two neighbours become one, see [`RestartHistory::condense`].
const GROWTHS: usize = 32;

/// How long a pod that is not seen is remembered: a week's round, and a day.
pub const MEMORY: SignedDuration = SignedDuration::from_hours(8 * 24);

/// Pods that are not seen of which so many are remembered, those that were seen last.
pub const MOST: usize = 20_000;

/// So many restarts happened after `after` and not later than `until`, in seconds since 1970: of pods that restart all day
/// there are many of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Growth {
    after: u32,
    until: u32,
    by: u32,
}

impl Growth {
    /// The whole seconds around it.
    fn between(after: Timestamp, until: Timestamp, by: u32) -> Self {
        let second = |moment: Timestamp| u32::try_from(moment.as_second().max(0)).unwrap_or(u32::MAX);
        let is_whole = until.subsec_nanosecond() == 0;
        Self { after: second(after), until: second(until).saturating_add(u32::from(!is_whole)), by }
    }

    fn begins_by(self, moment: Timestamp) -> bool {
        (i128::from(self.after) * NANOS) < moment.as_nanosecond()
    }

    fn ends_by(self, moment: Timestamp) -> bool {
        (i128::from(self.until) * NANOS) <= moment.as_nanosecond()
    }
}

/// Seconds before the newest growth within which only what is alike is merged.
const RECENT: u32 = 3600;

/// Nanoseconds of a second.
const NANOS: i128 = 1_000_000_000;

/// Restarts of one pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestartHistory {
    count: u32,
    seen: Timestamp,
    last: Option<Timestamp>,
    growths: Vec<Growth>,
}

impl RestartHistory {
    /// A pod that began at `created` with no restart.
    pub fn new(created: Timestamp) -> Self {
        Self { count: 0, seen: created, last: None, growths: Vec::new() }
    }

    /// The pod has restarted `count` times, seen `at`; the last of them happened at `last`, where known.
    pub fn record(&mut self, count: u32, last: Option<Timestamp>, at: Timestamp) {
        let by = count.saturating_sub(self.count);
        if by > 0 {
            let from = self.seen.min(at);
            // Of a single restart the moment is known.
            let exact = last.filter(|last| by == 1 && (from..=at).contains(last));
            let (after, until) = exact.map_or((from, at), |last| (last, last));
            self.growths.push(Growth::between(after, until, by));
            if self.growths.len() > GROWTHS {
                self.condense();
            }
        }
        self.count = count;
        self.seen = self.seen.max(at);
        self.last = last.map(|last| last.min(at)).or(self.last);
    }

    /// Merges the two neighbours whose span matters least for their age, so that a pod that restarts for days is told
    /// exactly for the last hour and only a little short for the last day.
    fn condense(&mut self) {
        let Some(newest) = self.growths.last().map(|growth| growth.until) else { return };
        let blur = |pair: &[Growth]| match pair {
            [older, newer] => {
                let span = f64::from(newer.until.saturating_sub(older.after));
                span / f64::from(newest.saturating_sub(newer.until).saturating_sub(RECENT).max(1))
            }
            _ => f64::INFINITY,
        };
        let blurs = self.growths.windows(2).map(blur).enumerate();
        if let Some((at, _)) = blurs.min_by(|(_, one), (_, other)| one.total_cmp(other)) {
            let older = self.growths.remove(at);
            let newer = &mut self.growths[at];
            *newer = Growth { after: older.after.min(newer.after), until: newer.until, by: older.by + newer.by };
        }
    }

    /// Restarts in the window that ends now; see [`Self::since`].
    pub fn within(&self, window: SignedDuration, now: Timestamp) -> Option<u32> {
        self.since(now.checked_sub(window).unwrap_or(Timestamp::MIN))
    }

    /// Restarts since a moment; at least so many where a growth reaches back beyond it. None where one does and
    /// nothing tells whether any of it happened since.
    pub fn since(&self, look: Timestamp) -> Option<u32> {
        let inside = self.growths.iter().filter(|growth| !growth.begins_by(look)).map(|growth| growth.by).sum();
        let reaches_in = self.growths.iter().any(|growth| growth.begins_by(look) && !growth.ends_by(look));
        match (inside, reaches_in, self.last) {
            (0, true, Some(last)) if last > look => Some(1),
            (0, true, Some(_)) => Some(0),
            (0, true, None) => None,
            (inside, ..) => Some(inside),
        }
    }
}

/// Restart histories of all pods that ever restarted, by the pod's uid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestartLog {
    by_uid: BTreeMap<CompactString, RestartHistory>,
    /// When this user last looked, before this run.
    look: Option<Timestamp>,
}

impl RestartLog {
    /// Restarts since this moment count as new.
    pub fn set_look(&mut self, look: Option<Timestamp>) {
        self.look = look;
    }

    /// Notes what a pod's row says and fills in [`PodRow::recent`].
    pub fn observe(&mut self, row: &mut PodRow, now: Timestamp) {
        if row.restarts > 0 && !row.uid.is_empty() {
            // Clocks of two machines may disagree; a last restart before the creation must not count as one of today.
            let born =
                row.created.map_or(Timestamp::MIN, |created| row.restarted.map_or(created, |at| at.min(created)));
            let history = self.by_uid.entry(row.uid.clone()).or_insert_with(|| RestartHistory::new(born));
            history.record(row.restarts, row.restarted, now);
        }
        row.recent = self.recent(row, now);
    }

    /// Brings [`PodRow::recent`] of every pod up to date as time passes. Says how many changed.
    pub fn refresh(&self, store: &mut Store, now: Timestamp) -> usize {
        let recent = |row: &PodRow| Some(self.recent(row, now)).filter(|recent| *recent != row.recent);
        let changed: Vec<_> = store.pods.iter().filter_map(|row| Some((row.key.clone(), recent(row)?))).collect();
        for (key, recent) in &changed {
            store.pods.edit(key, |row| row.recent = *recent);
        }
        changed.len()
    }

    fn recent(&self, row: &PodRow, now: Timestamp) -> Restarts {
        let since = |moment: Timestamp| match self.by_uid.get(&row.uid) {
            _ if row.restarts == 0 => Some(0),
            Some(history) => history.since(moment),
            None => None,
        };
        let before = |hours| now.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MIN);
        Restarts { hour: since(before(1)), day: since(before(24)), since_look: self.look.and_then(since) }
    }

    /// Forgets pods that were not seen within [`MEMORY`], and of the others all but [`MOST`]. For the start, when it is not
    /// known yet which of them are still there.
    pub fn forget_old(&mut self, now: Timestamp) {
        self.by_uid.retain(|_, history| now.duration_since(history.seen) < MEMORY);
        if self.by_uid.len() > MOST {
            let mut seen: Vec<_> = self.by_uid.values().map(|history| Reverse(history.seen)).collect();
            let (_, Reverse(oldest), _) = seen.select_nth_unstable(MOST);
            let oldest = *oldest;
            self.by_uid.retain(|_, history| history.seen > oldest);
        }
    }

    /// Forgets pods that were seen since this run began and are not there any more: a pod that was deleted never comes back
    /// under the same uid. Those that were not seen may be of a cluster that is out of reach.
    pub fn forget_gone(&mut self, store: &Store, began: Timestamp) {
        let there: BTreeSet<&str> = store.pods.iter().map(|row| &*row.uid).collect();
        self.by_uid.retain(|uid, history| history.seen < began || there.contains(&**uid));
    }

    /// The histories of pods whose uid comes after this one, in order: to look at all of them in parts.
    pub fn after(&self, uid: Option<&str>) -> impl Iterator<Item = (&CompactString, &RestartHistory)> {
        self.by_uid.range::<str, _>((uid.map_or(Unbounded, Excluded), Unbounded))
    }

    /// Pods remembered.
    pub fn len(&self) -> usize {
        self.by_uid.len()
    }

    /// Whether no pod is remembered.
    pub fn is_empty(&self) -> bool {
        self.by_uid.is_empty()
    }
}

impl FromIterator<(CompactString, RestartHistory)> for RestartLog {
    fn from_iter<I: IntoIterator<Item = (CompactString, RestartHistory)>>(histories: I) -> Self {
        Self { by_uid: histories.into_iter().collect(), look: None }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{
        fixtures::{ago, cluster, now, pod, put},
        store::RowSet,
    };

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    fn restarted(count: u32, last: Option<Timestamp>) -> PodRow {
        let mut row = pod("eqiad", "mw-web", "web-1");
        (row.restarts, row.restarted) = (count, last);
        row
    }

    #[test]
    fn a_pod_seen_for_the_first_time_says_what_can_be_known() {
        let recent = |count, last| {
            let mut row = restarted(count, last);
            RestartLog::default().observe(&mut row, now());
            row.recent
        };
        assert_eq!(recent(0, None).hour, Some(0), "it never restarted");
        assert_eq!(recent(7, Some(ago(120))).hour, Some(1), "at least the last one");
        assert_eq!(recent(7, Some(ago(7200))).hour, Some(0), "the last one was before");
        assert_eq!(recent(7, Some(ago(7200))).day, Some(7), "it is a day old: all of them");
        assert_eq!(recent(7, Some(ago(200_000))).day, Some(0), "it says so itself, whatever its creation");
        assert_eq!(recent(7, None).hour, None);
        assert_eq!(recent(7, None).since_look, None, "nobody looked before");
    }

    #[test]
    fn restarts_are_counted_as_they_happen_and_leave_the_window() {
        let mut log = RestartLog::default();
        let mut store = Store::default();
        for (count, at) in [(1, 5400), (2, 3000), (3, 60)] {
            let mut row = restarted(count, Some(ago(at)));
            log.observe(&mut row, ago(at - 1));
            put(&mut store, &cluster("eqiad"), RowSet::Pods(vec![row]));
        }
        let key = "eqiad/mw-web/web-1".into();
        let hour = |store: &Store| store.pods.get(&key).and_then(|row| row.recent.hour);
        assert_eq!(hour(&store), Some(2));
        assert_eq!(log.refresh(&mut store, now() + HOUR), 1);
        assert_eq!(hour(&store), Some(0));
        assert_eq!(log.refresh(&mut store, now() + HOUR), 0, "nothing changed since");
    }

    #[test]
    fn what_happened_while_nobody_watched_is_a_lower_bound() {
        let mut history = RestartHistory::new(ago(90_000));
        history.record(2, Some(ago(80_000)), ago(80_000));
        history.record(9, Some(ago(600)), now());
        assert_eq!(history.within(HOUR, now()), Some(1));
        assert_eq!(history.since(ago(85_000)), Some(7));
        assert_eq!(history.since(ago(90_000)), Some(9));
    }

    #[test]
    fn restarts_since_the_last_look_are_new() {
        let mut log = RestartLog::default();
        log.observe(&mut restarted(3, Some(ago(9000))), ago(8000));
        log.set_look(Some(ago(7000)));
        let mut row = restarted(5, Some(ago(100)));
        log.observe(&mut row, now());
        assert_eq!(row.recent.since_look, Some(1), "two since, of which one is certain");
    }

    #[test]
    fn pods_that_were_deleted_are_forgotten_and_those_out_of_reach_are_not() {
        let (mut log, mut store) = (RestartLog::default(), Store::default());
        let mut row = restarted(1, None);
        log.observe(&mut row, now());
        log.forget_gone(&store, now() + HOUR);
        assert_eq!(log.len(), 1, "not seen in this run: its cluster may be out of reach");
        put(&mut store, &cluster("eqiad"), RowSet::Pods(vec![row.clone()]));
        log.forget_gone(&store, now());
        assert_eq!(log.len(), 1, "it is there");
        store.pods.remove(&row.key, now());
        log.forget_gone(&store, now());
        assert!(log.is_empty());
    }

    #[test]
    fn what_was_not_seen_for_long_is_forgotten_and_so_is_the_oldest_of_too_many() {
        let mut log = RestartLog::default();
        log.observe(&mut restarted(1, None), now());
        log.forget_old(now() + HOUR);
        assert_eq!(log.len(), 1);
        log.forget_old(now() + MEMORY);
        assert!(log.is_empty());
        let many = i64::try_from(MOST).expect("fits") + 10;
        for n in 0..many {
            let mut row = restarted(1, None);
            row.uid = format!("uid-{n}").into();
            log.observe(&mut row, ago(n));
        }
        log.forget_old(now());
        let uid = |n: i64| CompactString::from(format!("uid-{n}"));
        assert!(log.by_uid.contains_key(&uid(0)) && !log.by_uid.contains_key(&uid(many - 1)));
        assert!((MOST - 10..=MOST).contains(&log.len()), "{}", log.len());
    }

    #[test]
    fn days_of_crash_loops_keep_the_last_hour_exact_and_the_last_day_close() {
        let (every, days) = (300, 6);
        let all = days * 86_400 / every;
        let mut history = RestartHistory::new(ago(i64::from(days * 86_400)));
        for n in 1..=all {
            let at = ago(i64::from((all - n) * every));
            history.record(n, Some(at), at);
        }
        assert_eq!(history.within(HOUR, now()), Some(13), "both ends count");
        let day = history.within(HOUR * 24, now()).expect("known");
        assert!((250..=289).contains(&day), "{day} of 289");
        assert_eq!(history.since(ago(i64::from(days * 86_400))), Some(all));
    }

    #[test]
    fn the_log_can_be_looked_at_in_parts() {
        let mut log = RestartLog::default();
        for n in 0..7 {
            let mut row = restarted(n + 1, Some(ago(60)));
            row.uid = format!("uid-{n}").into();
            log.observe(&mut row, now());
        }
        let (mut parts, mut last) = (Vec::new(), None);
        loop {
            let part: Vec<_> =
                log.after(last.as_deref()).take(3).map(|(uid, one)| (uid.clone(), one.clone())).collect();
            let Some((uid, _)) = part.last() else { break };
            last = Some(uid.clone());
            parts.extend(part);
        }
        assert_eq!(parts.len(), 7);
        assert_eq!(parts.into_iter().collect::<RestartLog>(), log);
    }

    proptest! {
        /// Against every restart written down: never more than happened, and all when every one was seen.
        #[test]
        fn never_more_restarts_than_happened(
            moments in proptest::collection::vec(0i64..100_000, 0..80),
            looks in proptest::collection::vec(0i64..100_000, 0..80),
            window in 1i64..100_000,
        ) {
            let mut moments: Vec<i64> = moments.iter().map(|m| 100_000 - m).collect();
            let mut looks: Vec<i64> = looks.iter().map(|l| 100_000 - l).collect();
            moments.sort_unstable();
            looks.sort_unstable();
            looks.push(100_000);
            let at = |second: i64| ago(100_000 - second);
            let mut history = RestartHistory::new(at(0));
            for look in looks {
                let before = moments.iter().filter(|m| **m <= look);
                let last = before.clone().max().map(|m| at(*m));
                history.record(u32::try_from(before.count()).expect("few"), last, at(look));
            }
            let from = 100_000 - window;
            let happened = u32::try_from(moments.iter().filter(|m| **m >= from).count()).expect("few");
            let told = history.within(SignedDuration::from_secs(window), now());
            prop_assert!(told.unwrap_or(0) <= happened, "{told:?} of {happened}");
            prop_assert!(history.growths.len() <= GROWTHS);
            if window == 100_000 {
                prop_assert_eq!(told, Some(happened));
            }
        }
    }
}
