"""`bench_peers.py scan`: every window of a piece of chromosome 9, by PolyaID in Keras, ONNX Runtime and
PyTorch, which evaluate each by itself, and by `polyascan scan`, FASTA to BED; the default model on the whole
file."""

import contextlib
import dataclasses
import gzip
import json
import os
import pathlib
import statistics
import subprocess
import sys

import numpy as np

from . import arithmetic, polyaid
from . import keras as keras_file
from .agreement import differences, failures, logit
from .frameworks import FRAMEWORKS, onnx_runtime
from .worker import Worker, pinned

# Where the piece begins in the file: no N from here on.
START = 500_000
# Random weights call every window or none; the last bias is moved so that this share passes 0.5.
CALLED = 0.05
SCRIPTS = pathlib.Path(__file__).resolve().parent.parent


@dataclasses.dataclass
class Scan:
    """A `polyascan scan`, from FASTA to BED, and the most memory that it held (MiB)."""

    binary: pathlib.Path
    arguments: list
    prefix: pathlib.Path
    memory: float = 0.0

    def run(self, cores, *more):
        """Returns the windows scored per second of the whole command."""
        command = [sys.executable, "-m", "peers.measure", self.binary, "scan", *self.arguments, *more]
        command += ["--quiet", "-o", self.prefix, "--threads", str(len(cores))]
        measured = subprocess.run(
            command, cwd=SCRIPTS, preexec_fn=pinned(cores), check=True, stdout=subprocess.PIPE
        )
        seconds, memory = json.loads(measured.stdout)
        self.memory = max(self.memory, memory)
        summary = json.loads(pathlib.Path(f"{self.prefix}.summary.json").read_text())
        return summary["windows"]["scored"] / seconds


@dataclasses.dataclass
class Turns:
    """What some cores gave: windows per second by name, one figure per round."""

    cores: list
    versions: dict
    batches: dict
    gflops: list = dataclasses.field(default_factory=list)
    rates: dict = dataclasses.field(default_factory=dict)

    def rate(self, name):
        return statistics.median(self.rates[name])

    def ratio(self, name):
        """PolyaID's rate by polyascan over that of a framework: the median over the rounds."""
        return statistics.median(a / b for a, b in zip(self.rates["PolyaID"], self.rates[name]))

    def of_peak(self, name, mflop):
        """The share of the f32 peak."""
        return self.rate(name) * mflop / 1e3 / max(self.gflops)


def write_piece(genome, windows, path):
    """Writes the part of the genome's first contig that has so many windows; returns its letters."""
    with gzip.open(genome, "rt") as file:
        contig = file.read().split(">")[1].partition("\n")[2].replace("\n", "")
    piece = contig[START : START + windows + polyaid.LENGTH - 1].upper()
    if set(piece) != set("ACGT") or len(piece) < windows + polyaid.LENGTH - 1:
        raise SystemExit(f"{genome}: there are no {windows} windows without N from {START}")
    path.write_text(f">piece\n{piece}\n")
    return piece


def random_weights(folder, piece):
    """Writes weights of the published size; the share `CALLED` of the piece's windows passes 0.5."""
    path, _ = polyaid.write_published_size(folder)
    # Every 16th window will do.
    some = onnx_runtime(path, piece, threads=1)
    some.encoded = np.ascontiguousarray(some.encoded[::16])
    polyaid.lower_classification(path, np.quantile(logit(some.outputs()[0]), 1 - CALLED))
    return path


def peak(program, cores):
    """Returns the f32 peak of some cores together, GFLOP/s."""
    running = [
        subprocess.Popen(program, stdout=subprocess.PIPE, preexec_fn=pinned({core})) for core in cores
    ]
    return sum(float(process.communicate()[0]) for process in running)


class Bench:
    def __init__(self, args, folder):
        self.windows, self.rounds = args.windows, args.repetitions
        self.fasta, self.peak, self.prefix = folder / "piece.fa", folder / "peak", folder / "out"
        piece = write_piece(args.genome, args.windows, self.fasta)
        self.weights = args.polyaid or random_weights(folder, piece)
        converted = folder / "polyaid.safetensors"
        convert = [args.binary, "convert", self.weights, converted]
        subprocess.run(convert, check=True, capture_output=True)
        subprocess.run(["cc", "-O3", "-march=native", SCRIPTS / "peak.c", "-o", self.peak], check=True)
        plus = [self.fasta, "--strand", "+", "--model", converted]
        self.scans = {
            "PolyaID": Scan(args.binary, plus, self.prefix),
            "default": Scan(args.binary, [args.genome], self.prefix),
        }
        self.default_model = args.default_model
        # Of each framework from polyascan, by output; the share of windows that pass 0.5.
        self.differences, self.called = {}, None

    def compare(self, workers, cores):
        self.scans["PolyaID"].run(cores, "--tracks", "--min-centre-cleavage=0", "--background=0")
        for name, worker in workers.items():
            outputs = worker.outputs(self.fasta.parent)
            self.called = float((outputs[0] > 0.5).mean())
            self.differences[name] = differences(self.prefix, "piece", outputs)

    def turns(self, cores):
        """Lets all take turns on these cores."""
        with contextlib.ExitStack() as stack:
            workers = {}
            for name in FRAMEWORKS:
                worker = Worker(name, self.weights, self.fasta, cores)
                workers[name] = stack.enter_context(contextlib.closing(worker))
            if not self.differences:
                self.compare(workers, cores)
            versions = {name: worker.version for name, worker in workers.items()}
            batches = {name: worker.tune() for name, worker in workers.items()}
            turns = Turns(cores, versions, batches)
            for number in range(self.rounds):
                print(f"{threads(turns)}, round {number + 1} of {self.rounds} ...", file=sys.stderr)
                turns.gflops.append(peak(self.peak, cores))
                for name, scan in self.scans.items():
                    turns.rates.setdefault(name, []).append(scan.run(cores))
                for name, worker in workers.items():
                    turns.rates.setdefault(name, []).append(self.windows / worker.seconds())
        return turns

    def mflop(self, name):
        """The arithmetic of a window, million operations."""
        if name == "default":
            return arithmetic.of_dense_scan(self.default_model) / 1e6
        return arithmetic.of_polyaid(keras_file.read(self.weights), self.called) / 1e6


def threads(turns):
    return "1 thread" if len(turns.cores) == 1 else f"{len(turns.cores)} threads"


def peers_table(bench, all_turns):
    columns = [f"windows/s, {threads(turns)} (batch) | polyascan : it" for turns in all_turns]
    yield f"| PolyaID | {' | '.join(columns)} | largest difference |"
    yield "| --- |" + " --- | --- |" * len(all_turns) + " --- |"
    for name, found in bench.differences.items():
        cells = [
            f"{t.rate(name):,.0f} ({t.batches[name]}) | {t.ratio(name):.2f}" for t in all_turns
        ]
        off = ", ".join(f"{output} {largest:.1e}" for output, largest in found.items())
        yield f"| {all_turns[0].versions[name]} | {' | '.join(cells)} | {off} |"
    cells = [f"{turns.rate('PolyaID'):,.0f} |" for turns in all_turns]
    yield f"| polyascan, FASTA to BED | {' | '.join(cells)} | |"


def scans_table(bench, all_turns):
    columns = [
        f"windows/s, {threads(t)} | of the f32 peak ({max(t.gflops):.0f} GFLOP/s)" for t in all_turns
    ]
    yield f"| scan, FASTA to BED | MFLOP per window | {' | '.join(columns)} | scaling | memory, MiB |"
    yield "| --- | --- |" + " --- | --- |" * len(all_turns) + " --- | --- |"
    for name, scan in bench.scans.items():
        mflop = bench.mflop(name)
        cells = [f"{t.rate(name):,.0f} | {t.of_peak(name, mflop):.0%}" for t in all_turns]
        scaling = all_turns[-1].rate(name) / all_turns[0].rate(name)
        yield f"| {name} | {mflop:.3g} | {' | '.join(cells)} | {scaling:.2f} | {scan.memory:.0f} |"


def figures(bench, all_turns):
    """What `--json` keeps: everything that was measured."""
    return {
        "windows": bench.windows,
        "called": bench.called,
        "differences": bench.differences,
        "mflop_per_window": {name: bench.mflop(name) for name in bench.scans},
        "memory_mib": {name: scan.memory for name, scan in bench.scans.items()},
        "turns": [dataclasses.asdict(turns) for turns in all_turns],
    }


def run(args, folder):
    """Prints the tables; returns the figures, and what differs too much."""
    bench = Bench(args, folder)
    cores = sorted(os.sched_getaffinity(0))
    # The last core alone: the first serves most interrupts.
    all_turns = [bench.turns(some) for some in (cores[-1:], cores[-2:])[: len(cores)]]
    print("\n".join(peers_table(bench, all_turns)) + "\n")
    print("\n".join(scans_table(bench, all_turns)))
    print(f"\n{bench.windows:,} windows of PolyaID, {bench.called:.1%} of them over 0.5.")
    wrong = [text for name, found in bench.differences.items() for text in failures(name, found)]
    return figures(bench, all_turns), wrong
