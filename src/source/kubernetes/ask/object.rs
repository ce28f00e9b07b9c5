//! From a row's key back to the object it stands for.

use crate::{
    model::{key::Key, store::TableId},
    source::kubernetes::{rights::is_name, trouble::Trouble},
};

/// An object of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// `Pod`, `CronJob`.
    pub(super) kind: &'static str,
    /// Empty for what lives in none.
    pub(super) namespace: String,
    /// Its name.
    pub(super) name: String,
    /// The container, when the row is one.
    pub(super) container: Option<String>,
}

impl Reference {
    /// What the row of this key stands for.
    pub(super) fn of(cluster: &str, table: TableId, key: &Key) -> Result<Self, Trouble> {
        let unknown = || Trouble::Configuration(format!("{key} is no object of {cluster}"));
        // A cluster's name may hold slashes; what follows it may not.
        let rest = key.strip_prefix(cluster).and_then(|rest| rest.strip_prefix('/')).ok_or_else(unknown)?;
        let parts: Vec<&str> = rest.split('/').collect();
        if !parts.iter().all(|part| is_name(part)) {
            return Err(unknown());
        }
        let (kind, namespace, name, container) = match (table, parts.as_slice()) {
            (TableId::Pods, [namespace, name]) => ("Pod", *namespace, *name, None),
            (TableId::PodContainers, [namespace, name, container]) => {
                ("Pod", *namespace, *name, Some((*container).to_owned()))
            }
            (TableId::ClusterNodes, [name]) => ("Node", "", *name, None),
            (TableId::Events, [namespace, name]) => ("Event", *namespace, *name, None),
            (TableId::Jobs, [namespace, kind @ ("Job" | "CronJob"), name]) => {
                (if *kind == "Job" { "Job" } else { "CronJob" }, *namespace, *name, None)
            }
            (TableId::Workloads, [namespace, kind, name]) => {
                let kinds = ["Deployment", "StatefulSet", "DaemonSet"];
                let kind = kinds.into_iter().find(|known| known == kind).ok_or_else(unknown)?;
                (kind, *namespace, *name, None)
            }
            _ => return Err(unknown()),
        };
        Ok(Self { kind, namespace: namespace.to_owned(), name: name.to_owned(), container })
    }

    /// Where the API has it.
    pub(super) fn path(&self) -> String {
        let (root, plural) = match self.kind {
            "Pod" => ("/api/v1", "pods"),
            "Node" => return format!("/api/v1/nodes/{}", self.name),
            "Event" => ("/api/v1", "events"),
            "Job" => ("/apis/batch/v1", "jobs"),
            "CronJob" => ("/apis/batch/v1", "cronjobs"),
            "Deployment" => ("/apis/apps/v1", "deployments"),
            "StatefulSet" => ("/apis/apps/v1", "statefulsets"),
            _ => ("/apis/apps/v1", "daemonsets"),
        };
        format!("{root}/namespaces/{}/{plural}/{}", self.namespace, self.name)
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;
    use crate::source::kubernetes::allow;

    #[test]
    fn keys_lead_back_to_objects() {
        for (table, key, path) in [
            (TableId::Pods, "eqiad/mw/web-1", "/api/v1/namespaces/mw/pods/web-1"),
            (TableId::PodContainers, "eqiad/mw/web-1/php", "/api/v1/namespaces/mw/pods/web-1"),
            (TableId::ClusterNodes, "eqiad/node1", "/api/v1/nodes/node1"),
            (TableId::Events, "eqiad/mw/web-1.17", "/api/v1/namespaces/mw/events/web-1.17"),
            (TableId::Jobs, "eqiad/mw/CronJob/backup", "/apis/batch/v1/namespaces/mw/cronjobs/backup"),
            (TableId::Workloads, "eqiad/mw/StatefulSet/db", "/apis/apps/v1/namespaces/mw/statefulsets/db"),
        ] {
            let reference = Reference::of("eqiad", table, &Key::from(key)).unwrap();
            assert_eq!(reference.path(), path);
            assert!(allow::check(&Method::GET, path, &HeaderMap::new()).is_ok(), "{path}");
        }
        let arn = Reference::of(
            "arn:aws:eks:eu:1:cluster/prod",
            TableId::Pods,
            &Key::from("arn:aws:eks:eu:1:cluster/prod/mw/web-1"),
        );
        assert_eq!(arn.unwrap().name, "web-1");
    }

    #[test]
    fn other_keys_lead_nowhere() {
        for (table, key) in [
            (TableId::Pods, "codfw/mw/web-1"),
            (TableId::Pods, "eqiad/mw/web-1/php"),
            (TableId::Pods, "eqiad/../secrets"),
            (TableId::Jobs, "eqiad/mw/Secret/db"),
            (TableId::Workloads, "eqiad/mw/ReplicaSet/db"),
            (TableId::Containers, "eqiad/mw/web-1"),
        ] {
            assert!(Reference::of("eqiad", table, &Key::from(key)).is_err(), "{key}");
        }
    }
}
