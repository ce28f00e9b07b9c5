//! What the probe costs its host: processor time of its shell and of all that the shell ran, and bytes.

use super::{
    super::{files::Files, latest::Cost},
    sent::Sent,
};

/// Ticks a second, as programs see them.
const HERTZ: f64 = 100.0;

/// Seconds before a first figure means anything.
const SOON: f64 = 20.0;

/// Measures one probe.
pub(super) struct Meter {
    pid: u32,
    first: Option<Look>,
}

#[derive(Clone, Copy)]
struct Look {
    uptime: f64,
    ticks: u64,
    received: u64,
}

impl Meter {
    /// Of the probe with this PID on its host.
    pub(super) fn new(pid: u32) -> Self {
        Self { pid, first: None }
    }

    /// What it cost on average since it was started, less its start.
    pub(super) fn read(&mut self, sent: &Sent, received: u64) -> Option<Cost> {
        let uptime = sent.read("proc/uptime")?.split(' ').next()?.parse().ok()?;
        let ticks = ticks(&sent.read(&format!("proc/{}/stat", self.pid))?)?;
        let now = Look { uptime, ticks, received };
        let first = *self.first.get_or_insert(now);
        let seconds = now.uptime - first.uptime;
        (seconds >= SOON).then(|| Cost {
            cpu: now.ticks.saturating_sub(first.ticks) as f64 * 100.0 / HERTZ / seconds,
            bytes: now.received.saturating_sub(first.received) as f64 / seconds,
        })
    }
}

/// Ticks in user and kernel mode, its own and those of its children that ended: fields 14 to 17 of `proc_pid_stat(5)`.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<u64> =
        rest.split_ascii_whitespace().skip(11).take(4).map_while(|field| field.parse().ok()).collect();
    (fields.len() == 4).then(|| fields.iter().fold(0, |sum, ticks| u64::saturating_add(sum, *ticks)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::Name;

    fn sent(uptime: u32, ticks: u32) -> Sent {
        let mut sent = Sent::default();
        let stat = format!("7 (s h) S 1 7 7 0 -1 4194304 357 0 0 0 {ticks} 2 {ticks} 4 20 0 1 0 68840 4599808");
        sent.take(Name::Fast, &format!("/proc/uptime:{uptime}.00 1.0\n/proc/7/stat:{stat}\n"));
        sent
    }

    #[test]
    fn the_cost_is_that_of_the_shell_and_its_children_since_the_first_look() {
        let mut meter = Meter::new(7);
        assert_eq!(meter.read(&sent(100, 5), 1000), None, "nothing to compare with");
        assert_eq!(meter.read(&sent(110, 8), 2000), None, "too soon");
        assert_eq!(meter.read(&sent(200, 30), 101_000), Some(Cost { cpu: 0.5, bytes: 1000.0 }));
        assert_eq!(Meter::new(8).read(&sent(100, 5), 0), None, "another process");
    }
}
