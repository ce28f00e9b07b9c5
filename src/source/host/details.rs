//! Details of a machine and its disks, put together of what was read last: they cost the machine nothing.

use super::{
    facts::{Facts, Flow},
    latest::{Cost, Latest},
    standing::Standing,
};
use crate::model::{
    document::Document,
    field::Tone,
    rows::{DiskRow, NodeRow, ProcessRow, SKEW, Stage, Support},
    value,
};

/// Interfaces and disks that are listed at most.
const LIMIT: usize = 200;

/// All there is to know of the machine.
pub(super) fn node(latest: &Latest) -> Document {
    let row = latest.row();
    let mut document = Document::default();
    document.heading(format!("Machine {}", row.name));
    document.pair("system", row.os.as_deref().unwrap_or("–"));
    supported(&mut document, &row);
    document.pair("kernel", row.kernel.as_deref().unwrap_or("–"));
    document.moment(0, "booted", row.booted);
    document.pair("processors", number(row.cores));
    document.pair("processes", number(row.processes));
    about(&mut document, latest, &row);
    let facts = latest.facts.clone().unwrap_or_default();
    processor(&mut document, &facts);
    memory(&mut document, &facts);
    busiest(&mut document, &latest.processes.rows);
    document.heading("Network");
    for flow in facts.interfaces.iter().take(LIMIT) {
        document.pair(flow.name.as_ref(), through(flow));
    }
    document.pair("all", format!("in {}, out {}", rate(row.received), rate(row.sent)));
    document.heading("Block devices");
    document.pair("all", format!("read {}, written {}", rate(row.read), rate(row.written)));
    document.heading("File systems");
    for disk in latest.disks.iter().flatten().take(LIMIT) {
        document.pair_in(0, disk.mount.as_ref(), use_of(disk), disk_tone(disk));
    }
    for mount in &latest.hung {
        document.pair_in(0, mount, "does not answer; is its server up?", Tone::Bad);
    }
    document.heading("Failed units");
    match latest.units.as_ref() {
        None => document.text("– (no systemd here, or it does not answer)"),
        Some(units) => {
            let failed = units.iter().filter(|unit| &*unit.active == "failed");
            let before = document.lines.len();
            for unit in failed.take(LIMIT) {
                document.pair_in(0, unit.unit.as_ref(), unit.description.as_ref(), Tone::Bad);
            }
            if document.lines.len() == before {
                document.text("none");
            }
        }
    }
    document
}

/// Until when its system gets security fixes.
fn supported(document: &mut Document, row: &NodeRow) {
    let Some((support, stage)) = row.support.zip(row.stage) else {
        return document.pair("support", "– (dates are known of Debian, Ubuntu, and systems that tell SUPPORT_END)");
    };
    let day = Support::last_day;
    let long = support.long.map(|long| format!(", long-term until {}", day(long))).unwrap_or_default();
    let tone = match stage {
        Stage::Supported | Stage::Long => Tone::Plain,
        Stage::Ending => Tone::Warn,
        Stage::Ended => Tone::Bad,
    };
    document.pair_in(0, "support", format!("{}: regular until {}{long}", stage.word(), day(support.regular)), tone);
}

/// What the machine is and whether it is as it should be.
fn about(document: &mut Document, latest: &Latest, row: &NodeRow) {
    for (name, text) in [("groups", &row.groups), ("datacentre", &row.datacentre), ("virtual", &row.virtualisation)] {
        if let Some(text) = text {
            document.pair(name, text.as_ref());
        }
    }
    if let Some(Standing { reboot: (needed, why), arrays, .. }) = &latest.standing {
        let (word, tone) = match needed {
            Some(true) => ("needed", Tone::Warn),
            Some(false) => ("not needed", Tone::Plain),
            None => ("–", Tone::Plain),
        };
        document.pair_in(0, "reboot", format!("{word}: {why}"), tone);
        for array in arrays.iter().flatten() {
            let action = array.action.as_ref().map(|action| format!(", {action}")).unwrap_or_default();
            let (word, tone) = if array.is_degraded { ("degraded", Tone::Bad) } else { ("ok", Tone::Good) };
            document.pair_in(0, &array.name, format!("{} {word}{action}", array.level), tone);
        }
    }
    if let Some(skew) = row.skew {
        let tone = if skew.abs() >= SKEW { Tone::Warn } else { Tone::Plain };
        let text = match skew {
            0 => "as this machine's".to_owned(),
            ahead @ 1.. => format!("{ahead} s ahead of this machine's"),
            behind => format!("{} s behind this machine's", behind.abs()),
        };
        document.pair_in(0, "clock", text, tone);
    }
    if let Some(Cost { cpu, bytes }) = latest.cost {
        let text = format!("{cpu:.2}% of a core, {}/s sent", value::bytes(bytes));
        document.pair("probe", text);
    }
}

fn processor(document: &mut Document, facts: &Facts) {
    document.heading("Processor");
    document.pair("busy", facts.busy.map_or("–".into(), value::percent));
    if let Some(cpu) = facts.cpu {
        for (name, share) in
            [("user", cpu.user), ("system", cpu.system), ("I/O wait", cpu.iowait), ("stolen", cpu.steal)]
        {
            document.pair(name, value::percent(share));
        }
    }
    let cores: Vec<String> = facts.per_core.iter().map(|share| share.map_or("–".into(), value::percent)).collect();
    for (n, some) in cores.chunks(8).enumerate() {
        document.pair(format!("cores {}–{}", n * 8, n * 8 + some.len() - 1), some.join("  "));
    }
    if let Some([one, five, fifteen]) = facts.load {
        document.pair("load", format!("{one:.2}  {five:.2}  {fifteen:.2}"));
    }
    for (name, waited) in [("cpu", facts.pressure.cpu), ("memory", facts.pressure.memory), ("I/O", facts.pressure.io)] {
        let text = waited
            .map_or("– (this kernel does not say)".into(), |p| format!("{} of the last 10 s", value::percent(p)));
        document.pair(format!("waited for {name}"), text);
    }
}

fn memory(document: &mut Document, facts: &Facts) {
    document.heading("Memory");
    let memory = &facts.memory;
    for (name, bytes) in [
        ("total", memory.total),
        ("used", memory.used()),
        ("available", memory.available),
        ("free", memory.free),
        ("buffers", memory.buffers),
        ("cached", memory.cached),
        ("shared", memory.shared),
        ("slab", memory.slab),
        ("dirty", memory.dirty),
        ("swap", memory.swap_total),
        ("swap used", memory.swap_used()),
    ] {
        document.pair(name, size(bytes));
    }
}

fn busiest(document: &mut Document, rows: &[ProcessRow]) {
    document.heading("Busiest processes");
    for process in rows.iter().take(10) {
        let cpu = process.cpu.map_or("–".into(), value::percent);
        let tone = if process.busy_since.is_some() { Tone::Warn } else { Tone::Plain };
        let user = process.user.as_deref().unwrap_or("–");
        let text = format!("{cpu:>6}  {:>6}  {}  {user}  {}", size(process.memory), process.state, process.command);
        document.pair_in(0, process.pid.to_string(), text, tone);
    }
}

/// All there is to know of a file system; `None` when it is not mounted any more.
pub(super) fn disk(latest: &Latest, mount: &str) -> Option<Document> {
    let disk = latest.disks.iter().flatten().find(|disk| &*disk.mount == mount)?;
    let mut document = Document::default();
    document.heading(format!("File system {mount}"));
    document.pair("machine", disk.node.as_ref());
    document.pair("device", disk.device.as_ref());
    document.pair("type", disk.kind.as_ref());
    document.pair("mounted", if disk.read_only { "read-only" } else { "read and write" });
    document.pair_in(0, "use", use_of(disk), disk_tone(disk));
    document.pair("size", size(Some(disk.size)));
    document.pair("used", size(Some(disk.used)));
    document.pair("available", size(Some(disk.available)));
    document.pair("reserved", size(Some(disk.size.saturating_sub(disk.used).saturating_sub(disk.available))));
    if disk.inodes > 0 {
        let percent = disk.inode_percent().map_or("–".into(), value::percent);
        document.pair("inodes", format!("{percent}  {} of {}", disk.inodes_used, disk.inodes));
    }
    if latest.hung.iter().any(|hung| hung == mount) {
        document.pair_in(0, "answer", "none now; the numbers are the last known", Tone::Bad);
    }
    Some(document)
}

fn use_of(disk: &DiskRow) -> String {
    let percent = disk.percent().map_or("–".into(), value::percent);
    format!(
        "{percent}  {} of {}, {} available",
        size(Some(disk.used)),
        size(Some(disk.size)),
        size(Some(disk.available))
    )
}

fn disk_tone(disk: &DiskRow) -> Tone {
    match disk.percent() {
        Some(percent) if !disk.read_only && percent >= 95.0 => Tone::Bad,
        Some(percent) if !disk.read_only && percent >= 85.0 => Tone::Warn,
        _ => Tone::Plain,
    }
}

fn through(flow: &Flow) -> String {
    format!("in {}, out {}", rate(flow.received), rate(flow.sent))
}

fn rate(rate: Option<f64>) -> String {
    rate.map_or("–".into(), |rate| format!("{}/s", value::bytes(rate)))
}

fn size(size: Option<u64>) -> String {
    size.map_or("–".into(), |size| value::bytes(size as f64))
}

fn number(number: Option<u32>) -> String {
    number.map_or("–".into(), |number| number.to_string())
}
