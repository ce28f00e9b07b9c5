//! When the probe is asked for what. Pure: time is passed in.

use std::time::Duration;

use tokio::time::Instant;

use crate::remote::{Name, probe::Tier};

/// How often the quick facts are asked for while nobody looks at the host: a fault must still be seen within ten seconds.
const UNSEEN: Duration = Duration::from_secs(4);

/// How often the host's own file systems are measured again: one that fills up must be seen within ten seconds.
const FULL: Duration = Duration::from_secs(8);

/// How often processes are asked for while they are on screen.
const SHOWN: Duration = Duration::from_secs(4);

/// How often each is asked for, and how soon a second time after the first: rates need two looks.
const PACES: [(Tier, Duration, Duration); 7] = [
    (Tier::Fast, Duration::from_secs(2), Duration::from_millis(500)),
    (Tier::State, Duration::from_secs(30), Duration::from_secs(30)),
    (Tier::Disks, Duration::from_secs(30), Duration::from_secs(30)),
    (Tier::Sizes, FULL, FULL),
    (Tier::Units, Duration::from_secs(30), Duration::from_secs(30)),
    (Tier::Processes, Duration::from_secs(30), Duration::from_millis(2500)),
    (Tier::Inventory, Duration::from_mins(5), Duration::from_mins(5)),
];

/// An answer to the quick facts takes milliseconds; a host that takes so long is in trouble.
const SILENT: Duration = Duration::from_secs(5);

/// A tier that has not been answered.
struct Slot {
    tier: Tier,
    next: Instant,
    asked: Option<Instant>,
    rounds: u32,
}

/// What somebody looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The host.
    pub(super) host: bool,
    /// Its processes, now or lately.
    pub(super) processes: bool,
    /// Its processes, now.
    pub(super) processes_now: bool,
}

/// When what is due.
pub(super) struct Schedule {
    slots: Vec<Slot>,
    wanted: Wanted,
}

impl Schedule {
    /// Everything is due at once.
    pub(super) fn new(now: Instant, wanted: Wanted) -> Self {
        let slots = PACES.iter().map(|(tier, ..)| Slot { tier: *tier, next: now, asked: None, rounds: 0 }).collect();
        Self { slots, wanted }
    }

    /// Somebody looks at other things now; what is newly wanted is due at once.
    pub(super) fn want(&mut self, wanted: Wanted, now: Instant) {
        let before = std::mem::replace(&mut self.wanted, wanted);
        for slot in &mut self.slots {
            let is_new = match slot.tier {
                Tier::Fast => wanted.host && !before.host,
                Tier::Processes => {
                    (wanted.processes && !before.processes) || (wanted.processes_now && !before.processes_now)
                }
                _ => false,
            };
            if is_new {
                slot.next = slot.next.min(now);
            }
        }
    }

    fn every(&self, tier: Tier, usual: Duration) -> Duration {
        match tier {
            Tier::Fast if !self.wanted.host => UNSEEN,
            Tier::Processes if self.wanted.processes_now => SHOWN,
            _ => usual,
        }
    }

    /// When to look at the schedule again.
    pub(super) fn next(&self) -> Instant {
        // While the quick facts are waited for, it is the silence that matters.
        let fast = self.fast();
        fast.asked.map_or(fast.next, |asked| (asked + SILENT).max(fast.next))
    }

    /// What to ask for now. Nothing while the quick facts of the last request have not come: a host that is slow must not find
    /// a heap of requests when it wakes up.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Tier> {
        if self.fast().asked.is_some() {
            return Vec::new();
        }
        let paces = PACES.map(|(tier, usual, second)| (tier, self.every(tier, usual), second));
        let all_processes = self.wanted.processes;
        let due = self.slots.iter_mut().filter(|slot| slot.asked.is_none() && slot.next <= now);
        due.map(|slot| {
            let (_, every, second) = paces.iter().find(|(tier, ..)| *tier == slot.tier).copied().unwrap_or(paces[0]);
            slot.next = now + if slot.rounds == 0 { second } else { every };
            slot.rounds = slot.rounds.saturating_add(1);
            // These come in parts, of which some may never come: the probe itself does not measure twice what hangs.
            slot.asked = (!matches!(slot.tier, Tier::Disks | Tier::Sizes)).then_some(now);
            if slot.tier == Tier::Processes && all_processes { Tier::AllProcesses } else { slot.tier }
        })
        .collect()
    }

    /// A section came; gives how long it was waited for.
    pub(super) fn answered(&mut self, name: &Name, now: Instant) -> Duration {
        let tier = match name {
            Name::Fast => Tier::Fast,
            Name::State => Tier::State,
            Name::Units => Tier::Units,
            Name::Processes => Tier::Processes,
            Name::Inventory => Tier::Inventory,
            Name::Mounts | Name::Near | Name::Far(_) => return Duration::ZERO,
        };
        let asked = self.slots.iter_mut().find(|slot| slot.tier == tier).and_then(|slot| slot.asked.take());
        asked.map_or(Duration::ZERO, |asked| now.saturating_duration_since(asked))
    }

    /// How long the quick facts have been waited for, when that is too long.
    pub(super) fn silence(&self, now: Instant) -> Option<Duration> {
        let waited = now.saturating_duration_since(self.fast().asked?);
        (waited >= SILENT).then_some(waited)
    }

    fn fast(&self) -> &Slot {
        &self.slots[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [Name; 5] = [Name::Fast, Name::State, Name::Units, Name::Processes, Name::Inventory];

    fn answer_all(schedule: &mut Schedule) {
        for name in &NAMES {
            schedule.answered(name, Instant::now());
        }
    }

    #[test]
    fn everything_comes_first_and_then_each_at_its_pace() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, Wanted { host: true, ..Wanted::default() });
        assert_eq!(schedule.due(start).len(), PACES.len());
        answer_all(&mut schedule);
        let mut asked = std::collections::HashMap::<Tier, u32>::new();
        let mut now = start;
        while now < start + Duration::from_mins(10) {
            now = schedule.next();
            for tier in schedule.due(now) {
                *asked.entry(tier).or_default() += 1;
            }
            answer_all(&mut schedule);
        }
        let times = |tier: Tier| asked.get(&tier).copied().unwrap_or_default();
        assert!((295..=305).contains(&times(Tier::Fast)), "{asked:?}");
        assert!((70..=76).contains(&times(Tier::Sizes)), "{asked:?}");
        assert!((18..=20).contains(&times(Tier::Disks)) && (18..=21).contains(&times(Tier::Processes)), "{asked:?}");
        assert!((1..=2).contains(&times(Tier::Inventory)), "{asked:?}");
    }

    #[test]
    fn what_nobody_looks_at_is_asked_less_and_what_is_newly_wanted_at_once() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut schedule = Schedule::new(start, Wanted::default());
        schedule.due(start);
        answer_all(&mut schedule);
        schedule.due(at(3));
        answer_all(&mut schedule);
        assert!(schedule.due(at(6)).is_empty());
        assert!(UNSEEN + SILENT < Duration::from_secs(10), "a fault is seen within ten seconds");
        let all = Wanted { host: true, processes: true, processes_now: true };
        schedule.want(all, at(6));
        assert_eq!(schedule.next(), at(6));
        assert_eq!(schedule.due(at(6)), [Tier::Fast, Tier::AllProcesses]);
        answer_all(&mut schedule);
        assert_eq!(schedule.due(at(8)), [Tier::Fast, Tier::Sizes]);
        answer_all(&mut schedule);
        assert_eq!(schedule.due(at(10)), [Tier::Fast, Tier::AllProcesses]);
        answer_all(&mut schedule);
        schedule.want(Wanted { processes_now: false, ..all }, at(11));
        assert_eq!(schedule.due(at(14)), [Tier::Fast, Tier::AllProcesses], "as it was planned");
        answer_all(&mut schedule);
        assert_eq!(schedule.due(at(18)), [Tier::Fast, Tier::Sizes], "kept, but not kept new");
    }

    #[test]
    fn a_silent_host_is_not_asked_again_and_its_silence_is_told() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, Wanted { host: true, ..Wanted::default() });
        schedule.due(start);
        assert!(schedule.due(start + Duration::from_secs(4)).is_empty());
        assert_eq!(schedule.silence(start + Duration::from_secs(4)), None);
        assert_eq!(schedule.next(), start + SILENT);
        assert_eq!(schedule.silence(start + Duration::from_secs(7)), Some(Duration::from_secs(7)));
        let came = start + Duration::from_secs(7);
        assert_eq!(schedule.answered(&Name::Fast, came), Duration::from_secs(7));
        assert_eq!(schedule.due(start + Duration::from_secs(8)), [Tier::Fast, Tier::Sizes]);
    }
}
