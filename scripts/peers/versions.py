"""`bench_peers.py versions`: this version, the one before it and the best peer, by turns on one core: scans,
variants, genes, start-up. What both versions write is compared, and their outputs with the peers'."""

import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import numpy as np
import pybigtools

from bench_annotation import write_inputs

from . import aparent2, polyaid
from .agreement import TOLERANCES, differences, failures
from .scan import SCRIPTS, random_weights, write_piece
from .variants import WINDOWS_PER_SNV, write_snvs
from .worker import Worker, pinned

# SpliceAI on a CPU and on a GPU, alleles per hour, as its maintainers state them (Illumina/SpliceAI, issue 18).
SPLICEAI = "SpliceAI, stated: 4,000 (CPU), 25,000 (GPU)"
# Of GENCODE's order.
LINES = 2_900_000


@dataclasses.dataclass
class Row:
    """Something that both versions do: `arguments` but for the output, and what is done in a run."""

    name: str
    unit: str
    # `None`: the windows that the summary says were scored.
    amount: float | None
    arguments: list
    # Only this version's; the version before runs without them.
    now: list = dataclasses.field(default_factory=list)
    # Peers by name: each returns the amount that it does in a second.
    peers: dict = dataclasses.field(default_factory=dict)
    stated: str = ""
    # Whether both write the same bytes (int8 does not).
    equal: bool = True
    rates: dict = dataclasses.field(default_factory=dict)

    def rate(self, who):
        return statistics.median(self.rates[who])

    def ratio(self, other):
        return statistics.median(a / b for a, b in zip(self.rates["now"], self.rates[other]))


class Bench:
    def __init__(self, args, folder, stack):
        self.folder, self.core = folder, sorted(os.sched_getaffinity(0))[-1:]
        self.binaries = {"before": args.before, "now": args.binary}
        self.args, self.stack = args, stack
        # What each version wrote; what differs too much.
        self.digests, self.wrong = {}, []

    def run(self, row, who):
        """Runs a version; returns what it does in a second of wall-clock."""
        out = self.folder / f"{who}.out"
        command = [sys.executable, "-m", "peers.measure", self.binaries[who], *row.arguments]
        command += [*(row.now if who == "now" else []), "-t", "1", "-q", "-o", out]
        done = subprocess.run(command, cwd=SCRIPTS, preexec_fn=pinned(self.core), check=True, stdout=subprocess.PIPE)
        written = [path for path in (out, pathlib.Path(f"{out}.sites.bed")) if path.exists()]
        self.digests[row.name, who] = [digest(path) for path in written]
        amount = row.amount or json.loads(pathlib.Path(f"{out}.summary.json").read_text())["windows"]["requested"]
        return amount / json.loads(done.stdout)[0]

    def convert(self, file, name):
        converted = self.folder / f"{name}.safetensors"
        subprocess.run([self.args.binary, "convert", file, converted], check=True, capture_output=True)
        return converted

    def worker(self, framework, weights, sequence):
        worker = self.stack.enter_context(contextlib.closing(Worker(framework, weights, sequence, self.core)))
        worker.tune()
        return worker

    def polyaid(self):
        """PolyaID of the published size and random weights, of which 5 % of the windows pass."""
        windows, fasta = self.args.windows, self.folder / "piece.fa"
        weights = random_weights(self.folder, write_piece(self.args.genome, windows, fasta))
        converted = self.convert(weights, "polyaid")
        workers = {name: self.worker(name, weights, fasta) for name in ("keras", "onnxruntime", "pytorch")}
        peers = {w.version: lambda w=w: windows / w.seconds() for w in workers.values()}
        scan = ["scan", fasta, "--strand", "+", "--model", converted]
        tracks = ["--tracks", "--min-centre-cleavage=0", "--background=0"]
        exact = Row("PolyaID, exact", "windows/s", windows, scan, peers=peers)
        self.run(dataclasses.replace(exact, arguments=[*scan, *tracks]), "now")
        for name, worker in workers.items():
            self.wrong += failures(name, differences(self.folder / "now.out", "piece", worker.outputs(self.folder)))
        keras = workers["keras"]
        self.snv_peers = {
            f"windows by PolyaID in {keras.version}": lambda: 3600 * windows / keras.seconds() / WINDOWS_PER_SNV
        }
        return exact

    def scans(self):
        """The default model, exactly and in integers, PolyaID with a screen, APARENT2."""
        letters = write_piece(self.args.genome, 200_000, self.folder / "dense.fa")
        dense = self.worker("dense", self.args.default_model, self.folder / "dense.fa")
        peers = {f"{dense.version}, the same network": lambda: 200_000 / dense.seconds()}
        both = ["scan", self.folder / "dense.fa"]
        alone = [*both, "--strand", "+", "--strength-model", "none"]
        row = Row("default, f32", "windows/s", None, alone, peers=peers)
        self.run(dataclasses.replace(row, arguments=[*alone, "--tracks"]), "now")
        ours = probabilities(self.folder / "now.out", 200_000)
        theirs = 1 / (1 + np.exp(-dense.outputs(self.folder)[0].astype(np.float64)))
        off = float(np.abs(ours - theirs).max())
        # Written so that NaN fails.
        if not off <= TOLERANCES["probability"]:
            self.wrong.append(f"default: probability is off by {off:.1e}")
        yield row
        yield Row("default, int8", "windows/s", None, alone, ["--precision", "int8"], peers, equal=False)
        yield Row("default with strengths, both strands", "windows/s", None, both)
        if self.args.screen:
            piece = self.folder / "screened.fa"
            piece.write_text(f">piece\n{letters[:100_000]}\n")
            arguments = ["scan", piece, "--model", self.args.screened_model]
            screen = ["--screen", self.args.screen]
            yield Row("PolyaID, screened (before: exact)", "windows/s", None, arguments, screen, equal=False)
        yield self.aparent2(letters[:20_000])

    def aparent2(self, letters):
        file = self.args.models / "aparent2_resnet_no_clinvar_wt_ep_5.h5"
        converted = self.convert(file, "aparent2")
        piece, some = (self.folder / f"aparent2.{end}" for end in ("fa", "some.fa"))
        piece.write_text(f">piece\n{letters}\n")
        some.write_text(f">some\n{letters[:2048 + aparent2.LENGTH - 1]}\n")
        worker = self.worker("aparent2", file, some)
        arguments = ["scan", piece, "--strand", "+", "--model", converted]
        peers = {worker.version: lambda: 2048 / worker.seconds()}
        return Row("APARENT2, exact", "windows/s", None, arguments, peers=peers)

    def rest(self):
        """Variants, genes, start-up."""
        for name, stretch in (("SNVs spread", False), ("every SNV of a stretch", True)):
            vcf = self.folder / f"snvs{stretch}.vcf"
            count = write_snvs(self.args.genome, self.args.snvs, vcf, stretch)
            arguments = ["variants", vcf, "--fasta", self.args.genome]
            peers = self.snv_peers
            yield Row(f"variants, {name}", "alleles/h", 3600 * count, arguments, peers=peers, stated=SPLICEAI)
        short = self.folder / "short.fa"
        write_piece(self.args.genome, 1000 - 239, short)
        keras = {"Keras, import and model": self.start_keras}
        yield Row("start-up: scan of 1 kb", "starts/s", 1, ["scan", short], peers=keras)
        fasta, gtf = write_inputs(str(self.args.annotation), LINES, self.folder)
        arguments = ["scan", fasta, "-r", "c0:500-1500", "--annotation", gtf]
        yield Row(f"genes: GTF of {LINES / 1e6:.1f} million lines", "lines/s", LINES, arguments)

    def start_keras(self):
        begin = time.perf_counter()
        with contextlib.closing(Worker("keras", self.folder / "polyaid_full.h5", self.folder / "short.fa", self.core)):
            return 1 / (time.perf_counter() - begin)


def probabilities(prefix, windows):
    first = polyaid.LENGTH // 2
    return pybigtools.open(f"{prefix}.plus.probability.bw").values("piece")[first : first + windows]


def digest(path):
    """Of the rows: headers name the version."""
    rows = [line for line in path.read_bytes().splitlines() if not line.startswith(b"#")]
    return hashlib.sha256(b"\n".join(rows)).hexdigest()


def turns(bench, row, rounds):
    runs = {who: lambda who=who: bench.run(row, who) for who in bench.binaries}
    for number in range(rounds):
        print(f"{row.name}, round {number + 1} of {rounds} ...", file=sys.stderr)
        for who, run in {**runs, **row.peers}.items():
            row.rates.setdefault(who, []).append(run())
    before, now = (bench.digests[row.name, who] for who in ("before", "now"))
    same = "" if not row.equal else "equal" if before == now else "DIFFERENT"
    if same == "DIFFERENT":
        bench.wrong.append(f"{row.name}: the versions write different rows")
    peer = max(row.peers, key=row.rate, default=None)
    told = f"{peer}: {row.rate(peer):,.3g} | {row.ratio(peer):.2f}" if peer else "none | "
    stated = f"; {row.stated}" if row.stated else ""
    print(f"| {row.name}, {row.unit} | {row.rate('before'):,.4g} | {row.rate('now'):,.4g} | {row.ratio('before'):.2f} "
          f"| {told}{stated} | {same} |", flush=True)


def run(args, folder):
    """Prints the table; returns the figures, and what differs too much."""
    with contextlib.ExitStack() as stack:
        bench, rows = Bench(args, folder, stack), []
        print("| what | before | now | now : before | best peer | now : it | rows of both versions |")
        print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
        rows.append(bench.polyaid())
        turns(bench, rows[0], args.repetitions)
        for part in (bench.scans(), bench.rest()):
            for row in part:
                turns(bench, row, args.repetitions)
                rows.append(row)
        return {row.name: row.rates for row in rows}, bench.wrong
