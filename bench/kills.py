# SPDX-License-Identifier: Apache-2.0
"""(6) What a kill costs in the middle of a large image: bytes read again, beside one interval between checkpoints."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

from table import ROOT

sys.path.insert(0, str(ROOT / 'tests' / 'scale'))

import scale_test  # noqa: E402  (found by the line above)

GIB = 1 << 30
INTERVAL = 4 * GIB
# Beyond the time that an interval takes, or no run would come to its first checkpoint.
KILL_AFTER_SECONDS = (9, 11, 13, 15)
DONE = 0


def characters_read(pid):
    with open('/proc/%d/io' % pid, encoding='ascii') as file:
        return int(next(line for line in file if line.startswith('rchar:')).split()[1])


def checkpoint(site):
    with contextlib.closing(sqlite3.connect(site.database)) as database:
        found = database.execute('SELECT offset_bytes FROM backglance_checkpoint').fetchone()
    return found[0] if found else 0


class Kills:
    needs_servers = False

    def __init__(self, bench):
        self.bench = bench
        self.bytes = (8 if bench.quick else 64) * GIB
        self.title = '6  one image of %d GiB, killed every few seconds' % (self.bytes // GIB)
        self.directory = bench.scratch / 'kills'

    def run(self, table):
        try:
            self.measure(table)
        finally:
            shutil.rmtree(self.directory)

    def measure(self, table):
        site = scale_test.Site(self.directory, str(self.bench.binary))
        image = site.store / 'large'
        with open(image, 'wb') as file:
            file.truncate(self.bytes)
        site.add([(image, self.bytes, None, False)])
        for command in ('expand', 'migrate'):
            site.measure(command)
        read = []
        # What a killed run had read beyond its last checkpoint.
        again = []
        killed = True
        while killed:
            before = checkpoint(site)
            killed = self.one_run(site, KILL_AFTER_SECONDS[len(read) % len(KILL_AFTER_SECONDS)], read)
            if killed:
                again.append(before + read[-1] - checkpoint(site))
        table.here(self, 'kills', len(again), '%d')
        table.here(self, 'bytes read again for a kill at most, GiB', max(again, default=0) / GIB, '%.2f',
                   '< %d' % (INTERVAL // GIB))
        table.here(self, 'bytes read over bytes stored', sum(read) / self.bytes, '%.3f')

    def one_run(self, site, seconds, read):
        """Appends what one run read; whether it was killed."""
        process = subprocess.Popen(
            [site.binary, 'backfill', '--database', 'sqlite:///%s' % site.database, '--store-dir', str(site.store),
             '--priority', 'normal'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + seconds
        # Not reaped: one that has ended is still asked what it read.
        while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
            if time.monotonic() > deadline:
                process.send_signal(signal.SIGKILL)
            time.sleep(0.01)
        read.append(characters_read(process.pid))
        if process.wait() == -signal.SIGKILL:
            return True
        if process.returncode != DONE:
            raise RuntimeError('backfill: exit code %d' % process.returncode)
        with contextlib.closing(sqlite3.connect(site.database)) as database:
            (hashed,) = database.execute("SELECT COUNT(*) FROM images WHERE os_hash_value <> ''").fetchone()
        if hashed != 1:
            raise RuntimeError('the image has no hash')
        return False
