//! The events about an object, newest last.

use serde_json::Value;

use super::{super::slim::Event, LIMIT, object::Reference};
use crate::{
    model::{
        document::{Document, Line},
        field::Tone,
        text,
    },
    source::kubernetes::{call, context::Link, slim::Page, trouble::Trouble, watch::escaped},
};

/// Events that are shown.
const SHOWN: usize = 500;

/// Events about an object, newest last.
pub(super) async fn about(link: &Link, reference: &Reference, object: &Value) -> Result<Vec<Event>, Trouble> {
    // An event is about what it names.
    let involved = object.get("involvedObject");
    let of = |member: &str| involved.and_then(|object| object.get(member)).and_then(Value::as_str);
    let (kind, name) = match reference.kind {
        "Event" => (of("kind").unwrap_or_default(), of("name").unwrap_or_default()),
        kind => (kind, reference.name.as_str()),
    };
    // A node's events are in the namespace `default`, or in any.
    let path = match &*reference.namespace {
        "" => "/api/v1/events".to_owned(),
        namespace => format!("/api/v1/namespaces/{namespace}/events"),
    };
    let selector = format!("involvedObject.kind={kind},involvedObject.name={name}");
    let path = format!("{path}?limit={SHOWN}&fieldSelector={}", escaped(&selector));
    let body = call::get(&link.client, &path, LIMIT).await?;
    let page: Page<'_> = serde_json::from_slice(&body)
        .map_err(|_| Trouble::Garbled("its list of events is not of the expected form".into()))?;
    let mut events: Vec<Event> = page.items.iter().filter_map(|item| serde_json::from_str(item.get()).ok()).collect();
    events.sort_by_key(Event::last);
    Ok(events)
}

/// The events as a document of their own.
pub(super) fn document(events: &[Event]) -> Document {
    let mut document = Document::default();
    write(&mut document, 0, events);
    document
}

/// Adds the events to a document: when, and then what.
pub(super) fn write(document: &mut Document, indent: u8, events: &[Event]) {
    if events.is_empty() {
        document.lines.push(Line::Text("no events; the server forgets them after an hour".into(), Tone::Dim));
    }
    for event in events {
        let times = match event.times() {
            1 => String::new(),
            times => format!(" ×{times}"),
        };
        let tone = if event.kind == "Warning" { Tone::Warn } else { Tone::Plain };
        let line = format!("{}{times}: {}", event.reason, event.message.trim());
        document.moment(indent, text::name(&event.kind), event.last());
        document.lines.push(Line::Text(format!("  {}", text::name(&line)), tone));
    }
}
