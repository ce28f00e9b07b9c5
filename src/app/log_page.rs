//! A page of log lines: of one or many containers, merged by time, bounded, searchable.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use crate::model::{
    key::Key,
    query::{AskId, LogLine, LogQuery},
    store::TableId,
    text::inert,
};

/// Lines kept; older ones go, and the page says so.
pub const LINE_LIMIT: usize = 50_000;
/// Bytes of text kept.
pub const BYTE_LIMIT: usize = 32 << 20;

/// How a line is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineStyle {
    /// With the time it was written.
    pub times: bool,
    /// JSON taken apart.
    pub json: bool,
    /// Wrapped.
    pub wrap: bool,
}

/// A page of log lines.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, with its own key")]
pub struct LogPage {
    /// Its title.
    pub title: String,
    /// Whose lines.
    pub table: TableId,
    /// Of which rows.
    pub keys: Vec<Key>,
    /// Only this container.
    pub container: Option<Arc<str>>,
    /// Of the previous run.
    pub previous: bool,
    /// Not older than this.
    pub since: Option<SignedDuration>,
    /// Open questions.
    pub asks: BTreeSet<AskId>,
    /// The lines, oldest first.
    pub lines: VecDeque<LogLine>,
    bytes: usize,
    merged: bool,
    /// Lines that went because of the limits.
    pub forgotten: u64,
    /// Lines that never came because they were too fast.
    pub dropped: u64,
    /// Why some containers have no lines.
    pub failed: Vec<String>,
    /// Stays at the newest line.
    pub follow: bool,
    /// First line on screen (of the shown ones) when not following.
    pub top: usize,
    /// What is searched for.
    pub search: String,
    /// Shows only lines with it.
    pub only_found: bool,
    /// How lines are shown.
    pub style: LineStyle,
}

impl LogPage {
    /// An empty page.
    pub fn new(title: impl Into<String>, table: TableId, keys: Vec<Key>) -> Self {
        Self {
            title: title.into(),
            table,
            keys,
            container: None,
            previous: false,
            since: None,
            asks: BTreeSet::new(),
            lines: VecDeque::new(),
            bytes: 0,
            merged: false,
            forgotten: 0,
            dropped: 0,
            failed: Vec::new(),
            follow: true,
            top: 0,
            search: String::new(),
            only_found: false,
            style: LineStyle { times: false, json: true, wrap: false },
        }
    }

    /// The question for some of its rows.
    pub fn query(&self, keys: Vec<Key>) -> LogQuery {
        LogQuery {
            table: self.table,
            keys,
            container: self.container.clone(),
            previous: self.previous,
            since: self.since,
            tail: if self.since.is_some() { 10_000 } else { 500 },
            follow: !self.previous,
        }
    }

    /// Forgets everything, to ask anew.
    pub fn reset(&mut self) {
        self.lines.clear();
        self.bytes = 0;
        self.merged = false;
        self.forgotten = 0;
        self.dropped = 0;
        self.failed.clear();
        self.follow = true;
        self.top = 0;
    }

    /// Adds lines, each at its place in time.
    pub fn add(&mut self, lines: Vec<LogLine>) {
        for line in lines {
            self.bytes += line.text.len();
            self.merged |= self.lines.back().is_some_and(|last| last.origin != line.origin);
            let after = |earlier: &LogLine| earlier.at <= line.at || line.at.is_none();
            if self.lines.back().is_none_or(after) {
                self.lines.push_back(line);
            } else {
                let at = self.lines.partition_point(|earlier| earlier.at <= line.at);
                self.lines.insert(at, line);
            }
        }
        while self.lines.len() > LINE_LIMIT || self.bytes > BYTE_LIMIT {
            let Some(line) = self.lines.pop_front() else { break };
            self.bytes -= line.text.len();
            self.forgotten += 1;
            self.top = self.top.saturating_sub(1);
        }
    }

    /// Whether lines of more than one container came.
    pub fn is_merged(&self) -> bool {
        self.merged
    }

    /// Whether the line holds what is searched for; all do when nothing is.
    pub fn is_found(&self, line: &LogLine) -> bool {
        self.search.is_empty() || contains_ignoring_case(&line.text, &self.search)
    }

    /// Lines shown, as indices.
    pub fn shown(&self) -> Shown {
        if self.only_found && !self.search.is_empty() {
            Shown::Some((0..self.lines.len()).filter(|&at| self.is_found(&self.lines[at])).collect())
        } else {
            Shown::All(self.lines.len())
        }
    }

    /// The first line on a screen of `height` lines, among the shown ones.
    pub fn first(&self, shown: &Shown, height: usize) -> usize {
        let last = shown.len().saturating_sub(height);
        if self.follow { last } else { self.top.min(last) }
    }

    /// Scrolls by lines; upwards stops following.
    pub fn scroll(&mut self, lines: isize, height: usize) {
        let shown = self.shown();
        let last = shown.len().saturating_sub(height);
        self.top = self.first(&shown, height);
        self.top = self.top.saturating_add_signed(lines).min(last);
        self.follow = lines > 0 && self.top == last && !self.previous;
    }

    /// Holds still where it is, or follows new lines again.
    pub fn follow_or_hold(&mut self, height: usize) {
        let follow = !self.follow;
        self.scroll(0, height);
        self.follow = follow;
    }

    /// Goes to the next or previous line found, around the ends.
    pub fn find(&mut self, forward: bool, height: usize) -> bool {
        let shown = self.shown();
        let count = shown.len();
        let from = if self.follow { count.saturating_sub(1) } else { self.top.min(count.saturating_sub(1)) };
        let steps = 1..=count;
        let found = steps
            .map(|step| if forward { (from + step) % count } else { (from + count - step) % count })
            .find(|&at| self.is_found(&self.lines[shown.at(at)]));
        let Some(at) = found else { return false };
        self.follow = false;
        self.top = at.min(count.saturating_sub(height));
        true
    }

    /// The lines as text, for a file or the clipboard.
    pub fn text(&self, indices: impl Iterator<Item = usize>) -> String {
        let merged = self.is_merged();
        let mut out = String::new();
        for line in indices.filter_map(|at| self.lines.get(at)) {
            if let Some(at) = line.at {
                out.push_str(&at.to_string());
                out.push(' ');
            }
            if merged {
                out.push_str(&line.origin);
                out.push(' ');
            }
            out.push_str(&inert(&line.text));
            out.push('\n');
        }
        out
    }
}

/// Which lines are shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// All, so many.
    All(usize),
    /// These.
    Some(Vec<usize>),
}

impl Shown {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::All(count) => *count,
            Self::Some(indices) => indices.len(),
        }
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The index of the shown line at `place`.
    pub fn at(&self, place: usize) -> usize {
        match self {
            Self::All(_) => place,
            Self::Some(indices) => indices.get(place).copied().unwrap_or_default(),
        }
    }

    /// The indices of at most `count` lines from `first` on.
    pub fn window(&self, first: usize, count: usize) -> impl Iterator<Item = usize> {
        (first.min(self.len())..(first + count).min(self.len())).map(|place| self.at(place))
    }
}

/// A JSON line taken apart: time and level left out where they are shown apart, message first, then the other fields.
pub fn json_line(text: &str) -> Option<(Option<String>, String)> {
    let trimmed = text.trim_start();
    if !trimmed.starts_with('{') {
        return None;
    }
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(trimmed).ok()?;
    let plain = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let level_name =
        ["level", "severity", "lvl", "log.level", "levelname"].into_iter().find(|name| object.contains_key(*name));
    let message_name = ["msg", "message", "MESSAGE", "event"].into_iter().find(|name| object.contains_key(*name));
    let time_names = ["ts", "time", "timestamp", "@timestamp", "date"];
    let mut out = message_name.map(|name| plain(&object[name])).unwrap_or_default();
    for (name, value) in &object {
        if Some(name.as_str()) == level_name
            || Some(name.as_str()) == message_name
            || time_names.contains(&name.as_str())
        {
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(name);
        out.push('=');
        out.push_str(&plain(value));
    }
    Some((level_name.map(|name| plain(&object[name])), out))
}

fn contains_ignoring_case(text: &str, needle: &str) -> bool {
    if needle.is_ascii() {
        let needle = needle.as_bytes();
        return text.as_bytes().windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle));
    }
    text.to_lowercase().contains(&needle.to_lowercase())
}

/// Where `now` is needed to say how old a line is.
pub fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S%.3f").to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(second: i64, origin: &str, text: &str) -> LogLine {
        LogLine { at: Timestamp::from_second(second).ok(), origin: origin.into(), text: text.into() }
    }

    #[test]
    fn lines_of_several_containers_are_merged_by_time() {
        let mut page = LogPage::new("logs", TableId::Pods, vec![]);
        page.add(vec![line(1, "a", "one"), line(3, "a", "three"), line(5, "a", "five")]);
        page.add(vec![line(2, "b", "two"), line(4, "b", "four")]);
        let texts: Vec<_> = page.lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["one", "two", "three", "four", "five"]);
        assert!(page.is_merged());
    }

    #[test]
    fn memory_is_bounded_and_what_went_is_counted() {
        let mut page = LogPage::new("logs", TableId::Pods, vec![]);
        for second in 0..3000 {
            page.add(vec![line(second, "a", &"x".repeat(16 * 1024))]);
        }
        assert!(page.bytes <= BYTE_LIMIT);
        assert_eq!(page.forgotten + page.lines.len() as u64, 3000);
    }

    #[test]
    fn a_json_line_reads_message_first() {
        let (level, text) = json_line(r#"{"ts":"2026","level":"error","msg":"no route","port":80}"#).expect("json");
        assert_eq!((level.as_deref(), text.as_str()), (Some("error"), "no route port=80"));
        assert_eq!(json_line("plain text"), None);
        assert_eq!(json_line("{broken"), None);
    }

    #[test]
    fn following_stops_where_it_is_and_goes_on_at_the_end() {
        let mut page = LogPage::new("logs", TableId::Pods, vec![]);
        page.add((0..10).map(|n| line(n, "a", "hay")).collect());
        page.follow_or_hold(3);
        assert_eq!((page.top, page.follow), (7, false));
        page.follow_or_hold(3);
        assert!(page.follow);
    }

    #[test]
    fn search_finds_around_the_end() {
        let mut page = LogPage::new("logs", TableId::Pods, vec![]);
        page.add((0..10).map(|n| line(n, "a", if n == 2 { "Needle" } else { "hay" })).collect());
        page.search = "needle".into();
        assert!(page.find(true, 3));
        assert_eq!((page.top, page.follow), (2, false));
        page.only_found = true;
        assert_eq!(page.shown(), Shown::Some(vec![2]));
    }

    proptest! {
        #[test]
        fn every_field_of_a_json_line_is_shown(
            fields in prop::collection::btree_map("[a-z]{1,8}", "[ -~]{0,12}", 0..6),
            text in any::<String>(),
        ) {
            let line = serde_json::to_string(&fields).expect("json");
            let (level, shown) = json_line(&line).expect("an object");
            let apart = ["ts", "time", "timestamp", "date"];
            for (name, value) in fields.iter().filter(|(name, _)| !apart.contains(&name.as_str())) {
                prop_assert!(shown.contains(value.as_str()) || level.as_ref() == Some(value), "{} of {}", name, shown);
            }
            let _ = json_line(&text);
        }

        #[test]
        fn lines_of_any_order_are_kept_by_time_and_counted(seconds in prop::collection::vec(prop::option::of(0i64..50), 0..80)) {
            let mut page = LogPage::new("logs", TableId::Pods, vec![]);
            for second in &seconds {
                let mut line = line(second.unwrap_or_default(), "a", "x");
                line.at = line.at.filter(|_| second.is_some());
                page.add(vec![line]);
            }
            prop_assert_eq!(page.lines.len(), seconds.len());
            prop_assert_eq!(page.bytes, seconds.len());
        }
    }
}
