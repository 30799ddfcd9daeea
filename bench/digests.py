# SPDX-License-Identifier: Apache-2.0
"""(1) and (2) of reading: the digests alone, of images that lie in memory."""

import json
import pathlib
import random
import shutil
import statistics
import subprocess
import tempfile

import hashers

MIB = 1 << 20
ALGORITHMS = ('md5', 'sha512')
# Cycles for a byte that the ports of a processor with AVX2 and four vector pipes allow: docs/digests.md.
PORT_LIMITS = {'md5': 0.44, 'sha512': 2.0, 'sha256': 1.6}
MEMORY = pathlib.Path('/dev/shm')
CORE = 0


def speed(bench, images, mib, workers, algorithms=ALGORITHMS, core=None):
    """One round of bench/digest_speed."""
    pinned = ('taskset', '-c', str(core)) if core is not None else ()
    done = subprocess.run([*pinned, str(bench.digest_speed), str(images), str(mib), str(workers), '1', *algorithms],
                          check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


class Digests:
    """On one core, and each digest by itself as well."""
    title = '1  MD5 and SHA-512 of 16 images of 64 MiB in memory, one core'
    needs_servers = False
    rounds = 5

    def __init__(self, bench):
        self.bench = bench
        self.images, self.mib = (16, 8) if bench.quick else (16, 64)

    def run(self, table):
        directory = pathlib.Path(tempfile.mkdtemp(prefix='backglance-bench-', dir=MEMORY))
        try:
            source = random.Random(1)
            files = [directory / ('image-%d' % number) for number in range(self.images)]
            for file in files:
                file.write_bytes(source.randbytes(self.mib * MIB))
            self.compare(files, table)
        finally:
            shutil.rmtree(directory)

    def compare(self, files, table):
        others = {'Python hashlib': hashers.python, 'rhash': hashers.rhash, 'md5sum, sha512sum': hashers.coreutils}
        ways = {'ours': 'in_place_wall', 'ours, copied and handed over by readers': 'ours_wall', 'EVP': 'evp_wall'}
        seconds = {name: [] for name in (*ways, *others)}
        single = {algorithm: {'ours': [], 'EVP': []} for algorithm in PORT_LIMITS}
        cycles = {algorithm: [] for algorithm in PORT_LIMITS}
        for _ in range(self.bench.rounds):
            found = speed(self.bench, self.images, self.mib, 1, core=CORE)
            for name, way in ways.items():
                seconds[name].append(found[way])
            for name, hasher in others.items():
                seconds[name].append(hashers.run([hasher(ALGORITHMS, files)], CORE)[0])
            for algorithm, both in single.items():
                found = speed(self.bench, self.images, self.mib, 1, (algorithm,), CORE)
                for name, times in both.items():
                    times.append(found[ways[name]])
                cycles[algorithm].append(found['in_place_wall'] * found['clock_ghz'] * 1e9 / found['bytes'])
        mib = self.images * self.mib
        evp = statistics.median(seconds['EVP'])
        for name, times in seconds.items():
            table.here(self, '%s, MiB/s' % name, mib / statistics.median(times), '%.0f')
        table.here(self, 'ours, times EVP in one pass', evp / statistics.median(seconds['ours']), '%.2f', '>= 3.0')
        table.here(self, 'handed over by readers, times EVP',
                   evp / statistics.median(seconds['ours, copied and handed over by readers']), '%.2f')
        for algorithm, both in single.items():
            table.here(self, '%s alone: in lanes, EVP, MiB/s' % algorithm,
                       tuple(mib / statistics.median(both[name]) for name in ('ours', 'EVP')), '%.0f, %.0f')
            if found['engine'].startswith('AVX2'):
                spent = statistics.median(cycles[algorithm])
                table.here(self, '%s in lanes: cycles for a byte, %% of the port limit' % algorithm,
                           (spent, 100 * PORT_LIMITS[algorithm] / spent), '%.2f, %.0f %%')


class OneImage:
    title = '2  MD5 and SHA-512 of one image of 8 GiB in memory, 2 cores'
    needs_servers = False
    rounds = 5

    def __init__(self, bench):
        self.bench = bench

    def run(self, table):
        mib = 512 if self.bench.quick else 8192
        found = [speed(self.bench, 1, mib, 2) for _ in range(self.bench.rounds)]
        ours = statistics.median(one['ours_wall'] for one in found)
        evp = statistics.median(one['evp_wall'] for one in found)
        table.here(self, 'ours on 2 cores, EVP on one, MiB/s', (mib / ours, mib / evp), '%.0f, %.0f')
        table.here(self, 'ours, times EVP in one pass on one core', evp / ours, '%.2f', '>= 1.8')
