//! What belongs to a row elsewhere: a pod's node, a node's pods, a project's containers.

use crate::model::{
    derive::machine_of,
    key::Key,
    rows::{FindingRow, NO_GROUP},
    store::{Store, TableId},
};

/// A way from one row to others.
#[derive(Clone, Debug, PartialEq)]
pub enum Link {
    /// One row of another table.
    Row(TableId, Key),
    /// The rows of a table that match a filter.
    Matching {
        /// The table.
        table: TableId,
        /// What they have in common, for the title.
        title: String,
        /// The filter.
        filter: String,
    },
    /// The logs of the row itself.
    Logs,
    /// The details of the row itself.
    Details,
}

/// Everything that belongs to the row, each with a label; the first is where `enter` goes.
pub fn links(store: &Store, table: TableId, key: &Key) -> Vec<(String, Link)> {
    match table {
        TableId::Findings => store.findings.get(key).map(of_finding).unwrap_or_default(),
        TableId::Pods => of_pod(store, key),
        TableId::PodContainers => vec![("logs".into(), Link::Logs)],
        TableId::Workloads => of_workload(store, key),
        TableId::Jobs => of_job(store, key),
        TableId::ClusterNodes => of_cluster_node(store, key),
        TableId::Events => of_event(store, key),
        TableId::Nodes => of_node(store, key),
        TableId::Groups => of_group(store, key),
        TableId::Units => vec![("logs".into(), Link::Logs), ("details".into(), Link::Details)],
        TableId::Containers => of_container(store, key),
        TableId::Projects => of_project(store, key),
        TableId::ContainerProcesses => of_container_process(store, key),
        TableId::Disks | TableId::Processes | TableId::Sources => vec![("details".into(), Link::Details)],
    }
}

fn matching(label: &str, table: TableId, title: String, conditions: &[(&str, &str)]) -> (String, Link) {
    let terms: Vec<String> =
        conditions.iter().map(|(field, value)| format!("{field}=\"{}\"", value.replace(['"', '\\'], "?"))).collect();
    (label.to_owned(), Link::Matching { table, title, filter: terms.join(" and ") })
}

fn of_finding(finding: &FindingRow) -> Vec<(String, Link)> {
    vec![(
        format!("{} {}", finding.subject.table.name(), finding.object),
        Link::Row(finding.subject.table, finding.subject.key.clone()),
    )]
}

fn of_pod(store: &Store, key: &Key) -> Vec<(String, Link)> {
    let Some(pod) = store.pods.get(key) else { return Vec::new() };
    let place = [("cluster", &*pod.cluster), ("namespace", &*pod.namespace)];
    let with = |more: (&'static str, &str)| -> Vec<(String, String)> {
        place
            .iter()
            .map(|(f, v)| ((*f).to_owned(), (*v).to_owned()))
            .chain([(more.0.to_owned(), more.1.to_owned())])
            .collect()
    };
    let mut links = vec![matching_owned(
        "containers",
        TableId::PodContainers,
        format!("pod {}", pod.name),
        &with(("pod", &pod.name)),
    )];
    links.push(("logs".into(), Link::Logs));
    if let Some(node) = &pod.node {
        let on_cluster = Key::of(&[&pod.cluster, node]);
        // A node that is a machine observed here is one row with both faces.
        let machine = store.cluster_nodes.get(&on_cluster).and_then(|node| machine_of(store, node));
        let row = machine.map_or(Link::Row(TableId::ClusterNodes, on_cluster), |machine| {
            Link::Row(TableId::Nodes, machine.key.clone())
        });
        links.push((format!("node {node}"), row));
        links.push(matching(
            &format!("other pods on {node}"),
            TableId::Pods,
            format!("node {node}"),
            &[("cluster", &pod.cluster), ("node", node)],
        ));
    }
    if let Some(owner) = &pod.owner {
        links.push(matching_owned(
            &format!("pods of {owner}"),
            TableId::Pods,
            owner.to_string(),
            &with(("owner", owner)),
        ));
    }
    links.push(matching_owned(
        "events",
        TableId::Events,
        format!("pod {}", pod.name),
        &with(("object", &format!("Pod/{}", pod.name))),
    ));
    links
}

fn matching_owned(label: &str, table: TableId, title: String, conditions: &[(String, String)]) -> (String, Link) {
    let borrowed: Vec<(&str, &str)> =
        conditions.iter().map(|(field, value)| (field.as_str(), value.as_str())).collect();
    matching(label, table, title, &borrowed)
}

fn of_workload(store: &Store, key: &Key) -> Vec<(String, Link)> {
    let Some(workload) = store.workloads.get(key) else { return Vec::new() };
    let full = format!("{}/{}", workload.kind, workload.name);
    vec![
        matching(
            "pods",
            TableId::Pods,
            full.clone(),
            &[("cluster", &workload.cluster), ("namespace", &workload.namespace), ("workload", &full)],
        ),
        matching(
            "events",
            TableId::Events,
            full.clone(),
            &[("cluster", &workload.cluster), ("namespace", &workload.namespace), ("object", &full)],
        ),
    ]
}

fn of_job(store: &Store, key: &Key) -> Vec<(String, Link)> {
    use crate::model::rows::JobKind;
    let Some(job) = store.jobs.get(key) else { return Vec::new() };
    let place = [("cluster", &*job.cluster), ("namespace", &*job.namespace)];
    match job.kind {
        JobKind::Job => {
            let owner = format!("Job/{}", job.name);
            vec![
                matching("pods", TableId::Pods, owner.clone(), &[place[0], place[1], ("owner", &owner)]),
                matching("events", TableId::Events, owner.clone(), &[place[0], place[1], ("object", &owner)]),
            ]
        }
        JobKind::CronJob => {
            let title = format!("CronJob/{}", job.name);
            vec![
                matching("jobs", TableId::Jobs, title.clone(), &[place[0], place[1], ("owner", &job.name)]),
                matching("events", TableId::Events, title.clone(), &[place[0], place[1], ("object", &title)]),
            ]
        }
    }
}

fn of_cluster_node(store: &Store, key: &Key) -> Vec<(String, Link)> {
    let Some(node) = store.cluster_nodes.get(key) else { return Vec::new() };
    let mut links = vec![
        matching(
            "pods",
            TableId::Pods,
            format!("node {}", node.name),
            &[("cluster", &node.cluster), ("node", &node.name)],
        ),
        matching(
            "events",
            TableId::Events,
            format!("node {}", node.name),
            &[("cluster", &node.cluster), ("object", &format!("Node/{}", node.name))],
        ),
    ];
    if let Some(machine) = machine_of(store, node) {
        links.push((format!("machine {}", machine.name), Link::Row(TableId::Nodes, machine.key.clone())));
    }
    links
}

fn of_event(store: &Store, key: &Key) -> Vec<(String, Link)> {
    let Some(event) = store.events.get(key) else { return Vec::new() };
    let Some((kind, name)) = event.object.split_once('/') else { return Vec::new() };
    let namespaced = Key::of(&[&event.cluster, &event.namespace, name]);
    let full = Key::of(&[&event.cluster, &event.namespace, kind, name]);
    let target = match kind {
        "Pod" => Some((TableId::Pods, namespaced)),
        "Node" => Some((TableId::ClusterNodes, Key::of(&[&event.cluster, name]))),
        "Deployment" | "StatefulSet" | "DaemonSet" => Some((TableId::Workloads, full)),
        "Job" | "CronJob" => Some((TableId::Jobs, full)),
        _ => None,
    };
    let mut links: Vec<(String, Link)> = target
        .filter(|(table, key)| store.rows(*table).slot(key).is_some())
        .map(|(table, key)| (event.object.to_string(), Link::Row(table, key)))
        .into_iter()
        .collect();
    links.push(("details".into(), Link::Details));
    links
}

fn of_node(store: &Store, key: &Key) -> Vec<(String, Link)> {
    let Some(node) = store.nodes.get(key) else { return Vec::new() };
    let on = [("node", &*node.name)];
    let mut links = vec![
        ("details".into(), Link::Details),
        ("journal".into(), Link::Logs),
        matching("processes", TableId::Processes, node.name.to_string(), &on),
        matching("disks", TableId::Disks, node.name.to_string(), &on),
        matching("units", TableId::Units, node.name.to_string(), &on),
    ];
    if let Some(face) = &node.face {
        let (cluster, title) = (("cluster", &*face.cluster), format!("node {}", face.node));
        links.push(matching("pods", TableId::Pods, title.clone(), &[cluster, ("node", &face.node)]));
        links.push(matching("events", TableId::Events, title, &[cluster, ("object", &format!("Node/{}", face.node))]));
        links.push((format!("cluster node {}", face.key), Link::Row(TableId::ClusterNodes, face.key.clone())));
    }
    links
}

fn of_group(store: &Store, key: &Key) -> Vec<(String, Link)> {
    let Some(group) = store.groups.get(key).map(|row| row.group.replace(['"', '\\'], "?")) else { return Vec::new() };
    // A machine's groups are one text with commas.
    let filter = if group == NO_GROUP {
        "groups=unknown".to_owned()
    } else {
        let lists = [format!("{group},*"), format!("*,{group}"), format!("*,{group},*")];
        let among = lists.map(|list| format!("groups:\"{list}\"")).join(" or ");
        format!("groups=\"{group}\" or {among}")
    };
    vec![("machines".to_owned(), Link::Matching { table: TableId::Nodes, title: format!("group {group}"), filter })]
}

fn of_container(store: &Store, key: &Key) -> Vec<(String, Link)> {
    let Some(container) = store.containers.get(key) else { return Vec::new() };
    let mut links = vec![
        ("logs".into(), Link::Logs),
        ("details".into(), Link::Details),
        matching(
            "processes",
            TableId::ContainerProcesses,
            container.name.to_string(),
            &[("engine", &container.engine), ("container", &container.name)],
        ),
    ];
    if let Some(project) = &container.project {
        links
            .push((format!("project {project}"), Link::Row(TableId::Projects, Key::of(&[&container.engine, project]))));
    }
    links
}

fn of_project(store: &Store, key: &Key) -> Vec<(String, Link)> {
    let Some(project) = store.projects.get(key) else { return Vec::new() };
    vec![matching(
        "containers",
        TableId::Containers,
        format!("project {}", project.project),
        &[("engine", &project.engine), ("project", &project.project)],
    )]
}

fn of_container_process(store: &Store, key: &Key) -> Vec<(String, Link)> {
    let mut links = vec![("details".into(), Link::Details)];
    let process = store.container_processes.get(key);
    let container = process.and_then(|process| {
        store.containers.iter().find(|c| c.engine == process.node && Some(&c.name) == process.container.as_ref())
    });
    if let Some(container) = container {
        links.push((format!("container {}", container.name), Link::Row(TableId::Containers, container.key.clone())));
    }
    links
}
