//! ronde.
fn main() {}
