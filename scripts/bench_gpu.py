#!/usr/bin/env python3
"""Measures scans on a GPU: parity with the CPU, and speed beside PyTorch and plain candle on the same GPU.

Prints a Markdown table for docs/PERFORMANCE.md. Needs what `make cuda` builds, ../shared (or --fasta), and
PyTorch with CUDA, whose libraries serve polyascan too:

    make cuda && pip install torch && python3 scripts/bench_gpu.py

PyTorch runs the same weights in every way that may be its fastest: f32 and TF32, bf16, channels-last, compiled,
several batch sizes; the best of each precision is printed. It gets its windows ready on the GPU; polyascan's
copies are counted. PolyaID has its published size and random weights.
"""

import argparse
import contextlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch

from peers import torch_models

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILT = ROOT / "target/cuda/release"
SECONDS = 3.0
CALL = 65_536


def environment():
    """PyTorch's wheels bring the CUDA libraries that polyascan looks for."""
    site = pathlib.Path(torch.__file__).parent.parent
    folders = [str(folder) for folder in sorted(site.glob("nvidia/*/lib"))]
    known = os.environ.get("LD_LIBRARY_PATH")
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(folders + ([known] if known else []))}


def output(command):
    done = subprocess.run([str(word) for word in command], env=environment(), text=True, stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"{command[0]} failed")
    return done.stdout


def of_polyascan(args, polyaid):
    """Kernel, plain candle and parity, by benches/gpu_scan.rs."""
    lines = output([args.gpu_scan, args.fasta, polyaid]).splitlines()[1:]
    for line in lines:
        model, form, precision, rate, compared, largest, other = line.split("\t")
        model = "default" if model == "default" else "PolyaID"
        agreement = f"{float(largest):.1e}, {other} of {int(compared):,}" if int(compared) else ""
        form = f"polyascan {form}" if form == "scan" else form
        yield model, form, precision, float(rate), agreement


def whole_program(args, folder, polyaid):
    """FASTA to BED; how many sites differ from the CPU's."""

    def sites(prefix):
        lines = pathlib.Path(f"{prefix}.sites.bed").read_text().splitlines()
        return {tuple(line.split("\t")[i] for i in (0, 1, 5)) for line in lines if not line.startswith("#")}

    for name, model, precisions in (
        ("default", "default", ("f32", "tf32")),
        ("PolyaID", polyaid, ("f32", "tf32", "bf16")),
    ):
        expected = None
        if name == "default":
            scan = [args.polyascan, "scan", args.fasta, "--model", model, "-q"]
            output([*scan, "--device", "cpu", "-o", folder / "cpu"])
            expected = sites(folder / "cpu")
        for precision in precisions:
            prefix = folder / f"{name}.{precision}"
            scan = [args.polyascan, "scan", args.fasta, "--model", model, "-q"]
            output([*scan, "--device", "cuda", "--precision", precision, "-o", prefix])
            summary = json.loads(pathlib.Path(f"{prefix}.summary.json").read_text())
            rate = find(summary, "windows_per_second")
            differ = f"{len(expected ^ sites(prefix))} of {len(expected)} sites" if expected is not None else ""
            yield name, "whole program, FASTA to BED", precision, rate, differ


def find(summary, key):
    """Returns a number of the summary, wherever it stands."""
    if isinstance(summary, dict):
        for name, value in summary.items():
            if name == key:
                return value
            if (found := find(value, key)) is not None:
                return found
    return None


@contextlib.contextmanager
def precision(name):
    allowed = name != "f32"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed
    cast = torch.autocast("cuda", torch.bfloat16) if name == "bf16" else contextlib.nullcontext()
    with torch.inference_mode(), cast:
        yield


def windows_per_second(model, inputs, windows):
    """Returns the rate of one form, or None where PyTorch cannot run it."""
    try:
        for _ in range(3):
            model(inputs)
        torch.cuda.synchronize()
        done, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < SECONDS:
            for _ in range(4):
                model(inputs)
            torch.cuda.synchronize()
            done += 4 * windows
        return done / (time.perf_counter() - begin)
    except Exception as problem:  # noqa: BLE001 - a form that fails is left out, and said
        print(f"left out: {str(problem).splitlines()[0][:200]}", file=sys.stderr)
        return None


def one_hot(codes):
    return torch.nn.functional.one_hot(codes, 4).float()


def of_pytorch(polyaid):
    generator = torch.Generator().manual_seed(1)

    def forms(model):
        yield "", model
        yield " compiled", torch.compile(model)

    def dense(name):
        for layout in (torch.contiguous_format, torch.channels_last):
            module = torch_models.DenseScan(ROOT / "models/default.safetensors").cuda().to(memory_format=layout)
            for windows in (CALL, 8 * CALL):
                codes = torch.randint(4, (windows + 239,), generator=generator)
                columns = one_hot(codes).T[None, :, None].cuda().contiguous(memory_format=layout)
                what = "channels-last" if layout == torch.channels_last else "contiguous"
                for form, model in forms(module):
                    yield f"{what}, {windows} windows{form}", windows_per_second(model, columns, windows)

    def recurrent(name):
        module = torch_models.Polyaid(polyaid).cuda()
        for batch in (1024, 4096, 16384):
            windows = one_hot(torch.randint(4, (batch, 240), generator=generator)).transpose(1, 2).contiguous()
            for form, model in forms(module):
                yield f"batch {batch}{form}", windows_per_second(model, windows.cuda(), batch)

    for name, run in (("default", dense), ("PolyaID", recurrent)):
        for kind in ("f32", "tf32", "bf16"):
            with precision(kind):
                rates = [(rate, form) for form, rate in run(name) if rate]
            if rates:
                rate, form = max(rates)
                yield name, f"PyTorch {torch.__version__}, best form: {form}", kind, rate, ""


def check_pytorch(args, folder, polyaid):
    """PyTorch's models must say what polyascan's say, or their speed means nothing."""
    rng = random.Random(1)
    sequences = ["".join(rng.choices("ACGT", k=240)) for _ in range(256)]
    file = folder / "sequences.txt"
    file.write_text("".join(sequence + "\n" for sequence in sequences))
    columns = one_hot(torch.tensor([["ACGT".index(base) for base in sequence] for sequence in sequences]))
    columns = columns.transpose(1, 2).contiguous().cuda()
    with precision("f32"):
        dense = torch_models.DenseScan(ROOT / "models/default.safetensors").cuda()
        each = [dense(window[None, :, None]) for window in columns]
        said = {"default": torch.cat(each), polyaid: torch_models.Polyaid(polyaid).cuda()(columns)}
    for model, logits in said.items():
        table = output([args.polyascan, "predict", file, "--model", model, "--strand", "+", "--device", "cpu"])
        rows = [line.split("\t") for line in table.splitlines() if not line.startswith("#")]
        ours = np.array([float(row[3]) for row in rows])
        off = np.abs(torch.sigmoid(logits).cpu().numpy() - ours).max()
        if not off < 1e-4:
            sys.exit(f"{model}: PyTorch's classification is off by {off:.1e}")


def newest(pattern):
    found = [file for file in BUILT.glob(pattern) if os.access(file, os.X_OK) and not file.suffix]
    return max(found, key=lambda file: file.stat().st_mtime, default=BUILT / pattern)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fasta", default=ROOT / "../shared/data/human/chr9_public_test.fa.gz")
    parser.add_argument("--polyascan", default=BUILT / "polyascan")
    parser.add_argument("--gpu-scan", default=newest("deps/gpu_scan-*"), help="built from benches/gpu_scan.rs")
    parser.add_argument("--no-pytorch", action="store_true", help="polyascan and plain candle alone")
    args = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("error: PyTorch finds no GPU here")
    print(f"{time.strftime('%Y-%m-%d')}, {torch.cuda.get_device_name()}, CUDA {torch.version.cuda}\n")
    print("| model | form | precision | windows/s | difference from the CPU: largest, windows on the other side of 0.5 |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        polyaid = folder / "polyaid.safetensors"
        torch_models.write_random_polyaid(polyaid)
        parts = [of_polyascan(args, polyaid), whole_program(args, folder, polyaid)]
        if not args.no_pytorch:
            check_pytorch(args, folder, polyaid)
            parts.append(of_pytorch(polyaid))
        for rows in parts:
            for model, form, kind, rate, difference in rows:
                print(f"| {model} | {form} | {kind} | {rate:,.0f} | {difference} |", flush=True)


if __name__ == "__main__":
    main()
