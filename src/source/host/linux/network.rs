//! `/proc/net/dev`: bytes through network interfaces (`proc_net(5)`).

use std::sync::Arc;

use super::{super::facts::Flow, rate::rate};
use crate::model::text;

/// An interface with its counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    name: Arc<str>,
    received: u64,
    sent: u64,
}

/// Reads the file; the two lines of headings have no colon after a name of an interface and no numbers.
pub(super) fn parse(text: &str) -> Vec<Interface> {
    text.lines().filter_map(interface).collect()
}

fn interface(line: &str) -> Option<Interface> {
    // The name may hold colons itself (aliases); the numbers may touch the last one on old kernels.
    let (name, rest) = line.rsplit_once(':')?;
    let mut numbers = rest.split_ascii_whitespace().map(|n| n.parse::<u64>().ok());
    let received = numbers.next()??;
    let sent = numbers.nth(7)??;
    Some(Interface { name: text::name(name.trim()).into(), received, sent })
}

/// What went through each interface, but loopback, between two readings.
pub(super) fn flows(before: &[Interface], now: &[Interface], seconds: f64) -> Vec<Flow> {
    now.iter()
        .filter(|interface| &*interface.name != "lo")
        .map(|now| {
            let old = before.iter().find(|old| old.name == now.name);
            Flow {
                name: now.name.clone(),
                received: old.and_then(|old| rate(old.received, now.received, seconds)),
                sent: old.and_then(|old| rate(old.sent, now.sent, seconds)),
            }
        })
        .collect()
}

/// Received and sent, together. Where interfaces have a device behind them (`counted`) only those count: what a
/// bridge, tunnel, VLAN or container carries passes through them too. Inside a container none has one; then all count.
pub(super) fn sum(flows: &[Flow], counted: impl Fn(&str) -> bool) -> (Option<f64>, Option<f64>) {
    let mut chosen: Vec<&Flow> = flows.iter().filter(|flow| counted(&flow.name)).collect();
    if chosen.is_empty() {
        chosen = flows.iter().collect();
    }
    let total = |of: fn(&Flow) -> Option<f64>| {
        let known: Vec<f64> = chosen.iter().filter_map(|flow| of(flow)).collect();
        // An interface that was reset, or is new, makes the sum unknown once, rather than too small.
        (known.len() == chosen.len()).then(|| known.iter().sum())
    };
    (total(|flow| flow.received), total(|flow| flow.sent))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CAPTURED: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 12305888   35195    0    0    0     0          0         0 12305888   35195    0    0    0     0       0          0
  eth0: 377350445   18410    0    0    0     0          0         0  1391538   12953    0    0    0     0       0          0
veth6dc0456:       0       0    0    0    0     0          0         0     1156      14    0    0    0     0       0          0
";

    #[test]
    fn the_captured_file_is_read() {
        let interfaces = parse(CAPTURED);
        assert_eq!(interfaces.len(), 3);
        assert_eq!(interfaces[1], Interface { name: "eth0".into(), received: 377_350_445, sent: 1_391_538 });
    }

    fn named(name: &str, received: u64, sent: u64) -> Interface {
        Interface { name: name.into(), received, sent }
    }

    #[test]
    fn loopback_and_what_passes_twice_do_not_count() {
        let before = [named("lo", 0, 0), named("eth0", 0, 0), named("veth1", 0, 0)];
        let now = [named("lo", 900, 900), named("eth0", 200, 100), named("veth1", 200, 100)];
        let flows = flows(&before, &now, 2.0);
        assert_eq!(sum(&flows, |name| name == "eth0"), (Some(100.0), Some(50.0)));
        assert_eq!(sum(&flows, |_| false), (Some(200.0), Some(100.0)));
    }

    #[test]
    fn a_reset_interface_makes_the_sum_unknown_once() {
        let flows = flows(&[named("eth0", 500, 500)], &[named("eth0", 5, 600)], 1.0);
        assert_eq!(sum(&flows, |_| true), (None, Some(100.0)));
    }

    proptest! {
        #[test]
        fn any_text_is_survived_and_no_interface_is_lost(
            junk in "[^:]{0,60}",
            counters in proptest::collection::vec((any::<u64>(), any::<u64>()), 0..20),
        ) {
            let mut text = junk;
            for (n, (received, sent)) in counters.iter().enumerate() {
                text = format!("{text}\n eth{n}:{received} 1 2 3 4 5 6 7 {sent} 1 2 3 4 5 6 7");
            }
            let interfaces = parse(&text);
            prop_assert_eq!(interfaces.len(), counters.len());
            for (interface, (received, sent)) in interfaces.iter().zip(counters) {
                prop_assert_eq!((interface.received, interface.sent), (received, sent));
            }
        }
    }
}
