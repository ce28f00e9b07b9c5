//! How the console ends: nothing of it stays, and the terminal is as it was.

use super::{bench::Lab, support::Terminal};

/// Processes that descend from this one, by what the kernel says.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).map(Iterator::flatten);
    for task in tasks.into_iter().flatten() {
        let text = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        found.extend(text.split_whitespace().filter_map(|word| word.parse::<u32>().ok()));
    }
    let below: Vec<u32> = found.iter().flat_map(|&child| children(child)).collect();
    found.extend(below);
    found
}

/// Alive: there, and not merely waiting to be collected.
pub(crate) fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn ended_clean(terminal: &mut Terminal, how: &str, below: &[u32]) {
    assert!(terminal.ended().success(), "{how}: {}", terminal.screen());
    terminal.wait(&format!("{how}: the terminal is given back"), |_| true);
    assert!(!terminal.is_alternate(), "{how}");
    let raw = terminal.raw();
    for given_back in [&b"\x1b[?1049l"[..], b"\x1b[?25h"] {
        assert!(raw.windows(given_back.len()).any(|window| window == given_back), "{how}: {given_back:?}");
    }
    super::bench::until(&format!("{how}: no process is left of {below:?}"), || !below.iter().any(|&pid| lives(pid)));
}

#[test]
fn nothing_stays_behind_however_it_ends() {
    let lab = Lab::take();
    // A credential plugin that hangs is a child that has every reason to stay.
    let config = lab.config_as("exec-hang");
    for how in ["quit", "TERM", "HUP"] {
        let mut terminal = lab.console_with(&config, 200, 50);
        terminal.see("lab ● live");
        let pid = terminal.pid();
        super::bench::until("the plugin hangs", || !children(pid).is_empty());
        let below = children(pid);
        if how == "quit" {
            terminal.send(":q\r");
        } else {
            terminal.signal(how);
        }
        ended_clean(&mut terminal, how, &below);
    }
}
