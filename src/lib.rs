//! ronde.
