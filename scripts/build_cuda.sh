#!/bin/sh
# Builds the program with CUDA, on a machine with or without a GPU or a CUDA toolkit: target/cuda/release/polyascan.
#
# The compiler is that of an installed toolkit (nvcc), else NVIDIA's Python wheels in .deps/cuda. CUDA's libraries
# are looked for when the program first uses a GPU, not when it starts (scripts/cuda/library_stub.c): the same
# binary runs on machines without a driver.
#
# Variables: CUDA_COMPUTE_CAP, default 80: instructions that every GPU since Ampere (A100) understands; 90 would
# run on Hopper (H100) alone. CUDA_DEPS, the folder for what is fetched. CARGO_TARGET_DIR.
# Arguments are those of cargo, default `build --release`: `build_cuda.sh test --lib` tests.
set -eu
cd "$(dirname "$0")/.."
deps=${CUDA_DEPS:-$PWD/.deps/cuda}
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target/cuda}"
export CUDA_COMPUTE_CAP="${CUDA_COMPUTE_CAP:-80}"
cargo=${CARGO:-cargo}

# What a driver of the 580 series and later runs; PTX of a newer compiler would be refused.
wheels="nvidia-cuda-nvcc==13.0.88 nvidia-nvvm==13.0.88 nvidia-cuda-crt==13.0.88
    nvidia-cuda-runtime==13.0.96 nvidia-cuda-cccl==13.0.85 nvidia-curand==10.4.0.35"

fail() { echo "error: $*" >&2; exit 1; }

[ "$(uname -sm)" = "Linux x86_64" ] ||
    fail "this script is for Linux on x86-64; with a CUDA toolkit, use cargo build --release --features cuda"

nvcc=$(command -v nvcc || true)
[ -n "$nvcc" ] || ! [ -x /usr/local/cuda/bin/nvcc ] || nvcc=/usr/local/cuda/bin/nvcc
if [ -n "$nvcc" ]; then
    home=$(dirname "$(dirname "$(readlink -f "$nvcc")")")
else
    home=$deps/nvidia/cu13
    if ! [ -x "$home/bin/nvcc" ] || ! [ -e "$home/include/curand.h" ]; then
        echo "no CUDA toolkit: putting NVIDIA's compiler (Python wheels) into $deps"
        command -v python3 >/dev/null || fail "need python3 with pip, or a CUDA toolkit"
        # shellcheck disable=SC2086 # one argument per wheel
        python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
            --no-deps --upgrade --target "$deps" $wheels || fail "pip failed: install a CUDA toolkit"
    fi
    export CUDARC_CUDA_VERSION=13000
fi
export CUDA_HOME="$home" NVCC="$home/bin/nvcc" PATH="$home/bin:$PATH"
major=$("$NVCC" --version | sed -n 's/.*release \([0-9]*\)\..*/\1/p')
[ -n "$major" ] || fail "$NVCC --version says no version"
echo "CUDA compiler: $NVCC (CUDA $major), for compute capability $CUDA_COMPUTE_CAP and later"

# Stand-ins for the libraries, made from the functions that the bindings declare.
bindings=$($cargo metadata --format-version 1 --features cuda |
    grep -o '"manifest_path":"[^"]*/cudarc-[^"]*/Cargo.toml"' | head -1 | cut -d'"' -f4)
[ -f "$bindings" ] || fail "the bindings to CUDA (cudarc) are not among the dependencies"
bindings=$(dirname "$bindings")/src
libraries=$deps/stubs
mkdir -p "$libraries"

# stub MODULE LIBRARY "FILE..." CODE: a static library of the functions of a module of the bindings.
stub() {
    {
        echo '#define FUNCTIONS(X) \'
        grep -oE 'pub unsafe fn (cu|nvrtc)[A-Za-z0-9_]*' "$bindings/$1/sys/mod.rs" | sort -u |
            sed -E 's/pub unsafe fn (.*)/    X(\1) \\/' | grep -v 'X(culib)'
        echo
    } > "$libraries/functions.h"
    files=$(for file in $3; do printf '"%s",' "$file"; done)
    ${CC:-cc} -O1 -fPIC -I"$libraries" -DLIBRARIES="$files" -DMISSING="$4" \
        -c scripts/cuda/library_stub.c -o "$libraries/$2.o"
    rm -f "$libraries/lib$2.a"
    ar rcs "$libraries/lib$2.a" "$libraries/$2.o"
}
stub driver cuda "libcuda.so.1 libcuda.so" 34                                         # CUDA_ERROR_STUB_LIBRARY
stub cublas cublas "libcublas.so.$major libcublas.so.12 libcublas.so" 1                               # CUBLAS_STATUS_NOT_INITIALIZED
stub cublaslt cublasLt "libcublasLt.so.$major libcublasLt.so.12 libcublasLt.so" 1
stub curand curand "libcurand.so.10 libcurand.so" 101                                 # CURAND_STATUS_NOT_INITIALIZED
stub nvrtc nvrtc "libnvrtc.so.$major libnvrtc.so" 11                                  # NVRTC_ERROR_INTERNAL_ERROR
# The runtime is linked in; it looks for the driver by itself.
for folder in "$home/lib" "$home/lib64" "$home/targets/x86_64-linux/lib"; do
    [ -e "$folder/libcudart_static.a" ] && ln -sf "$folder/libcudart_static.a" "$libraries/libcudart.a"
done
[ -e "$libraries/libcudart.a" ] || fail "libcudart_static.a is not in $home"

# Searched before the folders that build scripts name, so that an installed toolkit's libraries are not linked.
export RUSTFLAGS="-L native=$libraries ${RUSTFLAGS:-}"
[ $# -gt 0 ] || set -- build --release
command=$1
shift
# shellcheck disable=SC2086 # CARGO may be several words
exec $cargo "$command" --features cuda "$@"
