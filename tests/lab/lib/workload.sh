#!/bin/sh
# What the lab's containers do, as one applet in their image: workload KIND [ARGUMENTS].
# Each loop is slow or bounded: the lab shares two cores with the builds.
set -eu
trap 'exit 0' TERM INT

# A sleep that a signal ends at once.
rest() { sleep "$1" & wait $!; }
idle() { while :; do rest 3600; done; }

kind=${1:-idle}
[ $# -eq 0 ] || shift
case $kind in
idle) idle ;;
burn) while :; do :; done ;;                      # one core, if the limit lets it
exit) [ -z "${2:-}" ] || echo "$2"; exit "$1" ;;
crash) echo "starting"; rest "${1:-1}"; echo "cannot connect to db: connection refused" >&2; exit "${2:-1}" ;;
hold) # hold BYTES of memory
    held=$(head -c "$1" /dev/zero | tr '\0' x)
    echo "holding ${#held} bytes"
    idle ;;
eat) tail /dev/zero ;;                            # memory until the kernel says no
write) # blocks to the disk, past the cache, every second
    while :; do
        dd if=/dev/zero of=/var/tmp/blocks bs=64k count=16 oflag=direct 2>/dev/null || :
        dd if=/var/tmp/blocks of=/dev/null bs=64k iflag=direct 2>/dev/null || :
        rest 1
    done ;;
talk) # JSON lines to stdout, errors to stderr
    n=0
    while :; do
        n=$((n + 1))
        now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
        printf '{"@timestamp":"%s","level":"info","channel":"%s","message":"request %d served","reqId":"r-%06d","http":{"status":200,"path":"/wiki/Main_Page"},"ms":%d}\n' "$now" "${1:-web}" "$n" "$n" $((n * 7 % 400))
        [ $((n % 5)) -ne 0 ] || printf '{"@timestamp":"%s","level":"error","channel":"%s","message":"upstream timed out","reqId":"r-%06d","http":{"status":504}}\n' "$now" "${1:-web}" "$n" >&2
        [ $((n % 20)) -ne 0 ] || printf 'PHP Notice:  Undefined index: user in /srv/mediawiki/index.php on line %d\n' "$n" >&2
        rest "${2:-1}"
    done ;;
hostile) # text that must not reach a terminal as it is
    n=0
    while :; do
        n=$((n + 1))
        printf 'title \033]0;owned\007 colour \033[31mred\033[0m clear \033[2J\033[H cursor \033[10A alt \033[?1049h\n'
        printf 'osc52 \033]52;c;b3duZWQ=\007 link \033]8;;http://example.org\033\\click\033]8;;\033\\ dcs \033P1;1|x\033\\ c1 \302\233 31m bel \007 bs a\010b cr over\rwritten tab\tx vt\013ff\014 nul \000 del \177\n'
        printf 'wide \346\274\242\345\255\227 emoji \360\237\221\251\342\200\215\360\237\222\273 flag \360\237\207\263\360\237\207\261 combining e\314\201\314\202\314\203 zero\342\200\213width\342\200\215joiner\357\273\277bom\n'
        printf 'bidi \342\200\256gnp.exe\342\200\254 rtl \327\251\327\234\327\225\327\235 isolate \342\201\247x\342\201\251 mark \342\200\217\n'
        printf 'invalid utf8 \377\376\300\200 \355\240\200 end\n'
        printf '{"level":"\033[31minfo","message":"json with \033]0;x\007 inside"}\n' >&2
        if [ $((n % 30)) -eq 1 ]; then head -c 1048576 /dev/zero | tr '\0' A; printf ' end of a line of 1 MB\n'; fi
        rest 2
    done ;;
serve) # an HTTP server on port 8080 with a page of some size
    mkdir -p /tmp/www
    head -c 20000 /dev/zero | tr '\0' w >/tmp/www/page
    echo ok >/tmp/www/healthz
    httpd -p 8080 -h /tmp/www
    echo "serving on 8080"
    idle ;;
ask) # ask URL every second
    while :; do wget -q -O /dev/null "$1" || echo "no answer from $1" >&2; rest 1; done ;;
*) echo "workload: no kind '$kind'" >&2; exit 2 ;;
esac
