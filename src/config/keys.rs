//! Mistakes in `[keys]`, which only the table of commands can find, with their places.

use super::{
    error::{Place, Problem, Problems},
    load::Loaded,
    tree::place,
};

impl Loaded {
    /// Mistakes about keys, each named by the command it is about, as the table of commands tells them.
    pub fn key_problems(&self, mistakes: Vec<(String, String)>) -> Problems {
        let keys = self.tree.entry("keys").map(|entry| &entry.node);
        let problem = |(command, message): (String, String)| {
            let origin = keys.and_then(|keys| keys.entry(&command)).map(|entry| entry.key);
            let place = origin.map_or(Place::Default, |origin| place(&self.layers, origin));
            Problem { place, message }
        };
        let mut problems: Vec<Problem> = mistakes.into_iter().map(problem).collect();
        problems.sort_by_key(|problem| super::load::line(&problem.place));
        Problems(problems)
    }
}
