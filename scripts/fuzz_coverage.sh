#!/bin/sh
# Coverage-guided fuzzing of every parser with libFuzzer, on stable Rust: make fuzz-coverage
# FUZZ_SECONDS for each target (60); FUZZ_TARGETS to name some. What is found lies in fuzz/artifacts/TARGET.
#
# A nightly compiler is not needed: LLVM's pass that counts edges is asked for by codegen options. They are given for
# this package's own code only (the wrapper), so that its dependencies are neither slowed nor explored.
set -eu
cd "$(dirname "$0")/.."

mkdir -p target/fuzz
cat > target/fuzz/rustc <<'WRAPPER'
#!/bin/sh
case " $* " in
*" --crate-name polyascan "* | *" --crate-name polyascan_fuzz "*)
    exec "$@" --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
        -Cllvm-args=-sanitizer-coverage-trace-compares ;;
esac
exec "$@"
WRAPPER
chmod +x target/fuzz/rustc
RUSTC_WRAPPER=$PWD/target/fuzz/rustc CARGO_TARGET_DIR=${FUZZ_TARGET_DIR:-target/fuzz} \
    cargo build --manifest-path fuzz/Cargo.toml --locked
binary=${FUZZ_TARGET_DIR:-target/fuzz}/debug/polyascan-fuzz

for target in ${FUZZ_TARGETS:-fasta annotation bed vcf tables sequences settings recipe hdf5 weights frames}; do
    # Inputs that reach new code go where git does not look; the small corpus is what a run begins with.
    mkdir -p "fuzz/found/$target" "fuzz/artifacts/$target"
    echo "== $target"
    FUZZ_TARGET=$target "$binary" -max_total_time="${FUZZ_SECONDS:-60}" -max_len=65536 -timeout=20 -rss_limit_mb=2048 \
        -artifact_prefix="fuzz/artifacts/$target/" -print_final_stats=1 "fuzz/found/$target" "fuzz/corpus/$target" 2>&1 |
        grep -E 'cov:|stat::number_of_executed|ERROR|panicked|SUMMARY' | tail -4
done
if find fuzz/artifacts -type f | grep -q .; then
    echo "found:"
    find fuzz/artifacts -type f
    exit 1
fi
