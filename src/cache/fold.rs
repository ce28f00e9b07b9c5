//! Rows on their way into bytes, one after the other: postcard, compressed with LZ4 as they come, with a checksum.
//!
//! Whoever has the rows feeds them in as small steps as it likes; they are never all there a second time.

use std::io::{self, Write};

use lz4_flex::frame::{FrameEncoder, FrameInfo};
use serde::Serialize;

use crate::model::{store::Visitor, table::Row};

/// Takes rows.
pub struct Fold {
    frame: FrameEncoder<Vec<u8>>,
    /// The bytes of one row.
    row: Vec<u8>,
    rows: usize,
    failed: Option<io::Error>,
}

/// Rows as bytes, or why they could not be written down.
#[derive(Debug)]
pub struct Folded {
    rows: usize,
    pub(super) data: io::Result<Vec<u8>>,
}

impl Default for Fold {
    fn default() -> Self {
        let frame = FrameEncoder::with_frame_info(FrameInfo::new().content_checksum(true), Vec::new());
        Self { frame, row: Vec::new(), rows: 0, failed: None }
    }
}

impl Fold {
    /// Adds a row. After a failure nothing more is added; [`Self::finish`] tells of it.
    pub fn add(&mut self, row: &impl Serialize) {
        if self.failed.is_none() {
            self.rows += 1;
            self.failed = self.write(row).err();
        }
    }

    fn write(&mut self, row: &impl Serialize) -> io::Result<()> {
        self.row.clear();
        self.row = postcard::to_extend(row, std::mem::take(&mut self.row)).map_err(io::Error::other)?;
        self.frame.write_all(&self.row)
    }

    /// The rows so far, as bytes.
    pub fn finish(self) -> Folded {
        let data = match self.failed {
            Some(error) => Err(error),
            None => self.frame.finish().map_err(io::Error::other),
        };
        Folded { rows: self.rows, data }
    }
}

impl Folded {
    /// How many rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }
}

impl Visitor for Fold {
    fn see<R: Row>(&mut self, row: &R) {
        self.add(row);
    }
}
