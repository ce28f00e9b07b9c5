# Things that go wrong on purpose, and their undoing. shellcheck shell=bash

RULE_MARK=ronde-lab

drop_rules() { # -I|-D CLUSTER: both directions, on loopback only
    local port
    port=$(port "$2" api)
    iptables -w "$1" INPUT -i lo -p tcp --dport "$port" -m comment --comment "$RULE_MARK" -j DROP &&
        iptables -w "$1" INPUT -i lo -p tcp --sport "$port" -m comment --comment "$RULE_MARK" -j DROP
}

undrop() {
    command -v iptables >/dev/null || return 0
    while drop_rules -D "$1" 2>/dev/null; do :; done
}

drop() {
    undrop "$1"
    drop_rules -I "$1"
}
