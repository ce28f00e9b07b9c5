//! Lines of bounded length from a stream that may hold anything.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// A line without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// At most as many bytes as the limit; what is no UTF-8 is replaced.
    pub text: String,
    /// Bytes of it that were left out.
    pub cut: usize,
}

/// Reads lines. Safe to cancel: what was read of a line is kept for the next call.
pub struct Lines<R> {
    from: R,
    limit: usize,
    line: Vec<u8>,
    cut: usize,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    /// The lines of `from`, of each at most `limit` bytes.
    pub fn new(from: R, limit: usize) -> Self {
        Self { from, limit, line: Vec::new(), cut: 0 }
    }

    /// The next line; `None` at the end of the stream.
    pub async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let chunk = self.from.fill_buf().await?;
            if chunk.is_empty() {
                return Ok((!self.line.is_empty()).then(|| self.take()));
            }
            let end = chunk.iter().position(|&byte| byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            let room = self.limit.saturating_sub(self.line.len()).min(part.len());
            self.line.extend_from_slice(&part[..room]);
            self.cut += part.len() - room;
            let used = part.len() + usize::from(end.is_some());
            self.from.consume(used);
            if end.is_some() {
                return Ok(Some(self.take()));
            }
        }
    }

    fn take(&mut self) -> Line {
        let text = String::from_utf8_lossy(&self.line).into_owned();
        self.line.clear();
        Line { text, cut: std::mem::take(&mut self.cut) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[tokio::test]
    async fn lines_come_whole_and_long_ones_are_cut() {
        let long = "x".repeat(107);
        let text = format!("one\n\n{long}\nlast");
        // A small buffer, so that lines span several reads.
        let mut lines = Lines::new(tokio::io::BufReader::with_capacity(5, text.as_bytes()), 100);
        let mut all = Vec::new();
        while let Some(line) = lines.next().await.expect("memory") {
            all.push(line);
        }
        let texts: Vec<&str> = all.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["one", "", &"x".repeat(100), "last"]);
        assert_eq!(all[2].cut, 7);
    }

    proptest! {
        #[test]
        fn no_line_is_lost_however_the_bytes_arrive(bytes in prop::collection::vec(any::<u8>(), 0..400), room in 1usize..9) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let read = runtime.block_on(async {
                let mut lines = Lines::new(tokio::io::BufReader::with_capacity(room, &bytes[..]), 1000);
                let mut read = Vec::new();
                while let Some(line) = lines.next().await.expect("bytes in memory") {
                    read.push(line.text);
                }
                read
            });
            let mut wanted: Vec<_> = bytes.split(|&byte| byte == b'\n').map(String::from_utf8_lossy).collect();
            // What follows the last end of line is no line when it is empty.
            if wanted.last().is_some_and(|last| last.is_empty()) {
                wanted.pop();
            }
            prop_assert_eq!(read, wanted);
        }
    }
}
