//! Bytes of a stream into lines of bounded length, however long the lines are and wherever the pieces are cut.

/// Collects the pieces of one stream.
#[derive(Debug)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    limit: usize,
    /// The rest of a line that was too long goes by.
    skipping: bool,
}

impl Lines {
    /// Lines of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { buffer: Vec::new(), limit, skipping: false }
    }

    /// Takes a piece; gives each line that is complete, without its end, and whether it was cut. A line that is too long
    /// is given as soon as that is known, so that one without an end is seen at once; its rest goes by.
    pub(super) fn push(&mut self, mut piece: &[u8], mut each: impl FnMut(&[u8], bool)) {
        while !piece.is_empty() {
            let end = piece.iter().position(|&byte| byte == b'\n');
            let (part, rest) = end.map_or((piece, &[][..]), |end| (&piece[..end], &piece[end + 1..]));
            piece = rest;
            if !self.skipping {
                let room = self.limit - self.buffer.len();
                self.buffer.extend_from_slice(&part[..part.len().min(room)]);
                if part.len() > room {
                    each(&self.buffer, true);
                    self.skipping = true;
                } else if end.is_some() {
                    each(self.buffer.strip_suffix(b"\r").unwrap_or(&self.buffer), false);
                }
            }
            if end.is_some() {
                self.skipping = false;
            }
            if end.is_some() || self.skipping {
                self.buffer.clear();
            }
        }
    }

    /// The stream ended: gives what stands there without a line end.
    pub(super) fn finish(&mut self, mut each: impl FnMut(&[u8], bool)) {
        if !self.buffer.is_empty() {
            each(&self.buffer, false);
        }
        self.buffer.clear();
        self.skipping = false;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(limit: usize, pieces: &[&[u8]]) -> Vec<(String, bool)> {
        let mut lines = Lines::new(limit);
        let mut all = Vec::new();
        let mut each = |line: &[u8], cut: bool| all.push((String::from_utf8_lossy(line).into_owned(), cut));
        for piece in pieces {
            lines.push(piece, &mut each);
        }
        lines.finish(&mut each);
        all
    }

    #[test]
    fn lines_come_whole_however_they_were_cut() {
        let expected = [("one".into(), false), (String::new(), false), ("two".into(), false)];
        assert_eq!(lines(100, &[b"one\n\ntwo"]), expected);
        assert_eq!(lines(100, &[b"o", b"ne\r\n", b"\nt", b"wo\n"]), expected);
    }

    #[test]
    fn a_line_without_end_is_cut_once_and_the_next_is_whole() {
        assert_eq!(lines(4, &[b"abcdef", b"ghi", b"jkl\nxy\n"]), [("abcd".into(), true), ("xy".into(), false)]);
        assert_eq!(lines(4, &[b"abcd\nefgh", b"\n"]), [("abcd".into(), false), ("efgh".into(), false)]);
    }

    #[test]
    fn an_endless_line_takes_no_memory() {
        let mut lines = Lines::new(1000);
        let mut count = 0;
        for _ in 0..10_000 {
            lines.push(&[b'x'; 1000], |_, _| count += 1);
            assert!(lines.buffer.capacity() <= 2048, "{}", lines.buffer.capacity());
        }
        assert_eq!(count, 1);
    }

    proptest! {
        #[test]
        fn no_line_is_lost(texts in prop::collection::vec("[a-z ]{0,30}", 0..20), size in 1usize..50) {
            let stream = texts.iter().flat_map(|text| [text, "\n"]).collect::<String>();
            let pieces: Vec<&[u8]> = stream.as_bytes().chunks(size).collect();
            let got: Vec<String> = lines(64, &pieces).into_iter().map(|(line, _)| line).collect();
            prop_assert_eq!(got, texts);
        }
    }
}
