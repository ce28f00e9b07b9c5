//! What OpenSSH 9.2 printed, word for word.

use proptest::prelude::*;

use super::*;

fn of(text: &str) -> Trouble {
    Trouble::of_ssh(&text.lines().map(str::to_owned).collect::<Vec<_>>())
}

const CHANGED: &str = "\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Someone could be eavesdropping on you right now (man-in-the-middle attack)!
It is also possible that a host key has just been changed.
The fingerprint for the ED25519 key sent by the remote host is
SHA256:rKPUBk4S1S2vUG/eIFWAnFODwJWwRsoWwgInuQyRLNY.
Please contact your system administrator.
Add correct host key in /home/a/.ssh/known_hosts to get rid of this message.
Offending ED25519 key in /home/a/.ssh/known_hosts:1
  remove with:
  ssh-keygen -f \"/home/a/.ssh/known_hosts\" -R \"[127.0.0.1]:2201\"
Host key for [127.0.0.1]:2201 has changed and you have requested strict checking.
Host key verification failed.";

#[test]
fn host_keys_are_told_with_what_to_do() {
    let unknown = of("No ED25519 host key is known for [127.0.0.1]:2201 and you have requested strict checking.\n\
                      Host key verification failed.");
    assert_eq!(unknown, Trouble::UnknownKey(Unknown { kind: "ED25519".into(), ..Unknown::default() }));
    assert!(unknown.line("ssh -F x h1").contains("ssh -F x h1 -o StrictHostKeyChecking=ask"));
    let asked =
        Unknown { kind: "ED25519".into(), fingerprint: "SHA256:x".into(), accept: "ssh-keyscan h1 >> k".into() };
    let line = Trouble::UnknownKey(asked).line("ssh h1");
    assert!(line.contains("ED25519 SHA256:x") && line.ends_with("ssh-keyscan h1 >> k"), "{line}");
    let changed = of(CHANGED);
    let Trouble::ChangedKey(found) = &changed else { panic!("{changed:?}") };
    assert_eq!(found.fingerprint, "SHA256:rKPUBk4S1S2vUG/eIFWAnFODwJWwRsoWwgInuQyRLNY");
    assert_eq!(found.forget, "ssh-keygen -f \"/home/a/.ssh/known_hosts\" -R \"[127.0.0.1]:2201\"");
    assert!(changed.line("ssh h1").contains(&found.forget) && changed.line("ssh h1").contains(&found.fingerprint));
    assert_eq!((unknown.state(), changed.state()), (State::Untrusted, State::Untrusted));
    assert!(!unknown.is_counted() && !changed.is_counted(), "no login was tried");
}

#[test]
fn refused_logins_are_told_apart_from_those_that_need_a_person() {
    let refused = of("root@127.0.0.1: Permission denied (publickey,password).");
    assert_eq!(refused, Trouble::Refused("publickey, password".into()));
    let factor = of("a@h1: Permission denied (keyboard-interactive).");
    assert_eq!((factor.state(), factor.is_counted()), (State::NeedsLogin, true));
    let many = of("Received disconnect from 127.0.0.1 port 22:2: Too many authentication failures\n\
                   Disconnected from 127.0.0.1 port 22");
    assert_eq!((many.state(), many.is_counted()), (State::AuthFailed, true));
    let unread = of("Load key \"/home/a/.ssh/id\": Permission denied\na@h1: Permission denied (publickey).");
    assert!(unread.to_string().contains("/home/a/.ssh/id"), "{unread}");
    assert_eq!(of("WARNING: Your password has expired.").state(), State::NeedsLogin);
}

#[test]
fn hosts_that_are_not_reached_say_why() {
    for (printed, part) in [
        ("ssh: connect to host 127.0.0.1 port 2299: Connection refused", "connection refused (127.0.0.1 port 2299)"),
        ("ssh: connect to host 192.0.2.1 port 22: Connection timed out", "connection timed out (192.0.2.1 port 22)"),
        ("ssh: connect to host fe80::1 port 22: No route to host", "no route to host (fe80::1 port 22)"),
        ("ssh: Could not resolve hostname h.invalid: Name or service not known", "name not found: h.invalid"),
        ("Connection timed out during banner exchange\nConnection to 127.0.0.1 port 22 timed out", "never says"),
        ("kex_exchange_identification: read: Connection reset by peer", "MaxStartups"),
        (
            "kex_exchange_identification: Connection closed by remote host\nConnection closed by 127.0.0.1 port 22",
            "MaxStartups",
        ),
        (
            "Unable to negotiate with 127.0.0.1 port 22: no matching host key type found. Their offer: ssh-dss",
            "ssh-dss",
        ),
        // The jump host's own words come first.
        (
            "ssh: connect to host jump port 22: Connection refused\nConnection closed by UNKNOWN port 65535",
            "(jump port 22)",
        ),
    ] {
        let trouble = of(printed);
        assert!(
            matches!(trouble, Trouble::Unreachable(_)) && trouble.to_string().contains(part),
            "{printed}: {trouble}"
        );
        assert_eq!(trouble.state(), State::Unreachable);
    }
}

#[test]
fn what_ends_or_is_denied_later_is_known() {
    assert_eq!(
        of("Timeout, server 127.0.0.1 not responding."),
        Trouble::Lost("no sign of life; it hangs, or packets are lost".into())
    );
    assert!(matches!(of("Connection to 127.0.0.1 closed by remote host."), Trouble::Lost(_)));
    assert!(matches!(of("client_loop: send disconnect: Broken pipe"), Trouble::Lost(_)));
    assert_eq!(
        of("mux_client_request_session: session request failed: Session open refused by peer"),
        Trouble::Sessions
    );
    assert_eq!(of("channel 2: open failed: administratively prohibited: open failed"), Trouble::Forwarding);
    let wrong = of(
        "/home/a/.ssh/config: line 3: Bad configuration option: prot\n/home/a/.ssh/config: terminating, 1 bad configuration options",
    );
    assert!(matches!(&wrong, Trouble::Configuration(why) if why.contains("line 3")), "{wrong:?}");
    assert!(matches!(of(""), Trouble::Lost(_)));
    // A banner of the server's may say anything before it.
    assert!(matches!(
        of("***\nAuthorised use only\n\nssh: connect to host a port 1: Connection refused"),
        Trouble::Unreachable(_)
    ));
}

#[test]
fn a_probe_that_is_killed_is_told_apart_from_a_connection_that_broke() {
    let of = |text: &str| Trouble::of_probe(&text.lines().map(str::to_owned).collect::<Vec<_>>());
    // A login that prints on both outputs; a socket and a session that the server refused meanwhile.
    let noise = "noisy-fish: stale lock /var/lock/backup\nchannel 2: open failed: connect failed: open failed\n\
                 channel 3: open failed: administratively prohibited: open failed\nmux_client_request_session: session request failed";
    let killed = of(noise);
    assert_eq!(killed, Trouble::Lost("the probe was ended on the host".into()));
    assert_eq!(killed.state(), State::Unreachable);
    for last in [
        "Connection to 10.213.64.16 closed by remote host.",
        "client_loop: send disconnect: Broken pipe",
        "ssh_dispatch_run_fatal: Connection to 10.213.64.16 port 22: message authentication code incorrect",
    ] {
        assert_eq!(of(&format!("{noise}\n{last}")), Trouble::Lost(last.into()));
    }
    assert_eq!(
        of("Timeout, server h1 not responding."),
        Trouble::of_ssh(&["Timeout, server h1 not responding.".into()])
    );
}

proptest! {
    #[test]
    fn any_words_are_survived_and_shown_inert(text in any::<String>()) {
        let line = of(&text).line("ssh h1");
        prop_assert!(line.chars().all(text::is_shown));
        of(&format!("{CHANGED}\n{text}"));
        of(&format!("Permission denied ({text}"));
    }
}
