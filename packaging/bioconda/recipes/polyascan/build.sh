#!/bin/bash
set -euo pipefail

export LIBCLANG_PATH="$BUILD_PREFIX/lib"
# libclang has no headers of its own: those of the compiler that conda gives.
export BINDGEN_EXTRA_CLANG_ARGS="${CPPFLAGS:-} ${CFLAGS:-}"
if [[ -n "${CONDA_BUILD_SYSROOT:-}" ]]; then
    BINDGEN_EXTRA_CLANG_ARGS+=" --sysroot=$CONDA_BUILD_SYSROOT"
fi

cargo-bundle-licenses --format yaml --output THIRDPARTY.yml
cargo install --locked --no-track --path . --root "$PREFIX"
"${STRIP:-strip}" "$PREFIX/bin/polyascan"

if [[ "${build_platform:-}" == "${target_platform:-}" ]]; then
    "$PREFIX/bin/polyascan" man --output "$PREFIX/share/man/man1"
    mkdir -p "$PREFIX/share/bash-completion/completions" "$PREFIX/share/zsh/site-functions" \
        "$PREFIX/share/fish/vendor_completions.d"
    "$PREFIX/bin/polyascan" completions bash > "$PREFIX/share/bash-completion/completions/polyascan"
    "$PREFIX/bin/polyascan" completions zsh > "$PREFIX/share/zsh/site-functions/_polyascan"
    "$PREFIX/bin/polyascan" completions fish > "$PREFIX/share/fish/vendor_completions.d/polyascan.fish"
fi
