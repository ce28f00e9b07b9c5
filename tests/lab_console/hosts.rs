//! Hosts over SSH: each in the state that it is in, with what to do about it; numbers are those of the host's tools.

use serde_json::Value;

use super::{
    bench::{Lab, PATIENCE, ronde, tool},
    support::Terminal,
};

/// Hosts of the lab that let the console in.
pub(crate) const OPEN: [&str; 6] = ["bastion", "behind-jump", "two-sessions", "noisy-fish", "no-forwarding", "node1"];

/// The line of a host on the page of sources.
pub(crate) fn source<'a>(screen: &'a str, host: &str) -> Option<&'a str> {
    let is_its = |line: &&str| line.trim_start_matches(['~', '▸', ' ']).split_whitespace().take(2).eq(["host", host]);
    screen.lines().find(is_its)
}

/// Whether a host is observed.
pub(crate) fn is_live(screen: &str, host: &str) -> bool {
    source(screen, host).is_some_and(|line| line.contains("polling") || line.contains(" live "))
}

/// The line of a host on the page of nodes, with its first column: `~` is old.
pub(crate) fn node<'a>(screen: &'a str, host: &str) -> Option<&'a str> {
    screen.lines().find(|line| line.trim_start_matches(['~', '▸', ' ']).split_whitespace().next() == Some(host))
}

/// Whether a host's row has more than its name.
pub(crate) fn has_numbers(screen: &str, host: &str) -> bool {
    node(screen, host).is_some_and(|line| line.contains('%'))
}

/// Whether a host's row is marked as old.
pub(crate) fn is_old(screen: &str, host: &str) -> bool {
    node(screen, host).is_some_and(|line| line.starts_with('~'))
}

/// The console on the lab's hosts, with all of them that let it in there. So wide that a message is whole.
pub(crate) fn fleet(lab: &Lab) -> Terminal {
    let config = std::fs::read_to_string(lab.value("LAB_FLEET_CONFIG")).expect("the hosts' configuration");
    let mut terminal = lab.console_with(&config, 400, 40);
    terminal.send("2");
    terminal.wait_within(PATIENCE, "hosts with numbers", |screen| OPEN.iter().all(|host| has_numbers(screen, host)));
    terminal
}

/// Opens the page of sources.
pub(crate) fn sources(terminal: &mut Terminal) {
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
