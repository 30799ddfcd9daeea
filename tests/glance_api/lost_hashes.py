#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what saves of glance-api undo: clients change images through the API without pause, and their hashes are
published again and again meanwhile, with and without the guard.

    /usr/bin/python3 tests/glance_api/lost_hashes.py [BINARY] [--rounds N] [--images N] [--json]

BINARY, else the variable BACKGLANCE, is the program; BACKGLANCE_TEST_ENGINE and BACKGLANCE_TEST_SERVERS name a
server, else it is SQLite. Other programs import measure().
"""

import argparse
import json
import os
import sys
import time

import served_site
from served_site import program

import databases
import glance_api

# What was read before a publish is saved within this time.
SETTLE_SECONDS = 0.5


def measure(served, guard, rounds, images):
    """Publishes the hashes of `images` new images `rounds` times while served_site.WRITERS clients change them
    without pause. Returns an object of numbers. Needs an expanded site without the guard, and leaves one."""
    client = served.client
    ids = [client.add(b'image %d' % number) for number in range(images)]
    served.erase(*ids)
    if guard:
        served.require('expand', '--guard')
    lost = 0
    began = time.monotonic()
    with glance_api.Writers(served.api, ids, served_site.WRITERS) as writers:
        for number in range(rounds):
            if number > 0:
                served.erase(*ids)
            served.require('backfill', *(['--sweep'] if number > 0 else []))
            time.sleep(SETTLE_SECONDS)
            lost += len(set(served.without_hash()) & set(ids))
    seconds = time.monotonic() - began
    runs = 0
    while set(served.without_hash()) & set(ids):
        served.require('backfill')
        runs += 1
    lost_writes = len(writers.lost(client))
    if guard:
        served.require('expand', '--revert', '--guard')
    for image_id in ids:
        client.delete(image_id)
    return {'engine': databases.engine() or 'sqlite', 'guard': guard, 'writers': served_site.WRITERS,
            'api_writes': writers.writes, 'api_writes_per_second': round(writers.writes / seconds, 1),
            'api_writes_lost': lost_writes, 'api_writes_refused': len(writers.failures),
            'published': rounds * images, 'hashes_lost': lost, 'runs_to_converge': runs}


def line(figures):
    return ('%(engine)s, %(with)s guard: %(writers)d clients made %(api_writes)d API writes '
            '(%(api_writes_per_second)s/s), of which %(api_writes_lost)d were lost and %(api_writes_refused)d '
            'refused; of %(published)d published hashes %(hashes_lost)d were lost (%(share).1f %%); '
            '%(runs_to_converge)d runs to converge' % dict(
                figures, share=100.0 * figures['hashes_lost'] / figures['published'],
                **{'with': 'with' if figures['guard'] else 'without'}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('binary', nargs='?', default=os.environ.get('BACKGLANCE'))
    parser.add_argument('--rounds', type=int, default=20)
    parser.add_argument('--images', type=int, default=served_site.WRITERS)
    parser.add_argument('--json', action='store_true', help='one object a line')
    options = parser.parse_args()
    if not options.binary:
        parser.error('give the program as first argument or in BACKGLANCE')
    program.set_binary(options.binary)
    served = served_site.ServedSite()
    try:
        served.require('expand')
        for guard in (False, True):
            figures = measure(served, guard, options.rounds, options.images)
            print(json.dumps(figures) if options.json else line(figures), flush=True)
    finally:
        served.close()
    return 0


if __name__ == '__main__':
    sys.exit(main())
