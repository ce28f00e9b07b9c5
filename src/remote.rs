//! One SSH connection a host: the probe on it, and later commands and forwarded sockets.
//!
//! Connections are made by the system's OpenSSH, so that `ssh_config`, agents, certificates, jump hosts and `known_hosts` are
//! what they are elsewhere. Nothing is asked on our terminal and no host key is accepted. Knows no table and no screen.

pub mod aliases;
pub mod connection;
pub mod engine_sockets;
pub mod forward;
pub mod frame;
mod janitor;
pub mod lines;
pub mod pace;
mod passphrase;
pub mod probe;
pub mod resolved;
pub mod session;
pub mod slots;
pub mod sockets;
pub mod target;
pub mod trouble;
pub mod ways;

pub use connection::Connection;
pub use frame::{Name, Section};
pub use resolved::Resolved;
pub use session::Door;
pub use target::Target;
pub use trouble::Trouble;
pub use ways::{Route, Way, Ways};
