#!/usr/bin/env python3
"""Time and memory of reading an annotation of GENCODE's size: bench_annotation.py BINARY GTF [LINES].

Makes a GTF of 3.4 million lines (or LINES) out of copies of GTF, each with ids of its own, on 100 contigs of 1 Mb, and
runs a scan of 1,000 nt with it.
"""
import gzip, os, re, resource, subprocess, sys, tempfile, time


def write_inputs(source, lines, folder):
    """Writes the genome and the annotation; returns their paths."""
    with (gzip.open if source.endswith("gz") else open)(source, "rt") as file:
        rows = [line.split("\t", 1)[1] for line in file if line[0] != "#"]
    fasta, gtf = os.path.join(folder, "g.fa"), os.path.join(folder, "g.gtf")
    with open(fasta, "w") as file:
        for contig in range(100):
            file.write(f">c{contig}\n" + ("ACGT" * 15 + "\n") * 16667)
    with open(gtf, "w") as file:
        for copy in range(lines // len(rows) + 1):
            for row in rows[: lines - copy * len(rows)]:
                file.write(f"c{copy % 100}\t" + re.sub(r'((?:gene|transcript)_id "[^"]*)"', rf'\1_{copy}"', row))
    return fasta, gtf


def main(binary, source, lines="3400000"):
    with tempfile.TemporaryDirectory() as folder:
        fasta, gtf = write_inputs(source, int(lines), folder)
        command = [binary, "scan", fasta, "--annotation", gtf, "-r", "c0:500-1500", "-q", "-o", os.path.join(folder, "x")]
        for annotated in (False, True):
            begin, before = time.time(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            subprocess.run(command if annotated else command[:3] + command[5:], check=True, stderr=subprocess.DEVNULL)
            usage = resource.getrusage(resource.RUSAGE_CHILDREN)
            print(f"{'with' if annotated else 'without'} annotation: {time.time() - begin:.1f} s "
                  f"({usage.ru_utime - before:.1f} s of CPU), {usage.ru_maxrss >> 10} MiB")


if __name__ == "__main__":
    main(*sys.argv[1:])
