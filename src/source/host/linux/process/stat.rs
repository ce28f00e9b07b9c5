//! `/proc/PID/stat` (`proc_pid_stat(5)`): read for every process at every scan, so only what is needed is parsed.

use std::sync::Arc;

use crate::model::text;

/// The needed fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::source::host) struct Stat {
    /// Command name, at most 15 bytes.
    pub(in crate::source::host) name: Arc<str>,
    /// `R`, `S`, `D`, `Z`, `T`, `I`.
    pub(in crate::source::host) state: char,
    /// Parent's PID; 0 of the first process.
    pub(in crate::source::host) parent: u32,
    /// Ticks in user and kernel mode, of all threads.
    pub(in crate::source::host) ticks: u64,
    /// Threads.
    pub(in crate::source::host) threads: u32,
    /// Ticks after boot at which it started.
    pub(in crate::source::host) start: u64,
    /// Resident pages.
    pub(in crate::source::host) pages: u64,
}

/// Reads the line. The name stands in parentheses and may hold any character, parentheses too.
pub(super) fn parse(text: &str) -> Option<Stat> {
    let (head, rest) = text.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    // The numbers of the fields are those of the manual page, which counts from 1; the state is number 3.
    let mut fields = rest.split_ascii_whitespace().enumerate().map(|(index, field)| (index + 3, field));
    let mut field = |number: usize| fields.find(|(at, _)| *at == number).map(|(_, field)| field);
    let state = field(3)?.chars().next()?;
    let parent = field(4)?.parse().ok()?;
    let user: u64 = field(14)?.parse().ok()?;
    let system: u64 = field(15)?.parse().ok()?;
    let threads = field(20)?.parse().ok()?;
    let start = field(22)?.parse().ok()?;
    let pages = field(24)?.parse().ok()?;
    let state = if state.is_ascii_alphabetic() { state } else { '?' };
    Some(Stat {
        name: text::name(name).into(),
        state,
        parent,
        ticks: user.saturating_add(system),
        threads,
        start,
        pages,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CAPTURED: &str = "3147 (tmux: server) S 1 3147 3147 0 -1 4194624 38117 2033 0 0 1527 1201 33 18 20 0 3 0 \
        478211 14819328 1540 18446744073709551615 94 95 96 0 0 0 0 528386 134433281 0 0 0 17 1 0 0 0 0 0 97 98 99 100 101 102 103 0\n";

    #[test]
    fn the_captured_line_is_read() {
        assert_eq!(
            parse(CAPTURED),
            Some(Stat {
                name: "tmux: server".into(),
                state: 'S',
                parent: 1,
                ticks: 2728,
                threads: 3,
                start: 478_211,
                pages: 1540
            })
        );
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in any::<String>()) {
            parse(&text);
        }

        #[test]
        fn a_name_cannot_shift_the_fields(name in any::<String>(), ticks in any::<u32>()) {
            let line = format!("1 ({name}) D 7 1 1 0 -1 0 0 0 0 0 {ticks} 5 0 0 20 0 2 0 99 1000 12 0 0");
            let stat = parse(&line).expect("well-formed");
            prop_assert_eq!((stat.state, stat.parent, stat.ticks), ('D', 7, u64::from(ticks) + 5));
            prop_assert_eq!((stat.threads, stat.start, stat.pages), (2, 99, 12));
        }
    }
}
