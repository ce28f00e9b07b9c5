# Things that go wrong on purpose, and their undoing. shellcheck shell=bash

RULE_MARK=ronde-lab

drop_rules() { # -I|-D PORT: both directions, on loopback only
    iptables -w "$1" INPUT -i lo -p tcp --dport "$2" -m comment --comment "$RULE_MARK" -j DROP &&
        iptables -w "$1" INPUT -i lo -p tcp --sport "$2" -m comment --comment "$RULE_MARK" -j DROP
}

undrop() { # PORT
    command -v iptables >/dev/null || return 0
    while drop_rules -D "$1" 2>/dev/null; do :; done
}

drop() { # PORT
    undrop "$1"
    drop_rules -I "$1"
}
