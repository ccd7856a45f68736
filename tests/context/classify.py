#!/usr/bin/env python3
"""Classes of sites by a GTF, position by position: `classify.py GTF EXTENSION < contig/strand/position.tsv`."""
import collections, gzip, re, sys

RANKS = ["terminal_exon", "upstream_exon", "intron_composite", "intron_skipped", "extended_terminal_exon"]
opened = gzip.open if sys.argv[1].endswith("gz") else open
genes = {}
for columns in (line.rstrip("\n").split("\t") for line in opened(sys.argv[1], "rt") if line[0] != "#"):
    if columns[2] not in ("gene", "transcript", "exon"):
        continue
    tags = dict(re.findall(r'(\w+) "([^"]*)"', columns[8]))
    sign = 1 if columns[6] == "+" else -1
    first, last = sorted(sign * int(columns[i]) for i in (3, 4))  # 1-based, inclusive, along transcription
    key = columns[0], columns[6], tags["gene_id"]
    gene = genes.setdefault(key, {"name": "", "first": first, "last": last, "exons": collections.defaultdict(list)})
    gene["name"] = gene["name"] or tags.get("gene_name", "")
    gene["first"], gene["last"] = min(gene["first"], first), max(gene["last"], last)
    if columns[2] == "exon":
        gene["exons"][tags.get("transcript_id", "")].append((first, last))
for (_, _, identity), gene in genes.items():
    gene["name"] = gene["name"] or identity
    gene["exons"] = [sorted(exons) for exons in gene["exons"].values()] or [[(gene["first"], gene["last"])]]

def classify(gene, x, limit):
    exons = [exon for transcript in gene["exons"] for exon in transcript]
    if any(transcript[-1][0] <= x <= transcript[-1][1] for transcript in gene["exons"]):
        return 0
    if any(first <= x <= last for first, last in exons):
        return 1
    if not gene["first"] <= x <= gene["last"]:
        return 4 if gene["last"] < x <= limit else None
    splice_sites = [t[i][1] for t in gene["exons"] for i in range(len(t) - 1) if t[i][1] < x]
    upstream = max(splice_sites, default=gene["first"] - 1)
    return 3 if any(upstream < first <= x for first, _ in exons) else 2

for contig, strand, position in (line.split() for line in sys.stdin):
    x, found = int(position) * (1 if strand == "+" else -1), collections.defaultdict(set)
    mine = [gene for key, gene in genes.items() if key[:2] == (contig, strand)]
    for gene in mine:
        following = [other["first"] - 1 for other in mine if other["first"] > gene["last"]]
        rank = classify(gene, x, min([gene["last"] + int(sys.argv[2])] + following))
        found[rank].add(gene["name"])
    best = min((rank for rank in found if rank is not None), default=None)
    others = {gene["name"] for key, gene in genes.items() if key[0] == contig and key[1] != strand
              and gene["first"] <= -x <= gene["last"]}
    feature = RANKS[best] if best is not None else "antisense" if others else "intergenic"
    print(",".join(sorted(found[best] if best is not None else others)) or ".", feature, sep="\t")
