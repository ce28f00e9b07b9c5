//! Lines of bounded length from a stream that may hold anything.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

use crate::model::query::LOG_LINE_LIMIT;

/// Reads lines. Safe to cancel: what was read of a line is kept for the next call.
pub(super) struct Lines<R> {
    from: R,
    line: Vec<u8>,
    cut: usize,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    /// The lines of `from`.
    pub(super) fn new(from: R) -> Self {
        Self { from, line: Vec::new(), cut: 0 }
    }

    /// The next line without its end; `None` at the end of the stream. At most [`LOG_LINE_LIMIT`] bytes of it are kept.
    pub(super) async fn next(&mut self) -> io::Result<Option<String>> {
        loop {
            let chunk = self.from.fill_buf().await?;
            if chunk.is_empty() {
                return Ok((!self.line.is_empty()).then(|| self.take()));
            }
            let end = chunk.iter().position(|&byte| byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            let room = LOG_LINE_LIMIT.saturating_sub(self.line.len()).min(part.len());
            self.line.extend_from_slice(&part[..room]);
            self.cut += part.len() - room;
            let used = part.len() + usize::from(end.is_some());
            self.from.consume(used);
            if end.is_some() {
                return Ok(Some(self.take()));
            }
        }
    }

    fn take(&mut self) -> String {
        let kept = String::from_utf8_lossy(&self.line);
        let text = if self.cut > 0 { format!("{kept}… ({} bytes cut)", self.cut) } else { kept.into_owned() };
        self.line.clear();
        self.cut = 0;
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[tokio::test]
    async fn lines_come_whole_and_long_ones_say_that_they_are_cut() {
        let long = "x".repeat(LOG_LINE_LIMIT + 7);
        let text = format!("one\n\n{long}\nlast");
        // A small buffer, so that lines span several reads.
        let mut lines = Lines::new(tokio::io::BufReader::with_capacity(5, text.as_bytes()));
        let mut all = Vec::new();
        while let Some(line) = lines.next().await.expect("memory") {
            all.push(line);
        }
        assert_eq!((all.len(), all[0].as_str(), all[1].as_str(), all[3].as_str()), (4, "one", "", "last"));
        assert!(all[2].ends_with("x… (7 bytes cut)"));
    }

    proptest! {
        #[test]
        fn no_line_is_lost_however_the_bytes_arrive(bytes in prop::collection::vec(any::<u8>(), 0..400), room in 1usize..9) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let read = runtime.block_on(async {
                let mut lines = Lines::new(tokio::io::BufReader::with_capacity(room, &bytes[..]));
                let mut read = Vec::new();
                while let Some(line) = lines.next().await.expect("bytes in memory") {
                    read.push(line);
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
