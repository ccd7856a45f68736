#!/bin/sh
# Tests of the kernels that hold unsafe code, with every access to memory watched:
#   Miri (nightly)  plain Rust, to the byte and to the borrow: sanitize/, the products by themselves
#   valgrind        as compiled, on AVX2 and on plain code; it hides AVX-512 from the program
# The same kernels for 64-bit ARM run under qemu, where it is installed: that NEON computes what AVX2 does, unwatched.
# None knows AVX-512 nor inline assembly (docs/RELIABILITY.md). What is not installed is said and left out; without
# either this fails. Cases of each property test: SANITIZE_CASES.
set -eu
cd "$(dirname "$0")/.."
CARGO=${CARGO:-cargo}
TESTS="engine::cpu:: models::dense:: models::deerect:: models::aparent2::"
ran=0

if command -v valgrind >/dev/null; then
    echo "== valgrind: $TESTS"
    mkdir -p target
    $CARGO test --locked --no-run --lib --message-format=json >target/sanitize.json
    tests=$(sed -n 's/.*"executable":"\([^"]*\/polyascan-[0-9a-f]*\)".*/\1/p' target/sanitize.json | tail -1)
    # shellcheck disable=SC2086
    PROPTEST_CASES=${SANITIZE_CASES:-4} valgrind -q --error-exitcode=9 "$tests" $TESTS --test-threads=1
    ran=1
else
    echo "note: valgrind is not here"
fi

if $CARGO +nightly miri --version >/dev/null 2>&1; then
    echo "== Miri: sanitize/"
    target=$(pwd)/target/miri
    (cd sanitize && PROPTEST_CASES=${SANITIZE_CASES:-1} MIRIFLAGS=-Zmiri-disable-isolation CARGO_TARGET_DIR=$target \
        $CARGO +nightly miri test --locked)
    ran=1
else
    echo "note: Miri is not here: rustup toolchain install nightly --component miri,rust-src"
fi

arm=aarch64-unknown-linux-musl
if command -v qemu-aarch64 >/dev/null && rustup target list --installed 2>/dev/null | grep -qx "$arm"; then
    echo "== ARM, under qemu: sanitize/"
    target=$(pwd)/target/arm
    (cd sanitize && CARGO_TARGET_DIR=$target CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld \
        CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_RUNNER=qemu-aarch64 $CARGO test --locked --target "$arm")
else
    echo "note: qemu-aarch64 (package qemu-user) or the target is not here: rustup target add $arm"
fi
[ "$ran" = 1 ]
