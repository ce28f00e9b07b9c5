//! Machines: full disks, spent inodes, short memory, failed units, a process that is busy for long.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{
    Seen,
    cases::{Case, Cases},
};
use crate::model::{
    rows::{DiskRow, NodeRow, SKEW, Stage, Subject, Support},
    severity::Severity,
    store::TableId,
    table::Row,
    value::{bytes, percent, seconds_between},
};

/// Seconds a process keeps a core busy before that is a finding.
const BUSY: i64 = 300;

pub(super) fn find(seen: &Seen, cases: &mut Cases) {
    let mut with_disks = HashSet::new();
    for (source, disk) in seen.store.disks.iter_with_source() {
        with_disks.insert(&*disk.node);
        let severity = disk.severity(seen.now(source));
        if severity.is_wrong() {
            cases.add(disk_case(disk, severity));
        }
    }
    let mut with_units = HashSet::new();
    for (source, unit) in seen.store.units.iter_with_source() {
        with_units.insert(&*unit.node);
        let severity = unit.severity(seen.now(source));
        if severity.is_wrong() {
            cases.add(Case {
                rule: "unit-failed",
                severity,
                place: unit.node.clone(),
                cause: "units".into(),
                object: unit.unit.to_string(),
                group: "systemd units".into(),
                title: "unit failed".into(),
                name: String::new(),
                evidence: format!("{}: {} {} ({})", unit.unit, unit.active, unit.sub, unit.description),
                since: None,
                subject: Subject { table: TableId::Units, key: unit.key.clone() },
                count: 1,
            });
        }
    }
    for (source, node) in seen.store.nodes.iter_with_source() {
        if !with_disks.contains(&*node.name) {
            fullest(node, cases);
        }
        if let Some(failed) = node.failed_units.filter(|n| *n > 0 && !with_units.contains(&*node.name)) {
            let evidence = format!("systemd counts {failed} failed units");
            cases.add(Case { count: failed, ..case(node, "unit-failed", Severity::Warning, "unit failed", evidence) });
        }
        memory(node, cases);
        state(node, cases);
        support(node, seen.now(source), cases);
        if let Some(busy) = node.busy.as_ref().filter(|busy| seconds_between(busy.since, seen.now(source)) >= BUSY) {
            let evidence = format!("{} (PID {}) uses {} of a core", busy.name, busy.pid, percent(busy.percent));
            cases.add(Case {
                cause: busy.pid.to_string(),
                object: format!("{} {}", busy.name, busy.pid),
                since: Some(busy.since),
                ..case(node, "process-busy", Severity::Warning, "busy process", evidence)
            });
        }
    }
}

/// A case about the machine as a whole.
fn case(node: &NodeRow, rule: &'static str, severity: Severity, title: &str, evidence: String) -> Case {
    Case {
        rule,
        severity,
        place: node.name.clone(),
        cause: String::new(),
        object: node.name.to_string(),
        group: node.name.to_string(),
        title: title.into(),
        name: String::new(),
        evidence,
        since: None,
        subject: Subject { table: TableId::Nodes, key: node.key.clone() },
        count: 1,
    }
}

fn disk_case(disk: &DiskRow, severity: Severity) -> Case {
    let (space, inodes) = (disk.percent().unwrap_or(0.0), disk.inode_percent().unwrap_or(0.0));
    let (rule, title, evidence) = if inodes > space {
        ("inodes", "out of inodes", format!("{} of {} inodes used", percent(inodes), disk.inodes))
    } else {
        let left = bytes(disk.available as f64);
        ("disk", "disk full", format!("{} used, {left} left of {}", percent(space), bytes(disk.size as f64)))
    };
    // One device that is mounted twice is full once.
    let cause = if disk.device.starts_with('/') { &disk.device } else { &disk.mount };
    Case {
        rule,
        severity,
        place: disk.node.clone(),
        cause: cause.to_string(),
        object: disk.mount.to_string(),
        group: cause.to_string(),
        title: title.into(),
        name: String::new(),
        evidence: format!("{}: {evidence}", disk.mount),
        since: None,
        subject: Subject { table: TableId::Disks, key: disk.key.clone() },
        count: 1,
    }
}

/// Disk and inodes of a machine whose file systems are not listed one by one.
fn fullest(node: &NodeRow, cases: &mut Cases) {
    let worst = [("disk", "disk full", &node.fullest), ("inodes", "out of inodes", &node.fewest_inodes)];
    for (rule, title, use_) in worst {
        if let Some((mount, used)) = use_.as_ref().filter(|(_, used)| *used >= 85.0) {
            let severity = if *used >= 95.0 { Severity::Critical } else { Severity::Warning };
            let evidence = format!("{mount}: {} used", percent(*used));
            cases.add(Case {
                cause: mount.to_string(),
                object: mount.to_string(),
                ..case(node, rule, severity, title, evidence)
            });
        }
    }
}

/// What a machine says of itself as a whole.
fn state(node: &NodeRow, cases: &mut Cases) {
    if let Some(raid) = node.raid.filter(|raid| raid.degraded > 0) {
        let evidence = format!("{} of {} arrays miss a disk or do not run", raid.degraded, raid.arrays);
        cases.add(Case { count: raid.degraded, ..case(node, "raid", Severity::Critical, "RAID degraded", evidence) });
    }
    if let Some(hung) = node.hung.filter(|hung| *hung > 0) {
        let waiting = node.waiting.map(|n| format!(", {n} processes wait for a device")).unwrap_or_default();
        let evidence = format!("{hung} mounts do not answer{waiting}");
        cases.add(Case { count: hung, ..case(node, "mount-hung", Severity::Warning, "mount hangs", evidence) });
    }
    if let Some(skew) = node.skew.filter(|skew| skew.abs() >= SKEW) {
        let direction = if skew > 0 { "ahead of" } else { "behind" };
        let evidence = format!("{} s {direction} this machine's clock", skew.abs());
        cases.add(case(node, "clock", Severity::Warning, "clock is wrong", evidence));
    }
}

/// A system that gets no security fixes any more, or only those of a long-term team: one finding a release, not one a host.
fn support(node: &NodeRow, now: Timestamp, cases: &mut Cases) {
    let Some(support) = node.support else { return };
    let (severity, title) = match support.stage(now) {
        Stage::Supported => return,
        Stage::Long => (Severity::Notice, "long-term support only"),
        Stage::Ending => (Severity::Notice, "support ends soon"),
        Stage::Ended => (Severity::Warning, "no security support"),
    };
    let system = node.os.as_deref().unwrap_or("unknown system");
    let (regular, end) = (Support::last_day(support.regular), Support::last_day(support.end()));
    cases.add(Case {
        place: "fleet".into(),
        cause: system.to_owned(),
        group: system.to_owned(),
        name: node.name.to_string(),
        ..case(
            node,
            "os-support",
            severity,
            title,
            format!("{system}: regular support until {regular}, all until {end}"),
        )
    });
}

fn memory(node: &NodeRow, cases: &mut Cases) {
    let Some(used) = node.memory_percent().filter(|used| *used >= 90.0) else { return };
    // Its cluster says so already, and what it does about it.
    if node.face.as_ref().is_some_and(|face| !face.is_stale && face.pressure.contains("memory")) {
        return;
    }
    let severity = if used >= 97.0 { Severity::Critical } else { Severity::Warning };
    let total = bytes(node.memory_total.unwrap_or(0) as f64);
    let swap = node.swap_percent().map_or(String::new(), |swap| format!(", swap {}", percent(swap)));
    let evidence = format!("{} of {total} in use{swap}", percent(used));
    cases.add(case(node, "memory", severity, "memory short", evidence));
}
