#!/bin/sh
# Builds the Python package for its tests (what is built is kept in .deps/), and runs them.
set -eu
cd "$(dirname "$0")/../python"
venv=$PWD/../${PYTHON_VENV:-.deps/python-venv}
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/../.deps/python-target}
export CARGO_TARGET_DIR
VIRTUAL_ENV=$venv "$venv/bin/maturin" develop --quiet --locked
"$venv/bin/python" -m pytest -q -p no:cacheprovider
