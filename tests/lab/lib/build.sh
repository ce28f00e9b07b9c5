# Programs that the lab builds, kept outside the checkout in a folder named after their inputs.
# shellcheck shell=bash

KUBERNETES=v1.34.4
KWOK=v0.7.0

need_go() {
    command -v go >/dev/null || die "Go 1.24 or newer is needed to build Kubernetes (looked on PATH and in /usr/local/go/bin)"
}

hash_of() { cat "$@" | sha256sum | cut -c1-12; }

tools_dir() {
    local files
    mapfile -t files < <(find "$LAB_SRC/go/tools" -name '*.go' -o -name go.mod | sort)
    echo "$CACHE/tools-$(hash_of "${files[@]}")"
}

cluster_dir() { echo "$CACHE/kubernetes-$KUBERNETES-$(hash_of "$LAB_SRC"/go/cluster/{main.go,go.mod,go.sum})"; }
kwok_dir() { echo "$CACHE/kwok-$KWOK"; }

# make DIR COMMAND…: run COMMAND with the name of a new folder, which becomes DIR when it succeeds.
make_dir() {
    local dir=$1
    shift
    [[ -d $dir ]] && return 0
    need_go
    mkdir -p "$CACHE"
    local new=$dir.$$
    rm -rf --one-file-system "$new"
    mkdir "$new"
    say "building $(basename "$dir") (log: $LAB/log/build.log)"
    "$@" "$new" >>"$LAB/log/build.log" 2>&1 || { tail -20 "$LAB/log/build.log" >&2; rm -rf --one-file-system "$new"; die "build failed"; }
    mv -T "$new" "$dir" 2>/dev/null || rm -rf "$new"    # another one was faster
}

make_tools() { (cd "$LAB_SRC/go/tools" && CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o "$1/" ./cmd/...); }

make_cluster() {
    local version=k8s.io/component-base/version
    (cd "$LAB_SRC/go/cluster" && go build -o "$1/cluster" -ldflags="-s -w \
        -X $version.gitVersion=$KUBERNETES -X $version.gitMajor=1 -X $version.gitMinor=34 \
        -X $version.gitTreeState=clean -X $version.gitCommit=0000000000000000000000000000000000000000")
    local name
    for name in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl; do
        ln -s cluster "$1/$name"
    done
}

make_kwok() { GOBIN=$1 go install -ldflags='-s -w' "sigs.k8s.io/kwok/cmd/kwok@$KWOK"; }

build_tools() { make_dir "$(tools_dir)" make_tools; TOOLS=$(tools_dir); }

build_kubernetes() {
    make_dir "$(cluster_dir)" make_cluster
    make_dir "$(kwok_dir)" make_kwok
    K8S=$(cluster_dir)
    KWOK_BIN=$(kwok_dir)/kwok
}
