#!/usr/bin/env python3
"""Says whether two folders hold the same files of runs, to the byte.

    compare_runs.py EXPECTED FOUND

In *.summary.json what a merge has of its own is left out: command line, times, and what no result depends on; in
pages (*.html) times, in model cards and logs of training (*.toml, *.log.tsv) seconds.
In the header of a VCF and of a BED the command line is that of the run in one go anyway.
"""

import json
import re
import sys
from pathlib import Path

OWN = {"command_line", "wall_seconds", "windows_per_second", "alleles_per_hour", "variants_per_hour",
       "threads", "chunk_size"}


TIMES = re.compile(
    r"\b[0-9.,]+ s\b| --threads [0-9]+|\b[0-9]+ threads?\b|\b[0-9.,]+ (windows|alleles|variants)/[sh]\b"
    r'|"(wall_seconds|windows_per_second|alleles_per_hour|threads)":[0-9.e+-]+'
)


def without_own(value):
    if isinstance(value, dict):
        return {key: without_own(inner) for key, inner in value.items() if key not in OWN}
    return value


def without_seconds(path):
    text = path.read_text()
    if path.suffix == ".html":
        return TIMES.sub("", text)
    if path.suffix == ".toml":
        return re.sub(r"(?m)^seconds = .*$", "", text)
    return "\n".join(line.rsplit("\t", 1)[0] for line in text.splitlines())


def content(path):
    if path.name.endswith(".summary.json"):
        return without_own(json.loads(path.read_text()))
    if path.suffix in (".html", ".toml") or path.name.endswith(".log.tsv"):
        return without_seconds(path)
    return path.read_bytes()


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: compare_runs.py EXPECTED FOUND")
    expected, found = map(Path, sys.argv[1:])
    names = sorted(path.name for path in expected.iterdir() if path.is_file())
    others = sorted(path.name for path in found.iterdir() if path.is_file())
    if not names:
        sys.exit(f"{expected}: no file to compare with")
    if names != others:
        sys.exit(f"{found}: has other files than {expected}: {sorted(set(names) ^ set(others))}")
    different = [name for name in names if content(expected / name) != content(found / name)]
    if different:
        sys.exit(f"{found}: differs from {expected}: {', '.join(different)}")
    print(f"{found}: the {len(names)} files of {expected}, to the byte: {', '.join(names)}")


if __name__ == "__main__":
    main()
