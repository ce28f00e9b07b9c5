//! Engines behind hosts: the same containers as the host's own docker command lists, by a forwarded socket and where none is
//! forwarded; an engine that stops is told, keeps its rows, disturbs no other and comes back.

use std::collections::BTreeSet;

use serde_json::Value;

use super::bench::{Lab, PATIENCE, ronde, timed};

/// Hosts of the lab that lead to an engine: with one session besides the probe's, and without forwarding, to the same one.
const HOSTS: [&str; 3] = ["behind-jump", "no-forwarding", "two-sessions"];

/// The line of an engine on the page of sources.
fn engine<'a>(screen: &'a str, name: &str) -> Option<&'a str> {
    let is_its = |line: &&str| line.trim_start_matches(['~', '▸', ' ']).split_whitespace().take(2).eq(["docker", name]);
    screen.lines().find(is_its)
}

/// Whether every container of the engine that is on screen is old; false when none is there.
fn are_old(screen: &str, name: &str) -> Option<bool> {
    let rows = screen.lines().filter(|line| line.contains(&format!("{name} ")) && line.contains("mailer"));
    rows.map(|row| row.starts_with('~')).reduce(|a, b| a && b)
}

#[test]
fn containers_behind_hosts_are_those_that_the_hosts_list() {
    let lab = Lab::take();
    let output =
        ronde(&["--config", lab.value("LAB_FLEET_CONFIG"), "list", "containers", "-o", "json", "--wait", "1m"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    let rows = document["rows"].as_array().expect("rows");
    for host in HOSTS {
        let of_host = rows.iter().filter(|row| row["engine"] == host);
        let listed: BTreeSet<String> =
            of_host.filter_map(|row| Some(row["id"].as_str()?.chars().take(12).collect())).collect();
        let printed = lab.on_host(host, &["docker", "ps", "--all", "--quiet"]);
        let printed: BTreeSet<String> = printed.split_whitespace().map(str::to_owned).collect();
        assert!(!printed.is_empty() && listed == printed, "{host}: {listed:?} against {printed:?}");
    }
}

#[test]
fn an_engine_behind_a_host_stops_and_comes_back() {
    let lab = Lab::take();
    let config = std::fs::read_to_string(lab.value("LAB_FLEET_CONFIG")).expect("the hosts' configuration");
    let mut terminal = lab.console_with(&config, 400, 60);
    terminal.send(":sources\r");
    terminal.wait_within(PATIENCE, "each engine answers", |screen| {
        HOSTS
            .iter()
            .all(|host| engine(screen, host).is_some_and(|line| line.contains(" live ") || line.contains("polling")))
    });
    let screen = terminal.screen();
    let is_told = |host| engine(&screen, host).is_some_and(|line| line.contains("through dial-stdio"));
    assert!(is_told("no-forwarding") && !is_told("behind-jump") && !is_told("two-sessions"), "{screen}");
    terminal.send("q3");
    terminal.wait_within(PATIENCE, "containers", |screen| are_old(screen, "behind-jump") == Some(false));
    let fault = lab.fault("host", &["behind-jump", "stop-engine"], &["behind-jump", "start-engine"]);
    timed(&mut terminal, "an engine behind a host stops: old rows", |screen| {
        are_old(screen, "behind-jump") == Some(true)
    });
    terminal.send(":sources\r");
    timed(&mut terminal, "an engine behind a host stops: in its state", |screen| {
        engine(screen, "behind-jump").is_some_and(|line| line.contains("unreachable"))
            && screen.lines().any(|line| line.split_whitespace().take(3).eq(["host", "behind-jump", "polling"]))
            && ["no-forwarding", "two-sessions"]
                .iter()
                .all(|host| engine(screen, host).is_some_and(|line| !line.contains("unreachable")))
    });
    fault.mend();
    timed(&mut terminal, "an engine behind a host starts: live", |screen| {
        engine(screen, "behind-jump").is_some_and(|line| line.contains(" live "))
    });
    terminal.send("q3");
    terminal.wait_within(PATIENCE, "current rows", |screen| are_old(screen, "behind-jump") == Some(false));
}
