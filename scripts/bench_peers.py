#!/usr/bin/env python3
"""Measures polyascan against the frameworks that run its models elsewhere, with the same weights.

predict: every model against ONNX Runtime, on the same random windows, one thread each. Throughput is
n / (time of 2n windows - time of n), which leaves start-up out. Times are processor times, so that the
figures are per core. ONNX Runtime gets windows that are encoded already; polyascan reads text and
prints its table.

scan: PolyaID at every position of a sequence, against Keras, ONNX Runtime and PyTorch, one thread and
two, each on cores of its own. Frameworks evaluate each window by itself, encoded already; polyascan
is timed from start to end, FASTA to BED. The f32 peak of the cores is measured too, and the default
model's scan.

variants: SNVs per hour, VCF to VCF, beside the windows that touch them by PolyaID in Keras.

versions: this version, another one and the best peer, of scans, variants, start-up and genes, one thread.

In all, programs take turns, frameworks get the batch size that suits them best, medians are printed,
and outputs must agree within their tolerances. Run it with `make bench-peers`, `make bench-scan`, `make bench-variants` or
`make bench-versions`; it needs ../shared and the packages of bench_requirements.txt or bench_scan_requirements.txt.
"""

import argparse
import dataclasses
import json
import pathlib
import random
import statistics
import sys
import tempfile

import numpy as np

from peers import aparent2, deeprke, deerect, polyaid, pysster
from peers.runners import OnnxRuntime, Polyascan

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Windows that are compared and, over and over, timed.
WINDOWS = 1024


@dataclasses.dataclass
class Result:
    model: str
    onnxruntime_per_second: float
    onnxruntime_batch: int
    polyascan_per_second: float
    ratio: float
    # By output, the largest difference and what is tolerated.
    differences: dict


def peers(models, folder):
    """The published models whose files are in `models`, and PolyaID's and DeepRKE at their published
    sizes with random weights, which are written into `folder`."""
    yield aparent2.peer(models / "aparent2_resnet_no_clinvar_wt_ep_5.h5")
    yield deerect.peer(models / "deerect_omni.npz")
    yield pysster.peer(models / "pysster_NOVA.h5")
    yield deeprke.peer(folder)
    yield polyaid.polyaid(models / "polyaid_keras_small_random.h5", "PolyaID, small")
    full, strength = polyaid.write_published_size(folder)
    yield polyaid.polyaid(full)
    yield polyaid.polyastrength(strength)


def random_windows(peer, seed=1):
    """Returns sequences, and structure labels for a model that reads them."""
    rng = random.Random(seed)
    alphabets = filter(None, [peer.alphabet, peer.structure_letters])
    return [["".join(rng.choices(a, k=peer.length)) for _ in range(WINDOWS)] for a in alphabets]


def differences(peer, theirs, ours):
    """Compares all outputs; an unnamed one is the only one there is."""
    found = {}
    for output in peer.outputs:
        name = output.name or next(iter(ours))
        if name not in ours:
            raise SystemExit(f"{peer.name}: no output {name} among {', '.join(ours)}")
        difference = float(np.abs(output.compute(theirs) - ours[name]).max())
        found[name] = {"largest": difference, "tolerance": output.tolerance}
    return found


def per_second(runner, n):
    return n / max(runner.seconds(2 * n) - runner.seconds(n), 1e-9)


def enough(runner, seconds):
    """Returns a number of windows that take about that long, without start-up."""
    n, before, after = 256, runner.seconds(256), runner.seconds(512)
    while after - before < seconds:
        n *= 2
        before, after = after, runner.seconds(2 * n)
    return n


def bench_predict(peer, args, folder):
    windows = random_windows(peer)
    theirs = OnnxRuntime(peer.graph, peer.encode(*windows))
    ours = Polyascan(args.binary, peer, windows, folder)
    found = differences(peer, theirs.outputs(), ours.outputs())
    theirs.tune()
    turns = [(runner, enough(runner, args.seconds), []) for runner in (theirs, ours)]
    for _ in range(args.repetitions):
        for runner, n, rates in turns:
            rates.append(per_second(runner, n))
    onnx, mine = (statistics.median(rates) for _, _, rates in turns)
    return Result(peer.name, onnx, theirs.batch, mine, mine / onnx, found)


def table(results):
    yield "| model | ONNX Runtime, windows/s per core (batch) | polyascan | ratio | largest difference |"
    yield "| --- | --- | --- | --- | --- |"
    for r in results:
        off = (f"{name} {value['largest']:.1e}" for name, value in r.differences.items())
        yield (
            f"| {r.model} | {r.onnxruntime_per_second:,.0f} ({r.onnxruntime_batch}) "
            f"| {r.polyascan_per_second:,.0f} | {r.ratio:.2f} | {', '.join(off)} |"
        )


def failures(results):
    for r in results:
        for name, value in r.differences.items():
            # Written so that NaN fails.
            if not value["largest"] <= value["tolerance"]:
                yield f"{r.model}: {name} is off by {value['largest']:.1e} (> {value['tolerance']:g})"


def run_predict(args, folder):
    """Prints the table; returns the figures, and what differs too much."""
    results = []
    for peer in peers(args.models, folder):
        if args.only and args.only.lower() not in peer.name.lower():
            continue
        own = folder / f"{len(results)}"
        own.mkdir()
        print(f"{peer.name} ...", file=sys.stderr)
        results.append(bench_predict(peer, args, own))
    print("\n".join(table(results)))
    return [dataclasses.asdict(result) for result in results], list(failures(results))


def run_scan(args, folder):
    # Its packages are not needed otherwise.
    from peers import scan

    return scan.run(args, folder)


def run_variants(args, folder):
    from peers import variants

    return variants.run(args, folder)


def run_versions(args, folder):
    from peers import versions

    return versions.run(args, folder)


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "target/release/polyascan")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures here too")
    shared = ROOT / "../shared"
    modes = parser.add_subparsers(required=True)

    predict = modes.add_parser("predict", help="separate windows, every model")
    predict.set_defaults(run=run_predict)
    predict.add_argument("--models", type=pathlib.Path, default=shared / "models")
    predict.add_argument("--only", metavar="NAME", help="models whose name contains this")
    predict.add_argument("--repetitions", type=int, default=5)
    predict.add_argument("--seconds", type=float, default=1.0, help="least time of a measurement")

    scan = modes.add_parser("scan", help="every position of a sequence, PolyaID and the default")
    scan.set_defaults(run=run_scan)
    genome = shared / "data/human/chr9_public_test.fa.gz"
    scan.add_argument("--genome", type=pathlib.Path, default=genome)
    scan.add_argument(
        "--polyaid", type=pathlib.Path, help="Keras file; without it random weights, published size"
    )
    default = ROOT / "models/default.safetensors"
    scan.add_argument("--default-model", type=pathlib.Path, default=default)
    scan.add_argument("--windows", type=int, default=16384, help="that PolyaID scores")
    scan.add_argument("--repetitions", type=int, default=5)

    variants = modes.add_parser("variants", help="SNVs, beside the same windows by PolyaID in Keras")
    variants.set_defaults(run=run_variants)
    variants.add_argument("--genome", type=pathlib.Path, default=genome)
    variants.add_argument("--polyaid", type=pathlib.Path, help="as of scan")
    variants.add_argument("--snvs", type=int, default=8000)
    variants.add_argument("--repetitions", type=int, default=3)

    versions = modes.add_parser("versions", help="this version, the one before it and the best peer of each thing")
    versions.set_defaults(run=run_versions)
    versions.add_argument("--before", type=pathlib.Path, required=True, help="binary of the version before")
    versions.add_argument("--genome", type=pathlib.Path, default=genome)
    versions.add_argument("--annotation", type=pathlib.Path, default=shared / "data/human/chr9_public_test.gtf.gz")
    versions.add_argument("--models", type=pathlib.Path, default=shared / "models")
    versions.add_argument("--default-model", type=pathlib.Path, default=default)
    versions.add_argument("--screen", type=pathlib.Path, help="of `polyascan distil`, with --screened-model")
    versions.add_argument("--screened-model", type=pathlib.Path)
    versions.add_argument("--windows", type=int, default=16384, help="that PolyaID scores")
    versions.add_argument("--snvs", type=int, default=3000)
    versions.add_argument("--repetitions", type=int, default=5)
    args = parser.parse_args()
    # Some commands are run elsewhere.
    paths = {name: value.resolve() for name, value in vars(args).items() if isinstance(value, pathlib.Path)}
    return argparse.Namespace(**{**vars(args), **paths})


def main():
    args = arguments()
    with tempfile.TemporaryDirectory() as folder:
        figures, wrong = args.run(args, pathlib.Path(folder))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")
    if wrong:
        sys.exit("outputs differ:\n" + "\n".join(wrong))


if __name__ == "__main__":
    main()
