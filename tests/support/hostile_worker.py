"""A scanning process whose scanner does what a hostile document might make a decoder do. Run as a script by the pool's tests."""

import ctypes
import time

from detectors.stats import ScanStats


def burn(seconds):
    """Of the processor."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


class HostileScanner:
    last = ScanStats()

    def scan(self, data):
        return ()

    def candidates(self, data):
        return ()

    def costs(self):
        return {}

    def scan_spans(self, buffer, starts, ends):
        for start, end in zip(starts, ends, strict=True):
            data = buffer[start:end]
            if b"SEGFAULT" in data:
                ctypes.string_at(0)
            if b"SPIN" in data:
                burn(float("inf"))
            if b"SLOW" in data:
                burn(2.5)
            if b"BRISK" in data:
                burn(0.5)
            if b"STARVED" in data:
                time.sleep(2.5)
            if b"STUCK" in data:
                time.sleep(1_000)
            if b"EAT" in data:
                hoard = []
                while True:
                    hoard.append(bytearray(16 * 1024 * 1024))
        self.last = ScanStats()
        self.last.dropped["placeholder"] += 1
        return {}


if __name__ == "__main__":
    from monitor.matcher.worker import main

    main(lambda setup, own: HostileScanner())
