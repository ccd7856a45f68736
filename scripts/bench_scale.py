#!/usr/bin/env python3
"""How time and memory grow with the size of the work: scan, variants, mutagenesis, merge.

    python3 scripts/bench_scale.py [--binary target/release/polyascan] [--threads 2] [--largest 1] [--plot docs/scale.svg]

Each command runs at sizes that grow by the same factor. Time is processor time, less that of the same command at its
least size (start-up, models, what is read in any case); the exponent b of time ~ size^b is a least-squares line through
the logarithms of what takes long enough to be measured. What merge takes by the number of shards, of one genome, is a line: its slope is told. --largest 0.1
leaves out what is above a tenth of the largest sizes. Exit code 1 if an exponent is not within 0.9 to 1.1.
"""

import argparse
import math
import os
import sys
import tempfile

from bench_large_vcf import BLOCK, LINE, Files, measure
from scaling import LEAST_SECONDS

RANGE = (0.9, 1.1)


class Work:
    """Makes inputs in a folder and the commands that take them."""

    def __init__(self, folder, binary, threads):
        self.files, self.binary, self.threads = Files(folder), binary, str(threads)
        self.out = self.files.at("out")

    def command(self, name, *args):
        return [self.binary, name, "-q", "-t", self.threads, *map(str, args)]

    def genome(self, bases):
        """A genome of one contig; its letters do not repeat within any window."""
        path = self.files.at(f"genome{bases}.fa")
        if not os.path.exists(path):
            with open(path, "w") as fasta:
                fasta.write(">chr1\n")
                for block in range(math.ceil(bases / BLOCK)):
                    # Turned by another step each time, so that sites are not the same everywhere.
                    turned = self.files.block[block * 977 % BLOCK:] + self.files.block[:block * 977 % BLOCK]
                    turned = turned[:bases - block * BLOCK]
                    fasta.writelines(turned[i:i + LINE] + "\n" for i in range(0, len(turned), LINE))
        return path

    def scan(self, bases):
        return self.command("scan", self.genome(bases), "-o", self.out)

    def tracks(self, bases):
        return self.command("scan", self.genome(bases), "--tracks", "-o", self.out)

    def contigs(self, count):
        path = self.files.at("contigs.fa")
        with open(path, "w") as fasta:
            for i in range(count):
                start = i * 37 % (BLOCK - 241)
                fasta.write(f">c{i}\n{self.files.block[start:start + 241]}\n")
        return self.command("scan", path, "-o", self.out)

    def records(self, count):
        return self.command("variants", "-W", "-o", self.out + ".vcf.gz", *self.files.records(count, 0))

    def scored(self, count):
        return self.command("variants", "-W", "-o", self.out + ".vcf.gz", *self.files.records(count, 0)[:3])

    def mutagenesis(self, bases):
        genome = self.genome(1_000_000)
        return self.command("mutagenesis", "-f", genome, "-r", f"chr1:1001-{1000 + bases}", "-o", self.out)

    def merge(self, shards):
        genome = self.genome(1_000_000)
        for i in range(1, shards + 1):
            measure(self.command("scan", genome, "--shard", f"{i}/{shards}", "-o", self.out))
        parts = [f"{self.out}.{i}-of-{shards}.shard" for i in range(1, shards + 1)]
        return [self.binary, "merge", "-q", "-o", self.out, *parts]


KINDS = [
    ("scan", "Mb", 1e6, [1, 4, 16, 64]),
    ("tracks", "Mb, with tracks", 1e6, [1, 4, 16]),
    ("contigs", "contigs of 241 nt", 1, [10_000, 32_000, 100_000]),
    ("records", "records, one in 1,000 scored", 1, [1_000, 10_000, 100_000, 1_000_000]),
    ("scored", "SNVs scored", 1, [250, 1_000, 4_000]),
    ("mutagenesis", "nt, three SNVs each", 1, [250, 1_000, 4_000]),
    ("merge", "shards of one genome", 1, [1, 20, 100, 500]),
]


def line(xs, ys):
    """Slope of the least-squares line."""
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys)) / sum((a - x) ** 2 for a in xs)


def plot(path, rows):
    import matplotlib
    matplotlib.use("svg")
    import matplotlib.pyplot as pyplot
    figure, (time, memory) = pyplot.subplots(1, 2, figsize=(10, 4.2), constrained_layout=True)
    for name, unit, points in rows:
        sizes = [size for size, *_ in points]
        # A curve each from its own smallest size: what is compared is the slope.
        time.loglog([size / sizes[0] for size in sizes], [point[1] for point in points], "o-", label=f"{name} ({unit})")
        memory.semilogx([size / sizes[0] for size in sizes], [point[3] for point in points], "o-")
    time.loglog([1, 1000], [0.3, 300], "k:", label="linear")
    time.set(xlabel="times the smallest size", ylabel="processor time, s")
    memory.set(xlabel="times the smallest size", ylabel="peak memory, MiB", ylim=(0, None))
    figure.legend(loc="outside lower center", ncols=4, fontsize=7)
    figure.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/release/polyascan")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--largest", type=float, default=1.0)
    parser.add_argument("--only", nargs="+", choices=[name for name, *_ in KINDS])
    parser.add_argument("--plot", help="SVG; needs matplotlib")
    args = parser.parse_args()
    rows, wrong = [], []
    print("| command | size | wall, s | processor, s | peak memory, MiB | exponent |\n| --- | --- | --- | --- | --- | --- |")
    for name, unit, scale, sizes in KINDS:
        if args.only and name not in args.only:
            continue
        sizes = [size for size in sizes if size <= args.largest * sizes[-1]]
        if len(sizes) < 2:
            continue
        with tempfile.TemporaryDirectory() as folder:
            work = Work(folder, os.path.abspath(args.binary), args.threads)
            make = getattr(work, name)
            least = 0.0 if name == "merge" else measure(make(300 if scale > 1 else 1))[1]
            points = []
            for size in sizes:
                wall, processor, peak = measure(make(int(size * scale)))
                points.append((size, max(processor - least, 1e-3), wall, peak))
                if size != sizes[-1]:
                    print(f"| {name} | {size:,} {unit} | {wall:.1f} | {processor:.1f} | {peak:.0f} | |", flush=True)
        told_apart = [point for point in points if point[1] >= LEAST_SECONDS]
        if name == "merge":
            told = f"{1000 * line([p[0] for p in points], [p[1] for p in points]):.1f} ms a shard"
        elif len(told_apart) < 2:
            told = f"below {LEAST_SECONDS} s"
        else:
            exponent = line(*([math.log(point[i]) for point in told_apart] for i in (0, 1)))
            told = f"{exponent:.2f}"
            wrong += [name] if not RANGE[0] <= exponent <= RANGE[1] else []
        print(f"| {name} | {sizes[-1]:,} {unit} | {wall:.1f} | {processor:.1f} | {peak:.0f} | {told} |", flush=True)
        rows.append((name, unit, points))
    if args.plot:
        plot(args.plot, rows)
    if wrong:
        sys.exit(f"not linear: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
