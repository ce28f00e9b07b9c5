//! Splits a stream of bytes into lines of bounded length, without ever holding more than one line and one chunk.

/// A line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Its bytes.
    pub(crate) bytes: &'a [u8],
    /// It was longer than the limit: the rest is lost.
    pub(crate) cut: bool,
}

/// Collects chunks, gives lines.
pub(crate) struct Splitter {
    buffer: Vec<u8>,
    /// Where the next line starts.
    start: usize,
    /// Up to where no end of line was found.
    scanned: usize,
    limit: usize,
    /// The rest of a line that was cut is being passed over.
    skipping: bool,
}

impl Splitter {
    /// Lines of at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { buffer: Vec::new(), start: 0, scanned: 0, limit, skipping: false }
    }

    /// Adds a chunk.
    pub(crate) fn push(&mut self, chunk: &[u8]) {
        self.buffer.drain(..self.start);
        self.scanned -= self.start;
        self.start = 0;
        // One long line must not keep its memory for ever.
        if self.buffer.capacity() > 256 * 1024 && self.buffer.len() + chunk.len() < 64 * 1024 {
            self.buffer.shrink_to(64 * 1024);
        }
        self.buffer.extend_from_slice(chunk);
    }

    /// The next line that is complete, or too long.
    pub(crate) fn next(&mut self) -> Option<Line<'_>> {
        loop {
            let end = self.buffer[self.scanned..].iter().position(|b| *b == b'\n').map(|at| self.scanned + at);
            if self.skipping {
                let Some(end) = end else {
                    self.buffer.clear();
                    (self.start, self.scanned) = (0, 0);
                    return None;
                };
                (self.start, self.scanned, self.skipping) = (end + 1, end + 1, false);
                continue;
            }
            let (from, to) = (self.start, end.unwrap_or(self.buffer.len()));
            if to - from > self.limit {
                let stop = from + self.limit;
                self.skipping = end.is_none();
                self.start = end.map_or(stop, |end| end + 1);
                self.scanned = self.start;
                return Some(Line { bytes: &self.buffer[from..stop], cut: true });
            }
            self.scanned = end.map_or(to, |end| end + 1);
            end?;
            self.start = self.scanned;
            let bytes = &self.buffer[from..to];
            return Some(Line { bytes: bytes.strip_suffix(b"\r").unwrap_or(bytes), cut: false });
        }
    }

    /// What is left at the end of the stream, when that is a line without its end.
    pub(crate) fn rest(&mut self) -> Option<Line<'_>> {
        let from = std::mem::replace(&mut self.start, self.buffer.len());
        self.scanned = self.buffer.len();
        (!self.skipping && from < self.buffer.len()).then(|| Line { bytes: &self.buffer[from..], cut: false })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(chunks: &[&[u8]], limit: usize) -> Vec<(String, bool)> {
        let mut splitter = Splitter::new(limit);
        let mut lines = Vec::new();
        let text = |line: Line<'_>| (String::from_utf8_lossy(line.bytes).into_owned(), line.cut);
        for chunk in chunks {
            splitter.push(chunk);
            while let Some(line) = splitter.next() {
                lines.push(text(line));
            }
        }
        lines.extend(splitter.rest().map(text));
        lines
    }

    #[test]
    fn a_long_line_is_cut_once() {
        let long = [b'x'; 100];
        let lines = split(&[b"ab\n", &long[..30], &long, b"\ncd\r\n", b"ef"], 20);
        assert_eq!(lines, [("ab".into(), false), ("x".repeat(20), true), ("cd".into(), false), ("ef".into(), false)]);
    }

    #[test]
    fn a_line_without_end_takes_no_memory() {
        let mut splitter = Splitter::new(16);
        for _ in 0..1000 {
            splitter.push(&[b'x'; 4096]);
            while splitter.next().is_some() {}
        }
        assert!(splitter.buffer.capacity() < 64 * 1024, "{}", splitter.buffer.capacity());
    }

    proptest! {
        #[test]
        fn no_line_is_lost_however_it_is_chunked(lines in prop::collection::vec("[a-z]{0,12}", 0..20), sizes in prop::collection::vec(1usize..9, 1..60)) {
            let text = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect::<String>();
            let (mut rest, mut chunks, mut size) = (text.as_bytes(), Vec::new(), sizes.iter().cycle());
            while !rest.is_empty() {
                let (chunk, after) = rest.split_at((*size.next().unwrap()).min(rest.len()));
                chunks.push(chunk);
                rest = after;
            }
            let expected: Vec<_> = lines.iter().map(|line| (line[..line.len().min(8)].to_owned(), line.len() > 8)).collect();
            prop_assert_eq!(split(&chunks, 8), expected);
        }

        #[test]
        fn any_bytes_pass(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..20)) {
            let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
            for (line, _) in split(&chunks, 10) {
                prop_assert!(!line.contains('\n'));
            }
        }
    }
}
