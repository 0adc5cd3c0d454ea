"""`python -m detectors.known < values.txt`: the digests of plain values, one a line, for values.toml. The values themselves stay where they are."""

from __future__ import annotations

import sys

from detectors.known import digest


def main() -> None:
    """A value that ends in padding is known without it, too."""
    plain = {line.strip() for line in sys.stdin.buffer if line.strip()}
    plain |= {value.rstrip(b"=") for value in plain}
    for text in sorted(map(digest, plain)):
        sys.stdout.write(f'  "{text}",\n')


if __name__ == "__main__":
    main()
