"""Runs ONNX Runtime and polyascan on the same windows. A runner's `seconds(n)` is the time that n windows
take, start-up included: processor time, that is time per core, unless it is given another clock."""

import itertools
import resource
import subprocess
import time

import numpy as np
import onnxruntime


class Batched:
    """Runs windows, encoded beforehand, in batches of the size that suits it best."""

    BATCHES = (1, 4, 16, 32, 64, 128, 256, 1024)

    def __init__(self, encoded, clock=time.process_time):
        self.encoded, self.clock, self.batch = encoded, clock, 64

    def run(self, batch):
        """Returns the outputs for some windows: a list of arrays."""
        raise NotImplementedError

    def outputs(self):
        starts = range(0, len(self.encoded), self.batch)
        parts = [self.run(self.encoded[start : start + self.batch]) for start in starts]
        return [np.concatenate(output) for output in zip(*parts)]

    def seconds(self, n):
        starts = range(0, len(self.encoded) - self.batch + 1, self.batch)
        batches = [self.encoded[start : start + self.batch] for start in starts]
        begin = self.clock()
        for batch in itertools.islice(itertools.cycle(batches), max(1, n // self.batch)):
            self.run(batch)
        return self.clock() - begin

    def tune(self):
        """Takes the batch size that is fastest."""

        def per_window(batch):
            self.batch = batch
            n = max(batch, 512)
            self.seconds(batch)
            return min(self.seconds(n) for _ in range(3)) / n

        fitting = (batch for batch in self.BATCHES if batch <= len(self.encoded))
        self.batch = min(fitting, key=per_window)


class OnnxRuntime(Batched):
    """The graph of a model on the CPU."""

    def __init__(self, graph, encoded, threads=1, clock=time.process_time):
        super().__init__(encoded, clock)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self.session = onnxruntime.InferenceSession(
            graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self.version = f"ONNX Runtime {onnxruntime.__version__}"

    def run(self, batch):
        return self.session.run(None, {"input": batch})


class Polyascan:
    """The program on a file with one sequence per line; reading and printing are counted."""

    def __init__(self, binary, peer, windows, folder):
        self.binary, self.windows, self.folder = binary, windows, folder
        self.model = peer.weights
        if peer.weights.suffix != ".safetensors":
            self.model = folder / "model.safetensors"
            command = [binary, "convert", peer.weights, self.model]
            subprocess.run(command, check=True, capture_output=True)

    def command(self, n):
        """Writes files with the first n windows, over and over, and returns the command."""
        files = [self.folder / f"{what}_{n}.txt" for what in ("sequences", "structures")]
        for file, lines in zip(files, self.windows):
            if not file.exists():
                lines = itertools.islice(itertools.cycle(lines), n)
                file.write_text("".join(line + "\n" for line in lines))
        options = ["--model", self.model, "--threads", "1", "--strand", "+"]
        if len(self.windows) == 2:
            options += ["--structures", files[1]]
        return [self.binary, "predict", files[0], *options]

    def outputs(self):
        """Returns the outputs by name, windows x values."""
        command = self.command(len(self.windows[0]))
        table = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        lines = table.splitlines()
        header = next(line for line in lines if line.startswith("#name"))
        rows = [line.split("\t") for line in lines if not line.startswith("#")]
        if len(rows) != len(self.windows[0]):
            raise SystemExit(f"{len(rows)} windows came back of {len(self.windows[0])}")
        # name, start, strand, then the outputs.
        columns = enumerate(header.split("\t")[3:], 3)
        return {
            name: np.array([[float(value) for value in row[at].split(",")] for row in rows])
            for at, name in columns
        }

    def seconds(self, n):
        command = self.command(n)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
