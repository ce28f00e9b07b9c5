//! What the probe prints, as sections. Everything in it is hostile: bounded in number, length and size, and put together
//! only from lines that carry their section's name, between marks that only this connection knows.

use std::collections::HashMap;

/// Bytes of one line that are read.
pub const LINE: usize = 4096;

/// Bytes of one section that are kept; a host with ten thousand units prints about 2 MB.
const SECTION: usize = 4 << 20;

/// Sections that may be open at once.
const OPEN: usize = 128;

/// Which section.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// Files of `/proc` that change all the time.
    Fast,
    /// The clock, devices, software RAID.
    State,
    /// Lines of `/proc/self/mountinfo`.
    Mounts,
    /// What `df` says of the local file systems.
    Near,
    /// What `df` says of the file system with this device number, which may hang.
    Far(String),
    /// systemd's units.
    Units,
    /// Processes.
    Processes,
    /// What the host is.
    Inventory,
}

impl Name {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "fast" => Self::Fast,
            "state" => Self::State,
            "mounts" => Self::Mounts,
            "near" => Self::Near,
            "units" => Self::Units,
            "processes" => Self::Processes,
            "inventory" => Self::Inventory,
            other => {
                let number = other.strip_prefix("far-")?;
                let is_number = number.len() <= 24 && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
                is_number.then(|| Self::Far(number.to_owned()))?
            }
        })
    }
}

/// A whole section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Which.
    pub name: Name,
    /// Its lines, without the name before each.
    pub text: String,
    /// How it went: the exit code of what printed it, or `none` where that is not there.
    pub outcome: String,
    /// Some of it is missing: it was too large.
    pub is_cut: bool,
}

#[derive(Default)]
struct Open {
    text: String,
    is_cut: bool,
}

/// Puts sections together.
pub struct Parser {
    mark: String,
    open: HashMap<Name, Open>,
}

impl Parser {
    /// A parser of what follows after the probe was given `mark`.
    pub fn new(mark: &str) -> Self {
        Self { mark: mark.to_owned(), open: HashMap::new() }
    }

    /// Takes a line; gives the section that it ends. Lines that belong to none are passed over.
    pub fn line(&mut self, line: &str) -> Option<Section> {
        let (first, rest) = line.split_once(' ')?;
        if first == self.mark {
            let mut words = rest.split(' ');
            let (verb, name) = (words.next()?, Name::parse(words.next()?)?);
            match verb {
                "begin" if self.open.len() < OPEN || self.open.contains_key(&name) => {
                    self.open.insert(name, Open::default());
                }
                "end" => {
                    let Open { text, is_cut } = self.open.remove(&name)?;
                    let outcome = words.next().unwrap_or_default().to_owned();
                    return Some(Section { name, text, outcome, is_cut });
                }
                _ => {}
            }
            return None;
        }
        let open = self.open.get_mut(&Name::parse(first)?)?;
        if open.text.len() + rest.len() < SECTION {
            open.text.push_str(rest);
            open.text.push('\n');
        } else {
            open.is_cut = true;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sections(text: &str) -> Vec<Section> {
        let mut parser = Parser::new("a1b2");
        text.lines().filter_map(|line| parser.line(line)).collect()
    }

    #[test]
    fn sections_that_are_printed_together_come_apart() {
        let text = "motd\na1b2 begin fast\na1b2 begin far-0:41\nfast /proc/uptime:1 2\nfar-0:41 x\nunits not begun\n\
                    fast  two\na1b2 end far-0:41 1\na1b2 end fast 0\na1b2 end fast 0\n";
        let section = |name, text: &str, outcome: &str| Section {
            name,
            text: text.into(),
            outcome: outcome.into(),
            is_cut: false,
        };
        let expected =
            [section(Name::Far("0:41".into()), "x\n", "1"), section(Name::Fast, "/proc/uptime:1 2\n two\n", "0")];
        assert_eq!(sections(text), expected);
    }

    #[test]
    fn what_a_host_prints_cannot_end_a_section_or_begin_one_without_end() {
        let forged = "a1b2 begin units\nunits a1b2 end units 0\nunits b\na1b2 end far-../x 0\na1b2 end units 0\n";
        let found = sections(forged);
        assert_eq!((found.len(), found[0].text.as_str()), (1, "a1b2 end units 0\nb\n"));
        let mut parser = Parser::new("a1b2");
        for n in 0..1000 {
            assert_eq!(parser.line(&format!("a1b2 begin far-0:{n}")), None);
        }
        assert_eq!(parser.open.len(), OPEN);
        assert_eq!(parser.line("a1b2 begin fast"), None);
    }

    #[test]
    fn a_section_that_begins_again_has_lost_its_first_half() {
        let found = sections("a1b2 begin near\nnear one\na1b2 begin near\nnear two\na1b2 end near 0\n");
        assert_eq!(found[0].text, "two\n");
    }

    #[test]
    fn a_section_without_end_stays_small_and_says_that_it_is_cut() {
        let mut parser = Parser::new("a1b2");
        let line = format!("units {}", "x".repeat(LINE));
        parser.line("a1b2 begin units");
        for _ in 0..=SECTION / LINE {
            assert_eq!(parser.line(&line), None);
        }
        let section = parser.line("a1b2 end units 0").expect("it ended");
        assert!(section.is_cut && section.text.len() <= SECTION);
    }

    proptest! {
        #[test]
        fn any_line_is_survived(lines in proptest::collection::vec(any::<String>(), 0..40)) {
            let mut parser = Parser::new("a1b2");
            parser.line("a1b2 begin fast");
            for line in lines {
                parser.line(&line);
                parser.line(&format!("a1b2 {line}"));
                parser.line(&format!("fast {line}"));
            }
        }

        #[test]
        fn no_line_is_lost(lines in proptest::collection::vec("[^\n\r]{0,60}", 0..40)) {
            let body: Vec<String> = lines.iter().map(|line| format!("fast {line}")).collect();
            let found = sections(&format!("a1b2 begin fast\n{}\na1b2 end fast 0\n", body.join("\n")));
            let kept: Vec<&str> = found[0].text.split_terminator('\n').collect();
            prop_assert_eq!(kept, lines.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}
