#!/usr/bin/env python3
"""APARENT2's scores of a thousand SNVs by `variants` and by `mutagenesis`, against `predict` of two frames each.

    python3 scripts/check_aparent2_variants.py --model aparent2.safetensors [--binary target/release/polyascan]
        [--fasta genome.fa] [--snvs 1000] [--threads 2]

SNVs lie in the frames of known polyA signals of the first contig of --fasta (default: a simulated genome), on both
strands. Of each entry of PolyA_signals, and of each row of the table of mutagenesis, the frame of 205 nt whose index 70
is the signal's first base is cut from the sequence here, with the SNV and without, and given to `predict`. Prints what
was compared and the largest differences; exit code 1 if one is 1e-4 or more.
"""

import argparse
import gzip
import os
import random
import subprocess
import sys
import tempfile
import time

MOST = 1e-4
LENGTH, HEXAMER = 205, 70
SIGNALS = ("AATAAA ATTAAA TATAAA AGTAAA AATACA CATAAA AATATA GATAAA AATGAA AATAAT AAGAAA ACTAAA AATAGA ATTACA "
           "AACAAA ATTATA AACAAG AATAAG").split()
SITES = 2
PER_SIGNAL = 50
COMPLEMENT = str.maketrans("ACGTN", "TGCAN")


def reverse_complement(letters):
    return letters.translate(COMPLEMENT)[::-1]


def read_contig(path):
    """The name and the letters of the first contig."""
    opened = gzip.open(path, "rt") if path.endswith(".gz") else open(path)
    with opened as lines:
        name, parts = next(lines)[1:].split()[0], []
        for line in lines:
            if line.startswith(">"):
                break
            parts.append(line.strip().upper())
    return name, "".join(parts)


def frame(sequence, strand, signal):
    """The frame of the signal whose first base in transcript direction is at a position (from 0)."""
    start = signal - HEXAMER if strand == "+" else signal - (LENGTH - 1 - HEXAMER)
    letters = "".join(sequence[i] if 0 <= i < len(sequence) else "N" for i in range(start, start + LENGTH))
    return letters if strand == "+" else reverse_complement(letters)


class Check:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        genome = args.fasta or self.simulated()
        self.genome = genome
        self.contig, self.sequence = read_contig(genome)

    def at(self, name):
        return os.path.join(self.folder, name)

    def run(self, *words):
        command = [self.args.binary, words[0], "-q", "-t", str(self.args.threads), *words[1:]]
        subprocess.run(command, check=True)

    def simulated(self):
        size = ["--length", "200000", "--sites", "40", "--seed", "1"]
        subprocess.run([self.args.binary, "simulate", "-q", *size, "-o", self.at("sim")], check=True)
        return self.at("sim/genome.fa")

    def signals(self, rng):
        """Signals (strand and position) of known neighbourhood, shuffled."""
        found = []
        for at in range(300, len(self.sequence) - 300):
            six = self.sequence[at:at + 6]
            if "N" in self.sequence[at - 300:at + 300]:
                continue
            found += [("+", at)] if six in SIGNALS else []
            found += [("-", at + 5)] if reverse_complement(six) in SIGNALS else []
        rng.shuffle(found)
        return found

    def predicted(self, pairs):
        """Narrow and wide differences, alternate minus reference, and the values, of pairs of frames."""
        table, out = self.at("frames.txt"), self.at("frames.tsv")
        with open(table, "w") as lines:
            lines.writelines(f"{before}\n{after}\n" for before, after in pairs)
        self.run("predict", table, "--model", self.args.model, "--strand", "+", "-o", out)
        values = []
        with open(out) as lines:
            for line in lines:
                if line.startswith("#name"):
                    columns = line[1:].rstrip("\n").split("\t")
                elif not line.startswith("#"):
                    row = dict(zip(columns, line.rstrip("\n").split("\t")))
                    values.append((float(row["logodds_narrow"]), float(row["logodds_wide"])))
        return [values[i:i + 2] for i in range(0, len(values), 2)]

    def frames(self, strand, signal, at, letter):
        # The neighbourhood alone: the whole sequence would be copied each time.
        first = max(signal - 300, 0)
        here = self.sequence[first:signal + 300]
        changed = here[:at - first] + letter + here[at - first + 1:]
        return tuple(frame(letters, strand, signal - first) for letters in (here, changed))

    def variants(self, rng, signals):
        """Returns the number of SNVs, of entries, and the largest difference."""
        snvs, wanted = set(), self.args.snvs
        for strand, signal in signals:
            places = range(-HEXAMER, LENGTH - HEXAMER)
            for offset in rng.sample(places, PER_SIGNAL):
                at = signal + (offset if strand == "+" else -offset)
                if len(snvs) < wanted:
                    snvs.add((at, rng.choice([base for base in "ACGT" if base != self.sequence[at]])))
        vcf, out = self.at("x.vcf"), self.at("out.vcf")
        with open(vcf, "w") as lines:
            lines.write("##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
            for at, letter in sorted(snvs):
                lines.write(f"{self.contig}\t{at + 1}\t.\t{self.sequence[at]}\t{letter}\t.\t.\t.\n")
        self.run("variants", vcf, "--fasta", self.genome, "--model", self.args.model, "-o", out)
        said, pairs, alone = [], [], 0
        with open(out) as lines:
            for line in lines:
                if line.startswith("#"):
                    continue
                cells = line.rstrip("\n").split("\t")
                at, info = int(cells[1]) - 1, dict(part.partition("=")[::2] for part in cells[7].split(";"))
                alone += "PolyA_signals" not in info
                for entry in filter(None, info.get("PolyA_signals", "").split(",")):
                    parts = entry.split("|")
                    pairs.append(self.frames(parts[1], int(parts[2]) - 1, at, parts[0]))
                    said.append([float(value) for value in parts[5:11]])
        largest = 0.0
        for values, ((n0, w0), (n1, w1)) in zip(said, self.predicted(pairs), strict=True):
            expected = [n0, n1, n1 - n0, w0, w1, w1 - w0]
            largest = max([largest, *(abs(a - b) for a, b in zip(values, expected))])
        if alone:
            sys.exit(f"{alone} SNVs in the frame of a signal have no entry")
        return len(snvs), len(said), largest

    def mutagenesis(self, rng, signals):
        """Returns the number of SNVs, of sites, and the largest difference."""
        bed, prefix = self.at("sites.bed"), self.at("ism")
        with open(bed, "w") as lines:
            for strand, signal in signals[:SITES]:
                site = signal + 20 if strand == "+" else signal - 20
                lines.write(f"{self.contig}\t{site}\t{site + 1}\ts\t0\t{strand}\n")
        self.run("mutagenesis", "--fasta", self.genome, "--sites", bed, "--model", self.args.model, "-o", prefix)
        rows = []
        with gzip.open(f"{prefix}.mutagenesis.tsv.gz", "rt") as lines:
            for line in lines:
                if line.startswith("#chrom"):
                    columns = line[1:].rstrip("\n").split("\t")
                elif not line.startswith("#"):
                    row = dict(zip(columns, line.rstrip("\n").split("\t")))
                    if row["delta_logodds"] != ".":
                        rows.append(row)
        rows = rng.sample(rows, min(len(rows), self.args.snvs))
        where = lambda row: (row["strand"], int(row["pas_position"]) - 1, int(row["pos"]) - 1, row["alt"])
        largest = 0.0
        for row, ((n0, w0), (n1, w1)) in zip(rows, self.predicted([self.frames(*where(row)) for row in rows]), strict=True):
            off = [float(row["delta_logodds_narrow"]) - (n1 - n0), float(row["delta_logodds"]) - (w1 - w0)]
            largest = max([largest, *map(abs, off)])
        return len(rows), SITES, largest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--binary", default="target/release/polyascan")
    parser.add_argument("--fasta")
    parser.add_argument("--snvs", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    args.binary = os.path.abspath(args.binary)
    rng, worst = random.Random(1), 0.0
    print("| command | SNVs | compared | largest difference | seconds |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        check = Check(args, folder)
        signals = check.signals(rng)
        for name, of in (("variants", "entries of PolyA_signals"), ("mutagenesis", "sites")):
            begin = time.monotonic()
            snvs, compared, largest = getattr(check, name)(rng, signals)
            worst = max(worst, largest)
            print(f"| {name} | {snvs} | {compared} {of} | {largest:.1e} | {time.monotonic() - begin:.0f} |", flush=True)
    sys.exit(0 if worst < MOST else 1)


if __name__ == "__main__":
    main()
