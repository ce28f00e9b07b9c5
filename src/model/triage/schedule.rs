//! The longest time between two runs of a cron schedule, rounded up: enough to tell late from not due.

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Seconds; none for what is no schedule.
pub(super) fn longest_gap(schedule: &str) -> Option<i64> {
    let mut fields: Vec<&str> = schedule.split_whitespace().collect();
    if fields.first().is_some_and(|first| first.starts_with("TZ=") || first.starts_with("CRON_TZ=")) {
        fields.remove(0);
    }
    Some(match fields[..] {
        ["@yearly" | "@annually"] => 366 * DAY,
        ["@monthly"] => 31 * DAY,
        ["@weekly"] => 7 * DAY,
        ["@daily" | "@midnight"] => DAY,
        ["@hourly"] => HOUR,
        [_, _, _, month, _] if !is_any(month) => 366 * DAY,
        [_, _, day, _, weekday] if !is_any(day) && is_any(weekday) => 31 * DAY,
        [_, _, _, _, weekday] if !is_any(weekday) => 7 * DAY,
        [_, hour, _, _, _] if !is_any(hour) => step(hour).map_or(DAY, |n| (n * HOUR).min(DAY)),
        [minute, _, _, _, _] if !is_any(minute) => step(minute).map_or(HOUR, |n| (n * MINUTE).min(HOUR)),
        [_, _, _, _, _] => MINUTE,
        _ => return None,
    })
}

fn is_any(field: &str) -> bool {
    matches!(field, "*" | "?" | "*/1")
}

/// The `n` of `*/n`.
fn step(field: &str) -> Option<i64> {
    field.strip_prefix("*/")?.parse().ok().filter(|n| (1..=DAY).contains(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_never_too_short() {
        for (schedule, gap) in [
            ("*/5 * * * *", Some(5 * MINUTE)),
            ("* * * * *", Some(MINUTE)),
            ("17 * * * *", Some(HOUR)),
            ("0 */6 * * *", Some(6 * HOUR)),
            ("0 3 * * *", Some(DAY)),
            ("0 8-18 * * *", Some(DAY)),
            ("0 3 * * 1-5", Some(7 * DAY)),
            ("0 3 1 * *", Some(31 * DAY)),
            ("0 0 1 1 *", Some(366 * DAY)),
            ("CRON_TZ=Europe/Paris 0 3 * * *", Some(DAY)),
            ("@daily", Some(DAY)),
            ("*/99999999999999999999 * * * *", Some(HOUR)),
            ("often", None),
            ("", None),
        ] {
            assert_eq!(longest_gap(schedule), gap, "{schedule}");
        }
    }
}
