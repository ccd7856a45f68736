#!/usr/bin/env python3
"""Reads what `polyascan variants` writes into INFO, with pysam or cyvcf2: a line per allele.

    python3 scripts/read_annotated_vcf.py pysam|cyvcf2 out.vcf.gz

Prints ID, ALT, effect, delta, gene, and the gene and the strengths of the entry of the largest change, `.` for what is
missing. Exit code 77 if the package is not installed.
"""

import sys


def with_pysam(path):
    import pysam

    with pysam.VariantFile(path) as vcf:
        fields = vcf.header.info["PolyA"].description.split("Format: ")[1].split("|")
        for record in vcf:
            values = {key: record.info.get(key) for key in KEYS}
            yield record.id, record.alts or (), values, record.info.get("PolyA", ()), fields


def with_cyvcf2(path):
    import cyvcf2

    vcf = cyvcf2.VCF(path)
    fields = vcf["PolyA"]["Description"].strip('"').split("Format: ")[1].split("|")
    for record in vcf:
        values = {}
        for key in KEYS:
            value = record.INFO.get(key)
            # Text of several alleles is one text; a number of one allele is no tuple.
            if isinstance(value, str):
                value = tuple(None if part == "." else part for part in value.split(","))
            values[key] = value if value is None or isinstance(value, tuple) else (value,)
        entries = record.INFO.get("PolyA")
        yield record.ID, record.ALT, values, entries.split(",") if entries else (), fields


KEYS = ["PolyA_effect", "PolyA_delta", "PolyA_gene"]
READERS = {"pysam": with_pysam, "cyvcf2": with_cyvcf2}


def is_missing(value):
    # A missing float is NaN to cyvcf2.
    return value is None or value == "." or value != value


def shown(value):
    if is_missing(value):
        return "."
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in READERS:
        sys.exit(__doc__)
    for name, alternates, values, entries, fields in READERS[sys.argv[1]](sys.argv[2]):
        entries = [dict(zip(fields, entry.split("|"), strict=True)) for entry in entries]
        for number, alternate in enumerate(alternates):
            of_allele = [values[key][number] if values[key] else None for key in KEYS]
            own = [entry for entry in entries if entry["ALLELE_NUM"] == str(number + 1)]
            size = lambda entry: abs(float(entry["DELTA_STRENGTH"])) if entry["DELTA_STRENGTH"] != "." else 0.0
            entry = max(own, key=size, default={})
            last = [entry.get(key, ".") for key in ("GENE", "STRENGTH_REF", "STRENGTH_ALT")]
            print("\t".join([name or ".", alternate, *map(shown, of_allele), *last]))


if __name__ == "__main__":
    try:
        main()
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(77)
