//! The script under every shell of this machine; BusyBox with its own tools too.

use super::*;

#[test]
fn requests_and_greetings_are_what_the_script_knows() {
    use Tier::{AllProcesses, Disks, Fast, Inventory, Processes, Sizes, State, Units};
    let all = [Fast, State, Disks, Sizes, Units, Processes, AllProcesses, Inventory];
    assert_eq!(request(&all), "fsdnupai\n");
    for letter in request(&all).trim().chars() {
        assert!(SCRIPT.contains(&format!("case $wanted in *{letter}*)")), "{letter}");
    }
    assert_eq!(ready("ronde-probe ready 17"), Some(17));
    assert_eq!(ready("Welcome ronde-probe ready 17\r"), Some(17));
    assert_eq!(ready("ronde-probe ready"), None);
    assert_eq!(ready("ronde-probe ready -1"), None);
}

#[test]
fn the_command_is_one_word_for_any_login_shell() {
    let command = command();
    assert_eq!(shell_words::split(&command).map(|words| words.len()).unwrap_or_default(), 4);
    // csh and fish read these differently within quotes; the script is not among them.
    assert!(!command.contains(['!', '\\', '\n']));
}

#[test]
fn a_mark_is_new_every_time_and_one_that_the_script_takes() {
    let (one, other) = (mark(), mark());
    assert!(one != other && one.len() == 32 && one.bytes().all(|byte| byte.is_ascii_hexdigit()));
}

#[test]
fn the_script_writes_no_file_and_changes_nothing() {
    let code = SCRIPT.lines().filter(|line| !line.trim_start().starts_with('#'));
    for line in code {
        let into = line.split('>').skip(1).map(|rest| rest.trim_start_matches('>').trim_start());
        for target in into.filter(|_| !line.contains("awk") && !line.contains("f[22]")) {
            let harmless = ["/dev/null", "&1", "&2"].iter().any(|end| target.starts_with(end));
            assert!(harmless, "{line}");
        }
        for word in line.split(|c: char| !(c.is_alphanumeric() || "-_./".contains(c))) {
            assert!(
                !["rm", "mv", "cp", "tee", "dd", "touch", "mkdir", "sudo", "chmod", "mkfifo"].contains(&word),
                "{line}"
            );
        }
    }
}
