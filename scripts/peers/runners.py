"""Runs ONNX Runtime and polyascan on the same windows. A runner's `seconds(n)` is the processor time
that n windows take, start-up included: time per core, whatever else the machine does."""

import itertools
import resource
import subprocess
import time

import numpy as np
import onnxruntime


class OnnxRuntime:
    """One thread; the windows are encoded beforehand, which is not counted."""

    BATCHES = (1, 4, 16, 64, 256, 1024)

    def __init__(self, peer, windows):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        graph = peer.graph.SerializeToString()
        self.session = onnxruntime.InferenceSession(
            graph, options, providers=["CPUExecutionProvider"]
        )
        self.encoded = peer.encode(*windows)
        self.batch = 64

    def outputs(self):
        return self.session.run(None, {"input": self.encoded})

    def seconds(self, n):
        starts = range(0, len(self.encoded) - self.batch + 1, self.batch)
        batches = [self.encoded[start : start + self.batch] for start in starts]
        begin = time.process_time()
        for batch in itertools.islice(itertools.cycle(batches), max(1, n // self.batch)):
            self.session.run(None, {"input": batch})
        return time.process_time() - begin

    def tune(self):
        """Takes the batch size that is fastest."""

        def per_window(batch):
            self.batch = batch
            n = max(batch, 512)
            self.seconds(batch)
            return min(self.seconds(n) for _ in range(3)) / n

        fitting = (batch for batch in self.BATCHES if batch <= len(self.encoded))
        self.batch = min(fitting, key=per_window)


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
