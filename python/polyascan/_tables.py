"""Tables of the program as pandas, polars, Arrow or NumPy have them."""

from __future__ import annotations

from pathlib import Path

import numpy

# What stands for what is absent.
ABSENT = "."
# Text, whatever it looks like: contigs may be called 9.
TEXT = ("chrom", "id", "ref", "alt", "allele", "name", "gene", "gene_id", "transcript")


def read(path: Path, kind: str):
    """Reads a table whose header line begins with #."""
    if kind == "pandas":
        import pandas

        types = {name: str for name in _names(path) if name.lstrip("#").lower() in TEXT}
        frame = pandas.read_csv(path, sep="\t", na_values=ABSENT, keep_default_na=False, dtype=types, low_memory=False)
        return frame.rename(columns=lambda name: name.lstrip("#"))
    if kind == "polars":
        import polars

        types = {name: polars.String for name in _names(path) if name.lstrip("#").lower() in TEXT}
        frame = polars.read_csv(
            path, separator="\t", null_values=ABSENT, schema_overrides=types, infer_schema_length=None, quote_char=None
        )
        return frame.rename({name: name.lstrip("#") for name in frame.columns})
    if kind == "arrow":
        import pyarrow
        from pyarrow import csv

        types = {name: pyarrow.string() for name in _names(path) if name.lstrip("#").lower() in TEXT}
        found = csv.read_csv(
            path,
            parse_options=csv.ParseOptions(delimiter="\t", quote_char=False),
            convert_options=csv.ConvertOptions(null_values=[ABSENT], strings_can_be_null=True, column_types=types),
        )
        return found.rename_columns([name.lstrip("#") for name in found.column_names])
    if kind == "numpy":
        return _columns(path)
    raise ValueError(f"table is {kind!r}; it must be pandas, polars, arrow or numpy")


def _open(path: Path):
    if path.suffix == ".gz":
        import gzip

        return gzip.open(path, "rt", encoding="utf-8")
    return open(path, encoding="utf-8")


def _names(path: Path) -> list[str]:
    with _open(path) as lines:
        return lines.readline().rstrip("\n").split("\t")


def _columns(path: Path) -> dict[str, numpy.ndarray]:
    """Columns as arrays: int64 or float64 (NaN for what is absent) where all cells are numbers, else text."""
    with _open(path) as lines:
        names = lines.readline().rstrip("\n").lstrip("#").split("\t")
        rows = [line.rstrip("\n").split("\t") for line in lines]
    cells = list(zip(*rows)) or [()] * len(names)
    return {name: _column(name, column) for name, column in zip(names, cells)}


def _column(name: str, cells: tuple[str, ...]) -> numpy.ndarray:
    if name.lower() not in TEXT:
        for of in (int, float):
            try:
                if of is int:
                    return numpy.array([int(cell) for cell in cells], dtype=numpy.int64)
                numbers = [float("nan") if cell == ABSENT else float(cell) for cell in cells]
                return numpy.array(numbers, dtype=numpy.float64)
            except ValueError:
                continue
    return numpy.array(cells, dtype=str)
