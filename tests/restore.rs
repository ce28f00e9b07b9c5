//! However the console ends, the terminal is as it was before, and no process and no half-written file stays behind.

#![cfg(unix)]
#![allow(clippy::expect_used, clippy::panic, reason = "a test ends where what it expects does not hold")]

mod support;

use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use support::{Modes, Terminal};

const DEMO: [&str; 7] = ["demo", "--seed", "1", "--pods", "300", "--hosts", "6"];

fn demo(columns: u16, rows: u16) -> Terminal {
    let home = tempfile::tempdir().expect("a home");
    let temporary = home.path().join("tmp");
    std::fs::create_dir(&temporary).expect("a directory");
    let temporary = temporary.to_string_lossy().into_owned();
    let mut terminal = Terminal::start_in(home, &DEMO, columns, rows, &[("TMPDIR", &temporary)]);
    terminal.see("Triage");
    terminal.wait_modes("taken", &Modes::TAKEN);
    terminal
}

/// Every file below a directory.
fn files(below: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(below).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// What stays in a home is what is meant to: the cache and the log, whole.
fn assert_tidy(home: &Path) {
    for file in files(home) {
        let name = file.to_string_lossy();
        let meant = [".log", ".db", ".sqlite", ".toml"].iter().any(|end| name.ends_with(end));
        assert!(meant && !file.starts_with(home.join("tmp")), "{name} was left behind");
    }
}

#[test]
fn an_end_by_key_or_signal_gives_everything_back() {
    for way in [":q", "ctrl-c", "TERM", "HUP", "INT"] {
        let mut terminal = demo(80, 24);
        match way {
            ":q" => terminal.send(":q\r"),
            "ctrl-c" => {
                terminal.send("\x03");
                terminal.see("ctrl-c again");
                terminal.send("\x03");
            }
            signal => terminal.signal(signal),
        }
        assert!(terminal.ended().success(), "{way}");
        terminal.wait_modes(way, &Modes::PLAIN);
        assert!(!terminal.screen().contains("Triage"), "{way} left its last frame:\n{}", terminal.screen());
        assert_tidy(terminal.home());
    }
}

#[test]
fn a_mouse_given_away_before_the_end_stays_given_away() {
    let mut terminal = demo(80, 24);
    terminal.send("m");
    terminal.wait_modes("m", &Modes { mouse: false, ..Modes::TAKEN });
    terminal.send(":q\r");
    terminal.ended();
    terminal.wait_modes("the end", &Modes::PLAIN);
}

#[test]
fn a_terminal_that_goes_away_ends_the_program() {
    let mut terminal = demo(80, 24);
    terminal.hang_up();
    assert!(terminal.ended().success());
    assert_tidy(terminal.home());
}

/// Whether a thread of the process waits in `write` or `writev`, now and a while later.
#[cfg(target_os = "linux")]
fn stuck_in_write(pid: u32) -> bool {
    let writes = || {
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        // The number of the system call is the machine's: x86-64, then arm64.
        let is_write = |call: String| ["1 ", "20 ", "64 ", "66 "].iter().any(|number| call.starts_with(number));
        threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("syscall")).ok()).any(is_write)
    };
    (0..10).all(|_| {
        std::thread::sleep(Duration::from_millis(20));
        writes()
    })
}

#[test]
#[cfg(target_os = "linux")]
fn a_terminal_that_takes_nothing_does_not_hold_up_the_end() {
    let mut terminal = demo(200, 50);
    terminal.deaf(true);
    // Frame after frame, until the terminal's buffer is full.
    let deadline = Instant::now() + Duration::from_mins(1);
    for tab in ["1", "2", "3", "4"].iter().cycle() {
        terminal.send(tab);
        if stuck_in_write(terminal.pid()) {
            break;
        }
        assert!(Instant::now() < deadline, "the terminal takes everything");
    }
    terminal.signal("TERM");
    assert!(terminal.ended().success());
    assert!(!terminal.modes().raw, "keys are lines again, though no byte could be written");
}

/// Names the part a copy of this test binary plays.
const PART: &str = "RONDE_TEST_PART";

#[test]
fn a_panic_gives_everything_back_before_it_is_reported() {
    let this = std::env::current_exe().expect("this program");
    let home = tempfile::tempdir().expect("a home");
    let arguments = ["--exact", "the_part_that_panics", "--nocapture"];
    let mut terminal = Terminal::start_program(&this, home, &arguments, 120, 30, &[(PART, "panic")]);
    terminal.see("taken");
    terminal.wait_modes("taken", &Modes::TAKEN);
    terminal.send("x");
    terminal.see("a panic elsewhere changes nothing");
    assert_eq!(terminal.modes(), Modes::TAKEN);
    assert!(!terminal.screen().contains("not the console"), "{}", terminal.screen());
    terminal.send("x");
    assert!(!terminal.ended().success());
    terminal.wait_modes("a panic", &Modes::PLAIN);
    terminal.see("the console, on purpose");
    assert!(!terminal.screen().contains("not the console"), "{}", terminal.screen());
}

/// Plays the console in a terminal for the test above; for itself it does nothing.
#[test]
fn the_part_that_panics() {
    if std::env::var_os(PART).is_none() {
        return;
    }
    let _guard = ronde::term::guard::Guard::take(true).expect("a terminal");
    let say = |text: &str| {
        let mut out = std::io::stdout();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).expect("written");
    };
    let wait = || std::io::stdin().read_exact(&mut [0]).expect("a key");
    say("taken\r\n");
    wait();
    let elsewhere = std::thread::spawn(|| panic!("not the console")).join();
    assert!(elsewhere.is_err());
    say("a panic elsewhere changes nothing\r\n");
    wait();
    panic!("the console, on purpose");
}

/// Processes that run with this home.
#[cfg(target_os = "linux")]
fn processes(home: &Path) -> Vec<String> {
    let mark = format!("HOME={}\0", home.display());
    let all = std::fs::read_dir("/proc").expect("processes").flatten();
    all.filter(|entry| {
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        environment.windows(mark.len()).any(|part| part == mark.as_bytes())
    })
    .map(|entry| std::fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default().replace('\0', " "))
    .collect()
}

#[cfg(target_os = "linux")]
#[test]
fn no_process_outlives_the_console() {
    const KUBECONFIG: &str = r#"
apiVersion: v1
kind: Config
clusters: [{name: far, cluster: {server: "https://127.0.0.1:9"}}]
users:
- name: me
  user: {exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: sh, args: [-c, "sleep 4321 & sleep 4321"]}}
contexts: [{name: far, context: {cluster: far, user: me}}]
"#;
    for way in [":q", "TERM", "HUP", "hang up"] {
        let home = tempfile::tempdir().expect("a home");
        let config = home.path().join(".config/ronde");
        std::fs::create_dir_all(&config).expect("a directory");
        std::fs::write(home.path().join("kubeconfig"), KUBECONFIG).expect("written");
        let text = "discover = false\n[[clusters]]\nname = \"far\"\nkubeconfig = \"~/kubeconfig\"\ncontext = \"far\"\n";
        std::fs::write(config.join("config.toml"), text).expect("written");
        let mut terminal = Terminal::start_in(home, &[], 80, 24, &[]);
        terminal.see("far");
        let wait = |what: &str, wanted: &dyn Fn(&[String]) -> bool, home: &Path| {
            let until = Instant::now() + Duration::from_mins(1);
            loop {
                let found = processes(home);
                if wanted(&found) {
                    return;
                }
                assert!(Instant::now() < until, "{way}: {what}; there are {found:?}");
                std::thread::sleep(Duration::from_millis(20)); // between two looks, not to wait
            }
        };
        let sleeps = |found: &[String]| found.iter().filter(|line| line.contains("sleep 4321")).count();
        wait("the plugin and its child run", &|found| sleeps(found) >= 2, terminal.home());
        match way {
            ":q" => terminal.send(":q\r"),
            "hang up" => terminal.hang_up(),
            signal => terminal.signal(signal),
        }
        terminal.ended();
        wait("nothing runs any more", &<[String]>::is_empty, terminal.home());
    }
}
