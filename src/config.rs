//! Configuration: what a person may set, where it comes from, and what is wrong with it.

pub mod schema;
