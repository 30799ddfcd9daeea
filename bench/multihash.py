# SPDX-License-Identifier: Apache-2.0
"""(4) The images of the multihash specification's own table of times, and what they take here."""

import os
import random
import shutil
import statistics
import subprocess

import digests
import hashers

MB = 1000 * 1000
# specs.openstack.org, glance, rocky: "Secure Hash Algorithm Support", its table of seconds by hashlib.
SPEC = {'5 GB': (5000 * MB, {'md5': 9, 'sha256': 22, 'sha512': 14}),
        '1.5 GB': (1500 * MB, {'md5': 2.9, 'sha256': 7.2, 'sha512': 4.6}),
        '555 MB': (555 * MB, {'md5': 1.0, 'sha256': 2.5, 'sha512': 1.6})}


class Multihash:
    title = '4  seconds of one image: the specification, hashlib here, ours'
    needs_servers = False
    rounds = 5

    def __init__(self, bench):
        self.bench = bench
        self.directory = bench.scratch / 'multihash'

    def run(self, table):
        self.directory.mkdir()
        try:
            for name, (size, seconds) in SPEC.items():
                if not self.bench.quick or size < 1000 * MB:
                    self.compare(name, size, seconds, table)
        finally:
            shutil.rmtree(self.directory)

    def compare(self, name, size, spec, table):
        file = self.directory / 'image'
        source = random.Random(4)
        with open(file, 'wb') as out:
            for _ in range(size // MB):
                out.write(source.randbytes(MB))
        os.sync()
        mib = size // digests.MIB
        for algorithm, seconds in spec.items():
            here = [hashers.run([hashers.python((algorithm,), [file])])[0] for _ in range(self.bench.rounds)]
            ours = [digests.speed(self.bench, 1, mib, 2, (algorithm,))['ours_wall'] for _ in range(self.bench.rounds)]
            table.here(self, '%s, %s' % (name, algorithm),
                       (seconds, statistics.median(here), statistics.median(ours)), '%.1f, %.1f, %.1f')
        both = [digests.speed(self.bench, 1, mib, 2)['ours_wall'] for _ in range(self.bench.rounds)]
        python = [hashers.run([hashers.python(digests.ALGORITHMS, [file])])[0] for _ in range(self.bench.rounds)]
        table.here(self, '%s, md5 and sha512 in one pass' % name,
                   (spec['md5'] + spec['sha512'], statistics.median(python), statistics.median(both)),
                   '%.1f, %.1f, %.1f')
        file.unlink()
