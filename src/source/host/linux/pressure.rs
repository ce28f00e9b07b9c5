//! `/proc/pressure/*`: pressure stall information (kernel documentation, accounting/psi).

/// `avg10` of the line `some`: percent of the last 10 s in which some task waited.
pub(super) fn some(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("some "))?;
    line.split_ascii_whitespace()
        .find_map(|field| field.strip_prefix("avg10="))?
        .parse()
        .ok()
        .filter(|p| f64::is_finite(*p))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_captured_files_are_read() {
        let cpu = "some avg10=62.48 avg60=61.22 avg300=66.84 total=717124113\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
        assert_eq!(some(cpu), Some(62.48));
        // Linux 5.10 has no `full` line for the processor.
        assert_eq!(some("some avg10=1.50 avg60=0.00 avg300=0.00 total=12\n"), Some(1.5));
        assert_eq!(some(""), None);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in any::<String>(), n in 0u32..10_000) {
            some(&text);
            let value = f64::from(n) / 100.0;
            prop_assert_eq!(some(&format!("some avg10={value:.2} avg60=0.00 avg300=0.00 total=1")), Some(value));
        }
    }
}
