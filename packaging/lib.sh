# The steps of packaging/build; sourced, not run.

fail() {
    echo "packaging: $*" >&2
    exit 1
}

need() { command -v "$1" >/dev/null || fail "$1 is missing: apt-get install $2"; }

# stage_files BINARIES STAGE: everything where it will be on the host.
stage_files() {
    local binaries=$1 stage=$2 name
    for name in tasklane tasklane-ingest tasklane-worker; do
        install -D -m 0755 "$binaries/$name" "$stage/usr/bin/$name"
        strip --strip-unneeded --remove-section=.comment --remove-section=.note "$stage/usr/bin/$name"
    done
    for name in systemd/*.service systemd/*.socket systemd/*.target; do
        install -D -m 0644 "$name" "$stage/lib/systemd/system/${name##*/}"
    done
    install -D -m 0644 systemd/tasklane.sysusers "$stage/usr/lib/sysusers.d/tasklane.conf"
    install -D -m 0644 systemd/tasklane.tmpfiles "$stage/usr/lib/tmpfiles.d/tasklane.conf"
    install -D -m 0644 systemd/tasklane.conf.example "$stage/etc/tasklane/tasklane.conf"
    install -D -m 0644 <("$stage/usr/bin/tasklane" completion bash) \
        "$stage/usr/share/bash-completion/completions/tasklane"
    stage_documents "$stage"
    find "$stage" -type d -exec chmod 0755 {} +
}

stage_documents() {
    local stage=$1 doc=$1/usr/share/doc/tasklane page
    install -D -m 0644 docs/operations.md "$doc/operations.md"
    install -D -m 0644 -t "$doc/examples" docs/grafana/tasklane.json docs/prometheus/tasklane.rules.yml
    install -D -m 0644 packaging/debian/copyright "$doc/copyright"
    gzip -9n <packaging/debian/changelog >"$doc/changelog.gz"
    for page in packaging/man/*; do
        mkdir -p "$stage/usr/share/man/man${page##*.}"
        gzip -9n <"$page" >"$stage/usr/share/man/man${page##*.}/${page##*/}.gz"
    done
    mkdir -p "$stage/usr/share/lintian/overrides"
    install -m 0644 packaging/debian/lintian-overrides "$stage/usr/share/lintian/overrides/tasklane"
}

# linked_packages STAGE: the Depends line that the linked libraries ask for.
linked_packages() {
    local stage work
    stage=$(realpath "$1")
    work=$(mktemp -d)
    # dpkg-shlibdeps wants to stand in a source package.
    mkdir "$work/debian"
    printf 'Source: tasklane\n\nPackage: tasklane\nArchitecture: any\n' >"$work/debian/control"
    (cd "$work" && dpkg-shlibdeps -O "$stage"/usr/bin/* 2>/dev/null) | sed -n 's/^shlibs:Depends=//p'
    rm -rf "$work"
}

# control_files STAGE VERSION ARCHITECTURE DEPENDS
control_files() {
    local stage=$1 control=$1/DEBIAN script
    mkdir -p "$control"
    sed -e "s/@VERSION@/$2/" -e "s/@ARCHITECTURE@/$3/" -e "s/@DEPENDS@/$4/" \
        -e "s/@SIZE@/$(du -sk --exclude DEBIAN "$stage" | cut -f1)/" packaging/debian/control >"$control/control"
    (cd "$stage" && find etc -type f -printf '/%p\n' | sort) >"$control/conffiles"
    for script in preinst postinst prerm postrm; do
        [ ! -f "packaging/debian/$script" ] || install -m 0755 "packaging/debian/$script" "$control/$script"
    done
    (cd "$stage" && find usr lib -type f -print0 | sort -z | xargs -0 md5sum) >"$control/md5sums"
}
