//! Rows and restart histories as bytes: postcard, compressed with LZ4, with a checksum.
//!
//! Postcard carries no names, so bytes of another layout would be read as nonsense. Each blob is therefore stored with
//! the [`layout`] of its rows: a hash of the source text of their type, which changes whenever the type does.

use std::io::{self, Read, Write};

use lz4_flex::frame::{FrameDecoder, FrameEncoder, FrameInfo};
use serde::{Serialize, de::DeserializeOwned};

use super::intern::Intern;
use crate::model::{
    key::Interner,
    restarts::RestartLog,
    rows::{ClusterNodeRow, ContainerRow, DiskRow, JobRow, NodeRow, PodRow, WorkloadRow},
    store::{RowSet, TableId},
};

/// Bytes a blob may unfold to.
const UNFOLDED: u64 = 256 << 20;

/// The layout of the rows of a table, as a number that another layout does not share.
pub(super) const fn layout(table: TableId) -> i64 {
    const NODES: i64 = hash(include_bytes!("../model/rows/node.rs"));
    const DISKS: i64 = hash(include_bytes!("../model/rows/disk.rs"));
    const CONTAINERS: i64 = hash(include_bytes!("../model/rows/container.rs"));
    const PODS: i64 = hash(include_bytes!("../model/rows/pod.rs"));
    const CLUSTER_NODES: i64 = hash(include_bytes!("../model/rows/cluster_node.rs"));
    const JOBS: i64 = hash(include_bytes!("../model/rows/job.rs"));
    const WORKLOADS: i64 = hash(include_bytes!("../model/rows/workload.rs"));
    match table {
        TableId::Nodes => NODES,
        TableId::Disks => DISKS,
        TableId::Containers => CONTAINERS,
        TableId::Pods => PODS,
        TableId::ClusterNodes => CLUSTER_NODES,
        TableId::Jobs => JOBS,
        TableId::Workloads => WORKLOADS,
        _ => 0,
    }
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv).
const fn hash(bytes: &[u8]) -> i64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash.cast_signed()
}

/// The rows as bytes; nothing for tables that are not kept.
pub(super) fn of_rows(rows: &RowSet) -> io::Result<Vec<u8>> {
    match rows {
        RowSet::Nodes(rows) => fold(rows),
        RowSet::Disks(rows) => fold(rows),
        RowSet::Containers(rows) => fold(rows),
        RowSet::Pods(rows) => fold(rows),
        RowSet::ClusterNodes(rows) => fold(rows),
        RowSet::Jobs(rows) => fold(rows),
        RowSet::Workloads(rows) => fold(rows),
        _ => Ok(Vec::new()),
    }
}

/// The rows of such bytes; none when they are damaged.
pub(super) fn rows(table: TableId, bytes: &[u8], names: &mut Interner) -> Option<RowSet> {
    let bytes = unfold(bytes)?;
    Some(match table {
        TableId::Nodes => RowSet::Nodes(many::<NodeRow>(&bytes, names)?),
        TableId::Disks => RowSet::Disks(many::<DiskRow>(&bytes, names)?),
        TableId::Containers => RowSet::Containers(many::<ContainerRow>(&bytes, names)?),
        TableId::Pods => RowSet::Pods(many::<PodRow>(&bytes, names)?),
        TableId::ClusterNodes => RowSet::ClusterNodes(many::<ClusterNodeRow>(&bytes, names)?),
        TableId::Jobs => RowSet::Jobs(many::<JobRow>(&bytes, names)?),
        TableId::Workloads => RowSet::Workloads(many::<WorkloadRow>(&bytes, names)?),
        _ => return None,
    })
}

/// The layout of restart histories.
pub(super) const RESTARTS: i64 = hash(include_bytes!("../model/restarts.rs"));

/// Restart histories as bytes.
pub(super) fn of_restarts(restarts: &RestartLog) -> io::Result<Vec<u8>> {
    fold(std::slice::from_ref(restarts))
}

/// The restart histories of such bytes; none when they are damaged.
pub(super) fn restarts(bytes: &[u8]) -> Option<RestartLog> {
    postcard::from_bytes(&unfold(bytes)?).ok()
}

fn fold<R: Serialize>(rows: &[R]) -> io::Result<Vec<u8>> {
    let mut frame = FrameEncoder::with_frame_info(FrameInfo::new().content_checksum(true), Vec::new());
    for row in rows {
        frame.write_all(&postcard::to_stdvec(row).map_err(io::Error::other)?)?;
    }
    frame.finish().map_err(io::Error::other)
}

fn unfold(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut unfolded = Vec::new();
    FrameDecoder::new(bytes).take(UNFOLDED).read_to_end(&mut unfolded).ok()?;
    Some(unfolded)
}

/// Row by row, so that only one is in memory with strings of its own.
fn many<R: DeserializeOwned + Intern>(mut bytes: &[u8], names: &mut Interner) -> Option<Vec<R>> {
    let mut rows = Vec::new();
    while !bytes.is_empty() {
        let (mut row, rest) = postcard::take_from_bytes::<R>(bytes).ok()?;
        row.intern(names);
        rows.push(row);
        bytes = rest;
    }
    rows.shrink_to_fit();
    Some(rows)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn damaged_bytes_are_nothing(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            // Bytes that are no frame, and a sound frame around rows that are none.
            let mut frame = FrameEncoder::new(Vec::new());
            frame.write_all(&bytes).expect("in memory");
            for blob in [bytes.clone(), frame.finish().expect("in memory")] {
                for &table in TableId::ALL {
                    let _ = rows(table, &blob, &mut Interner::default());
                }
                let _ = restarts(&blob);
            }
        }
    }
}
