//! Groups of machines, summed over their members.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use crate::model::{
    rows::{GroupRow, NO_GROUP, NodeRow, Stage},
    severity::Severity,
    store::Store,
    table::Row,
};

/// The groups, each once; machines of no group last, when there are groups at all.
pub(super) fn groups(store: &Store, now: Timestamp) -> Vec<GroupRow> {
    let mut members: BTreeMap<&str, Vec<(&NodeRow, bool)>> = BTreeMap::new();
    let mut alone = Vec::new();
    for (source, machine) in store.nodes.iter_with_source() {
        let member = (machine, store.state(source).is_current());
        match machine.groups.as_deref() {
            Some(groups) => groups.split(',').for_each(|group| members.entry(group).or_default().push(member)),
            None => alone.push(member),
        }
    }
    if !alone.is_empty() {
        members.insert(NO_GROUP, alone);
    }
    members.into_iter().map(|(group, machines)| sum(group, &machines, now)).collect()
}

/// A group of these machines, each with whether it answers. What is not known adds nothing: a sum is unknown only when all is.
fn sum(group: &str, machines: &[(&NodeRow, bool)], now: Timestamp) -> GroupRow {
    let all = || machines.iter().map(|(machine, _)| *machine);
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let total = |of: fn(&NodeRow) -> Option<u32>| all().filter_map(of).reduce(u32::saturating_add);
    // A machine with many processors counts for more.
    let weights = || all().filter_map(|machine| Some((machine.cpu?, f64::from(machine.cores?))));
    let cores: f64 = weights().map(|(_, cores)| cores).sum();
    let memory = || all().filter_map(|machine| machine.memory_used.zip(machine.memory_total));
    let use_of = |machine: &NodeRow| {
        let (mount, percent) = machine.fullest.as_ref()?;
        Some((Arc::from(format!("{}:{mount}", machine.name)), *percent))
    };
    GroupRow {
        key: group.into(),
        group: group.into(),
        live: number(machines.iter().filter(|(_, is_live)| *is_live).count()),
        total: number(machines.len()),
        worst: all().map(|machine| machine.severity(now)).max().unwrap_or(Severity::Ok),
        wrong: number(all().filter(|machine| machine.severity(now).is_wrong()).count()),
        failed_units: total(|machine| machine.failed_units),
        reboot: total(|machine| machine.reboot.map(u32::from)),
        ended: total(|machine| machine.stage.map(|stage| u32::from(stage == Stage::Ended))),
        cores: total(|machine| machine.cores),
        cpu: (cores > 0.0).then(|| weights().map(|(cpu, cores)| cpu * cores).sum::<f64>() / cores),
        memory_used: memory().map(|(used, _)| used).reduce(u64::saturating_add),
        memory_total: memory().map(|(_, total)| total).reduce(u64::saturating_add),
        fullest: all().filter_map(use_of).max_by(|a: &(Arc<str>, f64), b| a.1.total_cmp(&b.1)),
        pods: total(|machine| machine.face.as_ref()?.pods),
    }
}
