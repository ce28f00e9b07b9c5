//! The local machine's source against what the machine's own tools say: `free`, `df`, `nproc`, `uname`, `ps`.

#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::{collections::BTreeSet, process::Command, time::Duration};

use jiff::Timestamp;
use ronde::{
    model::{
        document::Line,
        key::Key,
        query::{Answer, AskId, LogQuery, Query},
        rows::NodeRow,
        store::{Store, TableId},
    },
    source::{Ask, Demand, Inbox, Reply, Source, host::Host},
};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// How long something may take before it counts as missing.
const DEADLINE: Duration = Duration::from_mins(1);

/// The source at work, and what the console would know by it.
struct Console {
    store: Store,
    inbox: Inbox,
    asks: mpsc::Sender<Ask>,
    demand: watch::Sender<Demand>,
    stop: CancellationToken,
    name: String,
}

impl Console {
    fn start() -> Self {
        let inbox = Inbox::default();
        let host = Host::local();
        let name = host.id().name().to_owned();
        let outlet = inbox.outlet(host.id());
        let (asks, open) = mpsc::channel(4);
        let (demand, wanted) = watch::channel(Demand::default());
        let stop = CancellationToken::new();
        tokio::spawn(Box::new(host).run(outlet, wanted, open, stop.clone()));
        Self { store: Store::default(), inbox, asks, demand, stop, name }
    }

    /// Takes what comes until `done`.
    async fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let all = async {
            while !done(self) {
                for delta in self.inbox.take(1000).await {
                    self.store.apply(delta, Timestamp::now());
                }
            }
        };
        assert!(tokio::time::timeout(DEADLINE, all).await.is_ok(), "{what} never came");
    }

    fn node(&self) -> Option<&NodeRow> {
        self.store.nodes.get(&Key::from(self.name.as_str()))
    }

    async fn ask(&self, query: Query) -> Answer {
        let (sender, mut answers) = mpsc::channel(4);
        let ask = Ask { id: AskId(1), query, reply: Reply::new(AskId(1), sender), cancel: CancellationToken::new() };
        self.asks.send(ask).await.expect("the source listens");
        let answer = tokio::time::timeout(DEADLINE, answers.recv()).await.expect("in time");
        answer.expect("an answer").1
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What a tool of this machine prints.
#[allow(clippy::disallowed_methods, reason = "the tools' own words are what the numbers are compared with")]
fn tool(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).env("LC_ALL", "C").output().expect("the tool runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Whether two numbers differ by at most `percent` of `whole`.
fn near(a: u64, b: u64, whole: u64, percent: u64) -> bool {
    a.abs_diff(b) <= whole / 100 * percent
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_are_those_of_the_machines_own_tools() {
    let mut console = Console::start();
    console.until("processor use", |c| c.node().is_some_and(|node| node.cpu.is_some())).await;
    let node = console.node().expect("a row").clone();

    assert_eq!(node.kernel.as_deref(), Some(tool("uname", &["-r"]).trim()));
    assert_eq!(node.cores.map(|n| n.to_string()).as_deref(), Some(tool("nproc", &["--all"]).trim()));
    let free = tool("free", &["-b"]);
    let line = |name: &str| -> Vec<u64> {
        let line = free.lines().find_map(|line| line.strip_prefix(name)).expect("a line of free");
        line.split_whitespace().map(|n| n.parse().expect("a number")).collect()
    };
    let (memory, swap) = (line("Mem:"), line("Swap:"));
    let (total, used) = (node.memory_total.expect("known"), node.memory_used.expect("known"));
    assert_eq!(total, memory[0]);
    // The last column is what is available. Memory moves between the two looks.
    assert!(near(used, memory[0] - memory[5], total, 10), "{used} used of {total}, free says {memory:?}");
    assert_eq!(node.swap_total, Some(swap[0]));
    let shares = [node.user, node.system, node.iowait, node.steal].map(|share| share.expect("known"));
    assert!(
        shares.iter().all(|share| (0.0..=100.0).contains(share)) && shares.iter().sum::<f64>() < 100.01,
        "{shares:?}"
    );
    assert!((node.cpu.expect("known") - shares[0] - shares[1]).abs() < 0.01);
    let ps = tool("ps", &["-e", "--no-headers"]).lines().count() as u64;
    assert!(
        near(node.processes.expect("known").into(), ps, ps.max(100), 50),
        "{:?} processes, ps says {ps}",
        node.processes
    );
    let booted = node.booted.expect("known").as_second();
    let btime = std::fs::read_to_string("/proc/stat").expect("readable");
    assert!(btime.lines().any(|line| line == format!("btime {booted}")));
    assert!(node.received.is_some() && node.sent.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn disks_are_those_df_shows_with_its_percentages() {
    let mut console = Console::start();
    console.until("disks", |c| c.store.disks.iter().next().is_some()).await;
    let (blocks, inodes) = (tool("df", &["-PkT"]), tool("df", &["-Pi"]));
    let mut compared = 0;
    for disk in console.store.disks.iter() {
        let at = |text: &str| -> Option<Vec<String>> {
            let end = format!("% {}", disk.mount);
            let line = text.lines().find(|line| line.ends_with(&end))?;
            Some(line.split_whitespace().map(str::to_owned).collect())
        };
        // df shows only one mount of a device too, but it may choose another.
        let (Some(blocks), Some(inodes)) = (at(&blocks), at(&inodes)) else { continue };
        compared += 1;
        assert_eq!(*disk.kind, blocks[1]);
        assert_eq!(disk.size / 1024, blocks[2].parse::<u64>().expect("a number"));
        let used: u64 = blocks[3].parse().expect("a number");
        assert!(near(disk.used / 1024, used, disk.size / 1024, 2), "{disk:?} {blocks:?}");
        // df rounds up.
        let percent = |text: &str| text.trim_end_matches('%').parse::<f64>().ok();
        let close = |ours: Option<f64>, theirs: &str| match (ours, percent(theirs)) {
            (Some(ours), Some(theirs)) => (ours.ceil() - theirs).abs() <= 1.0,
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        };
        assert!(close(disk.percent(), &blocks[5]), "{disk:?} {blocks:?}");
        assert!(close(disk.inode_percent(), &inodes[4]), "{disk:?} {inodes:?}");
    }
    assert!(compared > 0, "no disk was compared:\n{blocks}");
    let mounts: Vec<_> = console.store.disks.iter().map(|disk| disk.mount.clone()).collect();
    assert_eq!(mounts.iter().collect::<BTreeSet<_>>().len(), mounts.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_come_when_they_are_on_screen_and_go_when_they_are_not() {
    let mut console = Console::start();
    console.until("the first row", |c| c.node().is_some()).await;
    assert_eq!(console.store.processes.iter().count(), 0, "nobody asked for processes");
    console.demand.send_modify(|demand| {
        demand.tables.insert(TableId::Processes);
    });
    console.until("processes", |c| c.store.processes.iter().any(|process| process.cpu.is_some())).await;
    let shown = console.store.processes.iter().count();
    assert!((1..=500).contains(&shown), "{shown} processes");
    for process in console.store.processes.iter() {
        assert!(
            process.state.is_ascii_alphabetic() && process.started.is_some() && process.user.is_some(),
            "{process:?}"
        );
    }

    let me = std::process::id();
    let details = console.ask(Query::Details(TableId::Processes, Key::of(&[&console.name, &me.to_string()]))).await;
    let Answer::Document(document) = details else { panic!("{details:?}") };
    let pairs: Vec<(&str, &str)> = document
        .lines
        .iter()
        .filter_map(|line| {
            if let Line::Pair { name, value, .. } = line { Some((name.as_str(), value.as_str())) } else { None }
        })
        .collect();
    let value = |name: &str| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    assert!(value("executable").is_some_and(|path| path.contains("host-")), "{pairs:?}");
    assert!(value("open files").is_some_and(|n| n.parse::<u32>().is_ok()));

    console.demand.send_modify(|demand| demand.tables.clear());
    console.until("the end of the rows", |c| c.store.processes.iter().count() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn details_answer_at_once_and_what_is_gone_says_so() {
    let mut console = Console::start();
    console.until("processor use", |c| c.node().is_some_and(|node| node.cpu.is_some())).await;
    let details = console.ask(Query::Details(TableId::Nodes, Key::from(console.name.as_str()))).await;
    let Answer::Document(document) = details else { panic!("{details:?}") };
    let headings: Vec<&str> = document
        .lines
        .iter()
        .filter_map(|line| if let Line::Heading(text) = line { Some(text.as_str()) } else { None })
        .collect();
    for heading in ["Processor", "Memory", "Busiest processes", "Network", "File systems", "Failed units"] {
        assert!(headings.contains(&heading), "{headings:?}");
    }
    let of = |what: &str| Key::of(&[&console.name, what]);
    for query in [
        Query::Details(TableId::Disks, of("/not/mounted")),
        Query::Details(TableId::Processes, of("4294967294")),
        Query::Details(TableId::Units, of("--user")),
        Query::Yaml(TableId::Nodes, Key::from(console.name.as_str())),
    ] {
        let answer = console.ask(query).await;
        assert!(matches!(&answer, Answer::Failed(why) if !why.is_empty()), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_ends_or_says_why_it_cannot() {
    let console = Console::start();
    let logs = Query::Logs(LogQuery {
        table: TableId::Nodes,
        keys: vec![Key::from(console.name.as_str())],
        container: None,
        previous: false,
        since: None,
        tail: 3,
        follow: false,
    });
    match console.ask(logs).await {
        Answer::Lines(lines) => assert!((1..=4).contains(&lines.len()), "{lines:?}"),
        Answer::End => {}
        Answer::Failed(why) => assert!(why.contains("journalctl"), "{why}"),
        other => panic!("{other:?}"),
    }
}
