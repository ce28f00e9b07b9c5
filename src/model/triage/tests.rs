//! Each rule, how cases are grouped, and what a failing source does to them.

use jiff::SignedDuration;

use super::*;
use crate::model::{
    fixtures::{ago, cluster, cluster_node, job, now, pod, pod_container, put, termination},
    health::{Health, State},
    rows::{
        Boot, Busy, ContainerRow, ContainerState, DiskRow, Face, JobKind, NodeRow, Outcome, PodRow, Support, UnitRow,
    },
    severity::Severity,
};

fn store(rows: Vec<RowSet>) -> Store {
    let mut store = Store::default();
    for rows in rows {
        put(&mut store, &cluster("eqiad"), rows);
    }
    store
}

/// `rule severity object ×count`, in the order of their rank.
fn told(store: &Store) -> Vec<String> {
    let tell = |f: &FindingRow| format!("{} {} {} ×{}", f.rule, f.severity.word(), f.object, f.count);
    findings(store, now()).iter().map(tell).collect()
}

fn only(store: &Store) -> FindingRow {
    let mut all = findings(store, now());
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn crashing(name: &str) -> PodRow {
    let mut row = pod("eqiad", "mw-web", name);
    (row.status, row.ready, row.containers_total, row.restarts) = ("CrashLoopBackOff".into(), 1, 2, 12);
    row.unready_since = Some(ago(600));
    row.last = Some(termination("OOMKilled", 137, ago(60)).into());
    let mut php = pod_container("php");
    (php.ready, php.state) = (false, ContainerState::Waiting("CrashLoopBackOff".into()));
    row.containers = [pod_container("httpd"), php].into();
    row
}

fn with(name: &str, change: impl FnOnce(&mut PodRow)) -> PodRow {
    let mut row = pod("eqiad", "mw-web", name);
    change(&mut row);
    row
}

#[test]
fn what_is_well_is_no_finding() {
    let done = with("done", |row| (row.status, row.ready) = ("Completed".into(), 0));
    let young = with("young", |row| (row.status, row.created) = ("Pending".into(), Some(ago(20))));
    let pods = RowSet::Pods(vec![with("web-1", |_| ()), done, young]);
    let well = store(vec![pods, RowSet::ClusterNodes(vec![cluster_node("eqiad", "n1")])]);
    assert_eq!(told(&well), [""; 0]);
}

#[test]
fn pods_of_one_workload_in_one_trouble_are_one_finding() {
    let pods = (0..40).map(|n| crashing(&format!("web-{n:02}"))).collect();
    let finding = only(&store(vec![RowSet::Pods(pods)]));
    assert_eq!((finding.count, &*finding.rule, finding.severity), (40, "pod-crash", Severity::Critical));
    assert_eq!((&*finding.object, &*finding.title), ("mw-web/web", "CrashLoopBackOff"));
    assert_eq!(finding.evidence, "web-00: php CrashLoopBackOff, 1/2 ready, 12 restarts, last end OOMKilled 137, on n1");
    assert_eq!(finding.since, Some(ago(600)));
    assert_eq!(&*finding.subject.key, "eqiad/mw-web/web-00");
}

#[test]
fn each_trouble_of_pods_has_its_rule() {
    let old = Some(ago(900));
    let pods = vec![
        with("a", |r| (r.status, r.owner) = ("ImagePullBackOff".into(), None)),
        with("b", |r| (r.status, r.owner) = ("Init:Error".into(), None)),
        with("c", |r| (r.status, r.owner, r.node) = ("Pending".into(), None, None)),
        with("d", |r| (r.status, r.owner) = ("ContainerCreating".into(), None)),
        with("e", |r| (r.ready, r.owner, r.unready_since) = (0, None, old)),
        with("f", |r| (r.owner, r.restarts, r.recent.hour) = (None, 3, Some(2))),
        with("g", |r| (r.status, r.owner, r.deleted) = ("Terminating".into(), None, old)),
        with("h", |r| (r.status, r.owner) = ("Evicted".into(), None)),
        with("i", |r| (r.status, r.owner) = ("Init:0/2".into(), None)),
    ];
    let mut told = told(&store(vec![RowSet::Pods(pods)]));
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "pod-crash critical mw-web/b ×1",
            "pod-error critical mw-web/h ×1",
            "pod-image critical mw-web/a ×1",
            "pod-not-ready critical mw-web/e ×1",
            "pod-pending warning mw-web/c ×1",
            "pod-restarting warning mw-web/f ×1",
            "pod-starting warning mw-web/d ×1",
            "pod-starting warning mw-web/i ×1",
            "pod-terminating warning mw-web/g ×1",
        ]
    );
}

#[test]
fn pods_on_a_node_that_is_not_ready_fold_into_it() {
    let mut down = cluster_node("eqiad", "n1");
    (down.status, down.pods, down.status_since) = ("NotReady".into(), Some(23), Some(ago(700)));
    let elsewhere = with("z", |r| (r.status, r.node) = ("Error".into(), Some("n2".into())));
    let pods = RowSet::Pods(vec![crashing("web-1"), crashing("web-2"), pod("eqiad", "mw-web", "well"), elsewhere]);
    let store = store(vec![RowSet::ClusterNodes(vec![down, cluster_node("eqiad", "n2")]), pods]);
    assert_eq!(told(&store), ["node-not-ready critical n1 ×3", "pod-crash critical mw-web/z ×1"]);
    let node = &findings(&store, now())[0];
    assert_eq!(node.evidence, "status NotReady, 2 of its pods are not well, 23 pods bound to it");
    assert_eq!(node.since, Some(ago(700)));
}

#[test]
fn jobs_fail_for_themselves_or_for_their_cron_job() {
    let failed = |kind, name: &str, owner: Option<&str>| {
        let mut row = job("eqiad", "batch", kind, name);
        (row.outcome, row.failed, row.reason) = (Outcome::Failed, 4, Some("BackoffLimitExceeded".into()));
        row.owner = owner.map(Into::into);
        row
    };
    let mut attempt = with("attempt", |r| (r.status, r.owner) = ("Error".into(), Some("Job/import".into())));
    (attempt.key, attempt.namespace) = ("eqiad/batch/attempt".into(), "batch".into());
    let mut late = job("eqiad", "batch", JobKind::CronJob, "late");
    (late.schedule, late.succeeded) = (Some("*/5 * * * *".into()), Some(ago(7200)));
    let mut weekly = late.clone();
    (weekly.key, weekly.name, weekly.schedule) =
        ("eqiad/batch/CronJob/weekly".into(), "weekly".into(), Some("0 3 * * 0".into()));
    let jobs = vec![
        failed(JobKind::Job, "import", None),
        failed(JobKind::CronJob, "nightly", None),
        failed(JobKind::Job, "nightly-1", Some("nightly")),
        failed(JobKind::Job, "orphan-1", Some("CronJob/orphan")),
        late,
        weekly,
    ];
    let store = store(vec![RowSet::Jobs(jobs), RowSet::Pods(vec![attempt])]);
    let mut told = told(&store);
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "cron-failed critical batch/nightly ×1",
            "cron-late warning batch/late ×1",
            "job-failed critical batch/import ×1",
            "job-failed critical batch/orphan-1 ×1",
        ]
    );
    let import = findings(&store, now()).into_iter().find(|f| f.object == "batch/import").expect("it failed");
    assert_eq!(import.evidence, "BackoffLimitExceeded, 4 pods failed, 1/1 done");
    assert_eq!(import.since, Some(ago(540)));
}

#[test]
fn containers_are_grouped_by_their_service() {
    let container = |id: &str, change: fn(&mut ContainerRow)| {
        let mut row = ContainerRow::unknown(&"lab".into(), id, &format!("c{id}"));
        row.state = "running".into();
        change(&mut row);
        row
    };
    let rows = vec![
        container("1", |r| r.health = Some("unhealthy".into())),
        container("2", |r| r.state = "restarting".into()),
        container("3", |r| (r.state, r.oom_killed, r.exit_code) = ("exited".into(), Some(true), Some(137))),
        container("4", |r| (r.state, r.exit_code, r.finished) = ("exited".into(), Some(1), Some(ago(60)))),
        container("5", |r| (r.memory, r.memory_limit) = (Some(96), Some(100))),
        container("6", |r| (r.state, r.exit_code) = ("exited".into(), Some(143))),
        container("7", |r| (r.state, r.project, r.service) = ("dead".into(), Some("p".into()), Some("web".into()))),
        container("8", |r| (r.state, r.project, r.service) = ("dead".into(), Some("p".into()), Some("web".into()))),
    ];
    let store = store(vec![RowSet::Containers(rows)]);
    assert_eq!(
        told(&store),
        [
            "container-dead critical p/web ×2",
            "container-oom critical c3 ×1",
            "container-restarting critical c2 ×1",
            "container-unhealthy critical c1 ×1",
            "container-exited warning c4 ×1",
            "container-memory warning c5 ×1",
        ]
    );
    assert_eq!(findings(&store, now())[1].evidence, "state exited, exit code 137, the kernel killed it for memory");
}

#[test]
fn machines_tell_disks_inodes_memory_units_and_busy_processes() {
    let disk = |mount: &str, device: &str, available: u64, inodes_used: u64| DiskRow {
        key: format!("h1/{mount}").as_str().into(),
        node: "h1".into(),
        mount: mount.into(),
        device: device.into(),
        kind: "ext4".into(),
        size: 100 << 30,
        used: (100 << 30) - available,
        available,
        inodes: 1000,
        inodes_used,
        read_only: false,
    };
    let unit = |name: &str| UnitRow {
        key: format!("h1/{name}").as_str().into(),
        node: "h1".into(),
        unit: name.into(),
        load: "loaded".into(),
        active: "failed".into(),
        sub: "failed".into(),
        description: "something".into(),
    };
    let mut node = NodeRow::unknown("h1");
    (node.memory_used, node.memory_total, node.failed_units) = (Some(98 << 20), Some(100 << 20), Some(2));
    node.fullest = Some(("/".into(), 99.0));
    node.busy = Some(Busy { pid: 42, name: "php".into(), percent: 99.0, since: ago(600) });
    let mut bare = NodeRow::unknown("h2");
    (bare.fullest, bare.failed_units) = (Some(("/srv".into(), 90.0)), Some(3));
    bare.busy = Some(Busy { pid: 1, name: "brief".into(), percent: 99.0, since: ago(60) });
    let store = store(vec![
        RowSet::Nodes(vec![node, bare]),
        RowSet::Disks(vec![
            disk("/", "/dev/sda1", 1 << 30, 10),
            disk("/bind", "/dev/sda1", 1 << 30, 10),
            disk("/var", "/dev/sda2", 50 << 30, 900),
        ]),
        RowSet::Units(vec![unit("a.service"), unit("b.service")]),
    ]);
    assert_eq!(
        told(&store),
        [
            "disk critical /dev/sda1 ×2",
            "memory critical h1 ×1",
            "unit-failed warning h2 ×3",
            "unit-failed warning systemd units ×2",
            "process-busy warning php 42 ×1",
            "disk warning /srv ×1",
            "inodes warning /var ×1",
        ]
    );
    let all = findings(&store, now());
    assert_eq!(all[0].evidence, "/: 99% used, 1.0G left of 100G");
    assert_eq!(all[4].evidence, "php (PID 42) uses 99% of a core");
}

#[test]
fn a_failing_source_is_a_finding_and_freezes_its_rows() {
    let mut waiting = pod("eqiad", "mw-web", "waiting");
    (waiting.status, waiting.node, waiting.unready_since) = ("Pending".into(), None, Some(ago(400)));
    let mut store = store(vec![RowSet::Pods(vec![waiting, crashing("web-1")])]);
    assert_eq!(told(&store).len(), 2);
    let health = |state, since| Health { source: cluster("eqiad"), state, since, message: "no route to eqiad".into() };
    store.apply(Delta::Health(health(State::Unreachable, ago(350))), now());
    assert_eq!(
        told(&store),
        ["source critical kubernetes:eqiad ×1", "pod-crash critical mw-web/web-1 ×1"],
        "when the source failed the pod had waited for 50 s"
    );
    assert_eq!(findings(&store, now())[0].evidence, "no route to eqiad");
    store.apply(Delta::Health(health(State::Live, now())), now());
    assert_eq!(told(&store).len(), 2);
}

#[test]
fn worse_first_then_production_then_more_then_newest() {
    let named = |cluster: &str, owner: &str, age| {
        let mut row = crashing(&format!("{cluster}-{owner}"));
        (row.cluster, row.owner, row.unready_since) =
            (cluster.into(), Some(format!("StatefulSet/{owner}").into()), Some(ago(age)));
        row
    };
    let warning = with("w", |r| (r.restarts, r.recent.hour, r.owner) = (3, Some(1), None));
    let pods = vec![warning, named("codfw", "a", 900), named("codfw", "b", 800), named("eqiad", "c", 9999)];
    let store = store(vec![RowSet::Pods(pods)]);
    let order = |triage: &Triage| {
        let findings = triage.findings(&store, now());
        assert!(findings.iter().zip(0..).all(|(finding, rank)| finding.rank == rank));
        findings.iter().map(|f| f.object.clone()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(order(&Triage::default()), "mw-web/codfw-b mw-web/codfw-a mw-web/eqiad-c mw-web/w");
    let production = Triage { production: ["eqiad".to_owned()].into() };
    assert_eq!(order(&production), "mw-web/eqiad-c mw-web/codfw-b mw-web/codfw-a mw-web/w");
}

#[test]
fn a_standing_finding_keeps_its_beginning_and_its_slot() {
    let mut store = store(vec![RowSet::Pods(vec![crashing("web-1")])]);
    let triage = Triage::default();
    assert!(triage.refresh(&mut store, now()));
    assert!(!triage.refresh(&mut store, now()), "nothing changed");
    let generation = store.findings.generation();
    let mut again = crashing("web-1");
    again.unready_since = Some(ago(5));
    put(&mut store, &cluster("eqiad"), RowSet::Pods(vec![again.clone(), crashing("web-2")]));
    assert!(triage.refresh(&mut store, now()));
    assert!(store.findings.generation() > generation);
    let finding = store.findings.at(0).expect("it stands");
    assert_eq!((finding.count, finding.since), (2, Some(ago(600))));

    for name in ["web-1", "web-2"] {
        put(&mut store, &cluster("eqiad"), RowSet::Pods(vec![pod("eqiad", "mw-web", name)]));
    }
    assert!(triage.refresh(&mut store, now()));
    assert_eq!(store.findings.len(), 0);
    put(&mut store, &cluster("eqiad"), RowSet::Pods(vec![again]));
    assert!(triage.refresh(&mut store, now() + SignedDuration::from_secs(1)));
    assert_eq!(store.findings.at(0).and_then(|finding| finding.since), Some(ago(5)), "a new trouble begins anew");
}

#[test]
fn what_breaks_very_many_workloads_is_one_finding_of_the_cluster_and_of_a_namespace_one() {
    let many = |namespaces: usize, each: usize| {
        let pods = (0..namespaces).flat_map(|n| {
            (0..each).map(move |m| {
                let mut row = crashing(&format!("web-{m}"));
                row.namespace = format!("team-{n:03}").into();
                row.key = crate::model::key::Key::of(&["eqiad", &row.namespace, &row.name]);
                (row.owner, row.cluster) = (None, "eqiad".into());
                row
            })
        });
        store(vec![RowSet::Pods(pods.collect())])
    };
    assert_eq!(told(&many(2, 3)).len(), 6);
    assert_eq!(
        told(&many(2, 60)),
        ["pod-crash critical team-000, several workloads ×60", "pod-crash critical team-001, several workloads ×60",]
    );
    let all = only(&many(60, 2));
    assert_eq!((all.object.as_str(), all.count), ("many namespaces", 120));
    assert!(all.evidence.starts_with("team-000/web-0: php CrashLoopBackOff"), "{}", all.evidence);
    assert_eq!(all.subject.key.as_str(), "eqiad/team-000/web-0", "the first of the worst speaks for all");
}

#[test]
fn what_a_machine_and_its_cluster_both_see_is_one_finding_about_one_row() {
    let mut node = cluster_node("eqiad", "n1");
    (node.pressure, node.boot) = ("memory".into(), Boot::new(&"a".repeat(32), ""));
    let mut machine = NodeRow::unknown("n1");
    (machine.memory_used, machine.memory_total) = (Some(98), Some(100));
    machine.boot.clone_from(&node.boot);
    machine.face = Some(Face::of(&node, false).into());
    let both = store(vec![RowSet::Nodes(vec![machine.clone()]), RowSet::ClusterNodes(vec![node.clone()])]);
    assert_eq!(told(&both), ["node-pressure warning n1 ×1"]);
    let finding = findings(&both, now()).remove(0);
    assert!(finding.evidence.contains("98% of its memory in use"), "{}", finding.evidence);
    assert_eq!(finding.subject.table, TableId::Nodes);
    // A cluster that does not answer has said so long ago: the machine speaks for itself.
    machine.face = Some(Face::of(&node, true).into());
    let stale = store(vec![RowSet::Nodes(vec![machine]), RowSet::ClusterNodes(vec![node])]);
    assert_eq!(told(&stale).len(), 2);
}

#[test]
fn systems_without_fixes_are_one_finding_a_release() {
    let day = |days: i64| ago(-days * 86_400);
    let machine = |name: &str, os: &str, regular: i64, long: i64| {
        let mut row = NodeRow::unknown(name);
        row.os = Some(os.into());
        row.support = Some(Support { regular: day(regular), long: Some(day(long)) });
        row
    };
    let store = store(vec![RowSet::Nodes(vec![
        machine("h1", "Debian 10", -900, -400),
        machine("h2", "Debian 10", -900, -400),
        machine("h3", "Debian 11", -300, 400),
        machine("h4", "Debian 13", 300, 900),
        machine("h5", "Debian 12", -300, 40),
        NodeRow::unknown("h6"),
    ])]);
    assert_eq!(
        told(&store),
        ["os-support warning Debian 10 ×2", "os-support notice h3 ×1", "os-support notice h5 ×1",]
    );
}
