#!/usr/bin/env python3
"""Projects a scan onto machines with more cores: its pipeline, simulated with the times of its stages.

    python3 scripts/project_cores.py GENOME [--binary target/release/polyascan] [--cores 1 2 16 64 96] [-- SCAN OPTIONS]

Scans GENOME on one thread with --profile for the times of reading, inference and consolidation per chunk, and looks at
the processor time of its threads meanwhile (/proc). The simulation has the pipeline's rules (src/pipeline.rs): a reader,
a worker on each core, results taken in order by one consolidating thread, four chunks under way per worker. Sites in
context and the compression of tracks are computed on all cores, beside the workers, so they are added to theirs; the
consolidating thread keeps what is left of its time, and each track the time of its own thread. What is not in it: memory
bandwidth, clock rates that fall with busy cores, hyper-threads.
"""

import argparse
import contextlib
import glob
import heapq
import json
import os
import re
import subprocess
import sys
import tempfile
import time

TICKETS = 4


def profile(binary, genome, options):
    """Seconds of each stage, and the chunks."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        command = [binary, "scan", genome, "--profile", "-t", "1", "-o", out, *options]
        with open(out + ".err", "w+") as errors:
            run = subprocess.Popen(command, stderr=errors)
            threads = processor_times(run)
            errors.seek(0)
            said = errors.read()
        if run.returncode != 0:
            sys.exit(said)
        with open(out + ".summary.json") as summary:
            told = json.load(summary)
    lines = re.findall(r"^ *([a-z ]+?) +\d+ +([\d.]+) s ", said, re.MULTILINE)
    stages = {name: float(busy) for name, busy in lines}
    chunks = max(1, told["fasta"]["bases"] // int(told["settings"]["chunk_size"]))
    return stages, threads, chunks, told["windows"]["requested"]


def processor_times(run):
    """Seconds of the threads of a command, which is waited for: of each track, and of the pool of all cores."""
    found = {}
    while run.poll() is None:
        for stat in glob.glob(f"/proc/{run.pid}/task/*/stat"):
            with contextlib.suppress(OSError), open(stat) as file:
                number, _, rest = file.read().partition(" (")
                name, _, rest = rest.rpartition(") ")
                found[int(number)] = (name, sum(map(int, rest.split()[11:13])) / os.sysconf("SC_CLK_TCK"))
        time.sleep(0.02)
    tracks = [seconds for name, seconds in found.values() if name == "track"]
    # The pool's threads have the program's name, as its first one does.
    pool = sum(seconds for number, (name, seconds) in found.items() if name == "polyascan" and number != run.pid)
    return {"track": max(tracks, default=0.0), "pool": pool}


def simulate(cores, chunks, reading, working, consuming):
    """Wall-clock of the pipeline, s: all chunks alike."""
    free, done = [0.0] * cores, []
    heapq.heapify(free)
    consumed, read = [], 0.0
    for chunk in range(chunks):
        # A ticket comes back when the chunk so many before is consumed.
        ticket = consumed[chunk - TICKETS * cores] if chunk >= TICKETS * cores else 0.0
        read = max(read, ticket) + reading
        worked = max(heapq.heappop(free), read) + working
        heapq.heappush(free, worked)
        done.append(worked)
        consumed.append(max(consumed[-1] if consumed else 0.0, worked) + consuming)
    return consumed[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("genome")
    parser.add_argument("--binary", default="target/release/polyascan")
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2, 16, 32, 64, 96])
    parser.add_argument("--bases", type=float, default=3.1e9, help="of the genome that is projected")
    arguments = sys.argv[1:]
    split = arguments.index("--") if "--" in arguments else len(arguments)
    args = parser.parse_args(arguments[:split])
    busy, threads, chunks, windows = profile(os.path.abspath(args.binary), args.genome, arguments[split + 1:])
    each = {
        "reading": busy["reading"] / chunks,
        "a worker": (busy["inference"] + threads["pool"]) / chunks,
        "consolidation": (busy["consolidation"] - busy.get("context", 0.0)) / chunks,
        "a track": threads["track"] / chunks,
    }
    print("measured, ms a chunk: " + ", ".join(f"{name} {1000 * seconds:.2f}" for name, seconds in each.items()))
    consuming = max(each["consolidation"], each["a track"])
    print(f"one thread keeps up with {each['a worker'] / max(consuming, each['reading']):.0f} workers")
    print("\n| cores | windows/s | of the ideal | genome, min |\n| --- | --- | --- | --- |")
    many = max(20_000, chunks)
    per_chunk = windows / chunks
    alone = simulate(1, many, each["reading"], each["a worker"], consuming)
    for cores in args.cores:
        wall = simulate(cores, many, each["reading"], each["a worker"], consuming)
        speed = many * per_chunk / wall
        minutes = 2 * args.bases / speed / 60
        print(f"| {cores} | {speed:,.0f} | {alone / wall / cores:.0%} | {minutes:,.0f} |")


if __name__ == "__main__":
    main()
