//! Small files that name the machine or its age: `uptime`, `loadavg`, `osrelease`, `os-release`.

use std::sync::Arc;

use crate::model::text;

/// Seconds since boot, of `/proc/uptime`.
pub(super) fn uptime(text: &str) -> Option<f64> {
    text.split_ascii_whitespace().next()?.parse().ok().filter(|s| f64::is_finite(*s))
}

/// The three averages of `/proc/loadavg`.
pub(super) fn load(text: &str) -> Option<[f64; 3]> {
    let mut numbers = text.split_ascii_whitespace().map(|n| n.parse().ok().filter(|n| f64::is_finite(*n)));
    Some([numbers.next()??, numbers.next()??, numbers.next()??])
}

/// The one line of a file.
pub(super) fn line(text: &str) -> Option<Arc<str>> {
    let line = text.lines().next()?.trim();
    (!line.is_empty()).then(|| text::name(line).into())
}

/// `PRETTY_NAME` of `os-release` (os-release(5): shell assignments).
pub(super) fn pretty_name(text: &str) -> Option<Arc<str>> {
    let value = text.lines().find_map(|line| line.trim_start().strip_prefix("PRETTY_NAME="))?;
    let words = shell_words::split(value).ok()?;
    line(words.first()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_captured_files_are_read() {
        assert_eq!(uptime("478402.11 936100.52\n"), Some(478_402.11));
        assert_eq!(load("1.94 1.71 1.46 3/1201 23480\n"), Some([1.94, 1.71, 1.46]));
        assert_eq!(line("6.1.0-28-amd64\n").as_deref(), Some("6.1.0-28-amd64"));
        let os = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\n";
        assert_eq!(pretty_name(os).as_deref(), Some("Debian GNU/Linux 12 (bookworm)"));
        assert_eq!(pretty_name("NAME=Alpine\nPRETTY_NAME=Alpine\\ Linux\n").as_deref(), Some("Alpine Linux"));
        assert_eq!(pretty_name("NAME=x\n"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in any::<String>()) {
            uptime(&text);
            load(&text);
            pretty_name(&format!("PRETTY_NAME={text}"));
            prop_assert!(line(&text).is_none_or(|line| line.chars().all(text::is_shown)));
        }
    }
}
