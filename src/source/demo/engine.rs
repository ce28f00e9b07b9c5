//! A simulated container engine: compose projects of an association that hosts services, with what goes wrong there.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    part::{Pace, Part, ago, describe},
    random::Random,
    shared,
    wave::Wave,
};
use crate::model::{
    delta::{Delta, Scope},
    document::Document,
    health::{Health, State},
    key::{Key, SourceId},
    rows::{ContainerRow, ProcessRow, ProjectRow, StatsVia},
    severity::Severity,
    store::{RowSet, TableId},
    table::Row,
    value,
};

/// Compose projects: name, and its services with their images.
const PROJECTS: [(&str, &[(&str, &str)]); 6] = [
    (
        "mastodon",
        &[
            ("web", "tootsuite/mastodon:v4.3.2"),
            ("streaming", "tootsuite/mastodon-streaming:v4.3.2"),
            ("sidekiq", "tootsuite/mastodon:v4.3.2"),
            ("db", "postgres:16-alpine"),
            ("redis", "redis:7-alpine"),
        ],
    ),
    (
        "nextcloud",
        &[("app", "nextcloud:30-fpm"), ("nginx", "nginx:1.27"), ("db", "mariadb:11.4"), ("cron", "nextcloud:30-fpm")],
    ),
    (
        "peertube",
        &[("peertube", "chocobozzz/peertube:v7.0.1"), ("postgres", "postgres:16-alpine"), ("redis", "redis:7-alpine")],
    ),
    ("etherpad", &[("app", "etherpad/etherpad:2.2.7"), ("db", "postgres:15-alpine")]),
    ("framadate", &[("web", "framasoft/framadate:1.2.0"), ("db", "mariadb:10.11")]),
    (
        "monitoring",
        &[
            ("prometheus", "prom/prometheus:v3.1.0"),
            ("grafana", "grafana/grafana:11.4.0"),
            ("node-exporter", "prom/node-exporter:v1.8.2"),
        ],
    ),
];

/// What may be special about a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Well,
    Unhealthy,
    Restarting,
    OomKilled,
    Exited,
    Failed,
    Paused,
    Created,
    Starting,
}

/// The fates of an engine's first containers, from the second on, so that every one is seen; those of all others are well.
const FATES: [Fate; 11] = [
    Fate::Well,
    Fate::Unhealthy,
    Fate::Well,
    Fate::OomKilled,
    Fate::Exited,
    Fate::Well,
    Fate::Restarting,
    Fate::Paused,
    Fate::Failed,
    Fate::Created,
    Fate::Starting,
];

struct Container {
    row: ContainerRow,
    fate: Fate,
    cpu: Wave,
    memory: Wave,
    received: Wave,
    written: Wave,
}

/// The engine.
pub(super) struct Engine {
    id: SourceId,
    name: Arc<str>,
    random: Random,
    containers: Vec<Container>,
    beat: Pace,
    trouble: Pace,
}

impl Engine {
    /// The n-th engine with so many containers.
    pub(super) fn new(seed: u64, n: usize, containers: usize) -> Self {
        let name: Arc<str> = format!("farm{}", n + 1).into();
        let mut engine = Self {
            id: SourceId::new("docker", &name),
            random: Random::of(seed, &name),
            name,
            containers: Vec::new(),
            beat: Pace::every(2.0),
            trouble: Pace::every(90.0),
        };
        let services =
            PROJECTS.iter().flat_map(|(project, services)| services.iter().map(move |service| (*project, *service)));
        let all: Vec<_> = services.collect();
        for at in 0..containers {
            // The engines begin with different projects.
            let (project, (service, image)) = all[(at + n * 9) % all.len()];
            // The trouble moves on by engine, so that not all of them have the same.
            let fate = FATES.get((at + n * 5) % 24).copied().unwrap_or(Fate::Well);
            let round = (at + n * 9) / all.len() + 1;
            let container = engine.container(project, service, image, round, fate);
            engine.containers.push(container);
        }
        engine
    }

    fn container(&mut self, project: &str, service: &str, image: &str, round: usize, fate: Fate) -> Container {
        let random = &mut self.random;
        let project = if round > 1 { format!("{project}{round}") } else { project.to_owned() };
        let mut row = ContainerRow::unknown(&self.name, &random.hex(64), &format!("{project}-{service}-1"));
        row.image = image.into();
        row.project = Some(project.as_str().into());
        row.service = Some(service.into());
        row.labels = vec![
            (shared("com.docker.compose.project"), project.clone()),
            (shared("com.docker.compose.service"), service.to_owned()),
        ];
        if matches!(service, "web" | "nginx" | "app" | "grafana") {
            row.ports = format!("127.0.0.1:{}→80/tcp", random.whole(8000, 8999));
        }
        row.memory_limit = Some(if service == "web" { 2 << 30 } else { 24_696_061_952 });
        row.via = Some(StatsVia::Cgroup);
        Container {
            row,
            fate,
            cpu: Wave::around(random.between(0.2, 45.0), 0.6, random),
            memory: Wave::around(random.between(24.0, 900.0) * 1_048_576.0, 0.05, random),
            received: Wave::around(random.between(200.0, 400_000.0), 0.8, random),
            written: Wave::around(random.between(0.0, 90_000.0), 0.9, random),
        }
    }

    fn scope(&self, table: TableId) -> Scope {
        Scope::all(&self.id, table)
    }

    /// Gives a container the past of its fate.
    fn settle(container: &mut Container, random: &mut Random, now: Timestamp) {
        let age = random.whole(7200, 40 * 86_400);
        let up = random.whole(600, age);
        let row = &mut container.row;
        row.created = Some(ago(now, age));
        row.started = Some(ago(now, up));
        row.restarts = Some(0);
        row.oom_killed = Some(false);
        row.pid = u32::try_from(random.whole(1200, 90_000)).ok();
        let (state, health, restarts, exit) = match container.fate {
            Fate::Well if &*row.image == "postgres:16-alpine" => ("running", Some("healthy"), 0, None),
            Fate::Well => ("running", None, 0, None),
            Fate::Unhealthy => ("running", Some("unhealthy"), 0, None),
            Fate::Starting => ("running", Some("starting"), 0, None),
            Fate::Restarting => ("restarting", None, 41, Some(1)),
            Fate::OomKilled => ("exited", None, 2, Some(137)),
            Fate::Exited => ("exited", None, 0, Some(0)),
            Fate::Failed => ("exited", None, 0, Some(1)),
            Fate::Paused => ("paused", None, 0, None),
            Fate::Created => ("created", None, 0, None),
        };
        row.state = state.into();
        row.health = health.map(Into::into);
        row.restarts = Some(restarts);
        row.exit_code = exit;
        row.oom_killed = Some(container.fate == Fate::OomKilled);
        let since = value::duration(up);
        row.status = match (state, exit) {
            ("running", _) => health.map_or_else(|| format!("Up {since}"), |health| format!("Up {since} ({health})")),
            ("paused", _) => format!("Up {since} (Paused)"),
            ("created", _) => "Created".to_owned(),
            (state, code) => {
                let word = if state == "exited" { "Exited" } else { "Restarting" };
                format!("{word} ({}) {since} ago", code.unwrap_or(0))
            }
        };
        if matches!(state, "exited" | "restarting") {
            row.finished = Some(ago(now, up / 2));
        }
        if matches!(state, "exited" | "restarting" | "created") {
            row.pid = None;
        }
        if state == "created" {
            row.started = None;
        }
    }

    /// The numbers of now; those of a container that does not run are unknown.
    fn measure(container: &mut Container, now: Timestamp) {
        let runs = container.row.is_running();
        let row = &mut container.row;
        let known = |wave: &Wave| runs.then(|| wave.at(now));
        row.cpu = known(&container.cpu);
        row.memory = runs.then(|| container.memory.count(now));
        row.received = known(&container.received);
        row.sent = known(&container.received).map(|rate| rate * 0.7);
        row.read = known(&container.written).map(|rate| rate * 0.2);
        row.written = known(&container.written);
        row.pids = runs.then(|| 2 + container.memory.count(now) % 40);
        if runs {
            row.cpu_history = container.cpu.history(now);
            row.memory_history = container.memory.history(now);
        }
    }

    fn rows(&mut self, now: Timestamp) -> [RowSet; 3] {
        for container in &mut self.containers {
            Self::measure(container, now);
        }
        let rows = self.containers.iter().map(|container| container.row.clone()).collect();
        [
            RowSet::Containers(rows),
            RowSet::Projects(self.projects(now)),
            RowSet::ContainerProcesses(self.processes(now)),
        ]
    }

    fn projects(&self, now: Timestamp) -> Vec<ProjectRow> {
        let mut projects: Vec<ProjectRow> = Vec::new();
        for row in self.containers.iter().map(|container| &container.row) {
            let Some(name) = &row.project else { continue };
            let key = Key::of(&[&self.name, name]);
            if !projects.iter().any(|project| project.key == key) {
                projects.push(ProjectRow {
                    key: key.clone(),
                    engine: self.name.clone(),
                    project: name.clone(),
                    running: 0,
                    total: 0,
                    services: 0,
                    cpu: Some(0.0),
                    memory: Some(0),
                    restarts: 0,
                    worst: Severity::Ok,
                });
            }
            if let Some(project) = projects.iter_mut().find(|project| project.key == key) {
                project.running += u32::from(row.is_running());
                project.total += 1;
                project.services += 1;
                project.cpu = project.cpu.map(|sum| sum + row.cpu.unwrap_or(0.0));
                project.memory = project.memory.map(|sum| sum + row.memory.unwrap_or(0));
                project.restarts += row.restarts.unwrap_or(0);
                project.worst = project.worst.max(row.severity(now));
            }
        }
        projects
    }

    fn processes(&self, now: Timestamp) -> Vec<ProcessRow> {
        let running = self.containers.iter().filter(|container| container.row.is_running());
        let process = |container: &Container| {
            let row = &container.row;
            let pid = row.pid?;
            let program = row.image.split([':', '/']).rev().nth(1).unwrap_or("app").to_owned();
            Some(ProcessRow {
                key: Key::of(&[&self.name, &row.id, &pid.to_string()]),
                node: self.name.clone(),
                container: Some(row.name.clone()),
                pid,
                inner_pid: Some(1),
                parent: Some(pid.saturating_sub(23)),
                user: Some(shared("999")),
                name: program.as_str().into(),
                command: format!("{program} --service {}", row.service.as_deref().unwrap_or("app")),
                cpu: row.cpu,
                memory: row.memory,
                state: if row.cpu.unwrap_or(0.0) > 30.0 { 'R' } else { 'S' },
                waits_in: None,
                threads: Some(4),
                started: row.started,
                busy_since: row.cpu.filter(|&cpu| cpu > 90.0).map(|_| ago(now, 400)),
            })
        };
        running.filter_map(process).collect()
    }
}

impl Part for Engine {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn start(&mut self, now: Timestamp) -> Vec<Delta> {
        for container in &mut self.containers {
            Self::settle(container, &mut self.random, now);
        }
        let health = Health { source: self.id.clone(), state: State::Live, since: now, message: String::new() };
        let mut deltas = vec![Delta::Health(health)];
        for rows in self.rows(now) {
            let scope = self.scope(rows.table());
            deltas.extend([Delta::Begin(scope.clone()), Delta::Upsert(scope.clone(), rows), Delta::Commit(scope)]);
        }
        deltas
    }

    fn step(&mut self, now: Timestamp, passed: Duration) -> Vec<Delta> {
        for _ in 0..self.trouble.due(passed) {
            // Health checks fail for a while, and pass again.
            let at = self.random.below(self.containers.len());
            let (fate, random) = (&mut self.containers[at].fate, &mut self.random);
            *fate = match *fate {
                Fate::Well if random.chance(50) => Fate::Unhealthy,
                Fate::Unhealthy | Fate::Starting => Fate::Well,
                other => other,
            };
            Self::settle(&mut self.containers[at], random, now);
        }
        if self.beat.due(passed) == 0 {
            return Vec::new();
        }
        self.rows(now)
            .into_iter()
            .flat_map(|rows| {
                let scope = self.scope(rows.table());
                // Who does not run any more has no processes.
                let whole = matches!(rows, RowSet::ContainerProcesses(_));
                let upsert = Delta::Upsert(scope.clone(), rows);
                if whole { vec![Delta::Begin(scope.clone()), upsert, Delta::Commit(scope)] } else { vec![upsert] }
            })
            .collect()
    }

    fn details(&self, table: TableId, key: &Key, now: Timestamp) -> Option<Document> {
        match table {
            TableId::Containers => {
                let row = &self.containers.iter().find(|container| container.row.key == *key)?.row;
                let mut document = describe(row, now);
                document.heading("Environment");
                document.pair("TZ", "Europe/Paris");
                document.guarded(0, "DATABASE_PASSWORD", "demo-not-a-secret");
                document.heading("Labels");
                for (name, value) in &row.labels {
                    document.pair(name.as_ref(), value);
                }
                Some(document)
            }
            TableId::Projects => self.projects(now).iter().find(|row| row.key == *key).map(|row| describe(row, now)),
            TableId::ContainerProcesses => {
                self.processes(now).iter().find(|row| row.key == *key).map(|row| describe(row, now))
            }
            _ => None,
        }
    }
}
