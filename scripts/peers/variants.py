"""`bench_peers.py variants`: SNVs of chromosome 9 by `polyascan variants`, VCF to VCF, both strands, and the
windows that touch them by PolyaID in Keras, on the same cores by turns."""

import bisect
import contextlib
import gzip
import json
import os
import statistics
import subprocess
import sys

from . import polyaid
from .scan import SCRIPTS, START, random_weights, write_piece
from .worker import Worker, pinned

# Windows of an SNV: on both strands and both haplotypes, all that touch it.
WINDOWS_PER_SNV = 2 * 2 * polyaid.LENGTH
# Windows that Keras is timed on.
TIMED = 4096


def write_snvs(genome, count, path, stretch=False):
    """Writes SNVs evenly over the known bases of the genome's first contig, or every SNV of a stretch of them;
    returns how many."""
    with gzip.open(genome, "rt") as file:
        name, _, letters = file.read().split(">")[1].partition("\n")
    letters = letters.replace("\n", "").upper()
    known = [at for at in range(1000, len(letters) - 1000) if letters[at] in "ACGT"]
    if stretch:
        first = bisect.bisect(known, START)
        chosen = [(at, n) for at in known[first : first + count // 3] for n in (1, 2, 3)]
    else:
        chosen = [(at, 1) for at in known[:: max(1, len(known) // count)][:count]]
    with open(path, "w") as vcf:
        vcf.write("##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
        for at, n in chosen:
            other = "ACGT"[("ACGT".index(letters[at]) - n) % 4]
            vcf.write(f"{name.split()[0]}\t{at + 1}\t.\t{letters[at]}\t{other}\t.\t.\t.\n")
    return len(chosen)


def run(args, folder):
    """Prints the table; returns the figures; nothing is compared."""
    piece = write_piece(args.genome, TIMED, folder / "piece.fa")
    weights = args.polyaid or random_weights(folder, piece)
    snvs = write_snvs(args.genome, args.snvs, folder / "snvs.vcf")
    cores = sorted(os.sched_getaffinity(0))[-2:]
    command = [sys.executable, "-m", "peers.measure", args.binary, "variants", folder / "snvs.vcf"]
    command += ["--fasta", args.genome, "-q", "-o", folder / "out.vcf", "--threads", str(len(cores))]
    rates = {"polyascan": [], "Keras": []}
    with contextlib.closing(Worker("keras", weights, folder / "piece.fa", cores)) as worker:
        worker.tune()
        for _ in range(args.repetitions):
            measured = subprocess.run(
                command, cwd=SCRIPTS, preexec_fn=pinned(cores), check=True, stdout=subprocess.PIPE
            )
            seconds, memory = json.loads(measured.stdout)
            rates["polyascan"].append(3600 * snvs / seconds)
            rates["Keras"].append(3600 * TIMED / worker.seconds() / WINDOWS_PER_SNV)
        version = worker.version
    ours, theirs = (statistics.median(found) for found in rates.values())
    print(f"| {snvs:,} SNVs, {len(cores)} threads | SNVs per hour |\n| --- | --- |")
    print(f"| polyascan variants, default models, VCF to VCF ({memory:.0f} MiB) | {ours:,.0f} |")
    print(f"| PolyaID in {version}, the windows alone | {theirs:,.0f} |")
    print(f"| ratio | {ours / theirs:.0f} |")
    return {"snvs": snvs, "per_hour": rates}, []
