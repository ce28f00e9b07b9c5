# Which sockets of engines this host has, whether this user may open them, and which commands carry an engine's API. Reads only.
# Arguments: the sockets to look for; none: where they stand by default.
runtime=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}
[ $# -gt 0 ] || set -- /var/run/docker.sock "$runtime/docker.sock" /run/podman/podman.sock "$runtime/podman/podman.sock"
for socket do
    [ -S "$socket" ] || continue
    access=closed
    [ -r "$socket" ] && [ -w "$socket" ] && access=open
    group=$(stat -L -c %G "$socket" 2>/dev/null)
    echo "ronde socket $access ${group:-?} $socket"
done
for tool in docker podman; do
    command -v "$tool" >/dev/null 2>&1 && echo "ronde tool $tool"
done
echo "ronde user $(id -un)"
