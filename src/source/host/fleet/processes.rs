//! Processes as the probe sends them: PID, state, parent, ticks in user and kernel mode, threads, start, pages, name.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;

use super::{
    super::{
        facts,
        files::Files as _,
        linux::{LEADERS, ROWS, Stat, Tracker, Units, booted},
        users,
    },
    sent::Sent,
};
use crate::model::{rows::ProcessRow, secret, text};

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

    /// Takes a scan; a `full` one tells more of each.
    pub(super) fn take(&mut self, text: &str, full: bool, sent: &Sent, now: Timestamp) -> Found {
        let said = |word: &str| text.lines().find_map(|line| line.strip_prefix(word)?.trim().parse::<f64>().ok());
        let uptime = said("uptime ").filter(|seconds| seconds.is_finite());
        let count = text.lines().find_map(|line| line.strip_prefix("count ")?.trim().parse().ok());
        let all = self.tracker.take(text.lines().filter_map(process), uptime, HERTZ, now);
        let (waiting, busy) = (Tracker::waiting(&all), Tracker::busy(&all, now));
        let page = sent.said("page").and_then(|kib| kib.parse::<u64>().ok()?.checked_mul(1024)).unwrap_or(PAGE);
        let (booted, units) = (booted(sent), Units { hertz: HERTZ, page });
        let about = if full { About::read(text, sent) } else { About::default() };
        let shown = all.iter().take(if full { ROWS } else { LEADERS });
        let rows = shown.map(|candidate| about.told(candidate.row(&self.node, booted, units))).collect();
        Found { count, processes: facts::Processes { rows, full, waiting: Some(waiting), busy } }
    }
}

/// What a full scan adds: lines of `/proc/PID/status`, `wchan` and `cmdline`.
#[derive(Default)]
struct About<'a> {
    files: HashMap<(u32, &'a str), &'a str>,
    users: HashMap<u32, Arc<str>>,
}

impl<'a> About<'a> {
    fn read(text: &'a str, sent: &Sent) -> Self {
        let mut files = HashMap::new();
        for line in text.lines() {
            let told = line.strip_prefix("/proc/").and_then(|rest| rest.split_once(':')).and_then(|(path, content)| {
                let (pid, file) = path.split_once('/')?;
                Some(((pid.parse().ok()?, file), content))
            });
            // Of a command line with line ends in it, the first counts.
            if let Some((place, content)) = told {
                files.entry(place).or_insert(content);
            }
        }
        let users = sent.read("etc/passwd").map(|text| users::parse(&text)).unwrap_or_default();
        Self { files, users }
    }

    /// The row with what is told of it.
    fn told(&self, mut row: ProcessRow) -> ProcessRow {
        let of = |file| self.files.get(&(row.pid, file)).copied();
        // Real, effective, saved, of files: the effective one is whom it acts as.
        let id = of("status").and_then(|ids| ids.split_ascii_whitespace().nth(2)?.parse::<u32>().ok());
        let user = id.map(|id| self.users.get(&id).cloned().unwrap_or_else(|| id.to_string().into()));
        let command = of("cmdline").map(|line| text::name(secret::masked_line(line, '\u{1}').trim_end()).into_owned());
        let waits = of("wchan").filter(|wait| !wait.is_empty() && *wait != "0").map(|wait| text::name(wait).into());
        (row.user, row.waits_in) = (user, waits);
        row.command = command.filter(|line| !line.is_empty()).unwrap_or(row.command);
        row
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
        let first = processes.take(
            "uptime 100.00\n7 R 1 10 0 1 5 12 a b) c\n9 D 2 0 0 1 5 0 jbd2\ncount 80\n",
            false,
            &sent,
            at(0),
        );
        assert_eq!((first.count, first.processes.waiting), (Some(80), Some(1)));
        assert_eq!(first.processes.rows[0].cpu, None);
        let second = processes.take("uptime 110.00\n7 R 1 960 50 1 5 12 a b) c\ncount 79\n", false, &sent, at(10));
        let row = &second.processes.rows[0];
        assert_eq!((row.cpu, &*row.name, row.memory), (Some(100.0), "a b) c", Some(12 * 4096)));
        assert_eq!(second.processes.busy.map(|busy| busy.since), Some(at(0)));
    }

    #[test]
    fn a_full_scan_tells_user_command_and_what_a_process_waits_in() {
        let mut sent = Sent::default();
        sent.take(
            crate::remote::Name::Inventory,
            "/etc/passwd:root:x:0:0::/root:/bin/sh\n/etc/passwd:db:x:70:70::/:/bin/sh\n",
        );
        let text = "uptime 5\n7 S 1 1 0 1 5 12 mariadbd\n9 D 2 0 0 1 5 3 cp\n8 S 1 1 0 1 5 2 x\ncount 3\n\
            /proc/7/status:Uid:\t0\t70\t0\t0\n/proc/9/status:Uid:\t0\t0\t0\t0\n/proc/8/status:Uid:\t0\t4711\t0\t0\n\
            /proc/9/wchan:io_schedule\n/proc/7/cmdline:/usr/sbin/mariadbd\u{1}--password=hunter2\u{1}\n/proc/7/cmdline:more\n";
        let found = Processes::new(&"h1".into()).take(text, true, &sent, Timestamp::UNIX_EPOCH).processes;
        assert!(found.full);
        let row = |pid| found.rows.iter().find(|row| row.pid == pid).expect("a row");
        assert_eq!(
            (row(7).user.as_deref(), row(9).user.as_deref(), row(8).user.as_deref()),
            (Some("db"), Some("root"), Some("4711"))
        );
        assert!(row(7).command.starts_with("/usr/sbin/mariadbd --password=") && !row(7).command.contains("hunter2"));
        assert_eq!((row(9).waits_in.as_deref(), &*row(9).command), (Some("io_schedule"), "[cp]"));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in any::<String>()) {
            Processes::new(&"h1".into()).take(&text, true, &Sent::default(), Timestamp::UNIX_EPOCH);
        }

        #[test]
        fn no_process_is_lost(pids in proptest::collection::btree_set(1u32..99_999, 0..9), name in "[^\n\r]{0,15}") {
            let lines: Vec<String> = pids.iter().map(|pid| format!("{pid} S 1 1 1 1 5 9 {name}")).collect();
            let found: std::collections::BTreeSet<u32> = lines.iter().filter_map(|line| Some(process(line)?.0)).collect();
            prop_assert_eq!(found, pids);
        }
    }
}
