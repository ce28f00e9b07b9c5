//! A pod, as far as tables need it.

use jiff::Timestamp;
use serde::{Deserialize, de::IgnoredAny};

use super::{Condition, Meta, Quantities, Text, nullable, quantities, time};

/// A pod.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Pod {
    pub(crate) metadata: Meta,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) spec: PodSpec,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) status: PodStatus,
}

/// What it is to be.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PodSpec {
    #[serde(deserialize_with = "nullable")]
    pub(crate) node_name: Text,
    #[serde(deserialize_with = "nullable")]
    pub(crate) containers: Vec<Container>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) init_containers: Vec<Container>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) ephemeral_containers: Vec<Container>,
}

/// A container of the specification.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Container {
    pub(crate) name: Text,
    #[serde(deserialize_with = "nullable")]
    pub(crate) image: Text,
    #[serde(deserialize_with = "nullable")]
    pub(crate) restart_policy: Text,
    #[serde(deserialize_with = "nullable")]
    pub(crate) resources: Resources,
}

impl Container {
    /// An init container that goes on running beside the others.
    pub(crate) fn is_sidecar(&self) -> bool {
        self.restart_policy == "Always"
    }
}

/// Requests and limits.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Resources {
    #[serde(deserialize_with = "quantities")]
    pub(crate) requests: Quantities,
    #[serde(deserialize_with = "quantities")]
    pub(crate) limits: Quantities,
}

/// What it is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PodStatus {
    #[serde(deserialize_with = "nullable")]
    pub(crate) phase: Text,
    #[serde(deserialize_with = "nullable")]
    pub(crate) reason: Text,
    #[serde(rename = "podIP", deserialize_with = "nullable")]
    pub(crate) pod_ip: Text,
    #[serde(deserialize_with = "nullable")]
    pub(crate) conditions: Vec<Condition>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) container_statuses: Vec<ContainerStatus>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) init_container_statuses: Vec<ContainerStatus>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) ephemeral_container_statuses: Vec<ContainerStatus>,
}

/// What a container is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ContainerStatus {
    pub(crate) name: Text,
    pub(crate) ready: bool,
    #[serde(deserialize_with = "nullable")]
    pub(crate) started: bool,
    pub(crate) restart_count: i32,
    #[serde(deserialize_with = "nullable")]
    pub(crate) state: State,
    #[serde(deserialize_with = "nullable")]
    pub(crate) last_state: State,
}

/// A container's state: at most one of the three.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) waiting: Option<WaitingState>,
    pub(crate) running: Option<IgnoredAny>,
    pub(crate) terminated: Option<EndedState>,
}

/// Why it waits.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WaitingState {
    #[serde(deserialize_with = "nullable")]
    pub(crate) reason: Text,
}

/// How it ended.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EndedState {
    #[serde(deserialize_with = "nullable")]
    pub(crate) reason: Text,
    pub(crate) exit_code: i32,
    #[serde(deserialize_with = "nullable")]
    pub(crate) signal: i32,
    #[serde(deserialize_with = "time")]
    pub(crate) finished_at: Option<Timestamp>,
}
