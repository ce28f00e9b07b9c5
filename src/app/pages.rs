//! Opening pages of text and logs, and asking sources for what they show.

use std::collections::BTreeMap;

use super::{
    App, Page,
    effect::Effect,
    log_page::LogPage,
    messages::Level,
    navigate::cancel,
    text_page::{Origin, TextPage},
};
use crate::{
    command::{Context, SPECS},
    model::{
        document::{Document, Line},
        field::Tone,
        key::{Key, SourceId},
        query::{AskId, Query},
        rows::{ContainerRow, PodContainerRow},
        store::TableId,
    },
};

/// Rows whose logs are merged at most; more would be noise and load.
const MERGED: usize = 50;

impl App {
    fn ask_id(&mut self) -> AskId {
        self.next_ask += 1;
        AskId(self.next_ask)
    }

    fn source_of(&self, table: TableId, key: &Key) -> Option<SourceId> {
        let rows = self.store.rows(table);
        rows.slot(key).and_then(|slot| rows.source(slot)).cloned()
    }

    /// A pod's container is asked about through its pod.
    fn asked_row(&self, table: TableId, key: &Key) -> (TableId, Key) {
        match self.store.pod_containers.get(key).filter(|_| table == TableId::PodContainers) {
            Some(row) => (TableId::Pods, Key::of(&[&row.cluster, &row.namespace, &row.pod])),
            None => (table, key.clone()),
        }
    }

    /// Opens a page that a source fills.
    pub(super) fn open_text(&mut self, what: &str, make: fn(TableId, Key) -> Query, effects: &mut Vec<Effect>) {
        let Some((table, key)) = self.selected() else { return };
        if matches!(table, TableId::Findings | TableId::Projects | TableId::Groups) {
            return self.drill(effects);
        }
        let (table, key) = self.asked_row(table, &key);
        let title = format!("{what} {}", self.name_of(table, &key));
        let mut page = TextPage::new(title, Origin::Asked(make(table, key.clone())));
        if table == TableId::Sources {
            page.document = self.source_document(&key);
        } else {
            self.ask_text(&mut page, table, &key, effects);
        }
        page.subject = Some((table, key));
        self.tab_mut().stack.push(Page::Text(page));
    }

    fn ask_text(&mut self, page: &mut TextPage, table: TableId, key: &Key, effects: &mut Vec<Effect>) {
        let Origin::Asked(query) = &page.origin else { return };
        let query = query.clone();
        match self.source_of(table, key) {
            Some(source) => {
                let id = self.ask_id();
                page.ask = Some(id);
                page.failed = None;
                effects.push(Effect::Ask(id, source, query));
            }
            None => page.failed = Some(format!("{key} is not known (any more)")),
        }
    }

    /// Asks again for the page of text in front.
    pub(super) fn reload(&mut self, effects: &mut Vec<Effect>) {
        let Some(Page::Text(mut page)) = self.tab_mut().stack.pop() else { return };
        effects.extend(page.ask.map(Effect::Cancel));
        match page.origin {
            Origin::Asked(_) => {
                if let Some((table, key)) = page.subject.clone() {
                    self.ask_text(&mut page, table, &key, effects);
                }
            }
            Origin::Messages => page.document = Some(self.messages_document()),
            Origin::Help => {}
        }
        self.tab_mut().stack.push(Page::Text(page));
    }

    fn source_document(&self, key: &Key) -> Option<Document> {
        let health = &self.store.sources.get(key)?.health;
        let mut document = Document::default();
        document.pair("Source", health.source.as_str());
        let tone = if health.state.is_fault() { Tone::Bad } else { Tone::Good };
        document.pair_in(0, "State", health.state.word(), tone);
        document.moment(0, "Since", Some(health.since));
        if !health.message.is_empty() {
            document.pair("Message", health.message.clone());
        }
        Some(document)
    }

    /// Opens the logs of the marked rows, or of the selected one.
    pub(super) fn open_logs(&mut self, previous: bool, effects: &mut Vec<Effect>) {
        let Some(view) = self.view() else { return };
        let (table, (targets, hidden)) = (view.table, view.targets(&self.store));
        if targets.len() <= 1 && self.selected().is_none() {
            return;
        }
        let container = match targets.as_slice() {
            [key] => self.store.pod_containers.get(key).filter(|_| table == TableId::PodContainers),
            _ => None,
        }
        .map(|row: &PodContainerRow| row.container.name.clone());
        let mut keys: Vec<(TableId, Key)> = targets.iter().flat_map(|key| self.logged_rows(table, key)).collect();
        keys.dedup();
        if keys.len() > MERGED {
            let text = format!("logs of the first {MERGED} of {} rows are merged", keys.len());
            self.messages.tell(self.now, Level::Warning, text);
            keys.truncate(MERGED);
        }
        let Some((table, first)) = keys.first().cloned() else {
            self.messages.tell(self.now, Level::Info, "nothing here writes logs (now)");
            return;
        };
        if hidden > 0 {
            let text = format!("{hidden} marked rows are hidden by the filter and left out");
            self.messages.tell(self.now, Level::Warning, text);
        }
        let title = match keys.len() {
            1 => format!(
                "logs {}{}",
                self.name_of(table, &first),
                container.as_deref().map(|name| format!("/{name}")).unwrap_or_default()
            ),
            count => format!("logs of {count}"),
        };
        let mut page = LogPage::new(title, table, keys.into_iter().map(|(_, key)| key).collect());
        page.container = container;
        page.previous = previous;
        self.ask_logs(&mut page, effects);
        self.tab_mut().stack.push(Page::Logs(page));
    }

    /// Rows that write the logs of a row: pods of a workload or job, else itself.
    fn logged_rows(&self, table: TableId, key: &Key) -> Vec<(TableId, Key)> {
        let pods_of = |cluster: &str, namespace: &str, made_by: &dyn Fn(&crate::model::rows::PodRow) -> bool| {
            self.store
                .pods
                .iter()
                .filter(|pod| &*pod.cluster == cluster && &*pod.namespace == namespace && made_by(pod))
                .map(|pod| (TableId::Pods, pod.key.clone()))
                .collect::<Vec<_>>()
        };
        match table {
            TableId::Workloads => self.store.workloads.get(key).map_or_else(Vec::new, |workload| {
                let owner = (&*workload.kind, &*workload.name);
                pods_of(&workload.cluster, &workload.namespace, &|pod| pod.workload() == Some(owner))
            }),
            TableId::Jobs => self.store.jobs.get(key).map_or_else(Vec::new, |job| {
                let owner = format!("Job/{}", job.name);
                pods_of(&job.cluster, &job.namespace, &|pod| pod.owner.as_deref() == Some(&*owner))
            }),
            _ => vec![self.asked_row(table, key)],
        }
    }

    fn ask_logs(&mut self, page: &mut LogPage, effects: &mut Vec<Effect>) {
        let mut by_source: BTreeMap<SourceId, Vec<Key>> = BTreeMap::new();
        for key in &page.keys {
            match self.source_of(page.table, key) {
                Some(source) => by_source.entry(source).or_default().push(key.clone()),
                None => page.failed.push(format!("{key} is not known (any more)")),
            }
        }
        for (source, keys) in by_source {
            let id = self.ask_id();
            page.asks.insert(id);
            effects.push(Effect::Ask(id, source, Query::Logs(page.query(keys))));
        }
    }

    /// Changes what the page of logs in front asks for, and asks anew.
    pub(super) fn ask_logs_anew(&mut self, change: impl FnOnce(&mut LogPage), effects: &mut Vec<Effect>) {
        let Some(Page::Logs(mut page)) = self.tab_mut().stack.pop() else { return };
        effects.extend(std::mem::take(&mut page.asks).into_iter().map(Effect::Cancel));
        page.reset();
        change(&mut page);
        self.ask_logs(&mut page, effects);
        self.tab_mut().stack.push(Page::Logs(page));
    }

    /// Opens the help for where one is.
    pub(super) fn open_help(&mut self) {
        let (context, table) = (self.context(), self.table());
        let mut document = Document::default();
        for place in [context, Context::Anywhere] {
            document.heading(place.title());
            for spec in SPECS.iter().filter(|spec| spec.context == place && spec.applies(context, table)) {
                let argument = if spec.argument.is_empty() { String::new() } else { format!(" {}", spec.argument) };
                let keys = self.keymap.keys(spec.command).join(" ");
                document.text(format!("{keys:<22} :{:<26} {}", format!("{}{argument}", spec.id), spec.doc));
            }
            document.text("");
        }
        if context == Context::Table {
            document.heading("Fields of this table, for filter and sort");
            if let Some(rows) = self.rows() {
                for at in 0..rows.field_count() {
                    let meta = rows.field(at);
                    document.text(format!("{:<22} {}", meta.name, meta.doc));
                }
            }
            document.text("");
            document.text("filter:  text   !text   -l label=value   -f fuzzy   cpu>500m and (ns:mw-* or restarts>=3)");
        }
        let mut page = TextPage::new("help", Origin::Help);
        page.document = Some(document);
        self.tab_mut().stack.push(Page::Text(page));
    }

    /// A row as a title names it: its key, but for containers, whose key holds their id.
    fn name_of(&self, table: TableId, key: &Key) -> String {
        match self.store.containers.get(key).filter(|_| table == TableId::Containers) {
            Some(container) => format!("{}/{}", container.engine, container.name),
            None => key.to_string(),
        }
    }

    /// Opens what ronde told so far.
    pub(super) fn open_messages(&mut self) {
        let mut page = TextPage::new("messages", Origin::Messages);
        page.document = Some(self.messages_document());
        let height = self.text_height();
        page.scroll(isize::MAX, height);
        self.tab_mut().stack.push(Page::Text(page));
    }

    fn messages_document(&self) -> Document {
        let lines = self
            .messages
            .iter()
            .map(|message| {
                let tone = match message.level {
                    Level::Info => Tone::Plain,
                    Level::Warning => Tone::Warn,
                    Level::Error => Tone::Bad,
                };
                Line::Text(format!("{}  {}", message.at.strftime("%H:%M:%S"), message.text), tone)
            })
            .collect();
        Document { lines }
    }

    /// Closes the page in front.
    pub(super) fn close(&mut self, effects: &mut Vec<Effect>) {
        if let Some(page) = self.tab_mut().stack.pop() {
            cancel(&page, effects);
        }
    }

    /// What a person would call the rows in front that are marked or selected.
    pub(super) fn names(&self) -> Vec<String> {
        let Some(view) = self.view() else { return Vec::new() };
        let (keys, _) = view.targets(&self.store);
        keys.iter()
            .map(|key| match view.table {
                TableId::Pods => self.store.pods.get(key).map(|pod| pod.name.to_string()),
                TableId::Containers => self.store.containers.get(key).map(|c: &ContainerRow| c.name.to_string()),
                _ => key.rsplit('/').next().map(str::to_owned),
            })
            .map(Option::unwrap_or_default)
            .collect()
    }
}
