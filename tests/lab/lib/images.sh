# The images of the lab, from busybox and our own pause: made here, no registry is asked.
# shellcheck shell=bash

IMAGE=ronde-lab/busybox:1
PAUSE=ronde-lab/pause:1

# Debian's static busybox is unpacked from its package, not installed: it would replace busybox.
fetch_busybox() {
    local tmp
    tmp=$(mktemp -d)
    chmod 755 "$tmp"
    (cd "$tmp" && apt-get download busybox-static) || (apt-get update -qq && cd "$tmp" && apt-get download busybox-static)
    dpkg-deb -x "$tmp"/busybox-static_*.deb "$tmp/deb"
    install -D -m 755 "$tmp/deb/bin/busybox" "$1/bin/busybox"
    rm -rf "$tmp"
}

make_images() {
    local out=$1 root=$1/root applet
    fetch_busybox "$root"
    # Every applet as a link, without chroot: the list is the program's own.
    mkdir -p "$root"/{sbin,usr/bin,usr/sbin,etc,tmp,proc,sys,dev,var/tmp,root}
    while read -r applet; do
        mkdir -p "$root/$(dirname "$applet")"
        [[ -e $root/$applet ]] || ln -s /bin/busybox "$root/$applet"
    done < <("$root/bin/busybox" --list-full)
    echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
    echo 'root:x:0:' >"$root/etc/group"
    [[ -L $root/bin/sh ]] || return 1
    install -D -m 755 "$LAB_SRC/lib/workload.sh" "$root/usr/bin/workload"
    chmod 1777 "$root/tmp" "$root/var/tmp"
    "$TOOLS/image" -root "$root" -out "$out/busybox.tar" "$IMAGE" ronde-lab/mediawiki-httpd:2024-11-05-120000 ronde-lab/mediawiki-multiversion:2024-11-05-133700
    mkdir "$out/pause"
    install -m 755 "$TOOLS/pause" "$out/pause/pause"
    "$TOOLS/image" -root "$out/pause" -entrypoint /pause -out "$out/pause.tar" "$PAUSE"
    rm -rf "$root" "$out/pause"
}

build_images() {
    IMAGES=$CACHE/images-$(hash_of "$LAB_SRC/lib/workload.sh" "$LAB_SRC/lib/images.sh" "$TOOLS/pause")
    make_dir "$IMAGES" make_images
}
