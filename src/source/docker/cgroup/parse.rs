//! The text of cgroup and `/proc` files into numbers. What is not there or no number is none.

/// A file that is one number. `max` is none.
pub(super) fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The value of `name` in lines of `name value`.
fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).and_then(number)
}

/// `cpu.stat` of cgroup v2: processor time in nanoseconds (the file has microseconds).
pub(super) fn usage_usec(text: &str) -> Option<u64> {
    field(text, "usage_usec").map(|micros| micros.saturating_mul(1000))
}

/// `memory.stat` of cgroup v1: inactive file cache, with all below.
pub(super) fn total_inactive_file(text: &str) -> Option<u64> {
    field(text, "total_inactive_file")
}

/// `memory.stat` of cgroup v2: inactive file cache.
pub(super) fn inactive_file(text: &str) -> Option<u64> {
    field(text, "inactive_file")
}

/// `/proc/meminfo`: the machine's memory in bytes.
pub(super) fn memory_total(text: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    number(rest.trim().strip_suffix("kB")?).map(|kb| kb.saturating_mul(1024))
}

/// `io.stat` of cgroup v2, `8:0 rbytes=1 wbytes=2 …`: bytes read and written on all devices.
pub(super) fn io_stat(text: &str) -> (u64, u64) {
    let sum = |name: &str| {
        let values = text.split_ascii_whitespace().filter_map(|word| word.strip_prefix(name).and_then(number));
        values.fold(0, u64::saturating_add)
    };
    (sum("rbytes="), sum("wbytes="))
}

/// `blkio.throttle.io_service_bytes*` of cgroup v1, `8:0 Read 1`: bytes read and written on all devices.
pub(super) fn blkio(text: &str) -> (u64, u64) {
    let sum = |operation: &str| {
        let values = text.lines().filter_map(|line| {
            let mut words = line.split_ascii_whitespace().skip(1);
            (words.next() == Some(operation)).then(|| words.next().and_then(number)).flatten()
        });
        values.fold(0, u64::saturating_add)
    };
    (sum("Read"), sum("Write"))
}

/// `/proc/PID/net/dev`: bytes received and sent on all interfaces but loopback, as `docker stats` counts.
pub(super) fn net_dev(text: &str) -> (u64, u64) {
    let mut sums = (0u64, 0u64);
    for line in text.lines() {
        let Some((name, counters)) = line.split_once(':') else { continue };
        let mut counters = counters.split_ascii_whitespace().map(str::parse::<u64>);
        let (Some(Ok(received)), Some(Ok(sent))) = (counters.next(), counters.nth(7)) else { continue };
        if name.trim() != "lo" {
            sums = (sums.0.saturating_add(received), sums.1.saturating_add(sent));
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn limits_and_totals() {
        assert_eq!(
            (number("9223372036854771712\n"), number("max\n"), number("")),
            (Some(9_223_372_036_854_771_712), None, None)
        );
        assert_eq!(memory_total("MemTotal:       24684096 kB\nMemFree: 1 kB\n"), Some(25_276_514_304));
        assert_eq!(usage_usec("usage_usec 5250000\nuser_usec 1\n"), Some(5_250_000_000));
        assert_eq!(inactive_file("file 9\ninactive_file 7\n"), Some(7));
        assert_eq!(total_inactive_file("inactive_file 7\ntotal_inactive_file 8\n"), Some(8));
    }

    #[test]
    fn devices_and_interfaces_are_summed() {
        assert_eq!(blkio("8:0 Read 100\n8:0 Write 7\n8:0 Sync 107\n8:16 Read 1\nTotal 215\n"), (101, 7));
        assert_eq!(
            io_stat("8:0 rbytes=100 wbytes=7 rios=1 wios=1 dbytes=9\n8:16 rbytes=1 wbytes=0\n259:0 \n"),
            (101, 7)
        );
        let text = "Inter-|   Receive |  Transmit\n face |bytes packets|bytes\n    lo:  5 0 0 0 0 0 0 0 5 0 0 0 0 0 0 0\n\
                    eth0:     726       9    0    0    0     0          0         0       42       0    0    0    0     0       0          0\n\
                    eth1: 1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0\n";
        assert_eq!(net_dev(text), (727, 44));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in any::<String>()) {
            let _ = (number(&text), usage_usec(&text), total_inactive_file(&text), memory_total(&text));
            let _ = (io_stat(&text), blkio(&text), net_dev(&text));
        }

        #[test]
        fn every_device_and_interface_counts(devices in prop::collection::vec((any::<u32>(), any::<u32>()), 0..20)) {
            let sum = (
                devices.iter().map(|d| u64::from(d.0)).sum::<u64>(),
                devices.iter().map(|d| u64::from(d.1)).sum::<u64>(),
            );
            let all = |line: fn(usize, u32, u32) -> String| {
                devices.iter().enumerate().map(|(n, &(a, b))| line(n, a, b)).collect::<String>()
            };
            prop_assert_eq!(blkio(&all(|n, a, b| format!("8:{n} Read {a}\n8:{n} Write {b}\n"))), sum);
            prop_assert_eq!(io_stat(&all(|n, a, b| format!("8:{n} rbytes={a} wbytes={b} rios=1 wios=1\n"))), sum);
            prop_assert_eq!(net_dev(&all(|n, a, b| format!(" e{n}:{a} 0 0 0 0 0 0 0 {b} 0 0 0 0 0 0 0\n"))), sum);
        }
    }
}
