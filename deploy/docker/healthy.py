"""The container's health check: exit status 0 when a leakstream of this container answers 200, else 1 with what it said.

`healthy.py [PATH [PORT ...]]`; /healthz and the ports of `run`, `collect`, `match` and `alert` unless given.
"""

from __future__ import annotations

import sys
import urllib.error
import urllib.request

PORTS = ("8687", "8688", "8689", "8690")


def said(url: str) -> tuple[bool, str]:
    """Whether it is well, and what it said; "" where nobody listens."""
    try:
        with urllib.request.urlopen(url, timeout=4) as answer:  # noqa: S310 - our own loopback
            return True, answer.read().decode()
    except urllib.error.HTTPError as error:
        return False, error.read().decode()
    except OSError:
        return False, ""


def main(path: str = "/healthz", *ports: str) -> int:
    answers = [said(f"http://127.0.0.1:{port}{path}") for port in ports or PORTS]
    heard = [(well, text) for well, text in answers if text]
    print("\n".join(text.strip() for _, text in heard) or "nothing listens")
    return 0 if heard and all(well for well, _ in heard) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
