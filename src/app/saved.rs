//! Views a person saved with `ctrl-s`: filter and sort of each table, as names, so that they outlive versions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::store::TableId;

/// Saved views, by the table's name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SavedViews {
    /// The views.
    pub views: BTreeMap<TableId, SavedView>,
}

/// One table's saved view.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct SavedView {
    /// The filter as typed.
    pub filter: String,
    /// The field sorted by; empty for the table's own order.
    pub sort: String,
    /// The other way round.
    pub descending: bool,
    /// Only what is degraded or broken.
    pub only_wrong: bool,
}
