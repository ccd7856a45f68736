#!/bin/sh
# Makes `cargo build` find libclang, which generates the bindings to htslib: the system's if there is
# one, else the PyPI wheel in .deps/. Writes .cargo/config.toml, which git ignores.
set -eu
cd "$(dirname "$0")/.."
mkdir -p .cargo

system_libclang() {
    [ -n "${LIBCLANG_PATH:-}" ] && { echo "$LIBCLANG_PATH"; return; }
    for folder in /usr/lib/llvm-*/lib /usr/lib64 /usr/lib/x86_64-linux-gnu /usr/lib/aarch64-linux-gnu \
        /usr/local/lib /opt/homebrew/opt/llvm/lib; do
        # shellcheck disable=SC2144 # the first match is enough
        if ls "$folder"/libclang.so* "$folder"/libclang-*.so* "$folder"/libclang.dylib >/dev/null 2>&1; then
            echo "$folder"; return
        fi
    done
}

folder=$(system_libclang)
if [ -z "$folder" ]; then
    folder=$PWD/.deps/libclang/clang/native
    if ! [ -e "$folder/libclang.so" ]; then
        echo "libclang is not installed: putting its Python wheel into .deps/"
        command -v python3 >/dev/null || { echo "need python3 with pip, or the package libclang-dev" >&2; exit 1; }
        python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
            --no-deps --target .deps/libclang libclang || {
            echo "pip failed: install the package libclang-dev and run make again" >&2; exit 1; }
    fi
fi
compiler=${CC:-cc}
{
    echo "# Written by scripts/setup_libclang.sh"
    echo "[env]"
    echo "LIBCLANG_PATH = \"$folder\""
    # The wheel has no headers of its own (stddef.h and such): the C compiler's serve.
    include=$($compiler -print-file-name=include)
    [ -d "$include" ] && echo "BINDGEN_EXTRA_CLANG_ARGS = \"-I$include\""
} > .cargo/config.toml.new
mv .cargo/config.toml.new .cargo/config.toml
echo "libclang: $folder"
