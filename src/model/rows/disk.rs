//! A file system of a machine.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{share, threshold};
use crate::model::{
    field::{Field, Tone},
    key::Key,
    severity::Severity,
    table::Row,
    value::{Kind, Value},
};

/// A mounted file system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiskRow {
    /// `node/mount point`.
    pub key: Key,
    /// The machine.
    pub node: Arc<str>,
    /// Where it is mounted.
    pub mount: Arc<str>,
    /// The device or remote it comes from.
    pub device: Arc<str>,
    /// Its type, `ext4`.
    pub kind: Arc<str>,
    /// Bytes of it.
    pub size: u64,
    /// Bytes used.
    pub used: u64,
    /// Bytes an ordinary user can still write.
    pub available: u64,
    /// Inodes of it; 0 where the type has none.
    pub inodes: u64,
    /// Inodes used.
    pub inodes_used: u64,
    /// Mounted read-only.
    pub read_only: bool,
}

impl DiskRow {
    /// Use in percent as `df` counts it: used of used and available, so that reserved blocks count as used.
    pub fn percent(&self) -> Option<f64> {
        share(Some(self.used), Some(self.used + self.available))
    }

    /// Inodes used in percent.
    pub fn inode_percent(&self) -> Option<f64> {
        share(Some(self.inodes_used), Some(self.inodes))
    }
}

impl Row for DiskRow {
    const FIELDS: &'static [Field<Self>] = &[
        Field::<Self>::new("node", "NODE", Kind::Text, "The machine.", |r| Value::text(&r.node))
            .alias(&["host"])
            .column(1, 6, 24),
        Field::<Self>::new("mount", "MOUNT", Kind::Text, "Where it is mounted.", |r| Value::text(&r.mount))
            .column(0, 8, 40)
            .tone(|_, _| Tone::Accent),
        Field::<Self>::new("use", "USE", Kind::Percent, "Used of used and available, as df counts.", |r| {
            Value::known(r.percent(), Value::Percent)
        })
        .column(0, 5, 6)
        .tone(|r, _| threshold(r.percent(), 85.0, 95.0)),
        Field::<Self>::new("size", "SIZE", Kind::Bytes, "Bytes of the file system.", |r| Value::Bytes(r.size))
            .column(2, 5, 6),
        Field::<Self>::new("used", "USED", Kind::Bytes, "Bytes used.", |r| Value::Bytes(r.used)).column(2, 5, 6),
        Field::<Self>::new("available", "AVAIL", Kind::Bytes, "Bytes an ordinary user can still write.", |r| {
            Value::Bytes(r.available)
        })
        .alias(&["avail"])
        .column(0, 5, 6),
        Field::<Self>::new("inodes", "IUSE", Kind::Percent, "Share of inodes used.", |r| {
            Value::known(r.inode_percent(), Value::Percent)
        })
        .alias(&["iuse"])
        .column(3, 5, 6)
        .tone(|r, _| threshold(r.inode_percent(), 85.0, 95.0)),
        Field::<Self>::new("type", "TYPE", Kind::Text, "File system type.", |r| Value::text(&r.kind)).column(4, 5, 10),
        Field::<Self>::new("read-only", "RO", Kind::Bool, "Mounted read-only.", |r| Value::Bool(r.read_only))
            .column(6, 3, 3),
        Field::<Self>::new("device", "DEVICE", Kind::Text, "What is mounted.", |r| Value::text(&r.device))
            .column(5, 8, 40),
    ];

    fn key(&self) -> &Key {
        &self.key
    }

    fn severity(&self, _: Timestamp) -> Severity {
        let worst = self.percent().unwrap_or(0.0).max(self.inode_percent().unwrap_or(0.0));
        // A full read-only image (squashfs, iso) is full by nature.
        if self.read_only {
            Severity::Ok
        } else if worst >= 95.0 {
            Severity::Critical
        } else if worst >= 85.0 {
            Severity::Warning
        } else {
            Severity::Ok
        }
    }
}
