//! One start of one machine: by what it is known again wherever something reports it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// By what a running machine is known again. Names are no proof: two clusters may each have a `node1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    /// The kernel's boot id (`/proc/sys/kernel/random/boot_id`): another with every start, but shared by the containers of a
    /// machine.
    pub boot: Arc<str>,
    /// machine-id(5), where it is known: the installation's. Copies of one disk image may share it.
    pub machine: Option<Arc<str>>,
}

impl Boot {
    /// From what a system reports; none without a boot id. Both are hexadecimal digits, with or without dashes.
    pub fn new(boot: &str, machine: &str) -> Option<Self> {
        let id = |text: &str| {
            let digits: String = text.trim().chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect();
            (digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit())).then(|| Arc::from(digits))
        };
        Some(Self { boot: id(boot)?, machine: id(machine) })
    }

    /// Whether both report the same machine: the same start of it, unless the machine ids differ (a container shares its
    /// host's boot id). One that restarted is told anew by one of them first; where the `names` are the same, its machine id
    /// then suffices.
    pub fn is_same(&self, other: &Self, names_agree: bool) -> bool {
        let machines = self.machine.as_ref().zip(other.machine.as_ref()).map(|(a, b)| a == b);
        machines != Some(false) && (self.boot == other.boot || (names_agree && machines == Some(true)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const A: &str = "64e1ab55-4a7b-4da1-ac52-3df8405aa6f9";
    const B: &str = "11111111-4a7b-4da1-ac52-3df8405aa6f9";
    const MACHINE: &str = "3d1219c7c4c5404aaa1f6d2a48adfda4\n";

    #[test]
    fn a_machine_is_known_by_its_boot_and_its_machine_id() {
        let boot = |boot: &str, machine: &str| Boot::new(boot, machine).expect("an id");
        let node = boot(A, MACHINE);
        assert!(node.is_same(&boot(&A.to_uppercase(), MACHINE), false));
        assert!(node.is_same(&boot(A, ""), false), "its machine id cannot be read");
        assert!(!node.is_same(&boot(A, &B.replace('-', "")), true), "a container on it");
        assert!(!node.is_same(&boot(B, MACHINE), false), "a copy of its disk");
        assert!(node.is_same(&boot(B, MACHINE), true), "it restarted, and one of them does not know yet");
        assert!(!node.is_same(&boot(B, ""), true), "a name is no proof");
    }

    proptest! {
        #[test]
        fn what_is_no_id_is_none(text in ".*") {
            if let Some(boot) = Boot::new(&text, &text) {
                prop_assert_eq!(boot.boot.len(), 32);
            }
        }
    }
}
