//! What fails is said within seconds, keeps its last rows marked as old, disturbs nothing else and heals by itself.
//! How long each took is told on standard error.

use super::{
    bench::{Lab, PATIENCE, say, timed},
    support::Terminal,
};

/// The cluster that suffers: its nodes are played, so that nothing but the console minds.
const VICTIM: &str = "codfw";
/// The cluster beside it.
const OTHER: &str = "eqiad";

fn live(name: &str) -> String {
    format!("{name} ● live")
}

/// Rows of this place that the console marks as old, and those that it does not.
fn gutters(screen: &str, place: &str) -> (usize, usize) {
    let of = |sign: &str| screen.lines().filter(|line| line.starts_with(&format!("{sign}{place} "))).count();
    (of("~"), of(" ") + of("▸"))
}

fn only_old(screen: &str, place: &str) -> bool {
    let (old, current) = gutters(screen, place);
    old > 3 && current == 0
}

fn only_current(screen: &str, place: &str) -> bool {
    let (old, current) = gutters(screen, place);
    old == 0 && current > 3
}

/// Pods of both clusters, the victim's first.
fn pods(terminal: &mut Terminal) {
    terminal.send("4");
    terminal.wait_within(PATIENCE, "pods of both clusters", |screen| {
        screen.contains(&live(VICTIM)) && screen.contains(&live(OTHER))
    });
    // Some of each on one screen.
    terminal.send("/pod:node-agent-* or pod:mw-*\r");
    terminal.see("filter pod:node-agent");
    terminal
        .wait_within(PATIENCE, "current rows", |screen| only_current(screen, VICTIM) && only_current(screen, OTHER));
}

fn engine(terminal: &mut Terminal) {
    terminal.send("3");
    terminal.wait_within(PATIENCE, "containers", |screen| {
        screen.contains(&live("lab")) && only_current(screen, "lab") && screen.contains("shop-web-1")
    });
}

/// The engine fails: containers stay, old; clusters do not mind; it heals.
fn engine_fails(breaking: &str, mending: &str, states: &[&str]) {
    let lab = Lab::take();
    let mut terminal = lab.console(200, 50);
    pods(&mut terminal);
    engine(&mut terminal);
    let fault = lab.fault("engine", &[breaking], &[mending]);
    timed(&mut terminal, &format!("engine {breaking}: {states:?}"), |screen| {
        states.iter().any(|state| screen.contains(&format!("lab ◌ {state}")))
    });
    let screen = terminal.wait("old rows", |screen| only_old(screen, "lab"));
    assert!(screen.contains("shop-web-1") && screen.contains("restarting"), "{screen}");
    terminal.send("4");
    let screen = terminal.wait("pods, drawn to the last line", |screen| {
        screen.contains("filter pod:node-agent") && !screen.contains("~lab ")
    });
    assert!(screen.contains(&live(VICTIM)) && screen.contains(&live(OTHER)), "{screen}");
    assert!(only_current(&screen, VICTIM) && only_current(&screen, OTHER), "{screen}");
    terminal.send("3");
    terminal.see("shop-web-1");
    fault.mend();
    timed(&mut terminal, &format!("engine {mending}: live again"), |screen| {
        screen.contains(&live("lab")) && only_current(screen, "lab")
    });
}

#[test]
fn an_engine_that_stops() {
    engine_fails("stop", "start", &["unreachable"]);
}

#[test]
fn an_engine_that_hangs() {
    engine_fails("freeze", "thaw", &["stale", "unreachable"]);
}

/// One cluster fails: its pods stay, old; the other and the engine do not mind; it heals.
fn cluster_fails(config: Option<&str>, what: &str, breaking: [&[&str]; 2], mending: &[&str], states: &[&str]) {
    let lab = Lab::take();
    let mut terminal = match config {
        None => lab.console(200, 50),
        Some(user) => lab.console_with(&lab.config_as(user), 200, 50),
    };
    engine(&mut terminal);
    pods(&mut terminal);
    let script = if breaking[0] == ["user"] { "user" } else { "apiserver" };
    let fault = lab.fault(script, breaking[1], mending);
    timed(&mut terminal, &format!("{what}: {states:?}"), |screen| {
        states.iter().any(|state| screen.contains(&format!("{VICTIM} ◌ {state}")))
    });
    let screen = terminal.wait("old rows", |screen| only_old(screen, VICTIM));
    assert!(only_current(&screen, OTHER), "the other cluster is disturbed\n{screen}");
    assert!(screen.contains(&live(OTHER)), "the other cluster is disturbed\n{screen}");
    terminal.send("3");
    let screen = terminal.see("shop-web-1");
    assert!(screen.contains(&live("lab")) && only_current(&screen, "lab"), "the engine is disturbed\n{screen}");
    terminal.send("4");
    terminal.see("filter pod:node-agent");
    fault.mend();
    timed(&mut terminal, &format!("{what}, mended: live again"), |screen| {
        screen.contains(&live(VICTIM)) && only_current(screen, VICTIM)
    });
}

#[test]
fn an_api_server_that_stops() {
    cluster_fails(
        None,
        "API server stopped",
        [&["apiserver"], &[VICTIM, "stop"]],
        &[VICTIM, "start"],
        &["unreachable"],
    );
}

#[test]
fn an_api_server_that_hangs() {
    cluster_fails(
        None,
        "API server frozen",
        [&["apiserver"], &[VICTIM, "freeze"]],
        &[VICTIM, "thaw"],
        &["stale", "unreachable"],
    );
}

#[test]
fn packets_that_are_lost() {
    cluster_fails(
        None,
        "packets dropped",
        [&["apiserver"], &[VICTIM, "drop"]],
        &[VICTIM, "undrop"],
        &["stale", "unreachable"],
    );
}

#[test]
fn rights_that_are_taken_away() {
    cluster_fails(
        Some("junior"),
        "rights revoked",
        [&["user"], &["junior", "revoke", VICTIM]],
        &["junior", "grant", VICTIM],
        &["forbidden"],
    );
}

#[test]
fn a_token_that_expires() {
    let lab = Lab::take();
    let mut terminal = lab.console_with(&lab.config_as("junior"), 200, 50);
    pods(&mut terminal);
    let fault = lab.fault("user", &["junior", "expire"], &["junior", "restore"]);
    // A server keeps what it knows of a token for ten seconds, whatever its webhook says: that is its time, not ours.
    let refusals = [VICTIM, OTHER].map(|cluster| lab.refusal(cluster, "junior"));
    timed(&mut terminal, "token expired: authentication failed", |screen| {
        [VICTIM, OTHER].iter().all(|name| screen.contains(&format!("{name} ◌ authentication failed")))
    });
    for refusal in refusals {
        say(&format!("time: token expired: {}", refusal.join().expect("the server refuses it")));
    }
    terminal.wait("old rows", |screen| only_old(screen, VICTIM) && only_old(screen, OTHER));
    engine(&mut terminal);
    terminal.send("4");
    fault.mend();
    timed(&mut terminal, "token restored: live again", |screen| {
        [VICTIM, OTHER].iter().all(|name| screen.contains(&live(name)) && only_current(screen, name))
    });
}

#[test]
fn metrics_that_go_and_come() {
    let lab = Lab::take();
    let mut terminal = lab.console(200, 50);
    pods(&mut terminal);
    let fault = lab.fault("metrics", &[OTHER, "remove"], &[OTHER, "restore"]);
    terminal.send(":sources\r");
    let about = |screen: &str| {
        screen.lines().find(|line| line.contains("kubernetes") && line.contains(OTHER)).unwrap_or_default().to_owned()
    };
    timed(&mut terminal, "metrics removed: said, and still live", |screen| {
        let line = about(screen);
        line.contains("live") && line.contains("metrics")
    });
    fault.mend();
    timed(&mut terminal, "metrics restored: no remark", |screen| {
        let line = about(screen);
        line.contains("live") && !line.contains("metrics")
    });
}

/// A credential plugin that cannot do its work: said, nothing waits for it, nothing of it reaches the screen.
fn plugin(user: &str, states: &[&str]) {
    let lab = Lab::take();
    let mut terminal = lab.console_with(&lab.config_as(user), 200, 50);
    // Before it is known what becomes of the clusters, everything else works.
    engine(&mut terminal);
    terminal.send("4");
    terminal.see("RESTARTS");
    timed(&mut terminal, &format!("{user}: {states:?}"), |screen| {
        [VICTIM, OTHER].iter().all(|name| states.iter().any(|state| screen.contains(&format!("{name} {state}"))))
    });
    terminal.send(":sources\r");
    let screen = terminal.see(" Sources ");
    let said = screen.lines().find(|line| line.contains("kubernetes")).unwrap_or_default().to_owned();
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("says: {user}: {}\n", said.trim()).as_bytes());
    assert!(screen.starts_with(" ronde "), "something is drawn over the screen\n{screen}");
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    assert!(!raw.contains("Password for admin"), "the plugin asks on the terminal");
    engine(&mut terminal);
    terminal.send(":q\r");
    assert!(terminal.ended().success());
}

#[test]
fn a_plugin_that_hangs() {
    plugin("exec-hang", &["◌ needs login"]);
}

#[test]
fn a_plugin_that_asks_on_the_terminal() {
    // It has no terminal to ask on; the lab's then goes on without an answer.
    plugin("exec-prompt", &["◌ needs login", "● live"]);
}

#[test]
fn a_plugin_that_fails() {
    plugin("exec-fail", &["◌ needs login"]);
}
