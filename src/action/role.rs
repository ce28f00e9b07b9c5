//! Who may do how much: a ceiling, exceptions for single targets, and how far it is lowered now.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{impact::Impact, request::Target};

/// Another ceiling for some targets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Exception {
    /// The place or group it holds for.
    pub target: Arc<str>,
    /// How far one may go there. The lowest one counts where several hold and one of them is below the ceiling.
    pub up_to: Impact,
}

impl Exception {
    fn holds_for(&self, target: &Target) -> bool {
        target.place == self.target || target.groups.contains(&self.target)
    }
}

/// A role, as it is held by the person in front of the screen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Role {
    name: Arc<str>,
    ceiling: Impact,
    exceptions: Vec<Exception>,
    /// Lowered to this for now.
    lowered: Option<Impact>,
}

impl Role {
    /// A role that policy grants.
    pub fn new(name: &str, ceiling: Impact, exceptions: Vec<Exception>) -> Self {
        Self { name: name.into(), ceiling, exceptions, lowered: None }
    }

    /// Sees everything, disturbs nothing.
    pub fn read_only() -> Self {
        Self::new("read-only", Impact::Observe, Vec::new())
    }

    /// Up to destroy; a shell only where an exception allows it.
    pub fn operator() -> Self {
        Self::new("operator", Impact::Destroy, Vec::new())
    }

    /// Everything.
    pub fn admin() -> Self {
        Self::new("admin", Impact::Shell, Vec::new())
    }

    /// Its name in the policy.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How far policy lets it go where no exception holds.
    pub fn ceiling(&self) -> Impact {
        self.ceiling
    }

    /// How far it goes now where no exception holds.
    pub fn level(&self) -> Impact {
        self.lowered.map_or(self.ceiling, |lowered| lowered.min(self.ceiling))
    }

    /// Only observes until [`Self::unlock`].
    pub fn lock(&mut self) {
        self.lowered = Some(Impact::Observe);
    }

    /// Back to the ceiling, never above.
    pub fn unlock(&mut self) {
        self.lowered = None;
    }

    /// Goes no further than `level`; what is lower already stays so.
    pub fn lower(&mut self, level: Impact) {
        self.lowered = Some(self.lowered.map_or(level, |lowered| lowered.min(level)));
    }

    /// Whether it goes less far now than policy lets it.
    pub fn is_lowered(&self) -> bool {
        self.lowered.is_some_and(|lowered| lowered < self.highest())
    }

    /// Whether it only observes, wherever.
    pub fn is_read_only(&self) -> bool {
        self.highest().min(self.lowered.unwrap_or(Impact::Shell)) == Impact::Observe
    }

    /// How far policy lets it go at most, on whatever target.
    fn highest(&self) -> Impact {
        self.exceptions.iter().map(|exception| exception.up_to).fold(self.ceiling, Impact::max)
    }

    /// How far it goes on this target now.
    pub fn limit(&self, target: &Target) -> Impact {
        let granted = self.granted(target);
        self.lowered.map_or(granted, |lowered| lowered.min(granted))
    }

    /// How far policy lets it go on this target. An exception that takes away beats one that gives.
    pub fn granted(&self, target: &Target) -> Impact {
        let holding = || self.exceptions.iter().filter(|e| e.holds_for(target)).map(|e| e.up_to);
        match holding().min() {
            Some(least) if least < self.ceiling => least,
            _ => holding().max().map_or(self.ceiling, |most| most.max(self.ceiling)),
        }
    }
}
