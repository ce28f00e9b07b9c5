//! A host's journal and processes over SSH: there while somebody looks, and nothing of it on the host afterwards.

use super::bench::{Lab, PATIENCE, until};

fn bastion(lab: &Lab) -> String {
    let ssh = lab.value("LAB_SSH_CONFIG");
    format!("discover = false\n[ssh]\nconfig = \"{ssh}\"\n[[hosts]]\nname = \"bastion\"\n")
}

/// How many processes with this in their command line run on the host, by its own `/proc`.
fn running(lab: &Lab, words: &str) -> usize {
    let script = format!(
        "for file in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$file; echo; done 2>/dev/null | grep -c '{words}' || true"
    );
    lab.on_host("bastion", &["sh", "-c", &script]).trim().parse().expect("a number")
}

/// The brackets keep a search from finding itself.
const FOLLOWED: &str = "[j]ournalctl .*--follow";

#[test]
fn a_followed_journal_leaves_nothing_on_the_host_however_it_ends() {
    let lab = Lab::take();
    for how in ["esc", "KILL"] {
        let mut terminal = lab.console_with(&bastion(&lab), 160, 40);
        terminal.send("2");
        terminal.wait_within(PATIENCE, "the host", |screen| screen.contains("bastion ● polling"));
        terminal.send("l");
        terminal.wait_within(PATIENCE, "lines of the journal", |screen| screen.contains("sshd["));
        // A user without further groups sees the messages of its own processes only.
        let words = format!("told before {how}");
        lab.on_host("bastion", &["runuser", "-u", "ops", "--", "logger", "-t", "watchman", &words]);
        terminal.wait_within(PATIENCE, "a new line", |screen| screen.contains(&words));
        assert!(running(&lab, FOLLOWED) > 0);
        match how {
            "esc" => {
                terminal.send("\x1b");
                terminal.wait_within(PATIENCE, "the table", |screen| screen.contains("lens hosts"));
            }
            _ => terminal.signal(how),
        }
        until(&format!("{how}: no journalctl on the host"), || running(&lab, FOLLOWED) == 0);
        if how == "KILL" {
            until("no probe on the host", || running(&lab, "head -[c]") == 0);
        }
    }
}

#[test]
fn processes_of_a_host_have_users_and_command_lines_while_they_are_looked_at() {
    let lab = Lab::take();
    let mut terminal = lab.console_with(&bastion(&lab), 200, 60);
    terminal.send("2");
    terminal.wait_within(PATIENCE, "the host", |screen| screen.contains("bastion ● polling"));
    terminal.send(":lens processes\r");
    terminal.wait_within(PATIENCE, "a process with its user and command line", |screen| {
        screen.lines().any(|line| line.contains("messagebus") && line.contains("dbus-daemon --system"))
    });
}
