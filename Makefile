# polyascan: `make demo` shows it at work, `make test` tests everything.
# Needs Rust (cargo) and a C compiler; libclang is taken from the system or put into .deps/.

.PHONY: help build static dist python-test notebook tools-test book multiqc-test cuda demo test check fuzz fuzz-coverage sanitize deny deny-offline third-party soak \
        differential scaling bench-large bench-scale \
        workflow workflow-test report-test \
        bench bench-peers bench-scan bench-variants bench-versions bench-gpu bench-rbp31 compare \
        train-default train-strength train-yeast train-curves train-from-reads train-deerect-cv clean
.DEFAULT_GOAL := help

CARGO ?= cargo
DEMO := demo
FUZZ_CASES ?= 20000
BINARY := target/release/polyascan
BENCH_VENV := target/bench-venv
# What is large and seldom changes is kept by `make clean`.
WORKFLOW_VENV := .deps/workflow-venv
BOOK_VENV := .deps/book-venv
PYTHON_VENV := .deps/python-venv
NOTEBOOK_VENV := .deps/notebook-venv

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# Bindings to htslib are generated at build time, with libclang.
.cargo/config.toml: scripts/setup_libclang.sh
	@sh scripts/setup_libclang.sh

build: .cargo/config.toml ## build target/release/polyascan
	$(CARGO) build --locked --release

static: .cargo/config.toml ## build a binary that runs on any Linux: target/x86_64-unknown-linux-musl/release/polyascan (needs python3, rustup)
	sh scripts/build_static.sh

dist: static ## the archive of a release, of the static binary: target/dist/polyascan-VERSION-TARGET.tar.gz
	sh scripts/dist.sh x86_64-unknown-linux-musl

cuda: .cargo/config.toml ## build target/cuda/release/polyascan, which uses a GPU where there is one
	@sh scripts/build_cuda.sh

demo: build ## simulate a genome, scan it, compare with the truth, write a report
	@rm -rf $(DEMO)
	$(BINARY) simulate --length 200000 --sites 40 --seed 1 -o $(DEMO)
	$(BINARY) scan $(DEMO)/genome.fa --annotation $(DEMO)/genes.gtf --tracks -o $(DEMO)/sample
	$(BINARY) evaluate calls $(DEMO)/sample.sites.bed --truth $(DEMO)/truth.bed --decoys $(DEMO)/decoys.bed
	$(BINARY) variants $(DEMO)/variants.vcf --fasta $(DEMO)/genome.fa --annotation $(DEMO)/genes.gtf -o $(DEMO)/effects.vcf.gz
	@echo; echo "Files:"; ls $(DEMO)/* | sed 's/^/  /'; echo
	@$(BINARY) report $(DEMO)/sample $(DEMO)/effects --annotation $(DEMO)/genes.gtf --gene SIM6,SIM13 \
	  --title "Simulated genome" -o $(DEMO)/report.html
	@echo "Report, to open in a browser: $(CURDIR)/$(DEMO)/report.html"

test: .cargo/config.toml ## run all tests
	@[ -d ../shared ] || echo "note: ../shared is not here; tests that need it are reported as ignored"
	$(CARGO) test --locked

check: .cargo/config.toml deny-offline ## formatting, lints and what the program is made of
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings

deny: ## licences, sources, duplicates and known vulnerabilities of all packages (needs cargo-deny)
	$(CARGO) deny --locked check

deny-offline:
	@if $(CARGO) deny --version >/dev/null 2>&1; \
	then $(CARGO) deny --offline --locked check --hide-inclusion-graph licenses bans sources; \
	else echo "note: cargo-deny is not here; tests/supply_chain.rs checks licences"; fi

$(BOOK_VENV)/installed: scripts/book_requirements.txt
	@[ -x $(BOOK_VENV)/bin/python ] || python3 -m venv $(BOOK_VENV)
	@$(BOOK_VENV)/bin/pip install --quiet --disable-pip-version-check -r scripts/book_requirements.txt
	@touch $@

book: $(BOOK_VENV)/installed ## docs/ as a book of HTML pages: target/book/index.html (needs python3)
	$(BOOK_VENV)/bin/mdbook build

multiqc-test: build $(BOOK_VENV)/installed ## MultiQC on what --multiqc writes of simulated samples (needs python3)
	sh scripts/test_multiqc.sh

$(PYTHON_VENV)/installed: scripts/python_requirements.txt
	@[ -x $(PYTHON_VENV)/bin/python ] || python3 -m venv $(PYTHON_VENV)
	@$(PYTHON_VENV)/bin/pip install --quiet --disable-pip-version-check -r scripts/python_requirements.txt
	@touch $@

python-test: .cargo/config.toml $(PYTHON_VENV)/installed ## build the Python package and run its tests (needs python3)
	sh scripts/test_python.sh

$(NOTEBOOK_VENV)/installed: scripts/notebook_requirements.txt
	@[ -x $(NOTEBOOK_VENV)/bin/python ] || python3 -m venv $(NOTEBOOK_VENV)
	@$(NOTEBOOK_VENV)/bin/pip install --quiet --disable-pip-version-check -r scripts/notebook_requirements.txt
	@touch $@

notebook: .cargo/config.toml $(NOTEBOOK_VENV)/installed ## run the notebook: python/examples/polyascan.ipynb, docs/NOTEBOOK.md (needs python3)
	cd python && CARGO_TARGET_DIR=$(CURDIR)/.deps/python-target VIRTUAL_ENV=$(CURDIR)/$(NOTEBOOK_VENV) \
	  $(CURDIR)/$(NOTEBOOK_VENV)/bin/maturin develop --quiet --locked
	$(NOTEBOOK_VENV)/bin/python scripts/notebook.py target/notebook

tools-test: .cargo/config.toml ## with Chromium, bcftools, MultiQC, Python: absent ones are named (needs python3)
	@[ -x target/debug/polyascan ] || $(CARGO) build --locked
	sh scripts/test_tools.sh

third-party: .cargo/config.toml ## write THIRD_PARTY.md from Cargo.lock
	WRITE_THIRD_PARTY=1 $(CARGO) test --locked --test integration supply_chain::third_party

soak: build ## scan a simulated genome of human size under 1 GiB (two hours; SOAK_LENGTH=... for less)
	sh scripts/soak.sh

# Property tests.
fuzz: .cargo/config.toml ## damaged input for every parser: FUZZ_CASES for each of the targets (about 20 minutes)
	PROPTEST_CASES=$(FUZZ_CASES) $(CARGO) test --locked --lib -- fuzz:: consolidat damage_is_an_error \
	  output::frames scan::record variants::change

fuzz-coverage: .cargo/config.toml ## libFuzzer, guided by coverage: FUZZ_SECONDS (60) for each of eleven parsers (needs g++)
	sh scripts/fuzz_coverage.sh

sanitize: .cargo/config.toml ## tests of the kernels under Miri (nightly) and valgrind, what of them is installed
	sh scripts/sanitize.sh

differential: build ## odd but valid files against bcftools, samtools and gffread (needs them, python3)
	python3 scripts/differential.py --binary $(BINARY)

scaling: build ## time of each reader by the size of its input: exponents (needs python3)
	python3 scripts/scaling.py --binary $(BINARY)

bench-scale: build $(BENCH_VENV)/scale ## time and memory by size, plotted; many cores projected (needs ../shared, python3; half an hour)
	$(BENCH_VENV)/bin/python scripts/bench_scale.py --binary $(BINARY) --plot docs/scale.svg
	python3 scripts/project_cores.py ../shared/data/human/chr9_public_test.fa.gz --binary $(BINARY)
	python3 scripts/project_cores.py ../shared/data/human/chr9_public_test.fa.gz --binary $(BINARY) -- --tracks

$(BENCH_VENV)/scale: scripts/bench_scale_requirements.txt
	@[ -x $(BENCH_VENV)/bin/python ] || python3 -m venv $(BENCH_VENV)
	@$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check -r scripts/bench_scale_requirements.txt
	@touch $@

bench-large: build ## variants on VCF of 100,000 contigs, 5,000 samples, 3 million records: time, peak memory (needs python3)
	python3 scripts/bench_large_vcf.py --binary $(BINARY)

$(WORKFLOW_VENV)/installed: scripts/workflow_requirements.txt
	@[ -x $(WORKFLOW_VENV)/bin/python ] || python3 -m venv $(WORKFLOW_VENV)
	@$(WORKFLOW_VENV)/bin/pip install --quiet --disable-pip-version-check -r scripts/workflow_requirements.txt
	@touch $@

workflow: build $(WORKFLOW_VENV)/installed ## workflow/ (Snakemake) on simulated genomes; merged shards equal the run in one go (needs python3)
	sh scripts/test_workflow.sh

workflow-test: build $(WORKFLOW_VENV)/installed ## the same through a pretended SLURM that kills jobs
	sh scripts/test_workflow.sh cluster

report-test: demo ## open reports in headless Chromium: no error, tables sort, pictures in target/report (needs chromium, python3)
	python3 scripts/test_report.py --binary $(BINARY) --report $(DEMO)/report.html --pictures target/report

bench: .cargo/config.toml ## criterion benches of the kernels
	$(CARGO) bench --locked

bench-peers: build ## every model against ONNX Runtime: agreement and speed (needs ../shared, python3)
	@[ -x $(BENCH_VENV)/bin/python ] || python3 -m venv $(BENCH_VENV)
	@$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check -r scripts/bench_requirements.txt
	$(BENCH_VENV)/bin/python scripts/bench_peers.py --json target/bench_peers.json predict

# Keras, PyTorch and ONNX Runtime.
$(BENCH_VENV)/frameworks: scripts/bench_scan_requirements.txt scripts/torch_without_cuda.py
	@[ -x $(BENCH_VENV)/bin/python ] || python3 -m venv $(BENCH_VENV)
	@$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check -r scripts/bench_scan_requirements.txt
	@$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps torch==2.15.0
	@$(BENCH_VENV)/bin/python scripts/torch_without_cuda.py
	@touch $@

bench-scan: build $(BENCH_VENV)/frameworks ## PolyaID scanned, against Keras, ONNX Runtime, PyTorch and the f32 peak (the same, 15 min)
	$(BENCH_VENV)/bin/python scripts/bench_peers.py --json target/bench_scan.json scan

bench-variants: build $(BENCH_VENV)/frameworks ## SNVs per hour, and beside PolyaID in Keras (the same)
	sh scripts/bench_variants.sh
	$(BENCH_VENV)/bin/python scripts/bench_peers.py --json target/bench_variants.json variants

bench-versions: build $(BENCH_VENV)/frameworks ## this version, that of BEFORE=binary and the best peer of each thing, one table (the same)
	$(BENCH_VENV)/bin/python scripts/bench_peers.py --json target/bench_versions.json versions --before $(BEFORE) $(VERSIONS)

bench-gpu: cuda ## on a machine with a GPU: parity, speed beside PyTorch (needs ../shared, python3 with torch)
	@sh scripts/build_cuda.sh bench --no-run --bench gpu_scan
	python3 scripts/bench_gpu.py

compare: build ## default, APARENT2, DeeReCT-PolyA and DeepPASS on the same places (needs ../shared, python3)
	@[ -x $(BENCH_VENV)/bin/python ] || python3 -m venv $(BENCH_VENV)
	@$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check -r scripts/bench_requirements.txt
	$(BENCH_VENV)/bin/python scripts/compare_models.py --json target/compare_models.json

train-default: build ## train models/default.safetensors again (needs ../shared, python3)
	sh scripts/train_model.sh default

train-strength: build ## train models/default-strength.safetensors again (needs ../shared, python3)
	sh scripts/train_model.sh default-strength

train-yeast: build ## train models/yeast.safetensors again (needs ../shared, python3)
	sh scripts/train_model.sh yeast

train-curves: build ## what data, size and parts of the recipe are worth: docs/curves.tsv (needs ../shared; an hour of a core)
	python3 scripts/train_curves.py --binary $(BINARY)

READS := target/from-reads
train-from-reads: build ## reads of a simulated genome to sites, to a model, which finds the sites of another genome (minutes)
	@rm -rf $(READS)
	$(BINARY) simulate --length 4000000 --sites 1200 --contigs 4 --seed 11 --reads 100 -o $(READS)/train
	$(BINARY) sites $(READS)/train/reads.bed --fasta $(READS)/train/genome.fa --annotation $(READS)/train/genes.gtf -o $(READS)/train
	$(BINARY) evaluate calls $(READS)/train.measured.bed --truth $(READS)/train/truth.bed
	$(BINARY) train scan --config config/train/from-reads.toml -o $(READS)/model.safetensors
	$(BINARY) simulate --length 1000000 --sites 300 --seed 12 -o $(READS)/test
	$(BINARY) scan $(READS)/test/genome.fa --model $(READS)/model.safetensors -o $(READS)/found
	$(BINARY) evaluate calls $(READS)/found.sites.bed --truth $(READS)/test/truth.bed --decoys $(READS)/test/decoys.bed

bench-rbp31: build ## DeepRKE and pysster on the 31 CLIP sets of RBP-31 (needs ../shared, python3; 20 hours of a core, resumable)
	python3 scripts/bench_rbp31.py --binary $(BINARY)

train-deerect-cv: build ## cross-validate DeeReCT-PolyA on its authors' windows (needs ../shared)
	$(BINARY) train signal --config config/train/deerect.toml --folds 5 --resume -o target/deerect.safetensors

clean: ## remove what the targets made, but for .deps
	rm -rf target $(DEMO)
