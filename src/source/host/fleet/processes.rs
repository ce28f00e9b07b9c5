//! Processes as the probe sends them: PID, state, parent, ticks in user and kernel mode, threads, start, pages, name.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    super::{
        facts,
        linux::{LEADERS, ROWS, Stat, Tracker, Units, booted},
    },
    sent::Sent,
};
use crate::model::text;

/// Every Linux that people run on servers counts processor time in hundredths of a second for programs (`USER_HZ`).
const HERTZ: u32 = 100;

/// Bytes of a page, where the host does not say.
const PAGE: u64 = 4096;

/// What one scan gives.
pub(super) struct Found {
    /// How many there are.
    pub(super) count: Option<u32>,
    /// The busiest.
    pub(super) processes: facts::Processes,
}

/// Remembers what was there the last time.
pub(super) struct Processes {
    node: Arc<str>,
    tracker: Tracker,
}

impl Processes {
    /// Of the host `node`.
    pub(super) fn new(node: &Arc<str>) -> Self {
        Self { node: node.clone(), tracker: Tracker::default() }
    }

    /// Takes a scan.
    pub(super) fn take(&mut self, text: &str, sent: &Sent, now: Timestamp) -> Found {
        let said = |word: &str| text.lines().find_map(|line| line.strip_prefix(word)?.trim().parse::<f64>().ok());
        let uptime = said("uptime ").filter(|seconds| seconds.is_finite());
        let count = text.lines().find_map(|line| line.strip_prefix("count ")?.trim().parse().ok());
        let all = self.tracker.take(text.lines().filter_map(process), uptime, HERTZ, now);
        let (waiting, busy) = (Tracker::waiting(&all), Tracker::busy(&all, now));
        let page = sent.said("page").and_then(|kib| kib.parse::<u64>().ok()?.checked_mul(1024)).unwrap_or(PAGE);
        let (booted, units) = (booted(sent), Units { hertz: HERTZ, page });
        let rows = all.iter().take(LEADERS.min(ROWS)).map(|candidate| candidate.row(&self.node, booted, units));
        Found { count, processes: facts::Processes { rows: rows.collect(), full: false, waiting: Some(waiting), busy } }
    }
}

fn process(line: &str) -> Option<(u32, Stat)> {
    let mut words = line.splitn(9, ' ');
    let mut word = || words.next();
    let pid = word()?.parse().ok()?;
    let state = word()?.chars().next().filter(char::is_ascii_alphabetic).unwrap_or('?');
    let parent = word()?.parse().ok()?;
    let (user, system): (u64, u64) = (word()?.parse().ok()?, word()?.parse().ok()?);
    let threads = word()?.parse().ok()?;
    let start = word()?.parse().ok()?;
    let pages = word()?.parse().ok()?;
    let name = text::name(word()?).into();
    Some((pid, Stat { name, state, parent, ticks: user.saturating_add(system), threads, start, pages }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_scans_tell_who_is_busy() {
        let mut processes = Processes::new(&"h1".into());
        let sent = Sent::default();
        let at = |second| Timestamp::from_second(second).expect("a moment");
        let first =
            processes.take("uptime 100.00\n7 R 1 10 0 1 5 12 a b) c\n9 D 2 0 0 1 5 0 jbd2\ncount 80\n", &sent, at(0));
        assert_eq!((first.count, first.processes.waiting), (Some(80), Some(1)));
        assert_eq!(first.processes.rows[0].cpu, None);
        let second = processes.take("uptime 110.00\n7 R 1 960 50 1 5 12 a b) c\ncount 79\n", &sent, at(10));
        let row = &second.processes.rows[0];
        assert_eq!((row.cpu, &*row.name, row.memory), (Some(100.0), "a b) c", Some(12 * 4096)));
        assert_eq!(second.processes.busy.map(|busy| busy.since), Some(at(0)));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in any::<String>()) {
            Processes::new(&"h1".into()).take(&text, &Sent::default(), Timestamp::UNIX_EPOCH);
        }

        #[test]
        fn no_process_is_lost(pids in proptest::collection::btree_set(1u32..99_999, 0..9), name in "[^\n\r]{0,15}") {
            let lines: Vec<String> = pids.iter().map(|pid| format!("{pid} S 1 1 1 1 5 9 {name}")).collect();
            let found: std::collections::BTreeSet<u32> = lines.iter().filter_map(|line| Some(process(line)?.0)).collect();
            prop_assert_eq!(found, pids);
        }
    }
}
