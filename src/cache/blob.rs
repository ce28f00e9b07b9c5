//! Rows and restart histories from the bytes that [`super::fold`] made of them.
//!
//! Postcard carries no names, so bytes of another layout would be read as nonsense. Each blob is therefore stored with
//! the [`layout`] of its rows: a hash of the source text of their type, which changes whenever the type does.

use std::io::Read;

use compact_str::CompactString;
use lz4_flex::frame::FrameDecoder;
use serde::de::DeserializeOwned;

use super::intern::{Intern, Known};
use crate::model::{
    restarts::{RestartHistory, RestartLog},
    rows::{ClusterNodeRow, ContainerRow, DiskRow, JobRow, NodeRow, PodRow, WorkloadRow},
    store::{RowSet, TableId},
};

/// Bytes a blob may unfold to.
const UNFOLDED: u64 = 256 << 20;

/// Bytes that are unfolded at once.
const WINDOW: u64 = 64 << 10;

/// The layout of the rows of a table, as a number that another layout does not share.
pub(super) const fn layout(table: TableId) -> i64 {
    const BOOT: i64 = hash(include_bytes!("../model/rows/boot.rs"));
    const SUPPORT: i64 = hash(include_bytes!("../model/rows/support.rs"));
    const NODES: i64 = hash(include_bytes!("../model/rows/node.rs")) ^ BOOT ^ SUPPORT;
    const DISKS: i64 = hash(include_bytes!("../model/rows/disk.rs"));
    const CONTAINERS: i64 = hash(include_bytes!("../model/rows/container.rs"));
    const PODS: i64 = hash(include_bytes!("../model/rows/pod.rs"));
    const CLUSTER_NODES: i64 = hash(include_bytes!("../model/rows/cluster_node.rs")) ^ BOOT;
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

/// The rows of such bytes; none when they are damaged.
pub(super) fn rows(table: TableId, bytes: &[u8], known: &mut Known) -> Option<RowSet> {
    Some(match table {
        TableId::Nodes => RowSet::Nodes(many::<NodeRow>(bytes, known)?),
        TableId::Disks => RowSet::Disks(many::<DiskRow>(bytes, known)?),
        TableId::Containers => RowSet::Containers(many::<ContainerRow>(bytes, known)?),
        TableId::Pods => RowSet::Pods(many::<PodRow>(bytes, known)?),
        TableId::ClusterNodes => RowSet::ClusterNodes(many::<ClusterNodeRow>(bytes, known)?),
        TableId::Jobs => RowSet::Jobs(many::<JobRow>(bytes, known)?),
        TableId::Workloads => RowSet::Workloads(many::<WorkloadRow>(bytes, known)?),
        _ => return None,
    })
}

/// The layout of restart histories.
pub(super) const RESTARTS: i64 = hash(include_bytes!("../model/restarts.rs"));

/// The restart histories of such bytes; none when they are damaged.
pub(super) fn restarts(bytes: &[u8]) -> Option<RestartLog> {
    let mut histories = Vec::new();
    unfold(bytes, |history: (CompactString, RestartHistory)| histories.push(history))?;
    Some(histories.into_iter().collect())
}

/// Rows of one type, equal strings shared.
fn many<R: DeserializeOwned + Intern>(bytes: &[u8], known: &mut Known) -> Option<Vec<R>> {
    let mut rows = Vec::new();
    unfold(bytes, |mut row: R| {
        row.intern(known);
        rows.push(row);
    })?;
    rows.shrink_to_fit();
    Some(rows)
}

/// Gives the rows of folded bytes one by one, so that only a window of what they unfold to is in memory. None when they
/// are damaged, which may be known only after the last row.
fn unfold<R: DeserializeOwned>(bytes: &[u8], mut take: impl FnMut(R)) -> Option<()> {
    let mut frame = FrameDecoder::new(bytes).take(UNFOLDED);
    let mut window = Vec::new();
    loop {
        let more = frame.by_ref().take(WINDOW).read_to_end(&mut window).ok()?;
        let mut rest = &window[..];
        while !rest.is_empty() {
            match postcard::take_from_bytes::<R>(rest) {
                Ok((row, after)) => {
                    take(row);
                    rest = after;
                }
                Err(postcard::Error::DeserializeUnexpectedEnd) if more > 0 => break,
                Err(_) => return None,
            }
        }
        let left = rest.len();
        window.drain(..window.len() - left);
        if more == 0 {
            return Some(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use lz4_flex::frame::FrameEncoder;
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
                    let _ = rows(table, &blob, &mut Known::default());
                }
                let _ = restarts(&blob);
            }
        }
    }
}
