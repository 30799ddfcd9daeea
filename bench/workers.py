# SPDX-License-Identifier: Apache-2.0
"""The program, run as one process or as several at once, with what each used."""

import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import time

DONE = 0
FINDINGS = 10
LOOK_SECONDS = 0.02


class Failed(Exception):
    """A run that was to succeed has not; the text says which."""


@dataclasses.dataclass
class Worker:
    """One process; the figures are there once it has ended."""
    process: subprocess.Popen
    output: pathlib.Path
    words: list
    began: float
    ended: float = 0
    cpu: float = 0
    peak: int = 0
    code: int = None

    def wait(self):
        # Not what wait4 says of memory: that counts what the fork of this process had.
        status_file = pathlib.Path('/proc/%d/status' % self.process.pid)
        pid = 0
        while pid == 0:
            with contextlib.suppress(StopIteration):  # it has ended, and has no memory any more
                self.peak = 1024 * next(int(line.split()[1]) for line in status_file.read_text().splitlines()
                                        if line.startswith('VmHWM:'))
            time.sleep(LOOK_SECONDS)
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
        self.ended = time.monotonic()
        self.code = self.process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu = usage.ru_utime + usage.ru_stime
        return self

    def check(self):
        if self.code != DONE:
            raise Failed('%s: exit code %d: %s' % (' '.join(self.words), self.code,
                                                   _errors(self.output).read_text(errors='replace')[-2000:]))
        return self

    def result(self):
        return json.loads(self.output.read_text())

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)


def _errors(output):
    return output.with_suffix('.errors')


class Program:
    def __init__(self, binary, scratch):
        self._binary = binary
        self._scratch = scratch
        self._workers = []

    def start(self, command, url, *options, store=None, prefix=()):
        output = self._scratch / ('worker-%d.json' % len(self._workers))
        words = [*prefix, str(self._binary), command, '--database', url, '--json',
                 *(('--store-dir', str(store)) if store else ()), *options]
        with open(output, 'wb') as out, open(_errors(output), 'wb') as err:
            began = time.monotonic()
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=self._scratch)
        # Without the URL, which holds a password.
        worker = Worker(process, output, ['backglance', command, *options], began)
        self._workers.append(worker)
        return worker

    def run(self, command, url, *options, **more):
        return self.start(command, url, *options, **more).wait().check()

    def run_many(self, count, command, url, *options, **more):
        """`count` processes from the same moment on, all ended."""
        workers = [self.start(command, url, *options, **more) for _ in range(count)]
        return [worker.wait() for worker in workers]

    def end_all(self):
        """Those that an error has left running."""
        for worker in self._workers:
            if worker.code is None:
                worker.kill()
                worker.wait()


def seconds(workers):
    """From the first's start to the last's end."""
    return max(worker.ended for worker in workers) - min(worker.began for worker in workers)
