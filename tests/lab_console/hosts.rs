//! Hosts over SSH: each in the state that it is in, with what to do about it; what fails is told, keeps its last row,
//! disturbs no other host and heals; nothing stays on a host when the console has ended; numbers are those of the host's tools.

use serde_json::Value;

use super::{
    bench::{Lab, PATIENCE, ronde, say, timed, tool, until},
    ends::{children, lives},
    support::Terminal,
};

/// Hosts of the lab that let the console in.
const OPEN: [&str; 6] = ["bastion", "behind-jump", "two-sessions", "noisy-fish", "no-forwarding", "node1"];

/// The line of a source on the page of sources.
fn source<'a>(screen: &'a str, host: &str) -> Option<&'a str> {
    screen.lines().find(|line| line.split_whitespace().nth(1) == Some(host))
}

fn is_live(screen: &str, host: &str) -> bool {
    source(screen, host).is_some_and(|line| line.contains("polling") || line.contains(" live "))
}

/// The line of a host on the page of nodes, with its first column: `~` is old.
fn node<'a>(screen: &'a str, host: &str) -> Option<&'a str> {
    screen.lines().find(|line| line.trim_start_matches(['~', '▸', ' ']).split_whitespace().next() == Some(host))
}

fn has_numbers(screen: &str, host: &str) -> bool {
    node(screen, host).is_some_and(|line| line.contains('%'))
}

fn is_old(screen: &str, host: &str) -> bool {
    node(screen, host).is_some_and(|line| line.starts_with('~'))
}

/// The console on the lab's hosts, with all of them that let it in there. So wide that a message is whole.
fn fleet(lab: &Lab) -> Terminal {
    let config = std::fs::read_to_string(lab.value("LAB_FLEET_CONFIG")).expect("the hosts' configuration");
    let mut terminal = lab.console_with(&config, 400, 40);
    terminal.send("2");
    terminal.wait_within(PATIENCE, "hosts with numbers", |screen| OPEN.iter().all(|host| has_numbers(screen, host)));
    terminal
}

fn sources(terminal: &mut Terminal) {
    terminal.send(":sources\r");
    terminal.see("MESSAGE");
}

#[test]
fn each_host_is_in_its_state_and_says_what_to_do() {
    let lab = Lab::take();
    let mut terminal = fleet(&lab);
    sources(&mut terminal);
    let screen = terminal.wait_within(PATIENCE, "what is wrong", |screen| {
        let said =
            |host, words: &[&str]| source(screen, host).is_some_and(|line| words.iter().all(|w| line.contains(w)));
        said("unknown-key", &["not trusted", "SHA256:", "ssh-keyscan"])
            && said("changed-key", &["not trusted", "SHA256:", "ssh-keygen"])
            && said("silent", &["unreachable", "never says that it is SSH"])
            && said("refusing", &["unreachable", "connection refused"])
            && OPEN.iter().all(|host| is_live(screen, host))
    });
    let ssh = |words: &[&str]| tool(lab.value("LAB_SSH"), words);
    let known = |line: &str| ssh(&["-G", "bastion"]).lines().find_map(|l| l.strip_prefix(line).map(str::to_owned));
    let known_hosts = known("userknownhostsfile ").expect("the lab's known_hosts");
    let address = |host: &str| {
        let all = ssh(&["-G", host]);
        all.lines().find_map(|line| line.strip_prefix("hostname ")).expect("an address").to_owned()
    };
    let line = source(&screen, "unknown-key").unwrap();
    let accept = format!("ssh-keyscan -t ed25519 -p 22 {} >> {known_hosts}", address("unknown-key"));
    assert!(line.contains(&accept), "{accept}\n{line}");
    assert!(line.contains(&fingerprint(&lab, "unknown-key")), "{line}");
    let line = source(&screen, "changed-key").unwrap();
    let forget = format!("ssh-keygen -f \"{known_hosts}\" -R \"{}\"", address("changed-key"));
    assert!(line.contains(&forget), "{forget}\n{line}");
    assert!(line.contains(&fingerprint(&lab, "changed-key")), "{line}");
}

/// What the host's own key is, as its administrator reads it there.
fn fingerprint(lab: &Lab, host: &str) -> String {
    let said = lab.on_host(host, &["ssh-keygen", "-l", "-f", "/etc/ssh/ssh_host_ed25519_key.pub"]);
    said.split_whitespace().find(|word| word.starts_with("SHA256:")).expect("a fingerprint").to_owned()
}

#[test]
fn hosts_that_fail_are_told_and_heal_and_disturb_no_other() {
    let lab = Lab::take();
    let mut terminal = fleet(&lab);
    let faults = vec![
        lab.fault("host", &["behind-jump", "freeze"], &["behind-jump", "thaw"]),
        lab.fault("host", &["no-forwarding", "drop"], &["no-forwarding", "undrop"]),
        lab.fault("host", &["noisy-fish", "kill-sshd"], &["noisy-fish", "start-sshd"]),
    ];
    let failing = ["behind-jump", "no-forwarding", "noisy-fish"];
    timed(&mut terminal, "three hosts fail: old rows", |screen| {
        failing.iter().all(|host| is_old(screen, host) && has_numbers(screen, host))
            && ["bastion", "node1", "two-sessions"]
                .iter()
                .all(|host| has_numbers(screen, host) && !is_old(screen, host))
    });
    sources(&mut terminal);
    let expected = [
        ("behind-jump", &["stale", "unreachable"][..]),
        ("no-forwarding", &["stale", "unreachable"]),
        ("noisy-fish", &["unreachable"]),
    ];
    timed(&mut terminal, "three hosts fail: each in its state", |screen| {
        let is_told = |(host, states): &(&str, &[&str])| {
            source(screen, host).is_some_and(|line| states.iter().any(|state| line.contains(state)))
        };
        expected.iter().all(is_told) && ["bastion", "node1", "two-sessions"].iter().all(|host| is_live(screen, host))
    });
    for fault in faults {
        fault.mend();
    }
    timed(&mut terminal, "three hosts, mended: live again", |screen| OPEN.iter().all(|host| is_live(screen, host)));
    terminal.send("q");
    terminal.lose("MESSAGE");
    terminal.send("2");
    terminal.wait("current rows", |screen| OPEN.iter().all(|host| has_numbers(screen, host) && !is_old(screen, host)));
}

#[test]
fn a_session_that_is_killed_comes_back_by_itself() {
    let lab = Lab::take();
    let mut terminal = fleet(&lab);
    let fault = lab.fault("host", &["node1", "kill-session"], &["node1", "start-sshd"]);
    timed(&mut terminal, "a session is killed: an old row", |screen| {
        is_old(screen, "node1") && has_numbers(screen, "node1")
    });
    assert!(OPEN.iter().all(|host| *host == "node1" || !is_old(&terminal.screen(), host)), "{}", terminal.screen());
    timed(&mut terminal, "a session is killed: live again", |screen| {
        OPEN.iter().all(|host| has_numbers(screen, host) && !is_old(screen, host))
    });
    fault.mend();
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

/// Probes that run on these hosts, as the hosts' own `ps` lists them.
fn probes(lab: &Lab) -> Vec<String> {
    let of = |host: &'static str| {
        let all = match host {
            // This machine: what hangs below its sshd.
            "node1" => {
                let sshd = std::fs::read_to_string(format!("{}/pid/node1-sshd", lab.value("LAB"))).expect("its number");
                let sshd = sshd.split_whitespace().next().and_then(|word| word.parse().ok()).expect("a number");
                let below: Vec<String> = children(sshd).iter().map(u32::to_string).collect();
                if below.is_empty() {
                    return Vec::new();
                }
                // Some may end meanwhile; the tool then fails, and is not asked for more.
                let mut ps = std::process::Command::new("ps");
                let output = ps.args(["-ww", "-o", "args=", "-p", &below.join(",")]).output().expect("ps starts");
                String::from_utf8_lossy(&output.stdout).into_owned()
            }
            _ => lab.on_host(host, &["ps", "-eww", "-o", "args="]),
        };
        all.lines().filter(|line| line.contains("$(head -c ")).map(|line| format!("{host}: {line}")).collect()
    };
    OPEN.iter().flat_map(|&host| of(host)).collect()
}

/// Control sockets of this console.
fn sockets(console: u32) -> Vec<String> {
    let ours = std::env::temp_dir().join(format!("ronde-{}", rustix::process::getuid().as_raw()));
    let names = std::fs::read_dir(ours).into_iter().flatten().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(&format!("{console}."))).collect()
}

#[test]
fn nothing_stays_on_a_host_however_the_console_ends() {
    let lab = Lab::take();
    for how in ["quit", "KILL"] {
        let mut terminal = fleet(&lab);
        let console = terminal.pid();
        let below = children(console);
        assert!(below.len() >= OPEN.len() && sockets(console).len() >= OPEN.len(), "{below:?}");
        let running = probes(&lab);
        for host in OPEN {
            assert!(running.iter().any(|line| line.starts_with(&format!("{host}:"))), "{host}: {running:?}");
        }
        let from = std::time::Instant::now();
        if how == "quit" {
            terminal.send(":q\r");
        } else {
            terminal.signal(how);
        }
        assert_eq!(terminal.ended().success(), how == "quit");
        until("no process of the console", || !below.iter().any(|&pid| lives(pid)));
        until("no control socket", || sockets(console).is_empty());
        until("no probe on a host", || probes(&lab).is_empty());
        say(&format!("time: {how}: nothing is left after {:.1} s", from.elapsed().as_secs_f64()));
    }
}

/// Rows of a table of the hosts, without a screen. Some hosts fail, so the exit code is that of a part that is missing.
fn rows(lab: &Lab, table: &str) -> Vec<Value> {
    let output = ronde(&["--config", lab.value("LAB_FLEET_CONFIG"), "list", table, "-o", "json", "--wait", "1m"]);
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    document["rows"].as_array().expect("rows").clone()
}

fn numbers(line: &str) -> Vec<u64> {
    line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn hosts_are_listed_as_their_own_tools_print_them() {
    let lab = Lab::take();
    let (nodes, disks) = (rows(&lab, "nodes"), rows(&lab, "disks"));
    for host in ["two-sessions", "behind-jump"] {
        let row = nodes.iter().find(|row| row["node"] == host).expect("a row");
        let memory = numbers(lab.on_host(host, &["free", "-b"]).lines().nth(1).expect("memory"));
        assert_eq!(row["memory-total"].as_u64(), Some(memory[0]), "{host}");
        // Used moves while one looks, and the builds beside: total less available, within a tenth of the machine.
        let used = row["memory-used"].as_u64().expect("known");
        assert!(used.abs_diff(memory[0] - memory[5]) < memory[0] / 10, "{host}: {used} against {memory:?}");
        let failed = lab.on_host(host, &["systemctl", "--failed", "--no-legend", "--plain"]);
        let failed = failed.lines().filter(|line| !line.trim().is_empty()).count() as u64;
        assert_eq!(row["failed"].as_u64(), Some(failed), "{host}");
        let listed = disks.iter().find(|row| row["node"] == host && row["mount"] == "/srv").expect("/srv");
        let df = lab.on_host(host, &["df", "-P", "-B1", "/srv"]);
        let sizes = numbers(df.lines().nth(1).expect("a file system"));
        assert_eq!(listed["size"].as_u64(), Some(sizes[0]), "{host}");
        for (field, size) in [("used", sizes[1]), ("available", sizes[2])] {
            let listed = listed[field].as_u64().expect("known");
            assert!(listed.abs_diff(size) < sizes[0] / 50, "{host} {field}: {listed} against {size}");
        }
    }
}
