//! The tabs and their lenses: which tables stand under which number. Numbers never move.

use crate::model::store::TableId;

/// A tab.
#[derive(Debug)]
pub struct TabSpec {
    /// Its key.
    pub number: char,
    /// Its name.
    pub name: &'static str,
    /// Ways to look at its things; the first is shown first.
    pub lenses: &'static [Lens],
}

/// One way to look at a tab's things.
#[derive(Debug)]
pub struct Lens {
    /// Its name, for `:lens`.
    pub name: &'static str,
    /// The table it shows.
    pub table: TableId,
}

const fn lens(name: &'static str, table: TableId) -> Lens {
    Lens { name, table }
}

/// Every tab that works.
pub const TABS: &[TabSpec] = &[
    TabSpec { number: '1', name: "Triage", lenses: &[lens("findings", TableId::Findings)] },
    TabSpec {
        number: '2',
        name: "Nodes",
        lenses: &[
            lens("hosts", TableId::Nodes),
            lens("groups", TableId::Groups),
            lens("disks", TableId::Disks),
            lens("units", TableId::Units),
            lens("processes", TableId::Processes),
        ],
    },
    TabSpec {
        number: '3',
        name: "Containers",
        lenses: &[
            lens("containers", TableId::Containers),
            lens("projects", TableId::Projects),
            lens("processes", TableId::ContainerProcesses),
        ],
    },
    TabSpec {
        number: '4',
        name: "Pods",
        lenses: &[
            lens("pods", TableId::Pods),
            lens("workloads", TableId::Workloads),
            lens("jobs", TableId::Jobs),
            lens("nodes", TableId::ClusterNodes),
            lens("events", TableId::Events),
        ],
    },
];

/// Where a table stands: tab and lens.
pub fn place(table: TableId) -> Option<(usize, usize)> {
    TABS.iter()
        .enumerate()
        .find_map(|(tab, spec)| spec.lenses.iter().position(|lens| lens.table == table).map(|lens| (tab, lens)))
}
