//! What a person wants done, before anybody has looked at what that takes.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::model::{key::Key, store::TableId};

/// The stable name of a command, `pod-delete`; the same for keys, palette, mouse and `ronde run`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct CommandId(Arc<str>);

impl CommandId {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for CommandId {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A row to act on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Target {
    /// In which table.
    pub table: TableId,
    /// Which row.
    pub key: Key,
    /// Its cluster, engine or machine.
    pub place: Arc<str>,
    /// Groups its place belongs to, as configured.
    pub groups: Vec<Arc<str>>,
    /// Whether place or group is marked as production.
    pub production: bool,
}

/// A command on some targets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Which command.
    pub command: CommandId,
    /// On what.
    pub targets: Vec<Target>,
    /// What was chosen beside the targets: a number of replicas, a grace period. Never a secret.
    pub arguments: BTreeMap<String, String>,
}
