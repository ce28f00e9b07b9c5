//! The program in a terminal, over its simulated fleet: every tab and lens, and every way to end.

#![allow(clippy::expect_used, reason = "a test ends where what it expects does not hold")]

mod support;

use support::Terminal;

const SMALL: [&str; 7] = ["demo", "--seed", "1", "--pods", "300", "--hosts", "6"];

fn demo(columns: u16, rows: u16) -> Terminal {
    let mut terminal = Terminal::start(&SMALL, columns, rows);
    terminal.see("Triage");
    terminal
}

#[test]
fn every_tab_and_lens_shows_its_rows() {
    let mut terminal = demo(200, 50);
    terminal.see("DEMO");
    for (key, sights) in [
        ("1", vec!["SEVERITY", "EVIDENCE"]),
        ("2", vec!["NODE", "CPU", "MEM"]),
        ("3", vec!["CONTAINER", "STATE"]),
        ("4", vec!["NAMESPACE", "RESTARTS"]),
    ] {
        terminal.send(key);
        for sight in sights {
            terminal.see(sight);
        }
    }
    for (lens, sight) in [
        ("workloads", "ROLLOUT"),
        ("jobs", "OUTCOME"),
        ("nodes", "VERSION"),
        ("events", "REASON"),
        ("pods", "RESTARTS"),
    ] {
        terminal.send(&format!(":lens {lens}\r"));
        terminal.see(&format!("lens {lens}"));
        terminal.see(sight);
    }
}

#[test]
fn filter_sort_drill_details_logs_and_back() {
    let mut terminal = demo(160, 40);
    terminal.send("4/mw-web\r");
    terminal.see("filter mw-web");
    terminal.wait("only matching pods", |screen| screen.contains("mw-web.eqiad") && !screen.contains("mw-api-int"));
    terminal.send("\r");
    terminal.see("mediawiki-main-app");
    terminal.send("l");
    terminal.see("following");
    terminal.send("q");
    terminal.see("mediawiki-main-app");
    terminal.send("\x1b");
    terminal.see("RESTARTS");
    terminal.send("i");
    terminal.see("details");
    terminal.send("q");
    // Escape and the next key in one read would be one key, so each waits for what the one before it shows.
    terminal.see("filter mw-web");
    terminal.send("\x1b");
    terminal.lose("filter mw-web");
    terminal.send("P");
    terminal.see("paused");
    terminal.send("P");
    terminal.lose("paused");
    terminal.send("?");
    terminal.see("Show only matching rows");
}

#[test]
fn a_small_terminal_is_fully_usable_and_resizing_redraws() {
    let mut terminal = demo(80, 24);
    terminal.send("4");
    terminal.wait("pods at 80x24", |screen| {
        ["POD", "READY", "STATUS", "RESTARTS", "DEMO"].iter().all(|sight| screen.contains(sight))
    });
    terminal.resize(200, 50);
    terminal.wait("the wide screen", |screen| screen.contains("OWNER") && screen.contains("3 Containers"));
    terminal.resize(40, 10);
    terminal.wait("the narrow screen", |screen| screen.contains("POD") && screen.contains("STATUS"));
}

#[test]
fn ctrl_c_twice_quits() {
    let mut terminal = demo(80, 24);
    terminal.send("\x03");
    terminal.see("ctrl-c again");
    terminal.send("\x03");
    assert!(terminal.ended().success());
}

#[test]
fn without_colour_and_in_ascii_nothing_else_is_written() {
    let home = tempfile::tempdir().expect("a home");
    let arguments = [&["--ascii"], &SMALL[..]].concat();
    let mut terminal = Terminal::start_in(home, &arguments, 100, 30, &[("NO_COLOR", "1")]);
    terminal.send("4");
    terminal.see("RESTARTS");
    let screen = terminal.screen();
    assert!(screen.is_ascii(), "{screen}");
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    for color in ["\x1b[31m", "\x1b[38;5;", "\x1b[38;2;", "\x1b[48;5;"] {
        assert!(!raw.contains(color), "{color:?} was written");
    }
}

#[test]
fn names_are_copied_through_the_terminal() {
    let mut terminal = demo(100, 30);
    terminal.send("4");
    terminal.see("RESTARTS");
    terminal.send("c");
    terminal.see("copied");
    assert!(String::from_utf8_lossy(&terminal.raw()).contains("\x1b]52;c;"));
}
