//! `/proc/diskstats`: bytes read from and written to block devices (kernel documentation, admin-guide/iostats).

use super::rate::rate;

/// Bytes of a sector in this file, whatever the device's own are.
const SECTOR: u64 = 512;

/// A block device with its counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Device {
    /// Its name.
    pub(super) name: String,
    /// Bytes read.
    read: u64,
    /// Bytes written.
    written: u64,
}

/// Reads the file: partitions and stacked devices too.
pub(super) fn parse(text: &str) -> Vec<Device> {
    text.lines().filter_map(device).collect()
}

fn device(line: &str) -> Option<Device> {
    let fields: Vec<&str> = line.split_ascii_whitespace().take(10).collect();
    let bytes = |index: usize| fields.get(index)?.parse::<u64>().ok()?.checked_mul(SECTOR);
    Some(Device { name: (*fields.get(2)?).to_owned(), read: bytes(5)?, written: bytes(9)? })
}

/// Bytes read and written a second by all of them; unknown without devices, and once after one was reset or came.
pub(super) fn rates(before: &[Device], now: &[Device], seconds: f64) -> (Option<f64>, Option<f64>) {
    let total = |of: fn(&Device) -> u64| {
        if now.is_empty() {
            return None;
        }
        now.iter()
            .map(|now| {
                let old = before.iter().find(|old| old.name == now.name)?;
                rate(of(old), of(now), seconds)
            })
            .sum()
    };
    (total(|device| device.read), total(|device| device.written))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CAPTURED: &str = "\
   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
 254       0 vda 217274 14885 13405234 463787 111986 205422 40882120 365540 0 46672 838641 26679 77 10887624 5513 14314 3800
   8       1 sda1 10 0 20 1 5 0 40 2 0 3 4
";

    #[test]
    fn sectors_are_of_512_bytes() {
        let devices = parse(CAPTURED);
        assert_eq!(devices.len(), 3);
        assert_eq!(devices[1], Device { name: "vda".into(), read: 13_405_234 * 512, written: 40_882_120 * 512 });
        // Kernels before 4.18 have fewer columns.
        assert_eq!(devices[2].written, 40 * 512);
    }

    #[test]
    fn rates_are_summed_and_unknown_after_a_reset() {
        let at = |read, written| vec![Device { name: "sda".into(), read, written }];
        assert_eq!(rates(&at(0, 0), &at(1024, 512), 2.0), (Some(512.0), Some(256.0)));
        assert_eq!(rates(&at(4096, 0), &at(1024, 512), 2.0), (None, Some(256.0)));
        assert_eq!(rates(&[], &at(1024, 512), 2.0), (None, None));
        assert_eq!(rates(&[], &[], 2.0), (None, None));
    }

    proptest! {
        #[test]
        fn any_text_is_survived_and_no_device_is_lost(
            junk in any::<String>(),
            counters in proptest::collection::vec((any::<u32>(), any::<u32>()), 0..20),
        ) {
            parse(&junk);
            let lines: Vec<String> = counters
                .iter()
                .enumerate()
                .map(|(n, (read, written))| format!("8 {n} sd{n} 1 2 {read} 4 5 6 {written} 8 9 10 11"))
                .collect();
            let devices = parse(&lines.join("\n"));
            prop_assert_eq!(devices.len(), counters.len());
            for (device, (read, written)) in devices.iter().zip(counters) {
                prop_assert_eq!((device.read, device.written), (u64::from(read) * 512, u64::from(written) * 512));
            }
        }
    }
}
