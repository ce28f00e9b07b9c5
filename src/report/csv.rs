//! The CSV form (RFC 4180): a header of field names, values as in JSON, nothing where nothing is known.

use serde_json::Value as Json;

use super::Listing;
use crate::model::{text::inert, value::Value};

/// The listing as CSV. What fails is the memory it is written to, so nothing in practice.
pub fn csv(listing: Listing<'_>) -> Result<String, csv::Error> {
    let fields = listing.fields();
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(fields.iter().map(|&field| listing.rows.field(field).name))?;
    for &slot in listing.slots {
        writer.write_record(fields.iter().map(|&field| cell(&listing.rows.value(slot, field))))?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn cell(value: &Value<'_>) -> String {
    match value {
        Value::Text(text) => harmless(&inert(text)),
        Value::Spark(samples) => samples.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        other => match other.json() {
            Json::Null => String::new(),
            Json::String(text) => text,
            number => number.to_string(),
        },
    }
}

/// A text that a spreadsheet does not take for a formula, whoever named the container `=HYPERLINK(…)`.
fn harmless(text: &str) -> String {
    if text.trim_start().starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.to_owned() }
}
