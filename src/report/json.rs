//! The JSON form: one document, field names equal to the filter's, units as the field says.

use std::io;

use serde::{Serialize, Serializer};
use serde_json::ser::{Formatter, PrettyFormatter};

use super::Listing;
use crate::model::{health::Health, text::is_shown};

/// The listing as one JSON document with a line end.
pub fn json(listing: Listing<'_>) -> String {
    let fields = listing.fields();
    inert_json(&Document {
        table: listing.rows.id().name(),
        generated: listing.now.to_string(),
        sources: listing.sources.iter().map(source).collect(),
        rows: listing.slots.iter().map(|&slot| Row { listing, fields: &fields, slot }).collect(),
    })
}

#[derive(Serialize)]
struct Document<'a> {
    table: &'static str,
    generated: String,
    sources: Vec<Source<'a>>,
    rows: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Source<'a> {
    id: &'a str,
    kind: &'a str,
    state: &'static str,
    since: String,
    error: Option<&'a str>,
}

fn source(health: &Health) -> Source<'_> {
    let has_error = !health.state.is_current() && !health.message.is_empty();
    Source {
        id: health.source.as_str(),
        kind: health.source.kind(),
        state: health.state.word(),
        since: health.since.to_string(),
        error: has_error.then_some(health.message.as_str()),
    }
}

struct Row<'a> {
    listing: Listing<'a>,
    fields: &'a [usize],
    slot: u32,
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.listing.rows;
        serializer
            .collect_map(self.fields.iter().map(|&field| (rows.field(field).name, rows.value(self.slot, field).json())))
    }
}

/// Any document as JSON that a terminal may show: what has no visible form is written as `\u…`, and nothing is lost.
pub fn inert_json(document: &impl Serialize) -> String {
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Inert(PrettyFormatter::new()));
    // Writing to memory does not fail, and every key here is text.
    if document.serialize(&mut serializer).is_err() {
        return String::new();
    }
    out.push(b'\n');
    String::from_utf8_lossy(&out).into_owned()
}

struct Inert<'a>(PrettyFormatter<'a>);

impl Formatter for Inert<'_> {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(|c| !is_shown(c)) {
            let (before, hidden) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            let Some(hidden_char) = hidden.chars().next() else { break };
            for unit in hidden_char.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &hidden[hidden_char.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }
    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }
    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }
    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }
    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }
    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }
    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}
