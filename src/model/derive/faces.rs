//! Machines that are nodes of a cluster: what the cluster says of them is put on their row.

use std::{collections::HashMap, sync::Arc};

use crate::model::{
    key::{Key, SourceId},
    rows::{ClusterNodeRow, Face, NodeRow},
    store::Store,
};

/// The machine that this node of a cluster is, when it is one of those observed.
pub fn machine_of<'a>(store: &'a Store, node: &ClusterNodeRow) -> Option<&'a NodeRow> {
    store.nodes.iter().find(|machine| are_one(machine, node))
}

fn are_one(machine: &NodeRow, node: &ClusterNodeRow) -> bool {
    let boots = machine.boot.as_ref().zip(node.boot.as_ref());
    boots.is_some_and(|(ours, theirs)| ours.is_same(theirs, machine.name == node.name))
}

/// Whether any machine is, or was, a node of a cluster.
pub(super) fn are_there(store: &Store) -> bool {
    let known = |machine: &NodeRow| machine.boot.is_some() || machine.face.is_some();
    store.nodes.iter().any(known) && store.cluster_nodes.iter().any(|node| node.boot.is_some())
        || store.nodes.iter().any(|machine| machine.face.is_some())
}

/// Puts the cluster's face on the row of each machine that is a node, and takes it from those that are none any more.
pub(super) fn put_on(store: &mut Store) {
    let mut nodes: HashMap<&str, Vec<(&SourceId, &ClusterNodeRow)>> = HashMap::new();
    for (source, node) in store.cluster_nodes.iter_with_source() {
        let Some(boot) = &node.boot else { continue };
        let ids = [Some(&boot.boot), boot.machine.as_ref().filter(|machine| **machine != boot.boot)];
        for id in ids.into_iter().flatten() {
            nodes.entry(id).or_default().push((source, node));
        }
    }
    let face = |machine: &NodeRow| {
        let boot = machine.boot.as_ref()?;
        let ids = [Some(&boot.boot), boot.machine.as_ref()];
        let candidates = ids.into_iter().flatten().filter_map(|id| nodes.get(&**id)).flatten();
        let mine = candidates.filter(|(_, node)| are_one(machine, node)).min_by_key(|(_, node)| &node.key)?;
        Some(Face::of(mine.1, !store.state(mine.0).is_current()))
    };
    let changed: Vec<(Key, Option<Arc<Face>>)> = store
        .nodes
        .iter()
        .map(|machine| (machine, face(machine)))
        .filter(|(machine, face)| machine.face.as_deref() != face.as_ref())
        .map(|(machine, face)| (machine.key.clone(), face.map(Arc::new)))
        .collect();
    for (key, face) in changed {
        store.nodes.edit(&key, |row| row.face = face);
    }
}
