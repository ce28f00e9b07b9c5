//! Looks at captured trees: what one machine cannot show.

use std::{fs, path::Path};

use super::*;

/// A machine with one core, without PSI, whose counters are given.
fn write(root: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(path, text).expect("written");
    }
}

const DEV: &str = "Inter-|   Receive  |  Transmit\n face |bytes |bytes\n";

fn tree() -> tempfile::TempDir {
    let tree = tempfile::tempdir().expect("a directory");
    write(
        tree.path(),
        &[
            ("proc/stat", "cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 100 0 100 800 0 0 0 0 0 0\nbtime 1700000000\n"),
            ("proc/uptime", "100.00 90.00\n"),
            ("proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 400 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n"),
            ("proc/loadavg", "0.10 0.20 0.30 1/80 100\n"),
            ("proc/net/dev", &format!("{DEV}  eth0: 1000 0 0 0 0 0 0 0 500 0 0 0 0 0 0 0\n")),
            ("proc/diskstats", " 8 0 sda 1 0 100 0 1 0 200 0 0 0 0\n 8 1 sda1 1 0 100 0 1 0 200 0 0 0 0\n"),
            ("proc/sys/kernel/osrelease", "5.10.0-32-amd64\n"),
            ("etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux 11 (bullseye)\"\n"),
            ("sys/block/sda/device/vendor", "ATA\n"),
            ("proc/1/stat", "1 (init) S 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 1000 10 0\n"),
        ],
    );
    tree
}

#[test]
fn a_look_gives_what_there_is_and_no_more() {
    let tree = tree();
    let facts = Machine::default().facts(&Root::at(tree.path()));
    assert_eq!(facts.os.as_deref(), Some("Debian GNU/Linux 11 (bullseye)"));
    assert_eq!(facts.kernel.as_deref(), Some("5.10.0-32-amd64"));
    assert_eq!((facts.cores, facts.processes, facts.load), (Some(1), Some(1), Some([0.1, 0.2, 0.3])));
    assert_eq!(facts.memory.used(), Some(600 * 1024));
    assert_eq!(facts.pressure, Pressure::default(), "this kernel has no PSI");
    assert_eq!((facts.busy, facts.received, facts.read), (None, None, None), "nothing to compare with yet");
}

#[test]
fn two_looks_give_rates() {
    let tree = tree();
    let (mut machine, root) = (Machine::default(), Root::at(tree.path()));
    machine.facts(&root);
    write(
        tree.path(),
        &[
            ("proc/stat", "cpu  150 0 110 940 0 0 0 0 0 0\ncpu0 150 0 110 940 0 0 0 0 0 0\nbtime 1700000000\n"),
            ("proc/uptime", "102.00 91.40\n"),
            ("proc/net/dev", &format!("{DEV}  eth0: 3000 0 0 0 0 0 0 0 700 0 0 0 0 0 0 0\n")),
            ("proc/diskstats", " 8 0 sda 1 0 104 0 1 0 208 0 0 0 0\n 8 1 sda1 1 0 104 0 1 0 208 0 0 0 0\n"),
        ],
    );
    let facts = machine.facts(&root);
    assert_eq!((facts.busy, facts.per_core.as_slice()), (Some(30.0), [Some(30.0)].as_slice()));
    assert_eq!((facts.received, facts.sent), (Some(1000.0), Some(100.0)));
    // The partition's bytes are the disk's bytes.
    assert_eq!((facts.read, facts.written), (Some(4.0 * 512.0 / 2.0), Some(8.0 * 512.0 / 2.0)));
}

#[test]
fn a_reboot_between_two_looks_is_unknown_once() {
    let tree = tree();
    let (mut machine, root) = (Machine::default(), Root::at(tree.path()));
    machine.facts(&root);
    write(tree.path(), &[("proc/uptime", "3.00 2.00\n")]);
    let facts = machine.facts(&root);
    assert_eq!((facts.busy, facts.received, facts.read), (None, None, None));
    write(tree.path(), &[("proc/uptime", "5.00 4.00\n")]);
    assert_eq!(machine.facts(&root).received, Some(0.0));
}

#[test]
fn an_empty_tree_gives_nothing() {
    let tree = tempfile::tempdir().expect("a directory");
    let root = Root::at(tree.path());
    assert_eq!(Machine::default().facts(&root), Facts::default());
    assert!(mounts(&root).is_empty());
    assert!(Scanner::new(&root, &"h1".into()).scan(true, Timestamp::UNIX_EPOCH).rows.is_empty());
}

#[test]
fn a_busy_process_is_seen_with_its_beginning_and_one_in_state_d_is_not_disturbed() {
    let tree = tree();
    let stat = |pid: u32, state: char, ticks: u32| {
        format!("{pid} (p{pid}) {state} 1 1 1 0 -1 0 0 0 0 0 {ticks} 0 0 0 20 0 1 0 5 1000 {pid} 0\n")
    };
    write(
        tree.path(),
        &[
            ("proc/7/stat", &stat(7, 'R', 0)),
            ("proc/7/cmdline", "burn\0--all\0"),
            ("proc/8/stat", &stat(8, 'D', 0)),
            ("proc/8/cmdline", "reader\0"),
        ],
    );
    let mut scanner = Scanner::new(&Root::at(tree.path()), &"h1".into());
    let at = |second| Timestamp::from_second(second).expect("a moment");
    let first = scanner.scan(true, at(1_000));
    assert!(first.rows.iter().all(|row| row.cpu.is_none()) && first.busy.is_none());
    // Ten seconds on, one processor long.
    let hertz = u32::try_from(rustix::param::clock_ticks_per_second()).expect("small");
    write(tree.path(), &[("proc/uptime", "110.00 90.00\n"), ("proc/7/stat", &stat(7, 'R', 10 * hertz))]);
    let second = scanner.scan(true, at(1_010));
    assert_eq!(second.rows[0].command, "burn --all");
    assert_eq!((second.rows[0].cpu, second.rows[0].busy_since), (Some(100.0), Some(at(1_000))));
    assert_eq!(
        second.rows[0].started,
        Some(at(1_700_000_000) + std::time::Duration::from_millis(5 * 1000 / u64::from(hertz)))
    );
    let sleeper = second.rows.iter().find(|row| row.pid == 8).expect("it is listed");
    assert_eq!((sleeper.state, sleeper.command.as_str()), ('D', "[p8]"));
    write(tree.path(), &[("proc/uptime", "120.00 90.00\n"), ("proc/7/stat", &stat(7, 'R', 20 * hertz))]);
    assert_eq!(scanner.scan(false, at(1_020)).busy.map(|busy| busy.since), Some(at(1_000)), "it is the same spell");
    write(tree.path(), &[("proc/uptime", "130.00 90.00\n")]);
    assert_eq!(scanner.scan(false, at(1_030)).busy, None, "it rests");
}
