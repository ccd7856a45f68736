#!/bin/sh
# Builds target/TARGET/release/polyascan, which needs no library of the system: it runs on any Linux of its kind of CPU.
# usage: build_static.sh [x86_64|aarch64] [cargo's arguments]
# C code is compiled against musl by zig, a Python wheel that is put into .deps; rustc brings musl and a linker itself.
set -eu
cd "$(dirname "$0")/.."
arch=${1:-x86_64}
[ $# -eq 0 ] || shift
case $arch in
    x86_64) family=x86 ;;
    aarch64) family=aarch64 ;;
    *) echo "build_static.sh: x86_64 or aarch64, not $arch" >&2; exit 2 ;;
esac
target=$arch-unknown-linux-musl
venv=$PWD/.deps/zig-venv
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r scripts/static_requirements.txt
rustup target list --installed | grep -qx "$target" || rustup target add "$target"

zig=$("$venv/bin/python" -c 'import os, ziglang; print(os.path.dirname(ziglang.__file__))')
tools=$PWD/.deps/zig-$arch
mkdir -p "$tools"
# The crate cc passes the target in rustc's words, which zig does not know.
cat > "$tools/cc" <<END
#!/bin/sh
for argument; do
    shift
    case "\$argument" in --target=*) ;; *) set -- "\$@" "\$argument" ;; esac
done
exec "$zig/zig" cc -target $arch-linux-musl "\$@"
END
printf '#!/bin/sh\nexec "%s/zig" ar "$@"\n' "$zig" > "$tools/ar"
chmod +x "$tools/cc" "$tools/ar"

headers="-nostdinc -isystem $zig/lib/include"
for folder in $arch-linux-musl generic-musl $family-linux-any any-linux-any; do
    headers="$headers -isystem $zig/lib/libc/include/$folder"
done
name=${arch}_unknown_linux_musl
export "CC_$name=$tools/cc" "AR_$name=$tools/ar" "BINDGEN_EXTRA_CLANG_ARGS_$name=$headers"
if [ "$arch" != "$(uname -m)" ]; then
    export "CARGO_TARGET_$(echo "$name" | tr '[:lower:]' '[:upper:]')_LINKER=rust-lld"
fi
exec "${CARGO:-cargo}" build --locked --release --target "$target" "$@"
