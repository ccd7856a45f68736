"""A framework in a process of its own, on the cores that it is given: threads are set once per process,
and nothing of one framework is in the way of another. Started by `Worker`; speaks JSON, line by line.

python -m peers.worker FRAMEWORK WEIGHTS SEQUENCE THREADS"""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np


def pinned(cores):
    """What a child process does first to stay on some cores."""
    return lambda: os.sched_setaffinity(0, cores)


class Worker:
    """The other end: `tune`, `seconds` and `outputs` as a runner has them."""

    def __init__(self, framework, weights, sequence, cores):
        command = [sys.executable, "-m", "peers.worker", framework, weights, sequence, str(len(cores))]
        self.process = subprocess.Popen(
            command,
            cwd=pathlib.Path(__file__).resolve().parent.parent,
            env={**os.environ, "OMP_NUM_THREADS": str(len(cores))},
            preexec_fn=pinned(cores),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.version = self.ask("version")

    def ask(self, *request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{' '.join(map(str, self.process.args))}: ended with an error")
        return json.loads(answer)

    def tune(self):
        """Returns the fastest batch size."""
        return self.ask("tune")

    def seconds(self):
        """Returns the time that all windows take."""
        return self.ask("seconds")

    def outputs(self, folder):
        """Returns classification and cleavage of all windows."""
        path = folder / "outputs.npz"
        self.ask("outputs", str(path))
        with np.load(path) as arrays:
            return [arrays[name] for name in arrays.files]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def answer(runner, what, *arguments):
    if what == "version":
        return runner.version
    if what == "tune":
        runner.tune()
        return runner.batch
    if what == "seconds":
        return runner.seconds(len(runner.encoded))
    if what == "outputs":
        return np.savez(*arguments, *runner.outputs())
    raise ValueError(what)


def main(framework, weights, sequence, threads):
    # What a framework prints is not an answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    from .frameworks import FRAMEWORKS, OTHERS

    letters = pathlib.Path(sequence).read_text().partition("\n")[2].replace("\n", "")
    runner = {**FRAMEWORKS, **OTHERS}[framework](pathlib.Path(weights), letters, int(threads))
    for request in sys.stdin:
        print(json.dumps(answer(runner, *json.loads(request))), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
