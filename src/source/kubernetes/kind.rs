//! The kinds of objects that are watched, and where the API has them.

use crate::model::{delta::Scope, key::SourceId, store::TableId};

/// A kind that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Pods,
    Nodes,
    Jobs,
    CronJobs,
    Deployments,
    StatefulSets,
    DaemonSets,
    Events,
}

impl Kind {
    /// Those that are watched whatever is on screen.
    pub(crate) const ALWAYS: [Self; 4] = [Self::Pods, Self::Nodes, Self::Jobs, Self::CronJobs];
    /// Those that are watched while their table is wanted.
    pub(crate) const ON_DEMAND: [Self; 4] = [Self::Deployments, Self::StatefulSets, Self::DaemonSets, Self::Events];

    /// The plural name in paths and messages.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Pods => "pods",
            Self::Nodes => "nodes",
            Self::Jobs => "jobs",
            Self::CronJobs => "cronjobs",
            Self::Deployments => "deployments",
            Self::StatefulSets => "statefulsets",
            Self::DaemonSets => "daemonsets",
            Self::Events => "events",
        }
    }

    /// Where its rows are shown.
    pub(crate) fn table(self) -> TableId {
        match self {
            Self::Pods => TableId::Pods,
            Self::Nodes => TableId::ClusterNodes,
            Self::Jobs | Self::CronJobs => TableId::Jobs,
            Self::Deployments | Self::StatefulSets | Self::DaemonSets => TableId::Workloads,
            Self::Events => TableId::Events,
        }
    }

    /// Whether it lives in namespaces.
    pub(crate) fn is_namespaced(self) -> bool {
        self != Self::Nodes
    }

    fn root(self) -> &'static str {
        match self {
            Self::Pods | Self::Nodes | Self::Events => "/api/v1",
            Self::Jobs | Self::CronJobs => "/apis/batch/v1",
            Self::Deployments | Self::StatefulSets | Self::DaemonSets => "/apis/apps/v1",
        }
    }

    /// The path of its list, in a namespace or everywhere.
    pub(crate) fn path(self, namespace: Option<&str>) -> String {
        match namespace {
            Some(namespace) if self.is_namespaced() => {
                format!("{}/namespaces/{namespace}/{}", self.root(), self.plural())
            }
            _ => format!("{}/{}", self.root(), self.plural()),
        }
    }

    /// What one of its lists covers. Kinds that share a table sweep only their own rows.
    pub(crate) fn scope(self, source: &SourceId, namespace: Option<&str>) -> Scope {
        let shares = !matches!(self, Self::Pods | Self::Nodes | Self::Events);
        match (shares, namespace) {
            (false, None) => Scope::all(source, self.table()),
            (false, Some(namespace)) => Scope::part(source, self.table(), namespace),
            (true, None) => Scope::part(source, self.table(), self.plural()),
            (true, Some(namespace)) => Scope::part(source, self.table(), &format!("{}/{namespace}", self.plural())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use http::{HeaderMap, Method};

    use super::*;
    use crate::source::kubernetes::allow;

    #[test]
    fn every_path_may_be_read_and_every_scope_is_its_own() {
        let source = SourceId::new("kubernetes", "eqiad");
        let mut scopes = HashSet::new();
        for kind in Kind::ALWAYS.into_iter().chain(Kind::ON_DEMAND) {
            for namespace in [None, Some("mw-web")] {
                assert!(allow::check(&Method::GET, &kind.path(namespace), &HeaderMap::new()).is_ok());
                assert!(scopes.insert(kind.scope(&source, namespace)), "{kind:?}");
            }
        }
        assert_eq!(Kind::Jobs.path(Some("a")), "/apis/batch/v1/namespaces/a/jobs");
    }
}
