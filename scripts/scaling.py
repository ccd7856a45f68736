#!/usr/bin/env python3
"""Time and memory of each reader by the size of its input: exponents, by default between n and 4 n rows.

    python3 scripts/scaling.py [--binary target/release/polyascan] [--rows 20000] [--factor 4]

Prints a table: processor time at n and at factor x n, and the exponent b of time ~ n^b. An exponent of 1 is linear;
what takes less than 0.05 s at the larger size is only said to be that. Exit code 1 if an exponent exceeds 1.35.
"""

import argparse
import math
import os
import random
import resource
import subprocess
import sys
import tempfile

MOST = 1.35
LEAST_SECONDS = 0.05


def sequence(n, seed=1):
    rng = random.Random(seed)
    return "".join(rng.choice("ACGT") for _ in range(n))


def gtf(path, n, gene, transcript):
    with open(path, "w") as out:
        for i in range(n):
            start = 1 + i * 37 % 19_000
            ids = f'gene_id "{gene(i)}"; transcript_id "{transcript(i)}";'
            out.write(f"chr1\tx\texon\t{start}\t{start + 300}\t.\t+\t.\t{ids}\n")


def vcf(path, n, letters, contigs=False):
    with open(path, "w") as out:
        out.write("##fileformat=VCFv4.2\n")
        if contigs:
            out.write("##contig=<ID=chr1,length=20000>\n")
        out.write("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
        for i in range(n):
            # Past the longest allele: read, not scored.
            at = i * 13 % 19_000
            out.write(f"chr1\t{at + 1}\tr{i}\t{letters[at]}\t<DEL>\t.\t.\tA={i}\n")


def fasta(path, contigs, length):
    letters = "".join("ACGT"[i * i // 3 % 4] for i in range(length))
    with open(path, "w") as out:
        for i in range(contigs):
            out.write(f">c{i}\n{letters}\n")


def bed(path, n, contig="chr1"):
    with open(path, "w") as out:
        for i in range(n):
            start = i * 7 % 19_000
            out.write(f"{contig}\t{start}\t{start + 1}\tn{i}\t0\t+\n")


def cases(folder, binary, letters):
    """Yields name and a function from n to a command."""
    genome = os.path.join(folder, "genome.fa")
    with open(genome, "w") as out:
        out.write(f">chr1\n{letters}\n")
    out = os.path.join(folder, "out")
    file = lambda name: os.path.join(folder, name)
    scan = [binary, "scan", "-q", "-t", "1", "-r", "chr1:1-300", "-o", out, genome]

    def annotation(gene, transcript):
        def command(n):
            gtf(file("x.gtf"), n, gene, transcript)
            return scan + ["--annotation", file("x.gtf")]

        return command

    yield "GTF, ids of their own", annotation(lambda i: i, lambda i: i)
    yield "GTF, one gene", annotation(lambda i: 0, lambda i: i)
    yield "GTF, one transcript", annotation(lambda i: 0, lambda i: 0)

    def regions(n):
        bed(file("x.bed"), n)
        return [arg for arg in scan if arg not in ("-r", "chr1:1-300")] + ["--regions", file("x.bed"), "--min-probability", "1"]

    yield "BED of regions", regions

    def variants(n):
        vcf(file("x.vcf"), n, letters, True)
        return [binary, "variants", "-q", "-t", "1", file("x.vcf"), "--fasta", genome, "-o", file("o.vcf")]

    yield "VCF", variants

    def unnamed(n):
        vcf(file("x.vcf"), n, letters)
        return [binary, "variants", "-q", "-t", "1", file("x.vcf"), "--fasta", genome, "-o", file("o.vcf")]

    yield "VCF without ##contig", unnamed

    def contigs(n):
        fasta(file("x.fa"), n, 100)
        return [binary, "scan", "-q", "-t", "1", "-o", out, file("x.fa")]

    yield "FASTA, contigs of 100 nt", contigs

    def calls(n):
        bed(file("a.bed"), n)
        bed(file("b.bed"), n)
        return [binary, "evaluate", "calls", file("a.bed"), "--truth", file("b.bed")]

    yield "BED of calls", calls


def measure(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr.decode(errors='replace')}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/release/polyascan")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--factor", type=int, default=4)
    args = parser.parse_args()
    binary = os.path.abspath(args.binary)
    worst = 0.0
    print(f"| reader | {args.rows:,} rows, s | {args.rows * args.factor:,} rows, s | exponent |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        letters = sequence(20_000)
        nothing = None
        for name, command in cases(folder, binary, letters):
            # What a run takes whatever its input is no part of the growth.
            nothing = measure(command(1))
            small, large = (measure(command(n)) - nothing for n in (args.rows, args.rows * args.factor))
            if large < LEAST_SECONDS:
                print(f"| {name} | {max(small, 0):.2f} | {max(large, 0):.2f} | below {LEAST_SECONDS} s |", flush=True)
                continue
            exponent = math.log(large / max(small, 0.005)) / math.log(args.factor)
            worst = max(worst, exponent)
            print(f"| {name} | {small:.2f} | {large:.2f} | {exponent:.2f} |", flush=True)
    sys.exit(1 if worst > MOST else 0)


if __name__ == "__main__":
    main()
