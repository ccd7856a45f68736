#!/usr/bin/env python3
"""Odd but valid files against independent readings: `make differential`.

Each case draws which optional things of a format's definition are there, writes a file, lets polyascan read it and
compares with what bcftools, samtools or gffread read (Debian packages of these names). The genomes are of N, so that
reading is all that is done. What is compared:

  FASTA  number of contigs and of bases                        samtools faidx, or the lines themselves
  GTF    positions that are scanned: genes and 5 kb past them  gffread -T of the same file, merged here
  VCF    all columns and INFO of all records                   bcftools view of input and output

Prints cases, disagreements and what they were; exit code 1 if there are any.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

LENGTH = 60_000
EXTENSION = 5_000
CONTIGS = ["chr1", "chr2", "scaffold_7.1", "HLA-A*01:01"]


def run(command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def write_genome(path):
    with open(path, "w") as out:
        for name in CONTIGS:
            out.write(f">{name}\n")
            out.writelines("N" * 60 + "\n" for _ in range(LENGTH // 60))


class Fasta:
    name = "FASTA"

    def write(self, rng, path):
        eol = rng.choice(["\n", "\r\n"])
        width = rng.choice([1, 50, 60, 80, 10_000])
        text, self.sizes = "", []
        for i in range(rng.randint(1, 6)):
            name = rng.choice(["c", "chr", "HLA-A*0", "x|y|", "a=b;"]) + str(i)
            text += f">{name}" + rng.choice(["", " a description", "\ttab > more", " "]) + eol
            letters = "".join(rng.choice("ACGTNacgtnURYKMSWBDHV") for _ in range(rng.choice([0, 1, 59, 60, 700])))
            text += "".join(letters[at:at + width] + eol for at in range(0, len(letters), width))
            if rng.random() < 0.2:
                text += eol
            self.sizes.append(len(letters))
        if rng.random() < 0.3:
            text = text.rstrip("\r\n")
        with open(path, "w", newline="") as out:
            out.write(text)

    def compare(self, binary, path, folder):
        done = run([binary, "scan", path, "-q", "-t", "1", "-o", f"{folder}/f"])
        if done.returncode:
            return f"refused: {done.stderr.strip()}"
        with open(f"{folder}/f.summary.json") as file:
            found = json.load(file)["fasta"]
        found = (found["contigs"], found["bases"])
        expected = (len(self.sizes), sum(self.sizes))
        if run(["samtools", "faidx", path]).returncode == 0:
            with open(path + ".fai") as file:
                rows = [line.split("\t") for line in file]
            indexed = (len(rows), sum(int(row[1]) for row in rows))
            # faidx leaves out what is empty.
            if indexed[1] != expected[1]:
                return f"samtools has {indexed}, the lines {expected}"
        return None if found == expected else f"{found}, expected {expected}"


class Gtf:
    name = "GTF"

    def write(self, rng, path):
        rows = []
        eol = rng.choice(["\n", "\r\n"])
        quote = rng.choice([True, True, False])
        value = lambda text: f'"{text}"' if quote else text
        for g in range(rng.randint(1, 5)):
            contig, strand = rng.choice(CONTIGS[:3]), rng.choice("+-")
            begin = rng.randint(1, LENGTH - 9_000)
            span = (begin, begin)
            of_gene = []
            for t in range(rng.randint(1, 3)):
                at, exons = begin, []
                for _ in range(rng.randint(1, 4)):
                    end = at + rng.randint(0, 400)
                    exons.append((at, end))
                    at = end + rng.randint(2, 900)
                span = (span[0], max(span[1], exons[-1][1]))
                ids = [f"gene_id {value(f'G{g}')}", f"transcript_id {value(f'T{g}.{t}')}"]
                if rng.random() < 0.3:
                    ids.reverse()
                if rng.random() < 0.3:
                    ids.append(f"gene_name {value(f'N{g}')}")
                if rng.random() < 0.2:
                    ids.append('db_xref "a:1"; db_xref "b:2"')
                if rng.random() < 0.2:
                    ids.append(f"level {rng.randint(1, 3)}")
                attributes = "; ".join(ids) + rng.choice([";", "", "; "])
                row = lambda kind, a, b: f"{contig}\tx\t{kind}\t{a}\t{b}\t{rng.choice(['.', '0.5'])}\t{strand}\t.\t{attributes}"
                if rng.random() < 0.6:
                    of_gene.append(row("transcript", exons[0][0], exons[-1][1]))
                of_gene += [row("exon", a, b) for a, b in exons]
                if rng.random() < 0.5:
                    of_gene.append(row("CDS", *exons[0]))
            rows += of_gene
        if rng.random() < 0.3:
            rng.shuffle(rows)
        if rng.random() < 0.4:
            rows.insert(rng.randrange(len(rows) + 1), rng.choice(["# remark", "#!genome x", "##description: y"]))
        with open(path, "w", newline="") as out:
            out.write(eol.join(rows) + rng.choice([eol, ""]))

    def compare(self, binary, path, folder):
        genome = f"{folder}/genome.fa"
        done = run([binary, "scan", genome, "--annotation", path, "-q", "-t", "1", "-o", f"{folder}/g"])
        if done.returncode:
            return f"refused: {done.stderr.strip()}"
        with open(f"{folder}/g.summary.json") as file:
            found = json.load(file)["windows"]["requested"]
        read = run(["gffread", "-T", path])
        if read.returncode:
            return None
        spans = {}
        for line in read.stdout.splitlines():
            columns = line.split("\t")
            if len(columns) == 9 and columns[2] == "transcript":
                start, end = int(columns[3]) - 1, int(columns[4])
                if columns[6] == "+":
                    end = min(end + EXTENSION, LENGTH)
                else:
                    start = max(start - EXTENSION, 0)
                spans.setdefault((columns[0], columns[6]), []).append((start, end))
        # A gene reaches over its transcripts, which begin at one place here: the union is that of the genes.
        expected = 0
        for of_strand in spans.values():
            last = 0
            for start, end in sorted(of_strand):
                expected += max(0, end - max(start, last))
                last = max(last, end)
        return None if found == expected else f"{found} positions, by gffread {expected}"


class Vcf:
    name = "VCF"

    def write(self, rng, path):
        eol = "\n"
        lines = ["##fileformat=VCFv4." + rng.choice("123")]
        named = rng.random() < 0.7
        if named:
            lines += [f"##contig=<ID={name},length={LENGTH}>" for name in CONTIGS]
        lines += [
            '##INFO=<ID=DP,Number=1,Type=Integer,Description="depth, total">',
            '##INFO=<ID=AF,Number=A,Type=Float,Description="x \\"quoted\\"">',
            '##INFO=<ID=DB,Number=0,Type=Flag,Description="y">',
            '##FILTER=<ID=q10,Description="z">',
            '##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">',
        ]
        if rng.random() < 0.3:
            lines.insert(1, "##source=some program=1;2")
        samples = rng.choice([[], ["a"], ["a", "b c"]])
        columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
        lines.append("\t".join(columns + (["FORMAT"] + samples if samples else [])))
        position = 0
        for i in range(rng.randint(0, 40)):
            position += rng.randint(0, 900)
            alternates = rng.sample(["A", "T", "GA", "<DEL>", "*", "N", "ACGTACGT", "a"], rng.randint(1, 3))
            info = [entry for entry in ("DB", f"DP={i}", "AF=" + ",".join("0.5" for _ in alternates)) if rng.random() < 0.5]
            row = [
                CONTIGS[0], str(position + 1), rng.choice([".", f"rs{i}", f"rs{i};x{i}"]), rng.choice(["C", "CN", "c"]),
                rng.choice([",".join(alternates), ","[:0] + alternates[0]]), rng.choice([".", "29", "3.5", "1e3"]),
                rng.choice([".", "PASS", "q10"]), ";".join(info) or ".",
            ]
            if len(row[4].split(",")) != len(alternates):
                row[7] = "."
            lines.append("\t".join(row + (["GT"] + [rng.choice(["0/1", "1|1", "./."]) for _ in samples] if samples else [])))
        text = eol.join(lines) + eol
        with open(path, "w") as out:
            out.write(text)
        if rng.random() < 0.3:
            subprocess.run(["bgzip", "-kf", path], check=True)
            os.replace(path + ".gz", path)

    def compare(self, binary, path, folder):
        out = f"{folder}/out.vcf"
        done = run([binary, "variants", path, "--fasta", f"{folder}/genome.fa", "-q", "-t", "1", "--force", "-o", out])
        if done.returncode:
            return f"refused: {done.stderr.strip()}"
        dump = lambda file, more: run(["bcftools", *more, file])
        before = dump(path, ["view", "-H"])
        keys = ["", "_max", "_effect", "_delta", "_gene", "_class", "_usage", "_partial", "_skip"]
        after = run(["bcftools", "annotate", "-x", ",".join(f"INFO/PolyA{key}" for key in keys), out])
        if before.returncode:
            return None
        if after.returncode:
            return f"bcftools refuses the output: {after.stderr.strip()}"
        records = "".join(line + "\n" for line in after.stdout.splitlines() if not line.startswith("#"))
        if records != before.stdout:
            pairs = zip(before.stdout.splitlines() + [""], records.splitlines() + [""])
            first = next((pair for pair in pairs if pair[0] != pair[1]), None)
            return f"records differ: {first}"
        warned = [line for line in after.stderr.splitlines() if "contig" in line]
        return f"bcftools: {warned[0]}" if warned else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/release/polyascan")
    parser.add_argument("--cases", type=int, default=200, help="of each format")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="folder for the files that were read in two ways")
    args = parser.parse_args()
    missing = [tool for tool in ("bcftools", "samtools", "gffread", "bgzip") if not shutil.which(tool)]
    if missing:
        sys.exit(f"not installed: {', '.join(missing)} (Debian packages bcftools, samtools, gffread, tabix)")
    binary, failed = os.path.abspath(args.binary), 0
    with tempfile.TemporaryDirectory() as folder:
        write_genome(f"{folder}/genome.fa")
        for kind in (Fasta(), Gtf(), Vcf()):
            rng, found = random.Random(f"{args.seed} {kind.name}"), {}
            for number in range(args.cases):
                path = f"{folder}/case"
                kind.write(rng, path)
                problem = kind.compare(binary, path, folder)
                if problem:
                    found.setdefault(problem.split(":")[0][:60], []).append(problem)
                    if args.keep:
                        os.makedirs(args.keep, exist_ok=True)
                        shutil.copy(path, f"{args.keep}/{kind.name}.{number}")
            total = sum(map(len, found.values()))
            failed += total
            print(f"{kind.name}: {args.cases} cases, {total} disagreements", flush=True)
            for problems in found.values():
                print(f"  {len(problems)} x {problems[0][:400]}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
