//! How many connections are made at once: a bastion, a jump host or a firewall must not take us for an attack
//! (`MaxStartups` of sshd begins to refuse at ten).

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections that are being made at once.
const CONNECTS: usize = 16;

/// The longest a first connection waits, so that a hundred do not begin in the same moment.
const SPREAD: u64 = 400;

/// Shared by all hosts.
#[derive(Clone, Debug)]
pub struct Pace(Arc<Semaphore>);

impl Default for Pace {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(CONNECTS)))
    }
}

impl Pace {
    /// Waits for a turn; it ends when what is returned is dropped.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        self.0.clone().acquire_owned().await.ok()
    }

    /// What a host waits before its first connection, drawn from `seed`.
    pub fn jitter(seed: u64) -> Duration {
        Duration::from_millis((seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % SPREAD)
    }
}
