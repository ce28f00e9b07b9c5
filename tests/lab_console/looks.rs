//! Every tab, lens, page and key of the console over the lab's real things.

use super::{
    bench::{Lab, PATIENCE, until},
    support::Terminal,
};

fn filter(terminal: &mut Terminal, expression: &str) {
    // In place of the filter that may be there.
    terminal.send(&format!("/\x15{expression}\r"));
    terminal.see(&format!("filter {expression}"));
}

fn lens(terminal: &mut Terminal, name: &str) {
    terminal.send(&format!(":lens {name}\r"));
    terminal.see(&format!("lens {name}"));
}

/// Waits for a row that has all of these.
fn row(terminal: &mut Terminal, words: &[&str]) -> String {
    let has = |line: &str| words.iter().all(|word| line.contains(word));
    let screen =
        terminal.wait_within(PATIENCE, &format!("a row with {words:?}"), |screen| screen.lines().skip(2).any(has));
    screen.lines().skip(2).find(|line| has(line)).unwrap_or_default().to_owned()
}

/// What stands in the column with this title, to the next space, in every row of pods.
fn column(screen: &str, title: &str) -> Vec<String> {
    let Some(header) = screen.lines().find(|line| line.contains(title)) else { return Vec::new() };
    let at = header[..header.find(title).unwrap_or_default()].chars().count();
    let is_row =
        |line: &&str| ["eqiad ", "codfw "].iter().any(|place| line.get(..16).is_some_and(|l| l.contains(place)));
    screen
        .lines()
        .skip(3)
        .filter(is_row)
        .map(|line| line.chars().skip(at).take_while(|c| !c.is_whitespace()).collect())
        .collect()
}

#[test]
fn each_tab_and_lens_shows_the_lab() {
    let lab = Lab::take();
    let mut terminal = lab.console_with(&lab.config().replace("discover = false", "discover = true"), 200, 50);
    let machine = super::bench::tool("uname", &["-n"]).trim().to_owned();
    row(&mut terminal, &["critical", "eqiad", "eqiad-notready"]);
    row(&mut terminal, &["critical", "lab", "out-of-memory-again"]);
    terminal.send("2");
    row(&mut terminal, &[&machine, " / "]);
    lens(&mut terminal, "disks");
    row(&mut terminal, &[&machine, " / "]);
    lens(&mut terminal, "units");
    terminal.see("UNIT");
    lens(&mut terminal, "processes");
    filter(&mut terminal, "dockerd");
    row(&mut terminal, &[&machine, "dockerd", "--"]);
    terminal.send("3");
    row(&mut terminal, &["lab", "shop-db-1", "running", "healthy"]);
    row(&mut terminal, &["out-of-memory", "exited", "137", "yes"]);
    lens(&mut terminal, "projects");
    row(&mut terminal, &["shop", "4/4", "ok"]);
    lens(&mut terminal, "processes");
    // More processes than lines.
    filter(&mut terminal, "shop-worker");
    row(&mut terminal, &["shop-worker-1", "workload ask http://web:8080/page"]);
    terminal.send("4");
    filter(&mut terminal, "pod:mw-web.*");
    row(&mut terminal, &["eqiad", "mw-web.eqiad.main", "8/8", "Running"]);
    row(&mut terminal, &["codfw", "mw-web.codfw.main", "8/8", "Running"]);
    lens(&mut terminal, "workloads");
    filter(&mut terminal, "mw-web");
    row(&mut terminal, &["eqiad", "Deployment", "mw-web.eqiad.main", "2/2"]);
    row(&mut terminal, &["codfw", "Deployment", "mw-web.codfw.main"]);
    lens(&mut terminal, "jobs");
    row(&mut terminal, &["eqiad", "CronJob", "minutely", "* * * * *"]);
    row(&mut terminal, &["eqiad", "Job", "failed", "BackoffLimitExceeded"]);
    lens(&mut terminal, "nodes");
    filter(&mut terminal, "cluster=eqiad");
    row(&mut terminal, &["eqiad", "node1", "Ready", "containerd"]);
    row(&mut terminal, &["eqiad", "eqiad-cordoned", "SchedulingDisabled"]);
    lens(&mut terminal, "events");
    filter(&mut terminal, "crash-loop");
    row(&mut terminal, &["eqiad", "Warning", "BackOff", "Pod/crash-loop"]);
}

#[test]
fn eighty_columns_are_enough() {
    let lab = Lab::take();
    let mut terminal = lab.console(80, 24);
    row(&mut terminal, &["critical", "eqiad-notready"]);
    terminal.send("3");
    filter(&mut terminal, "shop-db");
    row(&mut terminal, &["shop-db-1", "running"]);
    terminal.send("4");
    filter(&mut terminal, "crash-loop");
    row(&mut terminal, &["crash-loop", "0/1"]);
    let screen = terminal.screen();
    for sight in ["POD", "READY", "STATUS", "RESTARTS", "ADMIN"] {
        assert!(screen.contains(sight), "{sight}\n{screen}");
    }
}

#[test]
fn a_pod_is_followed_to_its_logs_and_back() {
    let lab = Lab::take();
    let mut terminal = lab.console(200, 50);
    terminal.send("4");
    filter(&mut terminal, "mw-web.eqiad");
    let first = row(&mut terminal, &["▸eqiad", "mw-web.eqiad.main"]);
    let pod = first.split_whitespace().nth(2).expect("a pod").to_owned();
    terminal.send("\r");
    terminal.see(&format!("pod {pod}"));
    row(&mut terminal, &["▸", "mediawiki-main-app", "Running"]);
    terminal.send("l");
    terminal.see("following");
    let line = row(&mut terminal, &["served", "reqId=r-"]);
    let id = &line[line.find("reqId=").unwrap() + 6..][..8];
    let logs = lab.kubectl("eqiad", &["logs", "-n", "mw-web", &pod, "-c", "mediawiki-main-app", "--tail=1000"]);
    assert!(logs.contains(id), "{id} is in no line of kubectl");
    terminal.send("/upstream timed out\r");
    terminal.see("search upstream timed out");
    terminal.send("n");
    terminal.see("held");
    terminal.send("\x1a");
    terminal.wait("only found lines", |screen| {
        let lines: Vec<&str> = screen.lines().skip(2).collect();
        let body = &lines[..lines.len() - 2];
        screen.contains("(only)")
            && body.iter().filter(|line| line.contains("upstream timed out")).count() > 3
            && !body.iter().any(|line| line.contains("served"))
    });
    terminal.send("q");
    row(&mut terminal, &["▸", "mediawiki-main-app", "Running"]);
    terminal.send("q");
    terminal.see("filter mw-web.eqiad");
    row(&mut terminal, &["▸eqiad", &pod]);
    terminal.send("\x1b");
    terminal.lose("filter mw-web.eqiad");
}

#[test]
fn a_capital_letter_sorts_by_its_column() {
    let lab = Lab::take();
    let mut terminal = lab.console(200, 50);
    terminal.send("4");
    filter(&mut terminal, "ns=shapes");
    row(&mut terminal, &["shapes", "Running"]);
    for (direction, descending) in [("▲", false), ("▼", true)] {
        terminal.send("S");
        terminal.see(&format!("sort status{direction}"));
        terminal.wait_within(PATIENCE, "sorted rows", |screen| {
            let mut found = column(screen, "STATUS");
            if descending {
                found.reverse();
            }
            found.len() > 20 && found.first() != found.last() && found.is_sorted_by_key(|text| text.to_lowercase())
        });
    }
}

#[test]
fn secrets_are_masked_until_asked_for() {
    let lab = Lab::take();
    let mut terminal = lab.console(200, 50);
    for (tab, filtered, key) in
        [("3", "container=secrets", "i"), ("3", "container=secrets", "y"), ("4", "mw-web.eqiad", "y")]
    {
        terminal.send(tab);
        filter(&mut terminal, filtered);
        terminal.wait("a row", |screen| screen.lines().any(|line| line.starts_with('▸')));
        let before = terminal.raw().len();
        terminal.send(key);
        terminal.see("v show secrets");
        terminal.send("/DB_PASSWORD\r");
        terminal.wait_within(PATIENCE, "the masked value", |screen| {
            screen.contains("search DB_PASSWORD") && screen.contains("••••••")
        });
        for secret in ["hunter2", "tok-5f4dcc3b", "s3cr3t-in-url", "wJalrXUtnFEMI", "secret-in-arguments"] {
            let raw = String::from_utf8_lossy(&terminal.raw()[before..]).into_owned();
            assert!(!raw.contains(secret), "{secret} was written by {key}\n{}", terminal.screen());
        }
        terminal.send("v");
        terminal.see("secrets shown");
        if tab == "3" {
            terminal.see("hunter2-not-for-screens");
        }
        terminal.send("v");
        terminal.lose("secrets shown");
        terminal.lose("hunter2-not-for-screens");
        terminal.send("q");
        terminal.see(&format!("filter {filtered}"));
    }
}

/// A pod on a played node; gone when dropped.
struct Pod<'a>(&'a Lab, &'static str);

impl<'a> Pod<'a> {
    fn make(lab: &'a Lab, name: &'static str) -> Self {
        let place = r#"{"spec":{"nodeName":"eqiad-fake2","terminationGracePeriodSeconds":0}}"#;
        lab.kubectl("eqiad", &["run", name, "-n", "batch", "--image=none:1", "--overrides", place]);
        Self(lab, name)
    }

    fn delete(&self) {
        let arguments = ["delete", "pod", self.1, "-n", "batch", "--ignore-not-found", "--force", "--grace-period=0"];
        self.0.kubectl("eqiad", &arguments);
    }
}

impl Drop for Pod<'_> {
    fn drop(&mut self) {
        self.delete();
    }
}

#[test]
fn a_frozen_view_holds_and_a_deleted_pod_stays_a_while_as_a_ghost() {
    let lab = Lab::take();
    let mut terminal = lab.console(200, 50);
    terminal.send("4");
    filter(&mut terminal, "ns=batch and cluster=eqiad");
    row(&mut terminal, &["eqiad", "batch", "minutely-"]);
    terminal.send("P");
    terminal.see("paused");
    let pod = Pod::make(&lab, "ronde-e2e");
    terminal.wait_within(PATIENCE, "changes wait", |screen| {
        screen.contains("changes waiting") && !screen.contains(" 0 changes waiting")
    });
    until("kubectl has the pod", || lab.kubectl("eqiad", &["get", "pods", "-n", "batch"]).contains("ronde-e2e"));
    assert!(!terminal.screen().contains("ronde-e2e"), "{}", terminal.screen());
    terminal.send("P");
    row(&mut terminal, &[" eqiad", "ronde-e2e"]);
    pod.delete();
    let is_ghost = |screen: &str| screen.lines().any(|line| line.starts_with("xeqiad") && line.contains("ronde-e2e"));
    terminal.wait_within(PATIENCE, "a ghost", is_ghost);
    terminal.lose("ronde-e2e");
    // Made and deleted while the view holds: it is never shown as there.
    terminal.send("P");
    terminal.see("paused");
    let second = Pod::make(&lab, "ronde-e2e-brief");
    second.delete();
    terminal.wait_within(PATIENCE, "changes wait", |screen| {
        screen.contains("changes waiting") && !screen.contains(" 0 changes waiting")
    });
    terminal.send("P");
    terminal.lose("paused");
    terminal.lose("ronde-e2e-brief");
}

/// Lines of several rows on one page, each with its origin, by time.
fn merged(terminal: &mut Terminal, filtered: &str, origins: &[&str]) {
    filter(terminal, filtered);
    for origin in origins {
        row(terminal, &[origin]);
    }
    terminal.send("g  ");
    terminal.see("2 marked");
    terminal.send("l");
    terminal.see("following");
    let origin = |line: &str| origins.iter().position(|origin| line.contains(origin));
    terminal.wait_within(PATIENCE, "lines of both", |screen| {
        (0..origins.len()).all(|wanted| screen.lines().skip(2).any(|line| origin(line) == Some(wanted)))
    });
    terminal.send("t");
    terminal.wait("times, in order but for one midnight", |screen| {
        let times: Vec<&str> = screen
            .lines()
            .skip(2)
            .filter_map(|line| line.get(..12))
            .filter(|time| time.starts_with(|c: char| c.is_ascii_digit()) && time.contains(':'))
            .collect();
        times.len() > 5 && times.windows(2).filter(|pair| pair[0] > pair[1]).count() <= 1
    });
    terminal.send("q");
    terminal.see("2 marked");
}

#[test]
fn logs_of_marked_rows_are_merged_by_time() {
    let lab = Lab::take();
    let mut terminal = lab.console(200, 50);
    terminal.send("4");
    let names = lab.kubectl("eqiad", &["get", "pods", "-n", "mw-web", "-o", "name"]);
    let pods: Vec<&str> = names.lines().map(|name| name.trim_start_matches("pod/")).collect();
    merged(&mut terminal, "mw-web.eqiad", &pods);
    terminal.send("3");
    merged(&mut terminal, "container=talker or container=hostile", &["talker", "hostile"]);
}

#[test]
fn related_rows_are_one_key_away() {
    let lab = Lab::take();
    let mut terminal = lab.console(200, 50);
    terminal.send("4");
    filter(&mut terminal, "mw-web.eqiad");
    row(&mut terminal, &["▸eqiad", "mw-web.eqiad.main"]);
    terminal.send(">");
    let screen = terminal.see("node node1");
    let item = screen.lines().find(|line| line.contains("node node1") && !line.contains("other")).unwrap().trim();
    // A digit chooses at once.
    terminal.send(&item[..1]);
    terminal.see("lens nodes");
    row(&mut terminal, &["▸eqiad", "node1", "Ready"]);
}

#[test]
fn only_what_is_wrong() {
    let lab = Lab::take();
    let mut terminal = lab.console(200, 50);
    terminal.send("3");
    row(&mut terminal, &["shop-web-1"]);
    terminal.send("\x1a");
    terminal.see("· only wrong");
    terminal.lose("shop-web-1");
    row(&mut terminal, &["unhealthy"]);
    terminal.send("\x1a");
    terminal.lose("· only wrong");
    row(&mut terminal, &["shop-web-1"]);
}

#[test]
fn sources_and_themes() {
    let lab = Lab::take();
    let mut terminal = lab.console(200, 50);
    terminal.send(":sources\r");
    for (kind, name) in [("docker", "lab"), ("docker", "podman"), ("kubernetes", "eqiad"), ("kubernetes", "codfw")] {
        row(&mut terminal, &[kind, name, "live"]);
    }
    let dark = terminal.colours();
    terminal.send(":theme light\r");
    until("other colours", || terminal.colours() != dark);
    terminal.send("q");
    terminal.lose("Sources 4");
}
