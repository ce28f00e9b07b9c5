//! Which sources there are: one line a kind.

use super::Source;
use crate::model::key::SourceId;

/// Makes a source, as often as it must be started.
pub struct Starter {
    /// Its name.
    pub id: SourceId,
    /// Makes it.
    pub make: Box<dyn Fn() -> Box<dyn Source> + Send + Sync>,
}

impl Starter {
    /// A starter for sources that `make` makes.
    pub fn new<S: Source>(make: impl Fn() -> S + Send + Sync + 'static) -> Self {
        let id = make().id();
        Self { id, make: Box::new(move || Box::new(make())) }
    }
}
