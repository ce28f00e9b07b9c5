//! `docs/fields.md`: every field of every table with its other names, type and meaning. Generated, never written by hand.

use std::fmt::Write;

use crate::model::{
    store::{Store, TableId},
    value::Kind,
};

/// The page.
pub fn fields_markdown() -> String {
    let store = Store::default();
    let mut page = String::from(INTRODUCTION);
    for &table in TableId::ALL {
        let rows = store.rows(table);
        // Writing into a string cannot fail.
        let _ = write!(page, "\n## {}\n\n{}\n\n", table.name(), table.doc());
        page.push_str("| field | also | type | column | meaning |\n|---|---|---|---|---|\n");
        for index in 0..rows.field_count() {
            let meta = rows.field(index);
            let also = meta.aliases.join(", ");
            let column = meta.column.map_or("", |_| meta.title);
            let _ = writeln!(page, "| `{}` | {also} | {} | {column} | {} |", meta.name, unit(meta.kind), meta.doc);
        }
    }
    page
}

/// Type and unit of a kind, with an example of a literal.
fn unit(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Int => "number",
        Kind::Percent => "percent, `80%`",
        Kind::Cpu => "cores, `500m` or `1.5`",
        Kind::Bytes => "bytes, `2Gi`",
        Kind::Rate => "bytes a second, `1M`",
        Kind::Duration => "time, `90s`",
        Kind::Age => "age, `3d`",
        Kind::Bool => "`yes` or `no`",
        Kind::Fraction => "fraction, `7/8` or `50%`",
        Kind::Spark => "chart",
    }
}

const INTRODUCTION: &str = "\
# Fields

<!-- Generated from the tables by `RONDE_BLESS=1 cargo test docs_fields`. Do not edit. -->

Every field can be filtered and sorted by, and stands under this name in JSON and CSV. Fields without a column are not
shown in the table. Names may be written in any case.

## Filters

| written | means |
|---|---|
| `mw-web` | some text of the row has it, in any case; several words stand together as typed |
| `\"cpu>5\"` | the same, for text that would be read as something else |
| `!text`, `!` before any filter | all rows but those |
| `-l app=web,tier!=db,team,!old` | labels, as kubectl selects them |
| `-f mwb` | fuzzy: these letters in this order, best first |
| `cpu>500m and (ns:mw-* or restarts>=3) and not status:Running` | a query: it begins with a field and an operator |

In a query, `and` may be left out, `or` binds less than `and`, quotes hold spaces and parentheses together, a word
without a field is looked for in every text. Operators:

| operator | of text | of numbers |
|---|---|---|
| `=` `!=` | the whole text, in any case | equal |
| `:` `!:` | a part of it, or a pattern with `*` and `?` | as `=` `!=` |
| `>` `>=` `<` `<=` | | more and less; `age>5m` is older than five minutes |

Sizes are binary (`1k` is 1024). A fraction compares by its share: `ready<1` is not all ready. What is not known (`–`)
matches nothing but `field=unknown`; `not cpu>1` holds for it, `cpu<=1` does not.
";

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn docs_fields_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/fields.md");
        let page = fields_markdown();
        if std::env::var_os("RONDE_BLESS").is_some() {
            std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).expect("docs/ can be made");
            std::fs::write(path, &page).expect("docs/fields.md can be written");
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept == page, "docs/fields.md is out of date: run RONDE_BLESS=1 cargo test docs_fields");
    }

    #[test]
    fn no_name_means_two_fields_and_each_can_be_typed() {
        let store = Store::default();
        for &table in TableId::ALL {
            let rows = store.rows(table);
            let mut seen = HashSet::new();
            for index in 0..rows.field_count() {
                let meta = rows.field(index);
                for name in std::iter::once(&meta.name).chain(meta.aliases) {
                    assert!(seen.insert(*name), "{}: {name} names two fields", table.name());
                    assert!(!matches!(*name, "and" | "or" | "not"), "{}: {name} is a keyword", table.name());
                    let typed = format!("{name}=unknown");
                    let parsed = crate::model::filter::Filter::parse(&typed, rows).map(|f| f.to_string());
                    if meta.kind == Kind::Spark {
                        assert!(parsed.is_err());
                    } else {
                        assert_eq!(parsed, Ok(format!("{}=unknown", meta.name)), "{}", table.name());
                    }
                }
            }
        }
    }
}
