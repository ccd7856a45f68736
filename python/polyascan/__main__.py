"""The command line: `python -m polyascan`, or `polyascan` where the package is installed."""

import sys

from . import _native


def main() -> int:
    return _native.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
