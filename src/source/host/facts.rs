//! What one look at a machine gives, whichever operating system it runs. Plain data; knows no file and no library.

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;

use crate::model::rows::{Busy, Pressure, ProcessRow};

/// The quick facts: what changes every two seconds, and what names the machine.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Facts {
    /// Pretty name of the operating system.
    pub(super) os: Option<Arc<str>>,
    /// Running kernel release.
    pub(super) kernel: Option<Arc<str>>,
    /// When it booted.
    pub(super) booted: Option<Timestamp>,
    /// Logical processors.
    pub(super) cores: Option<u32>,
    /// Busy percent of all processors together since the last look.
    pub(super) busy: Option<f64>,
    /// How they spent that time; not every system says.
    pub(super) cpu: Option<Shares>,
    /// Busy percent of each processor.
    pub(super) per_core: Vec<Option<f64>>,
    /// Load averages over 1, 5 and 15 minutes.
    pub(super) load: Option<[f64; 3]>,
    /// Pressure stall information.
    pub(super) pressure: Pressure,
    /// Memory and swap.
    pub(super) memory: Memory,
    /// Network interfaces.
    pub(super) interfaces: Vec<Flow>,
    /// Bytes received a second.
    pub(super) received: Option<f64>,
    /// Bytes sent a second.
    pub(super) sent: Option<f64>,
    /// Bytes read from block devices a second.
    pub(super) read: Option<f64>,
    /// Bytes written to block devices a second.
    pub(super) written: Option<f64>,
    /// Processes.
    pub(super) processes: Option<u32>,
}

/// Percent of processor time by use. They sum to less than 100; the rest was idle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Shares {
    /// User mode, with nice; guest time is in it already.
    pub(super) user: f64,
    /// Kernel, with interrupts.
    pub(super) system: f64,
    /// Idle while I/O was pending.
    pub(super) iowait: f64,
    /// Taken by the hypervisor.
    pub(super) steal: f64,
}

impl Shares {
    /// Busy with work of this machine.
    pub(super) fn busy(self) -> f64 {
        self.user + self.system
    }
}

/// Bytes of memory, by use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    /// All there is.
    pub(super) total: Option<u64>,
    /// What a new process could get without swapping.
    pub(super) available: Option<u64>,
    /// Used for nothing.
    pub(super) free: Option<u64>,
    /// Block device cache.
    pub(super) buffers: Option<u64>,
    /// File cache.
    pub(super) cached: Option<u64>,
    /// Kernel objects.
    pub(super) slab: Option<u64>,
    /// Shared memory and tmpfs.
    pub(super) shared: Option<u64>,
    /// Waiting to be written.
    pub(super) dirty: Option<u64>,
    /// All swap.
    pub(super) swap_total: Option<u64>,
    /// Swap used for nothing.
    pub(super) swap_free: Option<u64>,
}

impl Memory {
    /// Total less available; unknown where the kernel does not say what is available.
    pub(super) fn used(&self) -> Option<u64> {
        Some(self.total?.saturating_sub(self.available?))
    }

    /// Swap in use.
    pub(super) fn swap_used(&self) -> Option<u64> {
        Some(self.swap_total?.saturating_sub(self.swap_free?))
    }
}

/// Bytes a second through an interface.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Flow {
    /// The interface.
    pub(super) name: Arc<str>,
    /// Received.
    pub(super) received: Option<f64>,
    /// Sent.
    pub(super) sent: Option<f64>,
}

/// What one scan of the processes gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Processes {
    /// The busiest: at most ten by a light scan, at most 500 by a full one.
    pub(super) rows: Vec<ProcessRow>,
    /// Whether the scan was a full one.
    pub(super) full: bool,
    /// Those that wait for a device and cannot be ended meanwhile (state D).
    pub(super) waiting: Option<u32>,
    /// Of those above 90 % of a core, the one that has been so for longest.
    pub(super) busy: Option<Busy>,
}

/// A mounted file system that may be measured.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Mount {
    /// Where.
    pub(super) point: PathBuf,
    /// What is mounted.
    pub(super) device: String,
    /// Its type.
    pub(super) kind: String,
    /// Mounted read-only.
    pub(super) read_only: bool,
}
