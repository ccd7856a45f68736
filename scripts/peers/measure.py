"""Runs a command; prints its wall-clock seconds and the most memory that it held (MiB), as JSON. A process
of its own: a child's memory is counted from before it becomes the command, when it is as large as its
parent. python -m peers.measure COMMAND..."""

import json
import resource
import subprocess
import sys
import time

if __name__ == "__main__":
    begin = time.perf_counter()
    subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    seconds = time.perf_counter() - begin
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(json.dumps([seconds, memory]))
