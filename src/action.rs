//! Everything that can change or disturb a system: request → plan → gate → permit → execution.
//!
//! A request says what a person wants. A plan, made with questions that only observe, says exactly what would be done.
//! The gate judges the plan against the role and alone makes the permit an executor needs. What is unknown is denied.
//! Knows no screen and, but for its executors, no client of an observed system.

pub mod gate;
pub mod impact;
pub mod plan;
pub mod request;
pub mod role;

pub use gate::{Confirmation, Gate, Permit, Prompt, Reason, Verdict};
pub use impact::Impact;
pub use plan::{Plan, Step};
pub use request::{CommandId, Request, Target};
pub use role::{Exception, Role};
