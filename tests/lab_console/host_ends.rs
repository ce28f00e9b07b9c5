//! Nothing of the console stays on any host, nor of its connections here, however it ends.

use super::{
    bench::{Lab, PATIENCE, say, until},
    ends::{children, lives},
    hosts::{OPEN, fleet, sources},
};

/// What the console runs on these hosts, as the hosts' own `ps` lists it: probes, and what carries an engine's API.
fn running(lab: &Lab) -> Vec<String> {
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
        let ours = all.lines().filter(|line| line.contains("$(head -c ") || line.contains("dial-stdio"));
        ours.map(|line| format!("{host}: {line}")).collect()
    };
    OPEN.iter().flat_map(|&host| of(host)).collect()
}

/// Processes of this machine that have a socket of this console in their arguments: its `ssh`, and what each of them started.
fn connections(console: u32) -> Vec<String> {
    let ours = format!("{}/{console}.", directory());
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let lines = processes.filter_map(|entry| std::fs::read_to_string(entry.path().join("cmdline")).ok());
    lines.filter(|line| line.contains(&ours)).map(|line| line.replace('\0', " ")).collect()
}

fn directory() -> String {
    std::env::temp_dir().join(format!("ronde-{}", rustix::process::getuid().as_raw())).display().to_string()
}

/// Sockets of this console: one a connection, and one an engine behind a host.
fn sockets(console: u32) -> Vec<String> {
    let names = std::fs::read_dir(directory()).into_iter().flatten().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(&format!("{console}."))).collect()
}

#[test]
fn nothing_stays_on_a_host_however_the_console_ends() {
    let lab = Lab::take();
    for how in ["quit", "KILL"] {
        let mut terminal = fleet(&lab);
        let console = terminal.pid();
        sources(&mut terminal);
        terminal.wait_within(PATIENCE, "engines behind hosts", |screen| {
            ["behind-jump", "no-forwarding", "two-sessions"].iter().all(|host| {
                screen.lines().any(|line| line.contains(&format!("docker {host} ")) && line.contains(" live "))
            })
        });
        let below = children(console);
        assert!(connections(console).len() >= OPEN.len() && sockets(console).len() > OPEN.len(), "{below:?}");
        let there = running(&lab);
        for host in OPEN {
            assert!(there.iter().any(|line| line.starts_with(&format!("{host}:"))), "{host}: {there:?}");
        }
        assert!(there.iter().any(|line| line.contains("dial-stdio")), "{there:?}");
        let from = std::time::Instant::now();
        if how == "quit" {
            terminal.send(":q\r");
        } else {
            terminal.signal(how);
        }
        assert_eq!(terminal.ended().success(), how == "quit");
        let seconds = || from.elapsed().as_secs_f64();
        until("no connection", || connections(console).is_empty() && !below.iter().any(|&pid| lives(pid)));
        let here = seconds();
        until("no socket", || sockets(console).is_empty());
        let unlinked = seconds();
        until("nothing on a host", || running(&lab).is_empty());
        say(&format!(
            "time: {how}: no process here after {here:.1} s, no socket after {unlinked:.1} s, nothing on a host after {:.1} s",
            seconds()
        ));
    }
}
