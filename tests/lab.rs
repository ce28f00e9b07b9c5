//! The program on the lab's real systems, as an operator uses it: keys in, screens out, and what the other side says.
//!
//! Needs the lab (`tests/lab/up`; its state in `RONDE_LAB`, else `/var/lib/ronde-lab`) and root, for it breaks things on
//! purpose: one test at a time. Without the lab each test fails; plain `cargo test` leaves this file out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test ends where what it expects does not hold, and runs the tools it compares with"
)]

mod support;

#[path = "lab_console/bench.rs"]
mod bench;
#[path = "lab_console/ends.rs"]
mod ends;
#[path = "lab_console/engines.rs"]
mod engines;
#[path = "lab_console/faces.rs"]
mod faces;
#[path = "lab_console/failures.rs"]
mod failures;
#[path = "lab_console/host_ends.rs"]
mod host_ends;
#[path = "lab_console/host_faults.rs"]
mod host_faults;
#[path = "lab_console/host_sessions.rs"]
mod host_sessions;
#[path = "lab_console/hostile.rs"]
mod hostile;
#[path = "lab_console/hosts.rs"]
mod hosts;
#[path = "lab_console/journal.rs"]
mod journal;
#[path = "lab_console/looks.rs"]
mod looks;
#[path = "lab_console/twins.rs"]
mod twins;
