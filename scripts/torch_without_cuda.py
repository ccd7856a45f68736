#!/usr/bin/env python3
"""Lets PyTorch's Linux wheel, installed with `pip install --no-deps`, start without CUDA: 0.5 GB instead of 3.

The wheel is linked to CUDA's libraries, of which a measurement on the CPU calls nothing. This writes
libraries of the same names, and with the same symbols, that do nothing, beside PyTorch's own, in the
environment whose python runs it. Needs a C compiler and binutils.
"""

import collections
import importlib.util
import pathlib
import re
import subprocess
import tempfile

LIBRARY = re.compile(r"lib(cu|nv|nccl).*\.so.*")
# Names of theirs that carry no version, which would say whose they are.
UNVERSIONED = re.compile(r" U ((?:cu|nv|nccl)\w+)$", re.MULTILINE)


def read(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def missing(folder):
    """Returns, for each missing library, the symbols that PyTorch takes from it, by symbol version; and those
    without a version, which are of libraries without versions."""
    own = list(folder.glob("*.so*"))
    needed, version_of, symbols, unversioned = set(), {}, [], set()
    for library in own:
        needed.update(re.findall(r"NEEDED.*\[(.+)\]", read("readelf", "-Wd", library)))
        for file, versions in re.findall(r"File: (\S+).*((?:\n.*Name: .*)*)", read("readelf", "-WV", library)):
            version_of.update(dict.fromkeys(re.findall(r"Name: (\S+)", versions), file))
        names = read("nm", "-D", library)
        symbols += re.findall(r" U (\w+)@(\S+)", names)
        unversioned.update(UNVERSIONED.findall(names))
    absent = {name for name in needed - {library.name for library in own} if LIBRARY.fullmatch(name)}
    found = {name: collections.defaultdict(set) for name in absent}
    for symbol, version in symbols:
        if version_of.get(version) in absent:
            found[version_of[version]][version].add(symbol)
    return found, unversioned


def write(path, versions, unversioned):
    """Writes a library whose functions return 0; `versions` maps symbol versions to names."""
    with tempfile.TemporaryDirectory() as folder:
        source, script = pathlib.Path(folder) / "empty.c", pathlib.Path(folder) / "versions"
        names = sorted(set().union(*versions.values()) if versions else unversioned)
        source.write_text("".join(f"long {name}(void) {{ return 0; }}\n" for name in names))
        script.write_text(
            "".join(f"{version} {{ {'; '.join(names)}; }};\n" for version, names in versions.items())
        )
        options = [f"-Wl,--version-script={script}"] if versions else []
        command = ["cc", "-shared", "-fPIC", "-w", source, f"-Wl,-soname,{path.name}", *options]
        subprocess.run([*command, "-o", path], check=True)


def main():
    torch = pathlib.Path(importlib.util.find_spec("torch").origin).parent / "lib"
    libraries, unversioned = missing(torch)
    for name, versions in libraries.items():
        write(torch / name, versions, unversioned)


if __name__ == "__main__":
    main()
