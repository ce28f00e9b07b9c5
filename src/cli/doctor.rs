//! `ronde doctor`: all checks, in one report.

use jiff::Timestamp;

use super::{DoctorArgs, DoctorForm, Exit};
use crate::{
    config::{Config, Loaded, Places, Problems},
    report::doctor::{self, Check, Probe, Verdict, local},
};

/// Runs every check; a broken configuration is one of them, and the rest is checked with the defaults.
pub async fn run(
    args: &DoctorArgs,
    places: &Places,
    loaded: &Result<Loaded, Problems>,
    probes: &[Box<dyn Probe>],
) -> (String, Exit) {
    let now = Timestamp::now();
    let defaults = Config::default();
    let config = loaded.as_ref().map_or(&defaults, |loaded| &loaded.config);
    let mut checks: Vec<Check> = local::Terminal::now().checks();
    checks.extend(local::configuration(loaded));
    checks.push(local::cache(config, places, now));
    checks.push(local::log(&config.log_file(places)));
    checks.push(local::clock(now));
    checks.extend(doctor::ask(probes).await);
    let out = match args.output {
        DoctorForm::Text => doctor::text(&checks),
        DoctorForm::Json => doctor::json(&checks),
    };
    let exit = match doctor::worst(&checks) {
        Verdict::Ok | Verdict::Warn => Exit::Well,
        Verdict::Fail => Exit::Findings,
        Verdict::Unreachable => Exit::Unreachable,
    };
    (out, exit)
}
