#!/usr/bin/env python3
"""Time and peak memory of `polyascan variants` on large VCF files: many contigs, many samples, many records.

    python3 scripts/bench_large_vcf.py [--binary target/release/polyascan] [--threads 2] [--scale 1]

Each kind of file is made in two or three sizes; the table shows that time grows with the size and memory does not (but
for the contigs, of which each has a line in the header, a name and a place in the index). Records of many contigs are
scored with a tiny model of random weights; of the others those in the genes of the annotation, one in a thousand, with
the default models, and the rest is skipped as `no_gene`, as most of a whole genome's are. --scale 0.1 makes all files
ten times smaller. Exit code 1 if time grows by more than 1.35 times the size, or records are lost.
"""

import argparse
import json
import os
import random
import struct
import sys
import tempfile
import time

MOST = 1.35
# The genome is this block, again and again: its letters are known without keeping it.
BLOCK = 100_000
LINE = 100
CONTIG = 300
# Of the genes of the annotation, which are on the first contig.
GENE = 30_000
HEADER = "##fileformat=VCFv4.2\n##FILTER=<ID=PASS,Description=\"All filters passed\">\n"
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"


def tiny_model(path):
    """A dense-scan model of 16 channels that finds nothing."""
    rng, tensors = random.Random(7), {}

    def layer(name, inputs, outputs, size):
        tensors[f"{name}.weight"] = ([inputs, outputs], [size * rng.uniform(-1, 1) for _ in range(inputs * outputs)])
        tensors[f"{name}.bias"] = ([outputs], [size * rng.uniform(-1, 1) for _ in range(outputs)])

    layer("stem", 64, 16, 0.5)
    for block in range(3):
        layer(f"blocks.{block}", 48, 16, 0.3)
    layer("hidden", 16, 16, 0.6)
    layer("output", 16, 51, 0.6)
    tensors["output.bias"][1][0] = -20.0
    config = {"channels": 16, "stem_width": 16, "dilations": [16, 32, 64], "hidden": 16}
    meta = {"architecture": "dense-scan", "task": "sites", "config": json.dumps(config)}
    header, data = {"__metadata__": meta}, b""
    for name, (shape, values) in tensors.items():
        packed = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + data)


class Files:
    """Makes genomes and VCF files in a folder."""

    def __init__(self, folder):
        self.folder = folder
        rng = random.Random(1)
        self.block = "".join(rng.choice("ACGT") for _ in range(BLOCK))
        self.model = self.at("tiny.safetensors")
        tiny_model(self.model)

    def at(self, name):
        return os.path.join(self.folder, name)

    def other(self, letter):
        return "G" if letter == "C" else "C"

    def contigs(self, n):
        """n contigs with a record each."""
        genome, vcf = self.at("contigs.fa"), self.at("in.vcf")
        with open(genome, "w") as fasta, open(vcf, "w") as out:
            out.write(HEADER)
            for i in range(n):
                out.write(f"##contig=<ID=scaffold_{i},length={CONTIG}>\n")
            out.write(COLUMNS + "\n")
            for i in range(n):
                start = i * 37 % (BLOCK - CONTIG)
                letters = self.block[start:start + CONTIG]
                fasta.write(f">scaffold_{i}\n{letters}\n")
                at = 100 + i % 100
                out.write(f"scaffold_{i}\t{at + 1}\tr{i}\t{letters[at]}\t{self.other(letters[at])}\t.\tPASS\t.\n")
        return [vcf, "--fasta", genome, "--model", self.model, "--strength-model", "none"]

    def genome(self):
        """30 Mb and one gene of 30 kb."""
        genome, genes = self.at("genome.fa"), self.at("genes.gtf")
        if not os.path.exists(genome):
            with open(genome, "w") as fasta:
                fasta.write(">chr1\n")
                lines = "".join(self.block[i:i + LINE] + "\n" for i in range(0, BLOCK, LINE))
                fasta.writelines(lines for _ in range(1000 * GENE // BLOCK))
            with open(genes, "w") as gtf:
                gtf.write(f'chr1\tx\texon\t1000001\t{1_000_000 + GENE}\t.\t+\t.\tgene_id "G"; transcript_id "T";\n')
        return ["--fasta", genome, "--annotation", genes]

    def records(self, n, samples):
        """n records, evenly spread."""
        vcf, step = self.at("in.vcf"), 1000 * GENE // n
        columns, genotypes = COLUMNS, ""
        if samples:
            columns += "\tFORMAT\t" + "\t".join(f"s{i}" for i in range(samples))
            genotypes = "\tGT" + "\t0/1\t0/0\t1/1\t0/0" * (samples // 4)
        with open(vcf, "w") as out:
            out.write(f"{HEADER}##contig=<ID=chr1,length={1000 * GENE}>\n")
            out.write('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n' + columns + "\n")
            for i in range(n):
                at = i * step
                letter = self.block[at % BLOCK]
                out.write(f"chr1\t{at + 1}\tr{i}\t{letter}\t{self.other(letter)}\t.\tPASS\tAC=1{genotypes}\n")
        return [vcf] + self.genome()


def measure(command):
    """Wall-clock and processor seconds, and the peak of resident memory in MiB."""
    begin = time.monotonic()
    pid = os.spawnvp(os.P_NOWAIT, command[0], command)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)}: exit status {status}")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/release/polyascan")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--scale", type=float, default=1.0)
    args = parser.parse_args()
    binary, worst = os.path.abspath(args.binary), 0.0
    print("| VCF | records | size, MiB | wall, s | processor, s | us per record | peak memory, MiB |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        files = Files(folder)
        kinds = [
            ("a contig each, header and index of all", [10_000, 100_000], files.contigs),
            ("5,000 samples", [3_000, 30_000], lambda n: files.records(n, 5_000)),
            ("no samples", [300_000, 3_000_000], lambda n: files.records(n, 0)),
        ]
        for name, sizes, make in kinds:
            before = None
            for size in sizes:
                n = max(int(size * args.scale), 100)
                more, out = make(n), files.at("out.vcf.gz")
                command = [binary, "variants", "-q", "-t", str(args.threads), "-W", "-o", out] + more
                wall, processor, peak = measure(command)
                with open(files.at("out.summary.json")) as summary:
                    totals = json.load(summary)["totals"]
                if totals["written"] != n or totals["scored"] + sum(totals["skipped"].values()) != n:
                    sys.exit(f"{name}: {n} records, but {totals}")
                mib = os.path.getsize(more[0]) / 2**20
                each = 1e6 * processor / n
                print(f"| {name} | {n:,} | {mib:,.0f} | {wall:.1f} | {processor:.1f} | {each:.0f} | {peak:.0f} |", flush=True)
                if before is not None:
                    worst = max(worst, each / before)
                before = each
    sys.exit(1 if worst > MOST else 0)


if __name__ == "__main__":
    main()
