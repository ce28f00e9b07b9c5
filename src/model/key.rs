//! Identities: of a row, of a source, of a table.

use std::{collections::HashSet, fmt, hash::Hash, ops::Deref, sync::Arc};

use serde::{Deserialize, Serialize};

/// What a row is, for as long as it lives: `eqiad/mw-web/pod-x`, `lab/4f1c…`, `h1//srv`.
///
/// Unique within one table. Cheap to clone; a selection, a mark, a request hold keys, never positions.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key(Arc<str>);

impl Key {
    /// A key of the given parts, joined by `/`.
    pub fn of(parts: &[&str]) -> Self {
        Self(parts.join("/").into())
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl Deref for Key {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// Names one source: `local`, `docker:lab`, `kubernetes:eqiad`. The part before the colon is its kind.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct SourceId(Arc<str>);

impl SourceId {
    /// The source of this kind (`docker`, `kubernetes`) and configured name.
    pub fn new(kind: &str, name: &str) -> Self {
        Self(format!("{kind}:{name}").into())
    }

    /// The kind: `host`, `docker`, `kubernetes`, `demo`.
    pub fn kind(&self) -> &str {
        self.0.split_once(':').map_or(&self.0, |(kind, _)| kind)
    }

    /// The configured name, as the header shows it.
    pub fn name(&self) -> &str {
        self.0.split_once(':').map_or(&self.0, |(_, name)| name)
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Shares what is equal, for values that many rows have: names (cluster, namespace, node, image), sets of labels.
///
/// Each source owns its own; there is no global pool. It forgets what nobody else holds when it has grown by a quarter.
#[derive(Debug)]
pub struct Interner<T: ?Sized = str> {
    known: HashSet<Arc<T>>,
    sweep_at: usize,
}

impl<T: ?Sized> Default for Interner<T> {
    fn default() -> Self {
        Self { known: HashSet::new(), sweep_at: 0 }
    }
}

impl<T: ?Sized + Eq + Hash> Interner<T> {
    /// The shared copy of `value`.
    pub fn get<'a>(&mut self, value: &'a T) -> Arc<T>
    where
        Arc<T>: From<&'a T>,
    {
        if let Some(known) = self.known.get(value) {
            return known.clone();
        }
        if self.known.len() >= self.sweep_at {
            self.known.retain(|known| Arc::strong_count(known) > 1);
            self.sweep_at = (self.known.len() * 5 / 4).max(256);
        }
        let shared: Arc<T> = value.into();
        self.known.insert(shared.clone());
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_share_one_allocation() {
        let mut names: Interner = Interner::default();
        assert!(Arc::ptr_eq(&names.get("mw-web"), &names.get("mw-web")));
    }

    #[test]
    fn names_nobody_holds_are_forgotten() {
        let mut names: Interner = Interner::default();
        for n in 0..10_000 {
            names.get(&format!("image:{n}"));
        }
        assert!(names.known.len() <= 512, "{} names kept", names.known.len());
    }

    #[test]
    fn a_source_id_has_kind_and_name() {
        let id = SourceId::new("kubernetes", "eqiad");
        assert_eq!((id.kind(), id.name(), id.as_str()), ("kubernetes", "eqiad", "kubernetes:eqiad"));
    }
}
