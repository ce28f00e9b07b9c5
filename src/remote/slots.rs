//! How many sessions run on one connection. The server grants so many (`MaxSessions`, 10 when nobody changed it) and does not
//! say how many: a refusal tells. Others may have sessions on the same connection, so what a refusal told is forgotten when none
//! of ours runs: one is always tried.

use std::sync::{Arc, Mutex, PoisonError};

/// Sessions besides the probe's that are tried when nothing is known.
const USUAL: u32 = 9;

/// The sessions of one connection. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Slots(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    limit: u32,
    taken: u32,
}

impl Default for State {
    fn default() -> Self {
        Self { limit: USUAL, taken: 0 }
    }
}

/// A session; it is free again when this is dropped.
#[derive(Debug)]
pub struct Slot(Slots);

/// All sessions are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("all {limit} sessions that its server grants besides the probe are taken; close one")]
pub struct Full {
    /// How many there are.
    pub limit: u32,
}

impl Slots {
    /// A session, if one is free.
    pub fn take(&self) -> Result<Slot, Full> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.taken >= state.limit {
            return Err(Full { limit: state.limit });
        }
        state.taken += 1;
        Ok(Slot(self.clone()))
    }
}

impl Slots {
    /// Whether these are the sessions of the same connection.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// How many sessions there are besides the probe's, as far as is known.
    pub fn limit(&self) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).limit
    }
}

impl Slot {
    /// The server refused this session: it grants no more than those that run now.
    pub fn refused(&self) {
        let mut state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.limit = state.limit.min(state.taken.saturating_sub(1)).max(1);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.taken = state.taken.saturating_sub(1);
        if state.taken == 0 {
            state.limit = USUAL;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_given_until_they_are_all_taken() {
        let slots = Slots::default();
        let mut taken: Vec<Slot> = (0..USUAL).map(|_| slots.take().expect("free")).collect();
        assert_eq!(slots.clone().take().err(), Some(Full { limit: USUAL }));
        taken.pop();
        assert!(slots.take().is_ok());
    }

    #[test]
    fn a_refusal_tells_how_many_there_are() {
        let slots = Slots::default();
        let first = slots.take().expect("free");
        let second = slots.take().expect("free");
        second.refused();
        drop(second);
        assert_eq!((slots.take().err(), slots.limit()), (Some(Full { limit: 1 }), 1));
        drop(first);
        assert!(slots.take().is_ok());
    }

    #[test]
    fn sessions_that_others_took_may_be_given_back() {
        let slots = Slots::default();
        for _ in 0..3 {
            let only = slots.take().expect("one is always tried");
            only.refused();
        }
        let both = [slots.take().expect("free"), slots.take().expect("free")];
        both[1].refused();
        both[0].refused();
        assert_eq!(slots.limit(), 1);
        drop(both);
        assert_eq!(slots.limit(), USUAL);
    }
}
