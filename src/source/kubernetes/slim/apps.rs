//! Deployments, stateful sets and daemon sets, as far as tables need them.

use serde::Deserialize;

use super::{Condition, Container, Meta, Text, nullable};

/// A deployment.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Deployment {
    pub(crate) metadata: Meta,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) spec: Spec,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) status: Status,
}

/// A stateful set.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct StatefulSet {
    pub(crate) metadata: Meta,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) spec: Spec,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) status: StatefulStatus,
}

/// A daemon set.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct DaemonSet {
    pub(crate) metadata: Meta,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) spec: Spec,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) status: DaemonStatus,
}

/// What it is to be.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Spec {
    pub(crate) replicas: Option<i64>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) template: Template,
}

/// The template of its pods.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Template {
    #[serde(deserialize_with = "nullable")]
    pub(crate) spec: TemplateSpec,
}

/// The specification in the template.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TemplateSpec {
    #[serde(deserialize_with = "nullable")]
    pub(crate) containers: Vec<Container>,
}

/// How a deployment stands.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Status {
    pub(crate) observed_generation: Option<i64>,
    pub(crate) replicas: i64,
    pub(crate) ready_replicas: i64,
    pub(crate) updated_replicas: i64,
    pub(crate) available_replicas: i64,
    #[serde(deserialize_with = "nullable")]
    pub(crate) conditions: Vec<Condition>,
}

/// How a stateful set stands.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct StatefulStatus {
    pub(crate) observed_generation: Option<i64>,
    pub(crate) ready_replicas: i64,
    pub(crate) updated_replicas: i64,
    pub(crate) available_replicas: i64,
    #[serde(deserialize_with = "nullable")]
    pub(crate) current_revision: Text,
    #[serde(deserialize_with = "nullable")]
    pub(crate) update_revision: Text,
}

/// How a daemon set stands.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DaemonStatus {
    pub(crate) observed_generation: Option<i64>,
    pub(crate) desired_number_scheduled: i64,
    pub(crate) number_ready: i64,
    pub(crate) updated_number_scheduled: i64,
    pub(crate) number_available: i64,
}
