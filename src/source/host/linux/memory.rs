//! `/proc/meminfo` (`proc_meminfo(5)`). Its `kB` are units of 1024 bytes.

use super::super::facts::Memory;

/// Reads the file. What is missing is unknown.
pub(super) fn parse(text: &str) -> Memory {
    let mut memory = Memory::default();
    for line in text.lines() {
        let Some((name, rest)) = line.split_once(':') else { continue };
        let field = match name {
            "MemTotal" => &mut memory.total,
            "MemAvailable" => &mut memory.available,
            "MemFree" => &mut memory.free,
            "Buffers" => &mut memory.buffers,
            "Cached" => &mut memory.cached,
            "Slab" => &mut memory.slab,
            "Shmem" => &mut memory.shared,
            "Dirty" => &mut memory.dirty,
            "SwapTotal" => &mut memory.swap_total,
            "SwapFree" => &mut memory.swap_free,
            _ => continue,
        };
        let number = rest.split_ascii_whitespace().next().and_then(|n| n.parse::<u64>().ok());
        *field = number.and_then(|kib| kib.checked_mul(1024));
    }
    memory
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CAPTURED: &str = "\
MemTotal:       24684096 kB
MemFree:        12490760 kB
MemAvailable:   23352560 kB
Buffers:           71268 kB
Cached:         10594704 kB
SwapCached:            0 kB
Dirty:              1520 kB
Shmem:              8788 kB
Slab:             633580 kB
SwapTotal:             0 kB
SwapFree:              0 kB
HugePages_Total:       0
";

    #[test]
    fn used_is_what_is_not_available() {
        let memory = parse(CAPTURED);
        assert_eq!(memory.total, Some(24_684_096 * 1024));
        assert_eq!(memory.used(), Some((24_684_096 - 23_352_560) * 1024));
        assert_eq!(memory.swap_used(), Some(0));
        assert_eq!(memory.cached, Some(10_594_704 * 1024));
    }

    #[test]
    fn without_mem_available_used_is_unknown() {
        // Kernels before 3.14.
        assert_eq!(parse("MemTotal: 100 kB\nMemFree: 50 kB\n").used(), None);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in any::<String>(), total in any::<u32>()) {
            let memory = parse(&format!("{text}\nMemTotal: {total} kB"));
            prop_assert_eq!(memory.total, Some(u64::from(total) * 1024));
        }
    }
}
