# SPDX-License-Identifier: Apache-2.0
"""(5) What saves of a running glance-api undo while hashes are published, without the guard and with it. The
measurement is that of the tests: tests/glance_api/lost_hashes.py."""

import json
import pathlib
import statistics
import subprocess
import sys

import databases
import workers

MEASUREMENT = pathlib.Path(__file__).resolve().parent.parent / 'tests' / 'glance_api' / 'lost_hashes.py'
# So often the hashes of six images are published, each time.
PUBLISHES = 20
QUICK_PUBLISHES = 5


class LostWrites:
    title = '5  beside a glance-api that six clients write through'

    def __init__(self, bench):
        self.bench = bench

    def run(self, table):
        for engine in self.bench.engines:
            databases.use(engine)
            self.run_engine(engine, table)

    def run_engine(self, engine, table):
        found = {False: [], True: []}
        for _ in range(self.bench.rounds):
            for figures in self.measure():
                found[figures['guard']].append(figures)
                table.note(self, engine, '%s guard: %d writes of the API, %.1f/s, %d lost, %d refused; of %d published '
                           'hashes %d lost; %d runs to converge' % (
                               'with' if figures['guard'] else 'without', figures['api_writes'],
                               figures['api_writes_per_second'], figures['api_writes_lost'],
                               figures['api_writes_refused'], figures['published'], figures['hashes_lost'],
                               figures['runs_to_converge']))
        for guard, rounds in found.items():
            label = 'with the guard' if guard else 'without the guard'
            table.add(self, 'published hashes lost, ' + label, engine,
                      statistics.median(100 * one['hashes_lost'] / one['published'] for one in rounds), '%.1f %%',
                      goal='0' if guard else '')
            table.add(self, 'writes of the API lost, ' + label, engine,
                      sum(one['api_writes_lost'] for one in rounds), '%d', goal='0')
            table.add(self, 'writes of the API, ' + label, engine,
                      statistics.median(one['api_writes_per_second'] for one in rounds), '%.1f/s')

    def measure(self):
        publishes = QUICK_PUBLISHES if self.bench.quick else PUBLISHES
        done = subprocess.run([sys.executable, '-B', str(MEASUREMENT), str(self.bench.binary), '--rounds',
                               str(publishes), '--json'], check=False, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise workers.Failed('%s: %s' % (MEASUREMENT.name, done.stderr[-2000:]))
        return [json.loads(line) for line in done.stdout.splitlines()]
