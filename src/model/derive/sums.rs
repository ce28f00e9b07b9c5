//! The footer of a table: a few sums over the rows shown.

use crate::model::{field::Tone, store::TableId, table::Rows, value::Value};

/// A labelled sum.
#[derive(Clone, Debug, PartialEq)]
pub struct Sum {
    /// What is summed: `running`, `cpu`.
    pub label: &'static str,
    /// The sum; unknown when no row knows its part.
    pub value: Value<'static>,
    /// How it is meant.
    pub tone: Tone,
}

/// The sums of `slots`, for the footer.
pub fn sums(rows: &dyn Rows, slots: &[u32]) -> Vec<Sum> {
    let over = Over { rows, slots };
    match rows.id() {
        TableId::Pods => over.pods(),
        TableId::Nodes => vec![
            over.count("machines"),
            over.sum_of("failed units", "failed", Tone::Warn),
            over.yes("reboot", "reboot", Tone::Warn),
            over.average("cpu", "cpu"),
            over.total("memory", "memory-used"),
            over.total("of", "memory-total"),
            over.worst("fullest disk", "disk"),
        ],
        TableId::Containers => over.with_use("containers", "running", "state", &["running"]),
        TableId::Processes | TableId::ContainerProcesses => {
            vec![over.count("processes"), over.total("cpu", "cpu"), over.total("memory", "memory")]
        }
        TableId::Projects => vec![over.count("projects"), over.total("cpu", "cpu"), over.total("memory", "memory")],
        TableId::ClusterNodes => over.with_use("nodes", "ready", "status", &["Ready", "Ready,SchedulingDisabled"]),
        TableId::Disks => {
            vec![over.count("file systems"), over.total("used", "used"), over.total("available", "available")]
        }
        TableId::Units => vec![over.count("units"), over.among("failed", "active", &["failed"], Tone::Bad)],
        TableId::Jobs => vec![
            over.count("jobs"),
            over.among("running", "outcome", &["Running"], Tone::Plain),
            over.among("failed", "outcome", &["Failed"], Tone::Bad),
        ],
        TableId::Workloads => vec![
            over.count("workloads"),
            over.among("rolling", "rollout", &["rolling"], Tone::Warn),
            over.among("degraded", "rollout", &["degraded", "stuck"], Tone::Bad),
        ],
        TableId::Events => vec![over.count("events"), over.among("warnings", "type", &["Warning"], Tone::Warn)],
        TableId::Findings => vec![
            over.among("critical", "severity", &["critical"], Tone::Bad),
            over.among("warning", "severity", &["warning"], Tone::Warn),
            over.among("notice", "severity", &["notice"], Tone::Plain),
        ],
        // One machine may be in two groups: sums of sums would count it twice.
        TableId::Groups => vec![over.count("groups"), over.among("critical", "state", &["critical"], Tone::Bad)],
        TableId::PodContainers => vec![over.count("containers")],
        TableId::Sources => vec![over.count("sources")],
    }
}

struct Over<'a> {
    rows: &'a dyn Rows,
    slots: &'a [u32],
}

impl<'a> Over<'a> {
    fn values(&self, field: &str) -> impl Iterator<Item = Value<'a>> {
        let (rows, field) = (self.rows, self.rows.field_named(field).unwrap_or(usize::MAX));
        self.slots.iter().map(move |&slot| rows.value(slot, field))
    }

    fn sum(label: &'static str, count: usize, tone: Tone) -> Sum {
        let tone = if count == 0 { Tone::Dim } else { tone };
        Sum { label, value: Value::Int(i64::try_from(count).unwrap_or(i64::MAX)), tone }
    }

    fn count(&self, label: &'static str) -> Sum {
        Self::sum(label, self.slots.len(), Tone::Plain)
    }

    /// How many rows have one of these texts in `field`.
    fn among(&self, label: &'static str, field: &str, texts: &[&str], tone: Tone) -> Sum {
        let count = self.values(field).filter(|v| matches!(v, Value::Text(text) if texts.contains(&&**text))).count();
        Self::sum(label, count, tone)
    }

    /// The sum of what is known.
    fn total(&self, label: &'static str, field: &str) -> Sum {
        let value = self.values(field).reduce(add).unwrap_or(Value::Unknown);
        Sum { label, value: owned(&value), tone: Tone::Plain }
    }

    /// The sum of what is known, toned when there is any.
    fn sum_of(&self, label: &'static str, field: &str, tone: Tone) -> Sum {
        let sum = self.total(label, field);
        let tone = if matches!(sum.value, Value::Int(n) if n > 0) { tone } else { Tone::Dim };
        Sum { tone, ..sum }
    }

    /// How many rows say yes.
    fn yes(&self, label: &'static str, field: &str, tone: Tone) -> Sum {
        Self::sum(label, self.values(field).filter(|value| matches!(value, Value::Bool(true))).count(), tone)
    }

    /// The greatest of the percentages known.
    fn worst(&self, label: &'static str, field: &str) -> Sum {
        let percent = |value| if let Value::Percent(p) = value { Some(p) } else { None };
        let worst = self.values(field).filter_map(percent).max_by(f64::total_cmp);
        let tone = match worst {
            Some(p) if p >= 95.0 => Tone::Bad,
            Some(p) if p >= 85.0 => Tone::Warn,
            _ => Tone::Plain,
        };
        Sum { label, value: Value::known(worst, Value::Percent), tone }
    }

    /// The mean of the percentages known.
    fn average(&self, label: &'static str, field: &str) -> Sum {
        let known: Vec<f64> =
            self.values(field).filter_map(|v| if let Value::Percent(p) = v { Some(p) } else { None }).collect();
        let value =
            Value::known((!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64), Value::Percent);
        Sum { label, value, tone: Tone::Plain }
    }

    /// How many of all are well, with their processor and memory use.
    fn with_use(&self, all: &'static str, well: &'static str, field: &str, texts: &[&str]) -> Vec<Sum> {
        vec![
            self.count(all),
            self.among(well, field, texts, Tone::Good),
            self.total("cpu", "cpu"),
            self.total("memory", "memory"),
        ]
    }

    fn pods(&self) -> Vec<Sum> {
        let [mut running, mut pending, mut completed, mut failed] = [0; 4];
        for value in self.values("status") {
            let Value::Text(status) = value else { continue };
            match &*status {
                "Running" | "NotReady" | "Terminating" => running += 1,
                "Completed" | "Succeeded" => completed += 1,
                "Pending" | "ContainerCreating" | "PodInitializing" | "SchedulingGated" => pending += 1,
                // `Init:0/2` goes on, `Init:Error` does not.
                text if text.starts_with("Init:") && text.contains('/') => pending += 1,
                _ => failed += 1,
            }
        }
        vec![
            Self::sum("running", running, Tone::Good),
            Self::sum("pending", pending, Tone::Warn),
            Self::sum("completed", completed, Tone::Dim),
            Self::sum("failed", failed, Tone::Bad),
            self.total("cpu", "cpu"),
            self.total("memory", "memory"),
        ]
    }
}

/// The sum of two values of one kind; what is unknown adds nothing.
fn add<'a>(a: Value<'a>, b: Value<'a>) -> Value<'a> {
    match (a, b) {
        (Value::Unknown, other) | (other, Value::Unknown) => other,
        (Value::Cpu(a), Value::Cpu(b)) => Value::Cpu(a.saturating_add(b)),
        (Value::Bytes(a), Value::Bytes(b)) => Value::Bytes(a.saturating_add(b)),
        (Value::Percent(a), Value::Percent(b)) => Value::Percent(a + b),
        (Value::Rate(a), Value::Rate(b)) => Value::Rate(a + b),
        (Value::Int(a), Value::Int(b)) => Value::Int(a.saturating_add(b)),
        (first, _) => first,
    }
}

/// A sum is a number; it borrows nothing.
fn owned(value: &Value<'_>) -> Value<'static> {
    match *value {
        Value::Cpu(n) => Value::Cpu(n),
        Value::Bytes(n) => Value::Bytes(n),
        Value::Percent(n) => Value::Percent(n),
        Value::Rate(n) => Value::Rate(n),
        Value::Int(n) => Value::Int(n),
        _ => Value::Unknown,
    }
}
