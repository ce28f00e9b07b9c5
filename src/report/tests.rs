//! The three forms over rows with hostile names.

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use super::*;
use crate::model::{
    health::State,
    key::SourceId,
    rows::ContainerRow,
    store::TableId,
    table::{Row, Table},
};

fn now() -> Timestamp {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

fn table() -> Table<ContainerRow> {
    let mut table = Table::new(TableId::Containers);
    let scope = crate::model::delta::Scope::all(&SourceId::new("docker", "local"), TableId::Containers);
    let engine = "local".into();
    let names = [
        "web",
        "=HYPERLINK(\"http://x\",\"y\")",
        "\u{1b}[31mred\u{1b}]0;t\u{7}",
        "日本語コンテナ",
        "a,b \"quoted\"\r\nline",
        "\u{202e}gnp.exe\u{9b}2J\u{200b}",
        "@sum\tx",
    ];
    for (n, name) in names.iter().enumerate() {
        let mut row = ContainerRow::unknown(&engine, &format!("id{n}"), name);
        if n == 0 {
            row.state = "running".into();
            row.cpu = Some(12.34);
            row.memory = Some(3 << 20);
            row.started = Some("2026-11-25T09:30:00Z".parse().unwrap());
            row.status = "-".into();
            row.image = "registry.example.org/very/long/name/of/an/image/web:2026-11-25-120000".into();
        }
        table.upsert(&scope, row);
    }
    table
}

fn sources() -> Vec<Health> {
    let health = |name, state, message: &str| Health {
        source: SourceId::new("docker", name),
        state,
        since: now(),
        message: message.to_owned(),
    };
    vec![
        health("local", State::Polling, ""),
        health("far", State::Unreachable, "tcp://far:2376: connection refused\u{1b}[2J; start it"),
    ]
}

fn listing<'a>(
    table: &'a Table<ContainerRow>,
    slots: &'a [u32],
    columns: Option<&'a [usize]>,
    sources: &'a [Health],
) -> Listing<'a> {
    Listing { rows: table, slots, columns, sources, now: now() }
}

fn columns(table: &Table<ContainerRow>) -> Vec<usize> {
    let names = ["container", "state", "cpu", "mem", "status", "image"].map(str::to_owned);
    chosen(table, &names).unwrap()
}

const ALL: [u32; 7] = [0, 1, 2, 3, 4, 5, 6];

#[test]
fn text_is_aligned_and_inert() {
    let table = table();
    let columns = columns(&table);
    let shown = text(listing(&table, &ALL, Some(&columns), &[]), None);
    insta::assert_snapshot!(shown);
    assert!(shown.lines().all(|line| line.chars().all(crate::model::text::is_shown)));
}

#[test]
fn text_fits_a_terminal() {
    let table = table();
    for width in [60, 80, 120, 200] {
        let shown = text(listing(&table, &ALL, None, &[]), Some(width));
        assert_eq!(shown.lines().count(), 8);
        assert!(shown.lines().all(|line| line.width() <= width), "{width}:\n{shown}");
        assert!(shown.starts_with("ENGINE") || shown.starts_with("CONTAINER"), "{shown}");
    }
    insta::assert_snapshot!(text(listing(&table, &ALL, None, &[]), Some(80)));
    let full = text(listing(&table, &ALL, None, &[]), None);
    let titles = ContainerRow::FIELDS.iter().filter(|field| field.meta.column.is_some());
    let titles: Vec<_> = titles.filter(|field| field.meta.kind != crate::model::value::Kind::Spark).collect();
    for field in titles {
        assert!(full.lines().next().unwrap().contains(field.meta.title), "{}", field.meta.title);
    }
    assert!(full.contains("web:2026-11-25-120000"), "nothing is cut without a terminal");
}

#[test]
fn nothing_to_list_is_a_header() {
    let table = table();
    let columns = columns(&table);
    let shown = text(listing(&table, &[], Some(&columns), &[]), None);
    assert_eq!(shown, "CONTAINER   STATE   CPU   MEM   STATUS   IMAGE\n");
}

#[test]
fn json_has_every_field_and_hides_nothing() {
    let (table, sources) = (table(), sources());
    let columns = columns(&table);
    insta::assert_snapshot!(json(listing(&table, &ALL, Some(&columns), &sources)));
    let shown = json(listing(&table, &ALL, None, &sources));
    assert!(shown.chars().all(|c| c == '\n' || crate::model::text::is_shown(c)));
    let document: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let first = document["rows"][0].as_object().unwrap();
    assert_eq!(first.len(), ContainerRow::FIELDS.len());
    assert_eq!(first["memory"], 3 << 20);
    assert!(first["pids"].is_null(), "what is not known is null");
    let name = document["rows"][5]["container"].as_str().unwrap();
    assert_eq!(name, "\u{202e}gnp.exe\u{9b}2J\u{200b}", "what was escaped is read again as it was");
}

#[test]
fn csv_is_no_formula() {
    let table = table();
    let columns = columns(&table);
    let shown = csv(listing(&table, &ALL, Some(&columns), &[])).unwrap();
    insta::assert_snapshot!(shown.replace('\r', "␍"));
    let mut reader = ::csv::Reader::from_reader(shown.as_bytes());
    assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>()[0], "container");
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 7);
    assert_eq!((&records[0][2], &records[0][3], &records[1][2]), ("12.34", "3145728", ""));
    for record in records {
        assert!(record.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{record:?}");
    }
}

#[test]
fn a_column_that_is_none_is_told_with_those_there_are() {
    let error = chosen(&table(), &["container".to_owned(), "colour".to_owned()]).unwrap_err().to_string();
    assert!(error.starts_with("no column `colour` in containers; there are engine, project, container,"), "{error}");
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_name_breaks_a_form(name in any::<String>(), width in 1usize..200) {
            let mut table = Table::new(TableId::Containers);
            let scope = crate::model::delta::Scope::all(&SourceId::new("docker", "x"), TableId::Containers);
            table.upsert(&scope, ContainerRow::unknown(&"x".into(), "1", &name));
            let columns = chosen(&table, &["container".to_owned()]).unwrap();
            let listing = listing(&table, &[0], Some(&columns), &[]);
            prop_assert_eq!(text(listing, Some(width)).lines().count(), 2);
            let document: serde_json::Value = serde_json::from_str(&json(listing)).unwrap();
            prop_assert_eq!(document["rows"][0]["container"].as_str().unwrap(), name);
            let csv = csv(listing).unwrap();
            let mut reader = ::csv::Reader::from_reader(csv.as_bytes());
            prop_assert_eq!(reader.records().count(), 1);
        }
    }
}
