//! `ronde list TABLE`: one look at a table, without a screen.

use std::fmt::Write;

use jiff::Timestamp;

use super::{Exit, Form, ListArgs};
use crate::{
    cache::Cache,
    config::{Config, Places},
    model::{
        filter::Filter,
        health::Health,
        order::{self, Sort, order},
        restarts::RestartLog,
        store::{Store, TableId},
        table::{Presence, Rows},
        text::inert,
    },
    report::{self, Listing, collect::collect},
    source::Source,
};

/// What is wrong with what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table.
    #[error("no table `{0}`")]
    Table(String),
    /// The filter.
    #[error("--filter: {0}")]
    Filter(#[from] crate::model::filter::FilterError),
    /// A field to sort by.
    #[error("--sort: {0}")]
    Sort(#[source] report::UnknownColumn),
    /// A column.
    #[error("--columns: {0}")]
    Columns(#[source] report::UnknownColumn),
    /// There is nothing to ask.
    #[error("nothing to observe: nothing is configured and nothing was found; see `ronde config init`")]
    Nothing,
    /// The form could not be written.
    #[error("CSV: {0}")]
    Csv(#[from] csv::Error),
}

/// What is printed.
#[derive(Debug)]
pub struct Printed {
    /// To standard output.
    pub out: String,
    /// To standard error: a line a source that did not deliver.
    pub err: String,
    /// How the program ends.
    pub exit: Exit,
}

/// What is asked for, checked before anything is observed.
#[derive(Debug)]
pub struct Request {
    table: TableId,
    filter: Filter,
    sort: Option<Sort>,
    columns: Option<Vec<usize>>,
}

impl Request {
    /// Reads the arguments.
    pub fn new(args: &ListArgs) -> Result<Self, Error> {
        let table = TableId::named(&args.table).ok_or_else(|| Error::Table(args.table.clone()))?;
        let store = Store::default();
        let rows = store.rows(table);
        let filter = Filter::parse(args.filter.as_deref().unwrap_or_default(), rows)?;
        let sort = match &args.sort {
            None => order::default_sort(table),
            Some(name) => {
                let field = name.strip_prefix('-').unwrap_or(name);
                let field = report::chosen(rows, &[field.to_owned()]).map_err(Error::Sort)?;
                field.first().map(|&field| Sort { field, descending: name.starts_with('-') })
            }
        };
        let columns = match &args.columns[..] {
            [] => None,
            names => Some(report::chosen(rows, names).map_err(Error::Columns)?),
        };
        Ok(Self { table, filter, sort, columns })
    }
}

/// What the console remembers of restarts. Without a cache, or with one that cannot be read, nothing is remembered.
pub fn remembered(config: &Config, places: &Places) -> RestartLog {
    let now = Timestamp::now();
    let file = config.cache_file(places);
    if !config.cache.enabled || !file.exists() {
        return RestartLog::default();
    }
    let read = Cache::open_to_read(&file).and_then(|cache| {
        let mut restarts = cache.load_restarts(now)?;
        restarts.set_look(cache.looked_at()?);
        Ok(restarts)
    });
    read.unwrap_or_else(|error| {
        tracing::warn!("{error}; restarts are counted without memory");
        RestartLog::default()
    })
}

/// Observes once and prints. `width` is the terminal's, when the output is one.
pub async fn list(
    request: &Request,
    args: &ListArgs,
    sources: Vec<Box<dyn Source>>,
    restarts: RestartLog,
    width: Option<usize>,
) -> Result<Printed, Error> {
    if sources.is_empty() {
        return Err(Error::Nothing);
    }
    let collected = collect(sources, request.table, args.wait, restarts).await;
    let now = Timestamp::now();
    let rows = collected.store.rows(request.table);
    let slots = slots(request, rows, now);
    let states: Vec<Health> = collected.store.health.values().cloned().collect();
    let listing = Listing { rows, slots: &slots, columns: request.columns.as_deref(), sources: &states, now };
    let out = match args.output {
        Form::Table => report::text(listing, width),
        Form::Json => report::json(listing),
        Form::Csv => report::csv(listing)?,
    };
    let exit = if collected.missing.is_empty() { Exit::Well } else { Exit::Unreachable };
    let mut err = complaints(&collected.missing);
    if collected.asked == 0 {
        err = format!("nothing that has {} is configured or was found\n", request.table.name());
    }
    Ok(Printed { out, err, exit })
}

/// Rows that are there: a row that went while we looked is none.
fn slots(request: &Request, rows: &dyn Rows, now: Timestamp) -> Vec<u32> {
    let mut slots = order(rows, &request.filter, false, request.sort, now);
    slots.retain(|&slot| !matches!(rows.presence(slot), None | Some(Presence::Ghost(_))));
    slots
}

fn complaints(missing: &[Health]) -> String {
    missing.iter().fold(String::new(), |mut out, health| {
        let line = format!("{}: {}: {}", health.source, health.state.word(), health.message);
        // Writing to a string does not fail.
        let _ = writeln!(out, "{}", inert(line.trim_end_matches([' ', ':'])));
        out
    })
}
