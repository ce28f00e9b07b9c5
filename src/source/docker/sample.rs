//! One measurement of a container's counters, and what two of them say: percent and rates.

use std::{sync::Arc, time::Instant};

use super::api::Stats;
use crate::model::rows::{ContainerRow, StatsVia};

/// Samples that a history keeps: two minutes of one in two seconds.
pub(super) const HISTORY: usize = 60;

/// Counters of a container at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    /// When they were read.
    pub at: Instant,
    /// Processor time.
    pub cpu: Option<Processor>,
    /// Bytes used, without inactive file cache.
    pub memory: Option<u64>,
    /// Bytes it may use.
    pub memory_limit: Option<u64>,
    /// Processes and threads.
    pub pids: Option<u64>,
    /// Bytes received, sent, read, written since the start.
    pub totals: [Option<u64>; 4],
}

/// Processor time used, and the time in which it was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Processor {
    /// Used, nanoseconds.
    pub used: u64,
    /// Passed, nanoseconds: of the clock, or of all processors together.
    pub passed: u64,
    /// Percent that `used` equal to `passed` means: 100, or 100 for each processor.
    pub scale: f64,
}

impl Processor {
    /// Percent of one core between `before` and now. A counter that did not grow is 0, as `docker stats` has it
    /// (`calculateCPUPercentUnix`); no time passed is unknown.
    fn percent(self, before: Self) -> Option<f64> {
        let passed = self.passed.checked_sub(before.passed).filter(|&passed| passed > 0)?;
        Some(self.used.saturating_sub(before.used) as f64 / passed as f64 * self.scale)
    }
}

impl Sample {
    /// What the engine's API says, by the formulae of the docker command (`cli/command/container/stats_helpers.go`).
    pub(super) fn of_api(stats: &Stats, at: Instant) -> Self {
        let cpu = &stats.cpu;
        let cores = cpu.online_cpus.filter(|&n| n > 0).map(f64::from);
        let cores = cores.or_else(|| cpu.cpu_usage.percpu_usage.as_ref().map(|each| each.len() as f64));
        let memory = &stats.memory;
        let sum = |of: fn(&super::api::NetworkStats) -> u64| {
            stats.networks.as_ref().map(|all| all.values().map(of).fold(0, u64::saturating_add))
        };
        let block = |op: &str| {
            let entries = stats.blocks.io_service_bytes_recursive.as_ref()?;
            let matching = entries.iter().filter(|entry| entry.op.eq_ignore_ascii_case(op));
            Some(matching.map(|entry| entry.value).fold(0, u64::saturating_add))
        };
        Self {
            at,
            cpu: cpu
                .system_cpu_usage
                .filter(|_| cpu.cpu_usage.total_usage > 0)
                .zip(cores)
                .map(|(passed, cores)| Processor { used: cpu.cpu_usage.total_usage, passed, scale: cores * 100.0 }),
            memory: memory
                .usage
                .map(|usage| without_cache(usage, memory.stats.total_inactive_file.or(memory.stats.inactive_file))),
            memory_limit: memory.limit.filter(|&limit| limit > 0),
            pids: stats.pids.current,
            totals: [sum(|n| n.rx_bytes), sum(|n| n.tx_bytes), block("read"), block("write")],
        }
    }

    /// Writes the numbers into the row: those of this moment as they are, those over time against `before`.
    pub(super) fn write(&self, before: Option<&Self>, via: StatsVia, row: &mut ContainerRow) {
        row.via = Some(via);
        row.cpu = self.cpu.zip(before.and_then(|before| before.cpu)).and_then(|(now, before)| now.percent(before));
        row.memory = self.memory;
        row.memory_limit = self.memory_limit;
        row.pids = self.pids;
        row.totals = self.totals;
        let rate = |which: usize| {
            let before = before?;
            let seconds = self.at.saturating_duration_since(before.at).as_secs_f64();
            // A counter that shrank began anew: how much was lost is not known.
            let bytes = self.totals[which]?.checked_sub(before.totals[which]?)?;
            (seconds > 0.0).then(|| bytes as f64 / seconds)
        };
        [row.received, row.sent, row.read, row.written] = std::array::from_fn(rate);
        if let Some(cpu) = row.cpu {
            remember(&mut row.cpu_history, cpu);
        }
        if let Some(memory) = row.memory {
            remember(&mut row.memory_history, memory as f64);
        }
    }
}

/// Memory as `docker stats` counts it: without inactive file cache, unless that makes no sense.
pub(super) fn without_cache(usage: u64, inactive_file: Option<u64>) -> u64 {
    inactive_file.filter(|&cache| cache < usage).map_or(usage, |cache| usage - cache)
}

/// Takes the numbers of a container that no longer runs out of its row; the histories stay.
pub(super) fn clear(row: &mut ContainerRow) {
    row.via = None;
    (row.cpu, row.memory, row.memory_limit, row.pids) = (None, None, None, None);
    (row.received, row.sent, row.read, row.written) = (None, None, None, None);
    row.totals = [None; 4];
}

#[expect(clippy::cast_possible_truncation, reason = "a history is drawn a few cells high")]
fn remember(history: &mut Arc<[f32]>, value: f64) {
    let skip = (history.len() + 1).saturating_sub(HISTORY);
    *history = history.iter().copied().skip(skip).chain([value as f32]).collect();
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    /// Of a container on cgroup v1, engine 20.10; shortened.
    const V1: &str = r#"{"read":"2026-11-25T22:51:21.4Z","pids_stats":{"current":2},
        "blkio_stats":{"io_service_bytes_recursive":[{"major":8,"minor":0,"op":"Read","value":100},
            {"major":8,"minor":0,"op":"Write","value":7},{"major":8,"minor":0,"op":"Sync","value":107},
            {"major":8,"minor":16,"op":"read","value":11}]},
        "cpu_stats":{"cpu_usage":{"total_usage":137631693,"percpu_usage":[87778350,49853343]},
            "system_cpu_usage":2735630000000,"online_cpus":2},
        "memory_stats":{"usage":602112,"stats":{"total_inactive_file":2112,"inactive_file":1},"limit":25276514304},
        "networks":{"eth0":{"rx_bytes":726,"tx_bytes":5},"eth1":{"rx_bytes":4,"tx_bytes":5}}}"#;
    /// Of a stopped container; shortened.
    const STOPPED: &str = r#"{"read":"0001-01-01T00:00:00Z","pids_stats":{},"blkio_stats":{"io_service_bytes_recursive":null},
        "cpu_stats":{"cpu_usage":{"total_usage":0},"throttling_data":{}},"memory_stats":{}}"#;

    fn sample(json: &str, at: Instant) -> Sample {
        Sample::of_api(&serde_json::from_str(json).expect("stats"), at)
    }

    fn row() -> ContainerRow {
        ContainerRow::unknown(&"e".into(), "id", "name")
    }

    #[test]
    fn the_api_is_counted_as_docker_stats_does() {
        let sample = sample(V1, Instant::now());
        assert_eq!(sample.memory, Some(600_000));
        assert_eq!(sample.memory_limit, Some(25_276_514_304));
        assert_eq!(sample.pids, Some(2));
        assert_eq!(sample.totals, [Some(730), Some(10), Some(111), Some(7)]);
        assert_eq!(sample.cpu, Some(Processor { used: 137_631_693, passed: 2_735_630_000_000, scale: 200.0 }));
    }

    #[test]
    fn an_engine_that_does_not_count_processors_lists_them() {
        let sample = sample(&V1.replace(r#","online_cpus":2"#, ""), Instant::now());
        assert_eq!(sample.cpu.map(|cpu| cpu.scale), Some(200.0));
        let neither = V1.replace(r#","online_cpus":2"#, "").replace(r#","percpu_usage":[87778350,49853343]"#, "");
        assert_eq!(super::tests::sample(&neither, Instant::now()).cpu, None);
    }

    #[test]
    fn a_stopped_container_has_no_numbers() {
        let sample = sample(STOPPED, Instant::now());
        assert_eq!((sample.cpu, sample.memory, sample.memory_limit, sample.pids), (None, None, None, None));
        assert_eq!(sample.totals, [None; 4]);
    }

    #[test]
    fn two_samples_make_percent_and_rates_and_the_first_makes_none() {
        let start = Instant::now();
        let before = sample(V1, start);
        let mut now = before;
        now.at = start + Duration::from_secs(2);
        now.cpu = Some(Processor {
            used: 137_631_693 + 500_000_000,
            passed: 2_735_630_000_000 + 4_000_000_000,
            scale: 200.0,
        });
        now.totals = [Some(2730), Some(0), Some(111), None];
        let mut row = row();
        before.write(None, StatsVia::Api, &mut row);
        assert_eq!((row.cpu, row.received, row.memory), (None, None, Some(600_000)));
        now.write(Some(&before), StatsVia::Api, &mut row);
        assert_eq!(row.cpu, Some(25.0));
        assert_eq!([row.received, row.sent, row.read, row.written], [Some(1000.0), None, Some(0.0), None]);
        assert_eq!(&*row.cpu_history, [25.0]);
        assert_eq!(row.memory_history.len(), 2);
    }

    #[test]
    fn a_processor_counter_that_shrank_is_nothing_used() {
        let before = Processor { used: 500, passed: 1000, scale: 100.0 };
        assert_eq!(Processor { used: 400, passed: 2000, scale: 100.0 }.percent(before), Some(0.0));
        assert_eq!(Processor { used: 600, passed: 1000, scale: 100.0 }.percent(before), None);
        assert_eq!(Processor { used: 600, passed: 900, scale: 100.0 }.percent(before), None);
    }

    #[test]
    fn cache_is_taken_off_only_where_it_is_less() {
        assert_eq!(without_cache(100, Some(40)), 60);
        assert_eq!(without_cache(100, Some(100)), 100);
        assert_eq!(without_cache(100, None), 100);
    }

    #[test]
    fn histories_are_bounded_and_drop_the_oldest() {
        let mut history: Arc<[f32]> = Arc::from([]);
        for n in 0..100u8 {
            remember(&mut history, f64::from(n));
        }
        assert_eq!((history.len(), history[0], history[HISTORY - 1]), (HISTORY, 40.0, 99.0));
    }

    proptest! {
        #[test]
        fn whatever_an_engine_counts_becomes_a_number_or_nothing(numbers in prop::array::uniform16(any::<u64>())) {
            let start = Instant::now();
            let json = |n: &[u64]| {
                serde_json::json!({
                    "pids_stats": {"current": n[0]},
                    "cpu_stats": {"cpu_usage": {"total_usage": n[1]}, "system_cpu_usage": n[2], "online_cpus": n[3] % 1000},
                    "memory_stats": {"usage": n[4], "stats": {"inactive_file": n[5]}, "limit": n[6]},
                    "networks": {"eth0": {"rx_bytes": n[7], "tx_bytes": n[0]}, "eth1": {"rx_bytes": n[1], "tx_bytes": n[2]}},
                })
                .to_string()
            };
            let before = sample(&json(&numbers[..8]), start);
            let now = sample(&json(&numbers[8..]), start + Duration::from_secs(2));
            let mut row = row();
            before.write(None, StatsVia::Api, &mut row);
            now.write(Some(&before), StatsVia::Api, &mut row);
            for number in [row.cpu, row.received, row.sent, row.read, row.written].into_iter().flatten() {
                prop_assert!(number.is_finite() && number >= 0.0, "{}", number);
            }
        }

        #[test]
        fn no_text_makes_decoding_panic(text in any::<String>()) {
            let _ = serde_json::from_str::<Stats>(&text);
        }
    }
}
