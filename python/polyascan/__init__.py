"""PolyA cleavage sites from sequence, to the nucleotide, and what variants do to them.

>>> import polyascan
>>> model = polyascan.Model("default")
>>> scores = model.scan("ACGT" * 200)
>>> sites = polyascan.scan("genome.fa", annotation="genes.gtf")        # a table
>>> effects = polyascan.variants("in.vcf.gz", "genome.fa")             # a table

Everything is computed by the program's own code: results are those of the command line. Ctrl-C ends what runs.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy

from . import _native
from ._native import Error, __version__
from ._tables import read

__all__ = ["Error", "Model", "Scan", "__version__", "run", "scan", "variants"]


@dataclass(frozen=True)
class Scan:
    """What a model says of a sequence. Positions are 0-based; arrays have a row per strand, plus first.

    probability: float32 (2, nt): classification of the window centred on each position, NaN where there is none.
    cleavage: float32 (2, nt): consolidated cleavage, NaN where no window speaks of the position.
    sites: columns of the calls as arrays: position, strand ("+", "-"), probability, posterior (NaN of models without),
        cleavage, cluster_start, cluster_end; by position.
    """

    probability: numpy.ndarray
    cleavage: numpy.ndarray
    sites: dict[str, numpy.ndarray]


class Model:
    """A model by name (of one inside the program or in the user's folder) or from a weight file.

    It holds no Python state: `predict` and `scan` release the GIL and may run in several threads at once.
    """

    def __init__(self, name: str | os.PathLike[str] = "default"):
        self._model = _native.Model(os.fspath(name))

    name = property(lambda self: self._model.name, doc="Its name.")
    architecture = property(lambda self: self._model.architecture, doc="The kind of network.")
    sha256 = property(lambda self: self._model.sha256, doc="Digest of its weight file.")
    can_scan = property(lambda self: self._model.can_scan, doc="Whether `scan` works.")
    lengths = property(lambda self: self._model.lengths, doc="Least and most nt of a window of `predict`.")
    anchor = property(lambda self: self._model.anchor, doc="Index in the window of the nucleotide that it speaks of.")
    outputs = property(lambda self: self._model.outputs, doc="Outputs by name, with their width.")

    def predict(self, windows) -> dict[str, numpy.ndarray]:
        """Raw outputs for windows, each by itself.

        windows: texts (str or bytes) in transcript direction, or a uint8 array (n, nt) of letters or of codes
            (0-3 for A, C, G, T, 4 for N).
        Returns float32 (n, width) for each output.
        """
        return self._model.predict(windows)

    def scan(self, sequence, threads: int = 1) -> Scan:
        """Scores every position of a sequence on both strands and calls sites, as `polyascan scan` does a contig.

        sequence: str, bytes, or a uint8 array of letters or codes.
        """
        scanned = self._model.scan(sequence, threads)
        sites = scanned["sites"]
        sites["strand"] = numpy.array(["+", "-"])[sites["strand"]]
        return Scan(scanned["probability"], scanned["cleavage"], sites)

    def __repr__(self) -> str:
        return repr(self._model)


def run(*arguments: str | os.PathLike[str]) -> None:
    """Runs any command of the program: `run("mutagenesis", "-f", "genome.fa", "-r", "chr9:1-300", "-o", "out/x")`.

    One runs at a time, whatever the number of threads.
    """
    _native.run(*[os.fspath(argument) for argument in arguments])


def scan(
    fasta: str | os.PathLike[str],
    annotation: str | os.PathLike[str] | None = None,
    *,
    output: str | os.PathLike[str] | None = None,
    table: str = "pandas",
    quiet: bool = True,
    **options,
):
    """Scans a genome; returns its sites, with the columns of `PREFIX.sites.bed`.

    output: prefix under which the files of `polyascan scan` are kept.
    table: pandas (DataFrame), polars (DataFrame), arrow (Table) or numpy (dict of arrays).
    options: those of the command, with underscores: `gene=["KANK1"]`, `region="chr9:1-1000000"`, `threads=4`,
        `tracks=True`.
    """
    with _prefix(output) as prefix:
        run("scan", fasta, *_given(annotation=annotation, quiet=quiet, **options), "-o", prefix)
        bed = Path(f"{prefix}.sites.bed")
        return read(bed if bed.exists() else Path(f"{bed}.gz"), table)


def variants(
    variants: str | os.PathLike[str] | list[str],
    fasta: str | os.PathLike[str],
    annotation: str | os.PathLike[str] | None = None,
    *,
    output: str | os.PathLike[str] | None = None,
    table: str = "pandas",
    quiet: bool = True,
    **options,
):
    """Scores variants; returns a row per entry, and per allele without one, with the columns of `--tsv`.

    variants: a VCF or BCF file, a table, or a list of variants as `chr9:746085:T:G` or in HGVS.
    output: a VCF or BCF file to keep beside the table.
    table, options: as in `scan`.
    """
    given = [variants] if isinstance(variants, (str, os.PathLike)) else _given(variant=list(variants))
    with _prefix(None) as prefix:
        options = _given(fasta=fasta, annotation=annotation, quiet=quiet, **options)
        target = os.fspath(output) if output is not None else f"{prefix}.vcf"
        run("variants", *given, *options, "-o", target, "--tsv", f"{prefix}.tsv")
        return read(Path(f"{prefix}.tsv"), table)


def _given(**options) -> list[str]:
    """Options as the command line has them; None and False are not given, a list repeats one."""
    words = []
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        for each in value if isinstance(value, (list, tuple)) else [value]:
            if each is True:
                words.append(option)
            elif each is not None and each is not False:
                words.append(f"{option}={os.fspath(each) if isinstance(each, os.PathLike) else each}")
    return words


class _prefix:
    """A prefix for files: the one that is given, or one in a folder that goes when the block ends."""

    def __init__(self, given):
        self._given = given

    def __enter__(self) -> str:
        if self._given is not None:
            self._folder = None
            return os.fspath(self._given)
        self._folder = tempfile.TemporaryDirectory(prefix="polyascan-")
        return os.path.join(self._folder.name, "x")

    def __exit__(self, *_):
        if self._folder is not None:
            self._folder.cleanup()
