# SPDX-License-Identifier: Apache-2.0
"""Several clients that write at the same time (writer.py), and how long their writes took."""

import dataclasses
import pathlib
import signal
import subprocess
import sys
import time

WRITER = pathlib.Path(__file__).resolve().parent / 'writer.py'
READY_SECONDS = 30


@dataclasses.dataclass
class Latencies:
    """Of the writes that were under way at some moment of a time: milliseconds, in order."""
    took: list
    failed: int

    @property
    def count(self):
        return len(self.took)

    @property
    def longest(self):
        return self.took[-1]

    @property
    def p99(self):
        return self.took[min(self.count - 1, self.count * 99 // 100)]

    def beyond(self, milliseconds):
        return sum(1 for one in self.took if one > milliseconds)


class Writers:
    """Write as long as the block runs; afterwards latencies() is there."""

    def __init__(self, scratch, name, images, count):
        self._logs = [scratch / ('writer-%d' % number) for number in range(count)]
        self._command = [sys.executable, '-B', str(WRITER), name, str(images)]
        self._processes = []
        self._writes = []
        self._failed = []

    def __enter__(self):
        for number, log in enumerate(self._logs):
            log.unlink(missing_ok=True)
            self._processes.append(subprocess.Popen([*self._command, str(number), str(log)],
                                                    stdin=subprocess.DEVNULL))
        deadline = time.monotonic() + READY_SECONDS
        while not all(log.exists() for log in self._logs):
            if time.monotonic() > deadline:
                self.__exit__()
                raise TimeoutError('the writers did not begin')
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            process.wait()
        for log in self._logs:
            for line in log.read_text().splitlines() if log.exists() else ():
                began, ended = (float(word) for word in line.split()[-2:])
                (self._failed if line.startswith('FAILED') else self._writes).append((began, ended))

    def latencies(self, begin, end):
        took = sorted((ended - began) * 1000 for began, ended in self._writes if ended >= begin and began <= end)
        failed = sum(1 for began, ended in self._failed if ended >= begin and began <= end)
        if not took:
            raise RuntimeError('nothing was written')
        return Latencies(took, failed)
