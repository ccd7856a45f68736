# polyascan: `make demo` shows it at work, `make test` tests everything.
# Needs Rust (cargo) and a C compiler; libclang is taken from the system or put into .deps/.

.PHONY: help build cuda demo test check fuzz bench bench-peers bench-scan bench-gpu compare \
        train-default train-strength train-yeast train-deerect-cv clean
.DEFAULT_GOAL := help

CARGO ?= cargo
DEMO := demo
FUZZ_CASES ?= 20000
BINARY := target/release/polyascan
BENCH_VENV := target/bench-venv

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# Bindings to htslib are generated at build time, with libclang.
.cargo/config.toml: scripts/setup_libclang.sh
	@sh scripts/setup_libclang.sh

build: .cargo/config.toml ## build target/release/polyascan
	$(CARGO) build --release

cuda: .cargo/config.toml ## build target/cuda/release/polyascan, which uses a GPU where there is one
	@sh scripts/build_cuda.sh

demo: build ## simulate a genome, scan it, compare with the truth
	@rm -rf $(DEMO)
	$(BINARY) simulate --length 200000 --sites 40 --seed 1 -o $(DEMO)
	$(BINARY) scan $(DEMO)/genome.fa --annotation $(DEMO)/genes.gtf --tracks -o $(DEMO)/sample
	$(BINARY) evaluate calls $(DEMO)/sample.sites.bed --truth $(DEMO)/truth.bed --decoys $(DEMO)/decoys.bed
	@echo; echo "Files:"; ls $(DEMO)/* | sed 's/^/  /'

test: .cargo/config.toml ## run all tests
	@[ -d ../shared ] || echo "note: ../shared is not here; tests that need it say that they are skipped"
	$(CARGO) test

check: .cargo/config.toml ## formatting and lints
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings

# Property tests on stable Rust; coverage-guided fuzzing (cargo-fuzz) needs a nightly compiler.
fuzz: .cargo/config.toml ## damaged input for every parser: FUZZ_CASES for each of the targets (about 10 minutes)
	PROPTEST_CASES=$(FUZZ_CASES) $(CARGO) test --lib -- fuzz:: consolidat damage_is_an_error

bench: .cargo/config.toml ## criterion benches of the kernels
	$(CARGO) bench

bench-peers: build ## every model against ONNX Runtime: agreement and speed (needs ../shared, python3)
	@[ -x $(BENCH_VENV)/bin/python ] || python3 -m venv $(BENCH_VENV)
	@$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check -r scripts/bench_requirements.txt
	$(BENCH_VENV)/bin/python scripts/bench_peers.py --json target/bench_peers.json predict

bench-scan: build ## PolyaID scanned, against Keras, ONNX Runtime, PyTorch and the f32 peak (the same, 15 min)
	@[ -x $(BENCH_VENV)/bin/python ] || python3 -m venv $(BENCH_VENV)
	@$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check -r scripts/bench_scan_requirements.txt
	@$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps torch==2.15.0
	@$(BENCH_VENV)/bin/python scripts/torch_without_cuda.py
	$(BENCH_VENV)/bin/python scripts/bench_peers.py --json target/bench_scan.json scan

bench-gpu: cuda ## on a machine with a GPU: parity, speed beside PyTorch (needs ../shared, python3 with torch)
	@sh scripts/build_cuda.sh bench --no-run --bench gpu_scan
	python3 scripts/bench_gpu.py

compare: build ## default, APARENT2 and DeeReCT-PolyA on the same places (needs ../shared, python3)
	python3 scripts/compare_models.py --json target/compare_models.json

train-default: build ## train models/default.safetensors again (needs ../shared, python3)
	sh scripts/train_model.sh default

train-strength: build ## train models/default-strength.safetensors again (needs ../shared, python3)
	sh scripts/train_model.sh default-strength

train-yeast: build ## train models/yeast.safetensors again (needs ../shared, python3)
	sh scripts/train_model.sh yeast

train-deerect-cv: build ## cross-validate DeeReCT-PolyA on its authors' windows (needs ../shared)
	$(BINARY) train signal --config config/train/deerect.toml --folds 5 --resume -o target/deerect.safetensors

clean: ## remove what the targets made, but for .deps
	rm -rf target $(DEMO)
