//! Text from outside that attacks a terminal: it is shown, and does nothing.

use super::{
    bench::{Lab, PATIENCE, until},
    support::Terminal,
};

/// Everything in the program's output that is not text or one of its own few sequences.
fn alien(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(raw);
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\x1b' => match rest.next() {
                Some('[') => {
                    let mut sequence = String::new();
                    for c in rest.by_ref() {
                        sequence.push(c);
                        if ('\x40'..='\x7e').contains(&c) {
                            break;
                        }
                    }
                    let own = match sequence.strip_prefix('?') {
                        Some(mode) => {
                            let number = mode.trim_end_matches(['h', 'l']);
                            ["25", "1000", "1002", "1003", "1004", "1006", "1015", "1049", "2004", "2026"]
                                .contains(&number)
                        }
                        None => sequence.ends_with(['m', 'H', 'J', 'K', 'q']),
                    };
                    if !own {
                        found.push(format!("CSI {sequence}"));
                    }
                }
                other => found.push(format!("ESC {other:?}")),
            },
            '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
                found.push(format!("invisible {:04x}", u32::from(c)));
            }
            c if c.is_control() => found.push(format!("control {:02x}", u32::from(c))),
            _ => {}
        }
    }
    found.sort();
    found.dedup();
    found
}

fn count(raw: &[u8], wanted: &[u8]) -> usize {
    raw.windows(wanted.len()).filter(|window| *window == wanted).count()
}

/// What of the hostile texts can be seen.
const HOSTILE: [&str; 6] = ["owned", "gnp.exe", "漢", "[2J", "AAAA", "\u{fffd}"];

/// The terminal shows what the program believes it shows: drawn anew from nothing, hostile rows are the same.
fn intact(terminal: &mut Terminal, what: &str) {
    // Other rows may have changed meanwhile: clock, ages, charts.
    let body = |terminal: &Terminal| {
        let mut grid = terminal.grid();
        for row in &mut grid {
            if !HOSTILE.iter().any(|text| row.concat().contains(text)) {
                row.clear();
            }
        }
        grid
    };
    for _ in 0..5 {
        let before = body(terminal);
        let from = terminal.raw().len();
        terminal.send("\x12");
        until("drawn anew", || count(&terminal.raw()[from..], b"\x1b[2J") > 0);
        terminal.wait("the whole screen", |screen| screen.starts_with(" ronde "));
        let until = std::time::Instant::now() + std::time::Duration::from_secs(3);
        while std::time::Instant::now() < until {
            if body(terminal) == before {
                assert!(terminal.grid()[0].concat().starts_with(" ronde "), "{what}");
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20)); // between two looks, not to wait
        }
    }
    panic!("{what}: drawn anew, the screen is another:\n{}", terminal.screen());
}

/// Columns stand under their titles in every row: the cell before each title is empty in each row.
fn aligned(terminal: &Terminal, titles: &[&str]) {
    let grid = terminal.grid();
    let header = grid.iter().position(|row| titles.iter().all(|title| row.concat().contains(title))).expect("a header");
    let line: String =
        grid[header].iter().map(|cell| if cell.is_empty() { ' ' } else { cell.chars().next().unwrap() }).collect();
    let starts: Vec<usize> = titles
        .iter()
        .map(|title| {
            let at = line.find(title).expect("a title");
            line[..at].chars().count()
        })
        .collect();
    for row in &grid[header + 1..grid.len() - 2] {
        if row.concat().trim().is_empty() {
            break;
        }
        for &start in starts.iter().filter(|&&start| start > 1) {
            assert!(row[start - 1].trim().is_empty(), "column {start} of {:?}\n{}", row.concat(), terminal.screen());
        }
    }
}

/// Resident memory in megabytes.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

fn visits(terminal: &mut Terminal, table: &str, filter: &str, titles: &[&str]) {
    terminal.send(table);
    terminal.wait_within(PATIENCE, "rows", |screen| screen.contains(titles[0]) && screen.contains('▸'));
    terminal.send(&format!("/{filter}\r"));
    // A narrow title shows the beginning.
    let shown = format!("filter {}", &filter[..filter.len().min(18)]);
    terminal.see(&shown);
    terminal.wait_within(PATIENCE, "the hostile row", |screen| {
        screen.lines().any(|line| line.starts_with('▸') && line.contains("hostile"))
    });
    aligned(terminal, titles);
    intact(terminal, "the table");
    for (key, sight) in [("i", "details "), ("y", "yaml ")] {
        terminal.send(key);
        terminal.wait_within(PATIENCE, sight, |screen| screen.to_lowercase().contains(sight));
        terminal.wait_within(PATIENCE, "the text", |screen| {
            screen.contains("search  n next") && screen.lines().count() > 10
        });
        for move_on in ["", "G"] {
            terminal.send(move_on);
            intact(terminal, key);
        }
        terminal.send("q");
        terminal.see(&shown);
    }
}

fn reads_logs(terminal: &mut Terminal) {
    terminal.send("l");
    terminal.see("following");
    // What would act on a terminal is there to be read instead.
    terminal.wait_within(PATIENCE, "sequences as text", |screen| {
        ["]0;owned", "[2J", "[?1049h", "]52;c;"].iter().all(|text| screen.contains(text))
    });
    terminal.see("invalid utf8");
    terminal.send("f");
    terminal.see("held");
    for keys in ["", "w", "v", "g", "G", "f"] {
        terminal.send(keys);
        if keys != "G" {
            intact(terminal, &format!("logs after {keys:?}"));
        }
        if keys == "G" {
            terminal.see("following");
        }
    }
    terminal.send("q");
}

#[test]
fn hostile_text_is_shown_and_does_nothing() {
    let lab = Lab::take();
    for (columns, rows) in [(200, 50), (80, 24)] {
        let mut terminal = lab.console(columns, rows);
        visits(&mut terminal, "3", "container=hostile", &["CONTAINER", "STATE"]);
        reads_logs(&mut terminal);
        visits(&mut terminal, "4", "ns=hostile and cluster=eqiad", &["READY", "STATUS"]);
        // The other hostile pod has a long name and no logs.
        terminal.send("g");
        terminal
            .wait("the pod with logs", |screen| screen.lines().any(|l| l.starts_with('▸') && l.contains("Running")));
        reads_logs(&mut terminal);
        let raw = terminal.raw();
        assert_eq!(alien(&raw), Vec::<String>::new());
        assert_eq!(count(&raw, b"\x1b[?1049h"), 1, "only the console itself opens the other screen");
        terminal.send(":q\r");
        assert!(terminal.ended().success());
        assert!(!terminal.is_alternate());
    }
}

#[test]
fn endless_logs_and_lines_of_a_megabyte_take_little_memory() {
    let lab = Lab::take();
    let mut terminal = lab.console(200, 50);
    terminal.send("3");
    terminal.wait_within(PATIENCE, "rows", |screen| screen.contains("shop-web-1"));
    terminal.send("/container=hostile or container=talker or container=restarting\r");
    terminal.see("filter container=hostile");
    terminal.wait("three rows", |screen| ["hostile", "talker", "restarting"].iter().all(|name| screen.contains(name)));
    terminal.send("g   ");
    terminal.see("3 marked");
    terminal.send("l");
    terminal.see("following");
    let lines = |screen: &str| -> u64 {
        let title = screen.lines().nth(1).unwrap_or_default().split(" lines").next().unwrap_or_default().to_owned();
        let digits: Vec<char> = title.chars().rev().take_while(|c| c.is_ascii_digit() || c.is_whitespace()).collect();
        digits.iter().rev().filter(|c| c.is_ascii_digit()).collect::<String>().parse().unwrap_or(0)
    };
    let first = lines(&terminal.wait_within(PATIENCE, "what there is", |screen| lines(screen) > 500));
    terminal.wait_within(PATIENCE, "new lines", |screen| lines(screen) > first + 20);
    terminal.send("/end of a line of 1 MB\r");
    terminal.send("gwn");
    terminal.wait_within(PATIENCE, "still drawn", |screen| screen.contains("held"));
    let used = resident(terminal.pid());
    let said = format!("memory: {used} MB after {} lines\n", lines(&terminal.screen()));
    let _ = std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes());
    assert!(used < 150, "{used} MB");
}
