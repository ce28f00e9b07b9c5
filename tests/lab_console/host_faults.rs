//! Hosts over SSH that fail: told, their last rows kept and marked as old, no other host disturbed, healed when it is mended.

use jiff::Timestamp;

use super::{
    bench::{Lab, PATIENCE, timed},
    hosts::{OPEN, fleet, has_numbers, is_live, is_old, node, source, sources},
    support::Terminal,
};

/// Whether the rows of these hosts are old ones. Fails the test when any other host is disturbed.
fn are_old(screen: &str, failing: &[&str]) -> bool {
    for host in OPEN.iter().filter(|host| !failing.contains(host)) {
        assert!(has_numbers(screen, host) && !is_old(screen, host), "{host} is disturbed:\n{screen}");
    }
    failing.iter().all(|host| is_old(screen, host) && has_numbers(screen, host))
}

/// Waits until every host is live and every row new.
fn see_all_healed(terminal: &mut Terminal, what: &str) {
    timed(terminal, what, |screen| OPEN.iter().all(|host| has_numbers(screen, host) && !is_old(screen, host)));
}

/// Leaves the page of sources.
fn leave_sources(terminal: &mut Terminal) {
    terminal.send("q");
    terminal.lose("MESSAGE");
}

#[test]
fn hosts_that_are_cut_off_are_told_each_in_its_state() {
    let lab = Lab::take();
    let mut terminal = fleet(&lab);
    let faults = vec![
        lab.fault("host", &["behind-jump", "freeze"], &["behind-jump", "thaw"]),
        lab.fault("host", &["no-forwarding", "drop"], &["no-forwarding", "undrop"]),
        lab.fault("host", &["noisy-fish", "kill-sshd"], &["noisy-fish", "start-sshd"]),
    ];
    let failing = ["behind-jump", "no-forwarding", "noisy-fish"];
    timed(&mut terminal, "frozen, packets dropped, sshd killed: old rows", |screen| are_old(screen, &failing));
    sources(&mut terminal);
    let expected = [
        ("behind-jump", &["stale", "unreachable"][..]),
        ("no-forwarding", &["stale", "unreachable"]),
        ("noisy-fish", &["unreachable"]),
    ];
    timed(&mut terminal, "same: each in its state", |screen| {
        let is_told = |(host, states): &(&str, &[&str])| {
            source(screen, host).is_some_and(|line| states.iter().any(|state| line.contains(state)))
        };
        let others = OPEN.iter().filter(|host| !failing.contains(host));
        expected.iter().all(is_told) && others.into_iter().all(|host| is_live(screen, host))
    });
    leave_sources(&mut terminal);
    for fault in faults {
        fault.mend();
    }
    see_all_healed(&mut terminal, "same, mended: new rows");
}

#[test]
fn a_session_that_is_killed_comes_back_by_itself() {
    let lab = Lab::take();
    let mut terminal = fleet(&lab);
    let fault = lab.fault("host", &["node1", "kill-session"], &["node1", "start-sshd"]);
    timed(&mut terminal, "the session's sshd killed: an old row", |screen| are_old(screen, &["node1"]));
    see_all_healed(&mut terminal, "same: new rows");
    fault.mend();
}

#[test]
fn a_probe_that_is_killed_is_told_and_started_again() {
    let lab = Lab::take();
    let mut terminal = fleet(&lab);
    // Alone on its connection; beside a forwarded socket with an open stream; beside other sessions.
    for host in ["noisy-fish", "behind-jump", "no-forwarding"] {
        let before = probe(&lab, host).expect("a probe runs");
        lab.on_host(host, &["kill", "-KILL", &before]);
        timed(&mut terminal, &format!("the probe on {host} killed: an old row"), |screen| are_old(screen, &[host]));
        sources(&mut terminal);
        terminal.wait_within(PATIENCE, "why", |screen| {
            // Seen for a second or two; whoever comes later sees that it is well again.
            source(screen, host).is_some_and(|line| line.contains("the probe was ended on the host"))
                || is_live(screen, host)
        });
        leave_sources(&mut terminal);
        see_all_healed(&mut terminal, "same: new rows");
        assert!(probe(&lab, host).is_some_and(|now| now != before), "another probe on {host}");
    }
}

/// The process of the probe on a host.
fn probe(lab: &Lab, host: &str) -> Option<String> {
    let all = lab.on_host(host, &["ps", "-eww", "-o", "pid=,ppid=,args="]);
    let mut probes = all.lines().filter(|line| line.contains("$(head -c ")).map(|line| {
        let mut words = line.split_whitespace();
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    });
    // What it started for a job has the same command line, and it as its parent.
    let all: Vec<_> = probes.by_ref().collect();
    let first = all.iter().find(|(_, parent)| all.iter().all(|(pid, _)| pid != parent))?;
    Some(first.0.to_owned())
}

#[test]
fn a_host_that_reboots_takes_those_behind_it_along_and_all_come_back() {
    let lab = Lab::take();
    let mut terminal = fleet(&lab);
    let failing = ["bastion", "behind-jump"];
    std::thread::scope(|threads| {
        // The script waits for the new boot.
        let reboot = threads.spawn(|| lab.fault("host", &["bastion", "reboot"], &["bastion", "start-sshd"]).mend());
        timed(&mut terminal, "the jump host reboots: old rows, of the host behind it too", |screen| {
            are_old(screen, &failing)
        });
        sources(&mut terminal);
        timed(&mut terminal, "same: unreachable", |screen| {
            failing.iter().all(|host| source(screen, host).is_some_and(|line| line.contains("unreachable")))
        });
        leave_sources(&mut terminal);
        reboot.join().expect("rebooted");
    });
    see_all_healed(&mut terminal, "same, booted: new rows");
    let stat = lab.on_host("bastion", &["grep", "^btime", "/proc/stat"]);
    let booted = stat.split_whitespace().nth(1).and_then(|second| second.parse().ok()).expect("a second");
    let booted = Timestamp::from_second(booted).expect("a moment").strftime("%F %T UTC").to_string();
    terminal.send("gi");
    terminal.see(&format!("booted: {booted}"));
}

#[test]
fn a_disk_that_is_full_is_shown_and_the_host_observed_as_before() {
    let lab = Lab::take();
    let mut terminal = fleet(&lab);
    let disk = lab.fault("host", &["noisy-fish", "fill-disk"], &["noisy-fish", "free-disk"]);
    let is_full = |screen: &str| node(screen, "noisy-fish").is_some_and(|line| line.contains("100% /srv"));
    timed(&mut terminal, "a disk filled: shown, no row is old", |screen| are_old(screen, &[]) && is_full(screen));
    let df = lab.on_host("noisy-fish", &["df", "-P", "/srv"]);
    assert!(df.lines().last().is_some_and(|line| line.contains("100%")), "{df}");
    // A login works without a byte of room.
    let session = lab.fault("host", &["noisy-fish", "kill-session"], &["noisy-fish", "start-sshd"]);
    timed(&mut terminal, "same, and its session killed: an old row", |screen| are_old(screen, &["noisy-fish"]));
    see_all_healed(&mut terminal, "same: a new row");
    terminal.wait_within(PATIENCE, "still full", is_full);
    session.mend();
    disk.mend();
    timed(&mut terminal, "the disk emptied: shown", |screen| !is_full(screen) && has_numbers(screen, "noisy-fish"));
}

#[test]
fn a_key_that_is_taken_away_and_given_back() {
    let lab = Lab::take();
    let mut terminal = fleet(&lab);
    let key = lab.fault("host", &["two-sessions", "remove-key"], &["two-sessions", "restore-key"]);
    // The session that is there stays until it ends; only then is the key asked for.
    assert!(!is_old(&terminal.screen(), "two-sessions"), "{}", terminal.screen());
    let session = lab.fault("host", &["two-sessions", "kill-session"], &["two-sessions", "start-sshd"]);
    timed(&mut terminal, "a key is taken away: an old row", |screen| {
        is_old(screen, "two-sessions") && has_numbers(screen, "two-sessions")
    });
    sources(&mut terminal);
    timed(&mut terminal, "a key is taken away: authentication failed", |screen| {
        source(screen, "two-sessions").is_some_and(|line| line.contains("authentication failed"))
            && OPEN.iter().all(|host| *host == "two-sessions" || is_live(screen, host))
    });
    // Soon, for a login that is refused again and again is tried ever more slowly.
    key.mend();
    session.mend();
    timed(&mut terminal, "a key is given back: live again", |screen| is_live(screen, "two-sessions"));
}
