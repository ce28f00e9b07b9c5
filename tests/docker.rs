//! The Docker source against a real engine of the lab, judged by what the docker command says of the same containers.
//!
//! Skipped, with a line that says so, where `RONDE_LAB` does not name the lab's directory. Faults are done to an engine of
//! the test's own, so that nobody else's is disturbed.

#![allow(clippy::disallowed_methods, reason = "a test runs the tools it compares with")]
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use ronde::{
    config::schema::Engine,
    model::{
        document::Document,
        health::State,
        key::{Key, SourceId},
        query::{Answer, AskId, LOG_LINE_LIMIT, LogLine, LogQuery, Query},
        rows::{ContainerRow, StatsVia},
        store::{Store, TableId},
        table::Rows,
    },
    source::{Ask, Demand, Inbox, Reply, Source, docker::Docker},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{mpsc, watch},
};
use tokio_util::sync::CancellationToken;

/// Within which every fault and its end must be seen.
const SEEN: Duration = Duration::from_secs(10);

/// The address of the lab's engine.
fn lab() -> Option<String> {
    let lab = std::env::var("RONDE_LAB").ok().filter(|lab| !lab.is_empty());
    let env = lab.and_then(|lab| std::fs::read_to_string(Path::new(&lab).join("env")).ok());
    let engine = env.as_deref().and_then(|env| env.lines().find_map(|line| line.strip_prefix("LAB_DOCKER=")));
    if engine.is_none() {
        println!("skipped: RONDE_LAB does not name a lab with an engine (tests/lab/up docker)");
    }
    engine.map(|engine| engine.trim_matches('"').to_owned())
}

/// What the docker command prints.
fn docker(engine: &str, arguments: &[&str]) -> String {
    let output = Command::new("docker").arg("-H").arg(engine).args(arguments).output().expect("the docker command");
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// A running source, and the store it fills.
struct Console {
    inbox: Inbox,
    store: Store,
    demand: watch::Sender<Demand>,
    asks: mpsc::Sender<Ask>,
    stop: CancellationToken,
    asked: u64,
}

impl Console {
    fn new(engine: &str, tables: &[TableId]) -> Self {
        Self::of(Engine { docker: Some(engine.into()), ..Engine::default() }, tables)
    }

    fn of(engine: Engine, tables: &[TableId]) -> Self {
        let engine = Engine { name: "lab".into(), ..engine };
        let source = Box::new(Docker::new(engine));
        let inbox = Inbox::default();
        let wanted = Demand { tables: tables.iter().copied().collect(), visible: BTreeMap::new(), whole: false };
        let (demand, demanded) = watch::channel(wanted);
        let (asks, asked) = mpsc::channel(8);
        let stop = CancellationToken::new();
        tokio::spawn(source.run(inbox.outlet(SourceId::new("docker", "lab")), demanded, asked, stop.clone()));
        Self { inbox, store: Store::default(), demand, asks, stop, asked: 0 }
    }

    /// Waits until the store is so.
    async fn until(&mut self, what: &str, limit: Duration, is: impl Fn(&Store) -> bool) {
        let deadline = Instant::now() + limit;
        while !is(&self.store) {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(deltas) = tokio::time::timeout(left, self.inbox.take(1000)).await else {
                panic!("not seen within {limit:?}: {what}; health {:?}", self.store.health);
            };
            for delta in deltas {
                self.store.apply(delta, Timestamp::now());
            }
        }
    }

    fn row(&self, name: &str) -> ContainerRow {
        named(&self.store, name).unwrap_or_else(|| panic!("no container {name}"))
    }

    /// The parts of the answer, up to the one that ends it or for which `enough` is true.
    async fn ask(&mut self, query: Query, enough: impl Fn(&[Answer]) -> bool) -> Vec<Answer> {
        self.asked += 1;
        let (sender, mut answers) = mpsc::channel(4);
        let cancel = CancellationToken::new();
        let id = AskId(self.asked);
        let ask = Ask { id, query, reply: Reply::new(id, sender), cancel: cancel.clone() };
        self.asks.send(ask).await.expect("a source that listens");
        let mut all = Vec::new();
        loop {
            let answer =
                tokio::time::timeout(Duration::from_secs(20), answers.recv()).await.expect("an answer in time");
            let Some((_, answer)) = answer else { break };
            let last = !matches!(answer, Answer::Lines(_) | Answer::Dropped(_));
            all.push(answer);
            if last || enough(&all) {
                break;
            }
        }
        cancel.cancel();
        all
    }

    async fn document(&mut self, query: Query) -> Document {
        match self.ask(query, |_| false).await.pop() {
            Some(Answer::Document(document)) => document,
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn rows(store: &Store) -> Vec<ContainerRow> {
    let present = |slot: &u32| matches!(store.containers.presence(*slot), Some(ronde::model::table::Presence::Present));
    let slots = (0..store.containers.slot_count()).filter(present);
    slots.filter_map(|slot| store.containers.at(slot).cloned()).collect()
}

fn named(store: &Store, name: &str) -> Option<ContainerRow> {
    rows(store).into_iter().find(|row| &*row.name == name)
}

fn state(store: &Store) -> State {
    store.state(&SourceId::new("docker", "lab"))
}

/// Whether everything is in: each container inspected, each running one measured twice.
fn complete(store: &Store) -> bool {
    let rows = rows(store);
    state(store) == State::Live
        && !rows.is_empty()
        && rows.iter().all(|row| row.restarts.is_some() && (!row.is_running() || row.cpu.is_some() || is_restless(row)))
}

/// A container that never stays as it is.
fn is_restless(row: &ContainerRow) -> bool {
    row.restarts.unwrap_or(0) > 0 || &*row.state == "restarting"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_equal_what_the_docker_command_says() {
    let Some(lab) = lab() else { return };
    let mut console = Console::new(&lab, &[TableId::Containers]);
    console.until("every container", Duration::from_secs(30), complete).await;
    let expected: BTreeSet<String> =
        docker(&lab, &["ps", "-a", "--format", "{{.Names}}"]).lines().map(Into::into).collect();
    let got: BTreeSet<String> = rows(&console.store).iter().map(|row| row.name.to_string()).collect();
    // Tests beside this one make containers of their own.
    let common =
        |all: &BTreeSet<String>| all.iter().filter(|name| !name.starts_with("ronde-test")).cloned().collect::<Vec<_>>();
    assert_eq!(common(&got), common(&expected));

    let mut compared = 0;
    for row in rows(&console.store).into_iter().filter(|row| !is_restless(row) && !row.name.starts_with("ronde-test")) {
        let json = docker(&lab, &["inspect", &row.id]);
        let inspect: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let inspect = &inspect[0];
        let name = &row.name;
        assert_eq!(inspect["State"]["Status"], *row.state, "{name}: state");
        assert_eq!(inspect["State"]["Pid"], row.pid.unwrap_or(0), "{name}: pid");
        assert_eq!(inspect["State"]["OOMKilled"], row.oom_killed.unwrap_or(false), "{name}: oom");
        assert_eq!(inspect["RestartCount"], row.restarts.unwrap_or(0), "{name}: restarts");
        assert_eq!(inspect["Config"]["Image"], *row.image, "{name}: image");
        if &*row.state == "exited" {
            assert_eq!(inspect["State"]["ExitCode"], row.exit_code.expect("an exit code"), "{name}: exit code");
        } else {
            assert_eq!(row.exit_code, None, "{name}: it runs for the first time");
        }
        let health = inspect["State"]["Health"]["Status"].as_str();
        assert_eq!(health, row.health.as_deref(), "{name}: health");
        let project = inspect["Config"]["Labels"]["com.docker.compose.project"].as_str();
        assert_eq!(project, row.project.as_deref(), "{name}: project");
        compared += 1;
    }
    assert!(compared >= 10, "only {compared} containers to compare");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_equal_docker_stats() {
    let Some(lab) = lab() else { return };
    let mut console = Console::new(&lab, &[TableId::Containers]);
    console.until("every container", Duration::from_secs(30), complete).await;
    // Those that do nothing have the same numbers at any moment.
    for name in ["idle", "no-network", "memory"] {
        let row = console.row(name);
        assert_eq!(row.via, Some(StatsVia::Cgroup), "{name}");
        let stats = docker(&lab, &["stats", "--no-stream", "--format", "{{.PIDs}}|{{.MemUsage}}|{{.NetIO}}", name]);
        let fields: Vec<&str> = stats.trim().split('|').collect();
        assert_eq!(fields[0], row.pids.expect("pids").to_string(), "{name}: pids");
        let (used, limit) = fields[1].split_once(" / ").expect("usage and limit");
        assert_eq!(used, mebibytes(row.memory), "{name}: memory");
        assert_eq!(limit, mebibytes(row.memory_limit), "{name}: limit");
    }
    let row = console.row("no-network");
    assert_eq!((row.received, row.totals[0]), (None, None), "without a network there are no counters");
    assert!(console.row("talker").totals[0].is_some());
}

/// Bytes as `docker stats` prints them: four digits, in units of 1024.
fn mebibytes(bytes: Option<u64>) -> String {
    let mut value = bytes.expect("bytes") as f64;
    let mut units = ["B", "KiB", "MiB", "GiB", "TiB"].into_iter();
    let mut unit = units.next().unwrap_or("");
    while value >= 1024.0 {
        value /= 1024.0;
        unit = units.next().unwrap_or("");
    }
    let digits = [1000.0, 100.0, 10.0].iter().position(|&limit| value >= limit).unwrap_or(3);
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    format!("{text}{unit}")
}

/// The processor time that the engine has counted for a container, nanoseconds: asked by hand, on a connection of its own.
fn used(engine: &str, name: &str) -> (Instant, f64) {
    let mut stream = UnixStream::connect(engine.trim_start_matches("unix://")).expect("the engine");
    write!(stream, "GET /containers/{name}/stats?stream=false&one-shot=true HTTP/1.0\r\nHost: docker\r\n\r\n")
        .expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (_, rest) = answer.split_once(r#""total_usage":"#).expect("a counter");
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (Instant::now(), digits.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quarter_of_a_core_is_measured_as_one() {
    let Some(lab) = lab() else { return };
    let mut console = Console::new(&lab, &[TableId::Containers]);
    let samples =
        |count: usize| move |store: &Store| named(store, "burner").is_some_and(|row| row.cpu_history.len() >= count);
    console.until("a first sample", Duration::from_secs(30), samples(1)).await;
    let (began, before) = used(&lab, "burner");
    // 15 samples of 2 s.
    console.until("30 s of samples", Duration::from_mins(1), samples(16)).await;
    let (ended, after) = used(&lab, "burner");
    let truth = (after - before) / (ended - began).as_nanos() as f64 * 100.0;
    let history = &console.row("burner").cpu_history[1..16];
    let mean = f64::from(history.iter().sum::<f32>()) / history.len() as f64;
    println!(
        "burner with --cpus 0.25: {mean:.2} % in the mean of {} samples, {truth:.2} % by the engine",
        history.len()
    );
    assert!((mean - truth).abs() <= 2.0, "mean {mean}, engine {truth}, of {history:?}");
    // On a busy machine it does not get its quarter; more it never gets.
    assert!(mean <= 27.0 && (truth < 23.0 || mean >= 23.0), "mean {mean} of {history:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_pushed() {
    let Some(lab) = lab() else { return };
    let image = docker(&lab, &["inspect", "-f", "{{.Config.Image}}", "idle"]);
    let name = format!("ronde-test-{}", std::process::id());
    let renamed = format!("{name}-renamed");
    let mut console = Console::new(&lab, &[TableId::Containers]);
    console.until("the list", SEEN, |store| state(store) == State::Live).await;
    let is = |name: &str, state: &str| {
        let (name, state) = (name.to_owned(), state.to_owned());
        move |store: &Store| named(store, &name).is_some_and(|row| *row.state == *state)
    };
    docker(&lab, &["run", "-d", "--name", &name, "--label", "a=b", image.trim(), "workload", "exit", "0"]);
    console
        .until("its end", SEEN, |store| {
            is(&name, "exited")(store) && named(store, &name).and_then(|r| r.exit_code) == Some(0)
        })
        .await;
    docker(&lab, &["rename", &name, &renamed]);
    console.until("its new name", SEEN, is(&renamed, "exited")).await;
    docker(&lab, &["rm", "-f", &renamed]);
    console.until("its removal", SEEN, |store| named(store, &renamed).is_none()).await;
    docker(&lab, &["run", "-d", "--name", &name, image.trim(), "workload", "idle"]);
    console
        .until("its start", SEEN, |store| named(store, &name).is_some_and(|row| row.is_running() && row.pid.is_some()))
        .await;
    docker(&lab, &["pause", &name]);
    console.until("its pause", SEEN, is(&name, "paused")).await;
    docker(&lab, &["unpause", &name]);
    console.until("that it runs on", SEEN, is(&name, "running")).await;
    docker(&lab, &["kill", &name]);
    console.until("its death", SEEN, |store| named(store, &name).is_some_and(|row| row.exit_code == Some(137))).await;
    assert_eq!(console.row(&name).memory, None, "a dead container uses nothing that is known");
    docker(&lab, &["rm", "-f", &name]);
    console.until("its removal", SEEN, |store| named(store, &name).is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_are_answered() {
    let Some(lab) = lab() else { return };
    let mut console = Console::new(&lab, &[TableId::Containers]);
    console.until("every container", Duration::from_secs(30), complete).await;
    let secrets = console.row("secrets").key;
    // A secret's own Debug is a mask.
    let shown =
        |document: &Document| document.lines.iter().map(|line| format!("{line:?}")).collect::<Vec<_>>().join("\n");
    let details = console.document(Query::Details(TableId::Containers, secrets.clone())).await;
    assert!(shown(&details).contains("C.UTF-8") && !shown(&details).contains("hunter2"), "{details:?}");
    let yaml = console.document(Query::Yaml(TableId::Containers, secrets)).await;
    assert!(shown(&yaml).contains("DB_PASSWORD=") && !shown(&yaml).contains("hunter2"), "{yaml:?}");
    let restarting = console.row("restarting").key;
    let events = console.document(Query::Events(TableId::Containers, restarting)).await;
    assert!(shown(&events).contains("die, exit code 1"), "{events:?}");
    let gone = Query::Details(TableId::Containers, Key::of(&["lab", &"0".repeat(64)]));
    let answers = console.ask(gone, |_| false).await;
    assert!(matches!(&answers[..], [Answer::Failed(why)] if why.contains("No such container")), "{answers:?}");
}

fn logs(keys: Vec<Key>, tail: u32, follow: bool) -> Query {
    let table = TableId::Containers;
    Query::Logs(LogQuery { table, keys, container: None, previous: false, since: None, tail, follow })
}

fn lines(answers: &[Answer]) -> Vec<&LogLine> {
    let parts = answers.iter().filter_map(|answer| if let Answer::Lines(lines) = answer { Some(lines) } else { None });
    parts.flatten().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_are_read() {
    let Some(lab) = lab() else { return };
    let mut console = Console::new(&lab, &[TableId::Containers]);
    console.until("every container", Duration::from_secs(30), complete).await;

    let exited = console.row("exited-3").key;
    let answers = console.ask(logs(vec![exited.clone()], 10, false), |_| false).await;
    let expected = docker(&lab, &["logs", "exited-3"]);
    assert_eq!(
        lines(&answers).iter().map(|line| &*line.text).collect::<Vec<_>>(),
        expected.lines().collect::<Vec<_>>()
    );
    assert_eq!(answers.last(), Some(&Answer::End));

    // Two containers, standard output and error, as they write.
    let talkers = vec![console.row("talker").key, exited];
    let answers = console.ask(logs(talkers, 30, true), |all| lines(all).len() >= 33).await;
    let lines_seen = lines(&answers);
    assert!(lines_seen.iter().any(|line| line.text.contains("upstream timed out")), "standard error");
    assert!(
        lines_seen.iter().any(|line| line.text.contains("request")) && lines_seen.iter().all(|line| line.at.is_some())
    );
    assert_eq!(
        lines_seen.iter().map(|line| &*line.origin).collect::<BTreeSet<_>>(),
        BTreeSet::from(["talker", "exited-3"])
    );

    // A line of a megabyte stays bounded.
    let hostile = console.row("hostile").key;
    let answers = console.ask(logs(vec![hostile.clone()], 400, false), |_| false).await;
    assert!(lines(&answers).iter().all(|line| line.text.len() <= LOG_LINE_LIMIT));
    assert!(lines(&answers).iter().any(|line| line.text.ends_with("(cut)")), "the long line is in the last 400");

    let recent = LogQuery {
        table: TableId::Containers,
        keys: vec![hostile],
        container: None,
        previous: false,
        since: Some(SignedDuration::from_secs(5)),
        tail: 100_000,
        follow: false,
    };
    let from = Timestamp::now() - SignedDuration::from_secs(6);
    let answers = console.ask(Query::Logs(recent.clone()), |_| false).await;
    assert!(!lines(&answers).is_empty() && lines(&answers).iter().all(|line| line.at.is_none_or(|at| at >= from)));
    let answers = console.ask(Query::Logs(LogQuery { previous: true, ..recent }), |_| false).await;
    assert!(matches!(&answers[..], [Answer::Failed(why)] if why.contains("previous")), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_have_the_host_pids_that_top_says() {
    let Some(lab) = lab() else { return };
    let mut console = Console::new(&lab, &[TableId::Containers, TableId::ContainerProcesses]);
    let there = |store: &Store| complete(store) && store.container_processes.len() > 5;
    console.until("processes", Duration::from_secs(30), there).await;
    let id = console.row("idle").id;
    let all = (0..store_slots(&console.store)).filter_map(|slot| console.store.container_processes.at(slot));
    let mine: Vec<_> = all.filter(|row| row.container.as_deref() == Some("idle")).collect();
    let top = docker(&lab, &["top", "idle", "-eo", "pid,ppid,args"]);
    let expected: BTreeSet<u32> =
        top.lines().skip(1).filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect();
    assert_eq!(mine.iter().map(|row| row.pid).collect::<BTreeSet<_>>(), expected, "{id}");
    let first = mine.iter().find(|row| row.inner_pid == Some(1)).expect("a PID 1 inside");
    assert!(first.command.contains("workload idle") && first.user.as_deref() == Some("root"), "{first:?}");
}

fn store_slots(store: &Store) -> u32 {
    store.container_processes.slot_count()
}

/// Forwards connections to the engine's socket from a port, as an engine on another machine would listen.
async fn port(engine: &str) -> String {
    let socket = engine.strip_prefix("unix://").expect("a socket").to_owned();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = tokio::net::UnixStream::connect(&socket).await.expect("the engine");
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await.map(drop) });
        }
    });
    format!("tcp://{address}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_elsewhere_is_asked_for_what_is_on_screen_only() {
    let Some(lab) = lab() else { return };
    let mut console = Console::new(&port(&lab).await, &[TableId::Containers, TableId::ContainerProcesses]);
    let listed = |store: &Store| named(store, "memory").is_some_and(|row| row.pid.is_some());
    console.until("the list", SEEN, listed).await;
    let (memory, burner) = (console.row("memory").key, console.row("burner").key);
    console.demand.send_modify(|demand| {
        demand.visible.insert(TableId::Containers, vec![memory, burner]);
    });
    let measured = |store: &Store| named(store, "burner").is_some_and(|row| row.cpu_history.len() >= 2);
    console.until("numbers of what is on screen", Duration::from_secs(30), measured).await;
    let row = console.row("memory");
    assert_eq!((row.via, row.memory_limit), (Some(StatsVia::Api), Some(64 << 20)));
    let stats = docker(&lab, &["stats", "--no-stream", "--format", "{{.PIDs}}|{{.MemUsage}}", "memory"]);
    let expected = format!("{}|{} / 64MiB", row.pids.expect("pids"), mebibytes(row.memory));
    assert_eq!(stats.trim(), expected);
    assert_eq!((console.row("idle").via, console.row("idle").memory), (None, None), "nobody looks at it");
    let processes = |store: &Store| store.container_processes.len() > 5;
    console.until("processes", SEEN, processes).await;
}

/// An engine of the test's own.
struct OwnEngine {
    folder: tempfile::TempDir,
    daemon: Child,
}

impl OwnEngine {
    fn socket(folder: &Path) -> PathBuf {
        folder.join("docker.sock")
    }

    fn start(folder: &Path, more: &[&str]) -> Child {
        let at = |name: &str| folder.join(name).display().to_string();
        let log = std::fs::File::create(folder.join("log")).expect("a log");
        Command::new("dockerd")
            .args(["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false"])
            .args(["--host", &format!("unix://{}", Self::socket(folder).display())])
            .args(["--data-root", &at("data"), "--exec-root", &at("exec"), "--pidfile", &at("pid")])
            .args(["--config-file", &at("daemon.json")])
            .args(more)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("dockerd")
    }

    fn new() -> Self {
        Self::with(tempfile::tempdir().expect("a directory"), &[])
    }

    fn with(folder: tempfile::TempDir, more: &[&str]) -> Self {
        std::fs::write(folder.path().join("daemon.json"), "{}").expect("a file");
        let daemon = Self::start(folder.path(), more);
        Self { folder, daemon }
    }

    fn address(&self) -> String {
        format!("unix://{}", Self::socket(self.folder.path()).display())
    }

    fn signal(&self, signal: &str) {
        let done = Command::new("kill").args([signal, &self.daemon.id().to_string()]).status();
        assert!(done.expect("kill").success());
    }

    fn stop(&mut self) {
        self.signal("-TERM");
        self.daemon.wait().expect("its end");
    }
}

impl Drop for OwnEngine {
    /// As far as it goes: a test that failed after its engine ended must be able to say why it failed.
    fn drop(&mut self) {
        for signal in ["-CONT", "-TERM"] {
            let _ = Command::new("kill").args([signal, &self.daemon.id().to_string()]).status();
        }
        let _ = self.daemon.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_the_engine_are_seen_and_heal() {
    let Some(lab) = lab() else { return };
    let mut engine = OwnEngine::new();
    let address = engine.address();
    let mut console = Console::new(&address, &[TableId::Containers]);
    console.until("the engine", Duration::from_secs(40), |store| state(store) == State::Live).await;
    let image = docker(&lab, &["inspect", "-f", "{{.Config.Image}}", "idle"]);
    let image = image.trim();
    let archive = engine.folder.path().join("image.tar").display().to_string();
    docker(&lab, &["save", "-o", &archive, image]);
    docker(&address, &["load", "-q", "-i", &archive]);
    docker(&address, &["create", "--name", "one", "--network", "none", image, "workload", "idle"]);
    let there = |store: &Store| state(store) == State::Live && named(store, "one").is_some();
    console.until("its container", SEEN, there).await;

    let message = |store: &Store| store.health[&SourceId::new("docker", "lab")].message.clone();
    engine.signal("-STOP");
    console.until("that it is frozen", SEEN, |store| state(store) == State::Unreachable).await;
    assert!(message(&console.store).contains("within 3 s"), "{}", message(&console.store));
    assert_eq!(rows(&console.store).len(), 1, "the last rows stay");
    engine.signal("-CONT");
    console.until("that it thawed", SEEN, there).await;

    engine.stop();
    // At first it is a connection that broke; trying again tells that nobody is there.
    let is_told = |store: &Store| state(store) == State::Unreachable && message(store).contains("is it running?");
    console.until("that it stopped", SEEN, is_told).await;
    assert_eq!(rows(&console.store).len(), 1, "the last rows stay");
    engine.daemon = OwnEngine::start(engine.folder.path(), &[]);
    console.until("that it runs again", Duration::from_secs(40), there).await;
    docker(&address, &["rm", "one"]);
    console.until("what happens after it", SEEN, |store| named(store, "one").is_none()).await;
}

/// Makes an authority in `folder/NAME` with a certificate of its own for a server on 127.0.0.1 and for a client.
fn authority(folder: &Path, name: &str) -> PathBuf {
    let folder = folder.join(name);
    std::fs::create_dir_all(&folder).expect("a directory");
    let openssl = |arguments: &str| {
        let done = Command::new("openssl").args(arguments.split(' ')).current_dir(&folder).output().expect("openssl");
        assert!(done.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&done.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {key} -keyout ca-key.pem -out ca.pem -days 2 -subj /CN={name}"));
    for (file, usage) in [("server", "serverAuth"), ("client", "clientAuth")] {
        openssl(&format!("req -new {key} -keyout {file}-key.pem -out {file}.csr -subj /CN={file}"));
        std::fs::write(folder.join("ext"), format!("subjectAltName=IP:127.0.0.1\nextendedKeyUsage={usage}\n"))
            .expect("a file");
        openssl(&format!(
            "x509 -req -in {file}.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -out {file}.pem -days 2 -extfile ext"
        ));
    }
    for (from, to) in [("client.pem", "cert.pem"), ("client-key.pem", "key.pem")] {
        std::fs::copy(folder.join(from), folder.join(to)).expect("a copy");
    }
    folder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_spoken_and_a_wrong_certificate_is_said() {
    if lab().is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a directory");
    let right = authority(folder.path(), "right");
    let wrong = authority(folder.path(), "wrong");
    // The port is free a moment before the engine takes it.
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let address = format!("tcp://127.0.0.1:{port}");
    let file = |name: &str| right.join(name).display().to_string();
    let (ca, cert, key) = (file("ca.pem"), file("server.pem"), file("server-key.pem"));
    let more = ["--host", &address, "--tlsverify", "--tlscacert", &ca, "--tlscert", &cert, "--tlskey", &key];
    let _engine = OwnEngine::with(folder, &more);
    let with = |certificates: &Path| Engine {
        docker: Some(address.clone()),
        certificates: Some(certificates.into()),
        ..Engine::default()
    };
    let mut console = Console::of(with(&right), &[TableId::Containers]);
    console.until("the engine", Duration::from_secs(40), |store| state(store) == State::Live).await;
    // The engine does not believe this client, nor the client the engine: the client's doubt comes first.
    let mut console = Console::of(with(&wrong), &[TableId::Containers]);
    console.until("doubt", SEEN, |store| state(store) == State::Untrusted).await;
    std::fs::copy(right.join("ca.pem"), wrong.join("ca.pem")).expect("a copy");
    let mut console = Console::of(with(&wrong), &[TableId::Containers]);
    console.until("a refusal", SEEN, |store| state(store) == State::AuthFailed).await;
    let message = &console.store.health[&SourceId::new("docker", "lab")].message;
    assert!(message.contains("127.0.0.1"), "{message}");
}

/// Processor seconds used so far by an engine, its containerd and their shims: whatever has its folder in its arguments.
fn engine_seconds(folder: &Path) -> f64 {
    let folder = folder.display().to_string();
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let ticks = processes.filter_map(|entry| {
        let command = std::fs::read_to_string(entry.path().join("cmdline")).ok()?;
        let program = command.split('\0').next().unwrap_or("");
        if !command.contains(&folder) || !["dockerd", "containerd"].iter().any(|name| program.contains(name)) {
            return None;
        }
        Some(ticks(&std::fs::read_to_string(entry.path().join("stat")).ok()?))
    });
    ticks.sum::<f64>() / 100.0
}

/// User and system time in `/proc/PID/stat`.
fn ticks(stat: &str) -> f64 {
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().skip(11).take(2);
    fields.filter_map(|field| field.parse::<f64>().ok()).sum()
}

/// Prints figures; run by hand: `RONDE_LAB=… cargo test --test docker -- --ignored --nocapture cost`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures, takes minutes"]
async fn cost_on_the_engine() {
    const COUNT: usize = 15;
    let Some(lab) = lab() else { return };
    let engine = OwnEngine::new();
    let address = engine.address();
    let image = docker(&lab, &["inspect", "-f", "{{.Config.Image}}", "idle"]);
    let mut console = Console::new(&address, &[]);
    console.until("the engine", Duration::from_secs(40), |store| state(store) == State::Live).await;
    drop(console);
    let archive = engine.folder.path().join("image.tar").display().to_string();
    docker(&lab, &["save", "-o", &archive, image.trim()]);
    docker(&address, &["load", "-q", "-i", &archive]);
    for n in 0..COUNT {
        docker(
            &address,
            &["run", "-d", "--name", &format!("c{n}"), "--network", "none", image.trim(), "workload", "idle"],
        );
    }
    let over = Duration::from_mins(1);
    let percent = |before: f64, after: f64| (after - before) / over.as_secs_f64() * 100.0;
    let used = || engine_seconds(engine.folder.path());
    let own = || ticks(&std::fs::read_to_string("/proc/self/stat").expect("stat")) / 100.0;
    let before = used();
    tokio::time::sleep(over).await;
    println!("{COUNT} idle containers, nobody looks: engine {:.2} % of a core", percent(before, used()));
    for (way, address) in [("ronde, cgroup files", address.clone()), ("ronde, stats API", port(&address).await)] {
        let mut console = Console::new(&address, &[TableId::Containers]);
        let listed = |store: &Store| rows(store).len() == COUNT && rows(store).iter().all(|row| row.pid.is_some());
        console.until("the list", Duration::from_secs(30), listed).await;
        let all: Vec<Key> = rows(&console.store).into_iter().map(|row| row.key).collect();
        console.demand.send_modify(|demand| drop(demand.visible.insert(TableId::Containers, all)));
        let (before, mine) = (used(), own());
        let end = Instant::now() + over;
        while let Ok(deltas) =
            tokio::time::timeout(end.saturating_duration_since(Instant::now()), console.inbox.take(1000)).await
        {
            for delta in deltas {
                console.store.apply(delta, Timestamp::now());
            }
        }
        assert!(rows(&console.store).iter().all(|row| row.cpu.is_some()), "all are measured");
        println!(
            "{way}: engine {:.2} %, this process (not optimised) {:.2} %",
            percent(before, used()),
            percent(mine, own())
        );
    }
    let before = used();
    let mut stats =
        Command::new("docker").args(["-H", &address, "stats"]).stdout(Stdio::null()).spawn().expect("docker stats");
    tokio::time::sleep(over).await;
    println!("docker stats: engine {:.2} %", percent(before, used()));
    stats.kill().expect("its end");
    stats.wait().expect("its end");
    for n in 0..COUNT {
        docker(&address, &["rm", "-f", &format!("c{n}")]);
    }
}

/// A made-up engine: answers each request by its path; `None` keeps the connection open in silence.
fn made_up(folder: &Path, answer: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> String {
    let socket = folder.join("made-up.sock");
    let listener = tokio::net::UnixListener::bind(&socket).expect("a socket");
    let answer = std::sync::Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = vec![0; 8192];
                let length = stream.read(&mut request).await.expect("a request");
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                match answer(request.split(' ').nth(1).unwrap_or("")) {
                    // Whoever asked may have gone.
                    Some(bytes) => drop(stream.write_all(&bytes).await),
                    None => drop(stream.read(&mut [0]).await),
                }
            });
        }
    });
    format!("unix://{}", socket.display())
}

fn http(status: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

const VERSION: &[u8] = br#"{"ApiVersion":"1.41","MinAPIVersion":"1.12"}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_refuses_events_is_polled() {
    let folder = tempfile::tempdir().expect("a directory");
    let id = "a".repeat(64);
    let list =
        format!(r#"[{{"Id":"{id}","Names":["/one"],"State":"initialized"}},{{"Id":"../../x","Names":["/odd"]}}]"#);
    let engine = made_up(folder.path(), move |path| {
        Some(match path.split('?').next().unwrap_or("") {
            "/_ping" => http("200 OK", b"OK"),
            "/version" => http("200 OK", VERSION),
            "/v1.41/containers/json" => http("200 OK", list.as_bytes()),
            "/v1.41/events" => http("403 Forbidden", br#"{"message":"authorization denied by plugin"}"#),
            _ => http("404 Not Found", br#"{"message":"no"}"#),
        })
    });
    let mut console = Console::new(&engine, &[TableId::Containers]);
    console.until("that it is polled", SEEN, |store| state(store) == State::Polling).await;
    assert_eq!(&*console.row("one").state, "initialized", "a word that is new is kept");
    assert_eq!(rows(&console.store).len(), 1, "what has no proper id is no container");
    let message = &console.store.health[&SourceId::new("docker", "lab")].message;
    assert!(message.contains("denied by plugin"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_list_is_given_up_and_silence_too() {
    let folder = tempfile::tempdir().expect("a directory");
    let engine = made_up(folder.path(), |path| {
        Some(match path.split('?').next().unwrap_or("") {
            "/_ping" => http("200 OK", b"OK"),
            "/version" => http("200 OK", VERSION),
            "/v1.41/containers/json" => http("200 OK", &vec![b' '; 33 << 20]),
            _ => return None,
        })
    });
    let mut console = Console::new(&engine, &[TableId::Containers]);
    console.until("that it is given up", SEEN, |store| state(store) == State::Unreachable).await;
    let message = |console: &Console| console.store.health[&SourceId::new("docker", "lab")].message.clone();
    assert!(message(&console).contains("more than 32 MB"), "{}", message(&console));

    let folder = tempfile::tempdir().expect("a directory");
    let mut console = Console::new(&made_up(folder.path(), |_| None), &[TableId::Containers]);
    console.until("that it is silent", SEEN, |store| state(store) == State::Unreachable).await;
    assert!(message(&console).contains("within 3 s"), "{}", message(&console));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_line_without_end_is_cut_and_the_next_is_whole() {
    let folder = tempfile::tempdir().expect("a directory");
    let id = "a".repeat(64);
    let inspect = format!(r#"{{"Id":"{id}","Name":"/one","Config":{{"Tty":true}}}}"#);
    let engine = made_up(folder.path(), move |path| {
        let path = path.split('?').next().unwrap_or("");
        Some(match path.rsplit('/').next().unwrap_or("") {
            "_ping" => http("200 OK", b"OK"),
            "version" => http("200 OK", VERSION),
            "json" if path.contains("/containers/json") => http("200 OK", b"[]"),
            "json" => http("200 OK", inspect.as_bytes()),
            "logs" => http("200 OK", &[&vec![b'x'; 40 << 20][..], b"\r\n2026-11-25T22:51:21Z whole\r\n"].concat()),
            _ => return None,
        })
    });
    let mut console = Console::new(&engine, &[TableId::Containers]);
    let answers = console.ask(logs(vec![Key::of(&["lab", &id])], 10, false), |_| false).await;
    let lines = lines(&answers);
    assert_eq!((lines.len(), &*lines[1].text), (2, "whole"));
    assert!(lines[0].text.ends_with("(cut)") && lines[0].text.len() <= LOG_LINE_LIMIT);
    assert_eq!(answers.last(), Some(&Answer::End));
}
