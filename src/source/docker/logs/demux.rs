//! The engine's log stream into lines. Without a terminal, standard output and error come in frames of a header (stream, three
//! zero bytes, length as big-endian u32) and a payload; with one, there is one raw stream.

use crate::source::docker::lines::Lines;

/// Takes a log stream apart.
#[derive(Debug)]
pub(super) enum Demux {
    /// One raw stream.
    Raw(Lines),
    /// Frames of two streams.
    Framed {
        /// Lines of standard output and of standard error.
        streams: [Lines; 2],
        /// What of a header has come.
        header: Vec<u8>,
        /// The stream of the frame that is coming, and how much of it is to come.
        frame: Option<(usize, usize)>,
    },
}

impl Demux {
    /// For a container with a terminal or without, with lines of at most `limit` bytes.
    pub(super) fn new(terminal: bool, limit: usize) -> Self {
        if terminal {
            Self::Raw(Lines::new(limit))
        } else {
            Self::Framed { streams: [Lines::new(limit), Lines::new(limit)], header: Vec::new(), frame: None }
        }
    }

    /// Takes a piece of the stream; gives each complete line, and whether it was cut.
    pub(super) fn push(&mut self, mut piece: &[u8], mut each: impl FnMut(&[u8], bool)) {
        match self {
            Self::Raw(lines) => lines.push(piece, each),
            Self::Framed { streams, header, frame } => {
                while !piece.is_empty() {
                    if let Some((stream, left)) = frame {
                        let (payload, rest) = piece.split_at(piece.len().min(*left));
                        streams[*stream].push(payload, &mut each);
                        *left -= payload.len();
                        piece = rest;
                        if *left == 0 {
                            *frame = None;
                        }
                        continue;
                    }
                    let (part, rest) = piece.split_at(piece.len().min(8 - header.len()));
                    header.extend_from_slice(part);
                    piece = rest;
                    // Lengths beyond memory are fine: a payload is never kept whole.
                    if let [stream, _, _, _, a, b, c, d] = header[..] {
                        let length = u32::from_be_bytes([a, b, c, d]) as usize;
                        *frame = (length > 0).then_some((usize::from(stream == 2), length));
                        header.clear();
                    }
                }
            }
        }
    }

    /// The stream ended: gives what stands there without a line end.
    pub(super) fn finish(&mut self, mut each: impl FnMut(&[u8], bool)) {
        match self {
            Self::Raw(lines) => lines.finish(each),
            Self::Framed { streams, .. } => streams.iter_mut().for_each(|lines| lines.finish(&mut each)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(stream: u8, text: &str) -> Vec<u8> {
        let length = u32::try_from(text.len()).expect("short").to_be_bytes();
        [&[stream, 0, 0, 0], &length[..], text.as_bytes()].concat()
    }

    fn lines(demux: &mut Demux, pieces: &[&[u8]]) -> Vec<String> {
        let mut all = Vec::new();
        let mut each = |line: &[u8], _: bool| all.push(String::from_utf8_lossy(line).into_owned());
        for piece in pieces {
            demux.push(piece, &mut each);
        }
        demux.finish(&mut each);
        all
    }

    #[test]
    fn two_streams_do_not_mix_within_a_line() {
        let stream = [frame(1, "out"), frame(2, "err\n"), frame(1, "put\n"), frame(1, ""), frame(2, "last")].concat();
        assert_eq!(lines(&mut Demux::new(false, 100), &[&stream]), ["err", "output", "last"]);
    }

    #[test]
    fn a_terminal_has_no_frames() {
        assert_eq!(lines(&mut Demux::new(true, 100), &[b"\x01\x00a\r\nb"]), ["\x01\x00a", "b"]);
    }

    #[test]
    fn a_frame_that_claims_gigabytes_takes_no_memory() {
        let mut demux = Demux::new(false, 100);
        let mut count = 0;
        demux.push(&[1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], |_, _| count += 1);
        for _ in 0..1000 {
            demux.push(&[b'x'; 4096], |line, cut| {
                assert!(cut && line.len() == 100);
                count += 1;
            });
        }
        assert_eq!(count, 1);
    }

    proptest! {
        #[test]
        fn no_line_is_lost_wherever_pieces_are_cut(
            texts in prop::collection::vec((1u8..3, "[a-z]{0,20}"), 0..20),
            size in 1usize..30,
        ) {
            let stream: Vec<u8> = texts.iter().flat_map(|(stream, text)| frame(*stream, &format!("{text}\n"))).collect();
            let pieces: Vec<&[u8]> = stream.chunks(size).collect();
            let expected: Vec<String> = texts.into_iter().map(|(_, text)| text).collect();
            prop_assert_eq!(lines(&mut Demux::new(false, 100), &pieces), expected);
        }

        #[test]
        fn any_bytes_are_survived(bytes in any::<Vec<u8>>(), terminal: bool) {
            let _ = lines(&mut Demux::new(terminal, 16), &[&bytes]);
        }
    }
}
