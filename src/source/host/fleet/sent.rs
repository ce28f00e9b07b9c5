//! The text of files as the probe sends it: `/path:line` for each line of a file, a bare path for one that is only there.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
};

use super::super::files::Files;
use crate::remote::Name;

/// The last text of each section.
#[derive(Default)]
pub(super) struct Sent {
    sections: HashMap<Name, Part>,
    processes: Option<u32>,
}

/// The files of one section.
#[derive(Default)]
struct Part {
    text: HashMap<String, String>,
    present: BTreeSet<String>,
    /// Lines of a word and what it says: `clock 1764140000`.
    said: HashMap<String, String>,
}

impl Part {
    fn parse(text: &str) -> Self {
        let mut part = Self::default();
        for line in text.lines() {
            let Some(path) = line.strip_prefix('/') else {
                if let Some((word, value)) = line.split_once(' ') {
                    part.said.insert(word.to_owned(), value.to_owned());
                }
                continue;
            };
            match path.split_once(':') {
                Some((name, content)) => match part.text.get_mut(name) {
                    Some(text) => {
                        text.push_str(content);
                        text.push('\n');
                    }
                    None => {
                        part.text.insert(name.to_owned(), format!("{content}\n"));
                    }
                },
                // A shell leaves a pattern that nothing matches as it is.
                None if path.contains('*') => {}
                None => {
                    part.present.insert(path.to_owned());
                }
            }
        }
        part
    }
}

impl Sent {
    /// Takes a section in place of the last of its name.
    pub(super) fn take(&mut self, name: Name, text: &str) {
        self.sections.insert(name, Part::parse(text));
    }

    /// So many processes there are.
    pub(super) fn count_processes(&mut self, count: Option<u32>) {
        self.processes = count.or(self.processes);
    }

    /// What was said under a word.
    pub(super) fn said(&self, word: &str) -> Option<&str> {
        self.sections.values().find_map(|part| part.said.get(word)).map(String::as_str)
    }
}

impl Files for Sent {
    fn read(&self, name: &str) -> Option<Cow<'_, str>> {
        self.sections.values().find_map(|part| part.text.get(name)).map(|text| Cow::Borrowed(text.as_str()))
    }

    fn exists(&self, name: &str) -> bool {
        self.sections.values().any(|part| part.present.contains(name) || part.text.contains_key(name))
    }

    fn list(&self, directory: &str) -> Vec<String> {
        let all = self.sections.values().flat_map(|part| part.present.iter().chain(part.text.keys()));
        let inside =
            |path: &String| path.strip_prefix(directory)?.strip_prefix('/')?.split('/').next().map(str::to_owned);
        all.filter_map(inside).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn processes(&self) -> Option<u32> {
        self.processes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn files_come_back_line_by_line_and_paths_without_text_are_there() {
        let mut sent = Sent::default();
        sent.take(Name::Fast, "/proc/uptime:12.5 3.0\n/proc/net/dev: face |bytes\n/proc/net/dev:  eth0: 1 2\n");
        sent.take(Name::State, "clock 1764140000\n/sys/block/sda/device\n/sys/block/md*/md/degraded\n");
        assert_eq!(sent.read("proc/uptime").as_deref(), Some("12.5 3.0\n"));
        assert_eq!(sent.read("proc/net/dev").as_deref(), Some(" face |bytes\n  eth0: 1 2\n"));
        assert_eq!(sent.read("proc/stat"), None);
        assert!(sent.exists("sys/block/sda/device") && sent.exists("proc/uptime"));
        assert!(!sent.exists("sys/block/md*/md/degraded"));
        assert_eq!((sent.list("sys/block"), sent.list("proc/net")), (vec!["sda".to_owned()], vec!["dev".to_owned()]));
        assert_eq!(sent.said("clock"), Some("1764140000"));
        sent.take(Name::Fast, "");
        assert_eq!(sent.read("proc/uptime"), None, "what is not sent any more is not known any more");
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in any::<String>()) {
            Sent::default().take(Name::Fast, &text);
        }

        #[test]
        fn no_line_is_lost(lines in proptest::collection::vec("[^\n\r]{0,20}", 1..20)) {
            let body = format!("/proc/x:{}\n", lines.join("\n/proc/x:"));
            let mut sent = Sent::default();
            sent.take(Name::Fast, &body);
            let text = lines.join("\n") + "\n";
            let read = sent.read("proc/x").unwrap_or_default().into_owned();
            prop_assert_eq!(read, text);
        }
    }
}
