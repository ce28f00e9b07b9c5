//! `/proc/stat`: how the processors spent their time, and when the machine booted (`proc_stat(5)`).

use jiff::Timestamp;

use super::super::facts::Shares;

/// Ticks by use, since boot. Guest time is part of user, guest nice part of nice: neither is added again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Times {
    user: u64,
    nice: u64,
    system: u64,
    idle: u64,
    iowait: u64,
    irq: u64,
    softirq: u64,
    steal: u64,
}

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Stat {
    /// All processors together.
    pub(super) all: Option<Times>,
    /// Each that is online, by its number.
    pub(super) cores: Vec<(u32, Times)>,
    /// When it booted.
    pub(super) booted: Option<Timestamp>,
}

/// Reads the file. Lines it does not know are passed over.
pub(super) fn parse(text: &str) -> Stat {
    let mut stat = Stat::default();
    for line in text.lines() {
        let Some((name, rest)) = line.split_once(' ') else { continue };
        if name == "cpu" {
            stat.all = times(rest);
        } else if let Some(id) = name.strip_prefix("cpu").and_then(|id| id.parse().ok()) {
            stat.cores.extend(times(rest).map(|times| (id, times)));
        } else if name == "btime" {
            stat.booted = rest.trim().parse().ok().and_then(|second| Timestamp::from_second(second).ok());
        }
    }
    stat
}

/// Kernels before 2.6 have four numbers; those that are missing are 0.
fn times(text: &str) -> Option<Times> {
    let mut numbers = text.split_ascii_whitespace().map(|n| n.parse::<u64>().ok());
    let mut needed = || numbers.next().flatten();
    let [user, nice, system, idle] = [needed()?, needed()?, needed()?, needed()?];
    let mut wanted = || needed().unwrap_or(0);
    let [iowait, irq, softirq, steal] = [wanted(), wanted(), wanted(), wanted()];
    Some(Times { user, nice, system, idle, iowait, irq, softirq, steal })
}

/// How the time between two readings was spent; `None` when none passed or the counters were reset.
///
/// The kernel lets idle and iowait of a processor shrink a little at times; that counts as no growth.
pub(super) fn shares(before: Option<Times>, now: Option<Times>) -> Option<Shares> {
    let (before, now) = (before?, now?);
    if now.user < before.user || now.system < before.system {
        return None;
    }
    let grown = |of: fn(&Times) -> u64| of(&now).saturating_sub(of(&before)) as f64;
    let user = grown(|t| t.user) + grown(|t| t.nice);
    let system = grown(|t| t.system) + grown(|t| t.irq) + grown(|t| t.softirq);
    let (iowait, steal) = (grown(|t| t.iowait), grown(|t| t.steal));
    let total = user + system + iowait + steal + grown(|t| t.idle);
    let percent = |part: f64| part * 100.0 / total;
    (total > 0.0).then(|| Shares {
        user: percent(user),
        system: percent(system),
        iowait: percent(iowait),
        steal: percent(steal),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CAPTURED: &str = "\
cpu  211843 1200 60132 5361404 4612 10 2319 12 77 0
cpu0 105950 600 30076 2680650 2312 5 1160 6 40 0
cpu1 105893 600 30056 2680754 2300 5 1159 6 37 0
intr 28810023 0 9 0 0 0 0 0 0 0
ctxt 50512870
btime 1764064468
processes 90412
procs_running 3
procs_blocked 0
";

    #[test]
    fn the_captured_file_is_read() {
        let stat = parse(CAPTURED);
        assert_eq!(stat.cores.len(), 2);
        assert_eq!(stat.booted.map(Timestamp::as_second), Some(1_764_064_468));
        assert_eq!(stat.all.map(|t| (t.user, t.steal)), Some((211_843, 12)));
    }

    #[test]
    fn guest_time_is_not_counted_twice() {
        // 100 ticks passed: 30 user (of which 20 guest), 10 nice, 5 + 3 + 2 system, 10 iowait, 5 steal, 35 idle.
        let before = parse("cpu  0 0 0 0 0 0 0 0 0 0").all;
        let now = parse("cpu  30 10 5 35 10 3 2 5 20 0").all;
        let shares = shares(before, now).expect("time passed");
        assert_eq!(shares, Shares { user: 40.0, system: 10.0, iowait: 10.0, steal: 5.0 });
        assert!((shares.busy() - 50.0).abs() < 1e-9);
    }

    #[test]
    fn a_reset_is_unknown_and_shrinking_iowait_is_none() {
        let at = |text| parse(text).all;
        assert_eq!(shares(at("cpu 100 0 100 100 0"), at("cpu 5 0 200 300 0")), None);
        assert_eq!(shares(at("cpu 100 0 100 100 0"), at("cpu 100 0 100 100 0")), None);
        let shares = shares(at("cpu 100 0 100 100 50"), at("cpu 110 0 100 190 40")).expect("time passed");
        assert!(shares.iowait.abs() < 1e-9 && (shares.user - 10.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn any_text_is_survived_and_no_core_is_lost(
            junk in "[a-z0-9 \n\u{e9}]{0,80}",
            cores in proptest::collection::vec(any::<[u32; 8]>(), 0..40),
        ) {
            let mut text = junk.replace("cpu", "");
            for (id, numbers) in cores.iter().enumerate() {
                let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
                text = format!("{text}\ncpu{id} {}", numbers.join(" "));
            }
            let stat = parse(&text);
            prop_assert_eq!(stat.cores.len(), cores.len());
            for (_, times) in stat.cores {
                if let Some(shares) = shares(Some(Times::default()), Some(times)) {
                    let sum = shares.user + shares.system + shares.iowait + shares.steal;
                    prop_assert!((0.0..=100.000_001).contains(&sum));
                }
            }
        }
    }
}
