//! What this user's console last knew: rows for a first screen at once, how often pods restarted, when somebody looked.
//!
//! One SQLite file, mode 0600, of bounded size. Nothing in it is needed: whatever is wrong with it costs one line and the
//! memory, never the console. Plain blocking calls; [`worker`] runs them on a thread of their own. Time is passed in.

mod blob;
mod error;
mod file;
pub mod fold;
mod intern;
#[cfg(test)]
mod tests;
pub mod worker;

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, params};

pub use error::Error;
use fold::Folded;

use crate::model::{
    delta::Scope,
    key::SourceId,
    restarts::RestartLog,
    store::{RowSet, TableId},
};

/// Tables whose rows are remembered; the others are derived from them, or worthless when old.
pub const KEPT: [TableId; 7] = [
    TableId::Nodes,
    TableId::Disks,
    TableId::Containers,
    TableId::Pods,
    TableId::ClusterNodes,
    TableId::Jobs,
    TableId::Workloads,
];

/// "rnde": tells this file from any other SQLite file.
const APPLICATION: i64 = 0x726e_6465;

/// The layout of the file. A file of a higher number is left alone.
const VERSION: i64 = 1;

/// Waiting for another console to finish its write.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(200);

/// What nobody saved for this long is forgotten.
const KEEP: SignedDuration = SignedDuration::from_hours(30 * 24);

const PAGE: u64 = 4096;

const LAYOUT: &str = "
    CREATE TABLE rows (
        source TEXT NOT NULL, tbl TEXT NOT NULL, part TEXT NOT NULL, saved INTEGER NOT NULL, layout INTEGER NOT NULL,
        data BLOB NOT NULL, PRIMARY KEY (source, tbl, part)
    );
    CREATE TABLE restarts (id INTEGER PRIMARY KEY CHECK (id = 0), layout INTEGER NOT NULL, data BLOB NOT NULL);
    CREATE TABLE looked (id INTEGER PRIMARY KEY CHECK (id = 0), at INTEGER NOT NULL);
";

/// The open cache.
#[derive(Debug)]
pub struct Cache {
    db: Connection,
    path: PathBuf,
    limit: u64,
}

/// What was remembered.
#[derive(Debug, Default)]
pub struct Remembered {
    /// Rows by scope.
    pub rows: Vec<(Scope, RowSet)>,
    /// Scopes whose rows were damaged, and are forgotten now.
    pub broken: Vec<Scope>,
}

impl Cache {
    /// Opens the file, or makes it; it never grows beyond `limit` bytes.
    ///
    /// # Errors
    ///
    /// See [`Error`]. After [`Error::Damaged`] the file is out of the way and opening again makes a new one.
    pub fn open(path: &Path, limit: u64, now: Timestamp) -> Result<Self, Error> {
        file::prepare(path)?;
        let context = |error| Error::of(path, error);
        match Self::connect(path, limit, now) {
            Ok(cache) => Ok(cache),
            Err(Failure::Sqlite(error)) if error::is_damage(&error) => Err(file::set_aside(path, now)),
            Err(Failure::Sqlite(error)) => Err(context(error)),
            Err(Failure::Told(error)) => Err(error),
        }
    }

    /// Opens a file that is there, to read; changes nothing, and makes nothing.
    ///
    /// # Errors
    ///
    /// See [`Error`]; also when there is no file.
    pub fn open_to_read(path: &Path) -> Result<Self, Error> {
        let context = |error| Error::of(path, error);
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let db = Connection::open_with_flags(path, flags).map_err(context)?;
        db.busy_timeout(PATIENCE).map_err(context)?;
        let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(context);
        let (owner, found) = (number("application_id")?, number("user_version")?);
        if owner != APPLICATION {
            return Err(Error::Foreign { path: path.to_owned() });
        }
        if found > VERSION {
            return Err(Error::Newer { path: path.to_owned(), found, known: VERSION });
        }
        Ok(Self { db, path: path.to_owned(), limit: 0 })
    }

    fn connect(path: &Path, limit: u64, now: Timestamp) -> Result<Self, Failure> {
        let flags =
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let mut db = Connection::open_with_flags(path, flags)?;
        db.busy_timeout(PATIENCE)?;
        let found: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let is_new = found == 0 && db.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?;
        let owner: i64 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
        if !is_new && owner != APPLICATION {
            return Err(Failure::Told(Error::Foreign { path: path.to_owned() }));
        }
        if found > VERSION {
            return Err(Failure::Told(Error::Newer { path: path.to_owned(), found, known: VERSION }));
        }
        if is_new {
            db.pragma_update(None, "auto_vacuum", "FULL")?;
        }
        db.pragma_update(None, "max_page_count", (limit / PAGE).max(16).cast_signed())?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "NORMAL")?;
        db.pragma_update(None, "journal_size_limit", (limit / 4).cast_signed())?;
        if is_new {
            let layout = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            // Another console may have made it in between.
            if layout.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))? {
                layout.execute_batch(LAYOUT)?;
                layout.pragma_update(None, "application_id", APPLICATION)?;
                layout.pragma_update(None, "user_version", VERSION)?;
            }
            layout.commit()?;
        } else {
            let verdict: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            if verdict != "ok" {
                return Err(Failure::Sqlite(error::damage()));
            }
        }
        let oldest = (now - KEEP).as_second();
        db.execute("DELETE FROM rows WHERE saved < ?1", [oldest])?;
        Ok(Self { db, path: path.to_owned(), limit })
    }

    /// The rows of every scope of a wanted source, newest scope first, equal strings shared. Rows of another ronde's layout
    /// are passed over.
    pub fn load_rows(&self, is_wanted: impl Fn(&SourceId) -> bool) -> Result<Remembered, Error> {
        let mut known = intern::Known::default();
        let mut remembered = Remembered::default();
        let mut read = || {
            let mut statement =
                self.db.prepare("SELECT source, tbl, part, layout, data FROM rows ORDER BY saved DESC")?;
            let mut found = statement.query([])?;
            while let Some(row) = found.next()? {
                let table: String = row.get(1)?;
                let Some(table) = TableId::named(&table).filter(|table| KEPT.contains(table)) else { continue };
                if row.get::<_, i64>(3)? != blob::layout(table) {
                    continue;
                }
                let Some(source) = source(row.get_ref(0)?.as_str()?).filter(&is_wanted) else { continue };
                let scope = Scope { source, table, part: row.get_ref(2)?.as_str()?.into() };
                match blob::rows(table, row.get_ref(4)?.as_blob()?, &mut known) {
                    Some(rows) => remembered.rows.push((scope, rows)),
                    None => remembered.broken.push(scope),
                }
            }
            Ok::<_, rusqlite::Error>(())
        };
        read().map_err(|error| self.error(error))?;
        for scope in &remembered.broken {
            self.forget(scope)?;
        }
        Ok(remembered)
    }

    /// Remembers the rows of a scope in place of those before; nothing of a scope that has none. Rows of a table that is
    /// not [`KEPT`] are passed over.
    pub fn save_rows(&mut self, scope: &Scope, rows: &Folded, now: Timestamp) -> Result<(), Error> {
        if !KEPT.contains(&scope.table) {
            return Ok(());
        }
        if rows.is_empty() {
            return self.forget(scope);
        }
        let data = self.data(rows)?;
        self.write(data.len(), |db| {
            db.execute(
                "INSERT OR REPLACE INTO rows VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    scope.source.as_str(),
                    scope.table.name(),
                    &*scope.part,
                    now.as_second(),
                    blob::layout(scope.table),
                    data
                ],
            )
        })
    }

    fn data<'a>(&self, folded: &'a Folded) -> Result<&'a [u8], Error> {
        let failed = |error: &std::io::Error| Error::Encode {
            path: self.path.clone(),
            source: std::io::Error::new(error.kind(), error.to_string()),
        };
        folded.data.as_deref().map_err(failed)
    }

    /// How often pods restarted, as far as it is remembered. What is damaged, or of another layout, begins anew.
    pub fn load_restarts(&self, now: Timestamp) -> Result<RestartLog, Error> {
        let found = "SELECT data FROM restarts WHERE layout = ?1";
        let data: Option<Vec<u8>> = self
            .db
            .query_row(found, [blob::RESTARTS], |row| row.get(0))
            .optional()
            .map_err(|error| self.error(error))?;
        let mut restarts = data.and_then(|data| blob::restarts(&data)).unwrap_or_default();
        restarts.forget_old(now);
        Ok(restarts)
    }

    /// Remembers how often pods restarted: uids, each with its history.
    pub fn save_restarts(&mut self, restarts: &Folded) -> Result<(), Error> {
        let data = self.data(restarts)?;
        self.write(data.len(), |db| {
            db.execute("INSERT OR REPLACE INTO restarts VALUES (0, ?1, ?2)", params![blob::RESTARTS, data])
        })
    }

    /// When this user last looked.
    pub fn looked_at(&self) -> Result<Option<Timestamp>, Error> {
        let at = self.db.query_row("SELECT at FROM looked", [], |row| row.get(0)).optional();
        Ok(at.map_err(|error| self.error(error))?.and_then(|at| Timestamp::from_second(at).ok()))
    }

    /// This user looks now.
    pub fn set_looked_at(&mut self, now: Timestamp) -> Result<(), Error> {
        self.write(0, |db| db.execute("INSERT OR REPLACE INTO looked VALUES (0, ?1)", [now.as_second()]))
    }

    fn forget(&self, scope: &Scope) -> Result<(), Error> {
        let values = params![scope.source.as_str(), scope.table.name(), &*scope.part];
        let forgotten = self.db.execute("DELETE FROM rows WHERE source = ?1 AND tbl = ?2 AND part = ?3", values);
        forgotten.map(|_| ()).map_err(|error| self.error(error))
    }

    /// Writes `size` bytes; when the file would exceed its limit, forgets the scope that was saved longest ago and
    /// tries again.
    fn write(
        &mut self,
        size: usize,
        change: impl Fn(&Transaction<'_>) -> rusqlite::Result<usize>,
    ) -> Result<(), Error> {
        loop {
            let mut attempt = || {
                let transaction = self.db.transaction()?;
                change(&transaction)?;
                transaction.commit()
            };
            match attempt() {
                Ok(()) => return Ok(()),
                Err(error) if error::is_full(&error) && self.makes_room(size) && self.forget_oldest() => {}
                Err(error) => return Err(self.error(error)),
            }
        }
    }

    /// Whether forgetting others makes room: not on a full disk, and not for what is half of the limit by itself.
    fn makes_room(&self, size: usize) -> bool {
        let pages: i64 = self.db.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap_or(0);
        let size = size as u64;
        size <= self.limit / 2 && pages.unsigned_abs() * PAGE + size + 2 * PAGE > self.limit
    }

    fn forget_oldest(&self) -> bool {
        let oldest = "DELETE FROM rows WHERE rowid = (SELECT rowid FROM rows ORDER BY saved, rowid LIMIT 1)";
        self.db.execute(oldest, []).is_ok_and(|forgotten| forgotten > 0)
    }

    fn error(&self, error: rusqlite::Error) -> Error {
        Error::of(&self.path, error)
    }
}

fn source(id: &str) -> Option<SourceId> {
    id.split_once(':').map(|(kind, name)| SourceId::new(kind, name))
}

enum Failure {
    Sqlite(rusqlite::Error),
    Told(Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}
