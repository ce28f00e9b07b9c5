//! The probe: a constant script for any POSIX shell, what is asked of it, and how it says that it is there.

/// The script. Nothing is ever put into it.
pub const SCRIPT: &str = include_str!("probe.sh");

/// What may be asked for in one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tier {
    /// Processors, memory, load, pressure, traffic.
    Fast,
    /// The clock, devices, software RAID.
    State,
    /// File systems.
    Disks,
    /// How full those of the host's own devices are.
    Sizes,
    /// systemd's units.
    Units,
    /// Processes.
    Processes,
    /// Processes, with what only a look at them needs: user, command line, what they wait in.
    AllProcesses,
    /// System, kernels, virtualisation.
    Inventory,
}

impl Tier {
    fn letter(self) -> char {
        match self {
            Self::Fast => 'f',
            Self::State => 's',
            Self::Disks => 'd',
            Self::Sizes => 'n',
            Self::Units => 'u',
            Self::Processes => 'p',
            Self::AllProcesses => 'a',
            Self::Inventory => 'i',
        }
    }
}

/// The line that asks for these.
pub fn request(tiers: &[Tier]) -> String {
    tiers.iter().map(|tier| tier.letter()).chain(std::iter::once('\n')).collect()
}

/// The remote command that reads the script from its standard input. One simple command with one quoted word, which every
/// login shell understands, fish and csh too; the script itself is read by `sh`.
pub fn command() -> String {
    format!("exec sh -c 'eval \"$(head -c {})\"'", SCRIPT.len())
}

/// The probe's process id, when the line is the one by which it says that it is ready.
pub fn ready(line: &str) -> Option<u32> {
    // What a login shell printed without an end of line may stand before it.
    let (_, pid) = line.rsplit_once("ronde-probe ready ")?;
    pid.trim_end().parse().ok()
}

/// A mark that nobody else knows: 128 bits in hexadecimal digits.
pub fn mark() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    // The standard library's keys come from the system's random numbers.
    let half = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", half(), half())
}

#[cfg(test)]
mod tests;
