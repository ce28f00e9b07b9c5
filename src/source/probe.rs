//! Why a single question to an observed system, without a session, has no answer. Knows no system.

/// Why a probe has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Nothing answered in time. Else it answered and would not, or what leads to it must be mended first.
    pub silent: bool,
    /// One line: what failed, where, why, what to do.
    pub line: String,
}
