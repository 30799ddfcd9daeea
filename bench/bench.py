#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures backglance on private servers, and prints one table. scripts/bench builds the program and calls this.

    /usr/bin/python3 bench/bench.py [--quick] [--engine NAME] [--only NAME] [--rounds N] [--images N] BINARY

Everything lies below build/bench while it runs, and is removed at the end.
"""

import argparse
import contextlib
import fcntl
import pathlib
import shutil
import signal
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / 'tests' / 'servers'))
sys.path.insert(0, str(ROOT / 'tests' / 'site'))

import claims  # noqa: E402  (found by the lines above)
import digests  # noqa: E402
import kills  # noqa: E402
import large_site  # noqa: E402
import lost_writes  # noqa: E402
import machine  # noqa: E402
import many_hosts  # noqa: E402
import multihash  # noqa: E402
import private  # noqa: E402
import reading  # noqa: E402
import schema_stall  # noqa: E402
import servers  # noqa: E402
import signed  # noqa: E402
import stores  # noqa: E402
import takeover  # noqa: E402
import tiny_images  # noqa: E402
import whole_run  # noqa: E402
import workers  # noqa: E402
from table import Table  # noqa: E402

# In the order of the table; the name is what --only takes.
BENCHMARKS = {'schema': schema_stall.SchemaStall, 'claims': claims.Claims, 'hosts': many_hosts.ManyHosts,
              'takeover': takeover.Takeover, 'guard': lost_writes.LostWrites,
              'digests': digests.Digests, 'one-image': digests.OneImage, 'whole': whole_run.WholeRun,
              'multihash': multihash.Multihash, 'tiny': tiny_images.TinyImages, 'kills': kills.Kills,
              'reading': reading.Reading, 'signed': signed.Signed, 'large': large_site.LargeSite,
              'stores': stores.Stores}
ENGINES = {'postgresql': 'postgresql', 'mariadb': 'mysql'}
ROUNDS = 3  # if a benchmark does not say


class Bench:
    """What every benchmark is given."""

    def __init__(self, arguments, scratch):
        self.quick = arguments.quick
        self.images = arguments.images
        self.rounds_asked = arguments.rounds or (1 if arguments.quick else None)
        self.rounds = ROUNDS  # of the benchmark that runs
        self.engines = [ENGINES[name] for name in arguments.engine or ENGINES]
        self.scratch = scratch
        self.servers = private.Servers(scratch / 'servers', self.engines)
        self.binary = arguments.binary
        # build/release/cli/backglance, build/release/bench/digest_speed
        self.digest_speed = arguments.binary.parent.parent / 'bench' / 'digest_speed'
        self.read_speed = self.digest_speed.with_name('read_speed')
        self.program = workers.Program(arguments.binary, scratch)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('binary', type=pathlib.Path)
    parser.add_argument('--quick', action='store_true', help='small sizes, one round: to try the benchmarks out')
    parser.add_argument('--engine', action='append', choices=ENGINES, help='this one alone; may be repeated')
    parser.add_argument('--only', action='append', choices=BENCHMARKS, help='this one alone; may be repeated')
    parser.add_argument('--rounds', type=int, help='of which the medians are printed (3, and 5 of what needs no server; with'
                                                   ' --quick 1)')
    parser.add_argument('--images', type=int, help='rows of images, instead of what each benchmark takes')
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    arguments.binary = arguments.binary.resolve()
    scratch = ROOT / 'build' / 'bench'
    scratch.parent.mkdir(exist_ok=True)
    with open(scratch.with_suffix('.lock'), 'w', encoding='ascii') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit('bench: another one is at work in %s' % scratch)
        run(arguments, scratch)
    return 0


def needs_servers(benchmark):
    return getattr(benchmark, 'needs_servers', True)


def run(arguments, scratch):
    if (scratch / 'servers').exists():  # of a run that was killed
        servers.main(['stop', str(scratch / 'servers')])
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    bench = Bench(arguments, scratch)
    table = Table(bench.engines)
    try:
        chosen = [BENCHMARKS[name](bench) for name in arguments.only or BENCHMARKS]
        if not any(needs_servers(one) for one in chosen):
            bench.engines = []
        with bench.servers if bench.engines else contextlib.nullcontext():
            print(machine.describe(bench), flush=True)
            for one in chosen:
                bench.rounds = bench.rounds_asked or getattr(one, 'rounds', ROUNDS)
                one.run(table)
    finally:
        bench.program.end_all()
        shutil.rmtree(scratch)
        table.print()


if __name__ == '__main__':
    # Told to end, it leaves nothing behind either.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    sys.exit(main())
