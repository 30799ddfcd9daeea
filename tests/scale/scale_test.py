#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a large site costs: memory, and bytes read.

    /usr/bin/python3 tests/scale/scale_test.py [--gib N] [--rows N] [BINARY]

BINARY, else the variable BACKGLANCE, is the program. Prints what it measures. Needs some 3 GiB of disk
below TMPDIR for the real part of 10 GiB of images; the rest is sparse.
"""

import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'site'))

import glance_schema  # noqa: E402  (found by the line above)

MIB = 1 << 20
GIB = 1 << 30
PEAK_LIMIT = 128 * MIB
GROWTH_LIMIT = 16 * MIB
# Beyond the images: the program's own files, the database, /proc. A site of this size has less.
CONSTANT_BYTES = 8 * MIB
DONE = 0
MOMENT = '2018-01-02 03:04:05.000006'

faults = []


def check(condition, text):
    if not condition:
        faults.append(text)
        print('FAILED: %s' % text, flush=True)


class Site:
    def __init__(self, directory, binary):
        self.directory = directory
        self.binary = binary
        self.store = directory / 'images'
        self.store.mkdir(parents=True)
        self.database = directory / 'glance.sqlite'
        glance_schema.make_schema_in_subprocess('sqlite:///%s' % self.database, 'queens_contract01')

    def add(self, images):
        """Rows of (path, size, checksum, signed)."""
        generator = random.Random(1)
        with contextlib.closing(sqlite3.connect(self.database)) as db, db:
            for path, size, checksum, signed in images:
                image_id = str(uuid.UUID(int=generator.getrandbits(128), version=4))
                db.execute(
                    'INSERT INTO images (id, name, size, status, checksum, owner, visibility, deleted,'
                    ' min_disk, min_ram, protected, created_at, updated_at)'
                    " VALUES (?, 'image', ?, 'active', ?, 'owner', 'private', 0, 0, 0, 0, ?, ?)",
                    (image_id, size, checksum, MOMENT, MOMENT))
                db.execute('INSERT INTO image_locations (image_id, value, meta_data, status,'
                           " created_at, deleted) VALUES (?, ?, '{}', 'active', ?, 0)",
                           (image_id, 'file://%s' % path, MOMENT))
                if signed:
                    db.executemany('INSERT INTO image_properties (image_id, name, value, created_at,'
                                   " deleted) VALUES (?, ?, 'x', ?, 0)",
                                   [(image_id, name, MOMENT) for name in (
                                       'signature', 'signature_hash_method', 'signature_key_type',
                                       'signature_certificate_uuid')])

    def measure(self, command, *options):
        figures = self.directory / 'figures.json'
        with open(self.directory / 'output', 'wb') as output:
            subprocess.run(
                ['/usr/bin/python3', '-B', '-S', str(HERE / 'measured.py'), str(figures), self.binary,
                 command, '--database', 'sqlite:///%s' % self.database, '--store-dir',
                 str(self.store), *options], check=True, stdout=output, stderr=output)
        measured = json.loads(figures.read_text())
        if measured['code'] != DONE:
            output = (self.directory / 'output').read_text(errors='replace')
            check(False, '%s: exit code %d: %s' % (command, measured['code'], output[-2000:]))
        return measured

    def hashes(self):
        with contextlib.closing(sqlite3.connect(self.database)) as db:
            return dict(db.execute(
                'SELECT l.value, i.os_hash_value FROM images i JOIN image_locations l'
                ' ON l.image_id = i.id'))


def write_real(path, size, number):
    """Bytes that no two files share, made no slower than the disk takes them."""
    block = random.Random(number).randbytes(4 * MIB)
    with open(path, 'wb') as file:
        for position in range(0, size, len(block)):
            file.write(position.to_bytes(8, 'big'))
            file.write(block[8:min(len(block), size - position)])
    return path


def write_sparse(path, size):
    with open(path, 'wb') as file:
        file.truncate(size)
        for position in range(0, size, 256 * MIB):
            file.seek(position)
            file.write(b'an island of data')
    return path


def digest(path):
    whole = hashlib.sha512()
    with open(path, 'rb') as file:
        while chunk := file.read(MIB):
            whole.update(chunk)
    return whole.hexdigest()


def large_images(directory, binary, total):
    """A fifth of the bytes is real."""
    real = total // 5
    free = shutil.disk_usage(directory).free
    if free < real + GIB:
        check(False, '%d MiB are free below %s; this needs %d' % (
            free // MIB, directory, (real + GIB) // MIB))
        return
    site = Site(directory / 'large', binary)
    images = []
    files = 8
    for number in range(files):
        path = write_real(site.store / ('real-%d' % number), real // files, number)
        images.append((path, path.stat().st_size, None, False))
    rest = total - real
    for share in (2, 4, 8, 16, 16):
        path = write_sparse(site.store / ('sparse-%d' % len(images)), rest // share)
        images.append((path, path.stat().st_size, None, False))
    stored = sum(image[1] for image in images)
    site.add(images)
    for command in ('expand', 'migrate'):
        site.measure(command)
    measured = site.measure('backfill')
    over = measured['read_bytes'] - stored
    print('%.1f GiB, %.1f of them real: %.0f s, %.0f MiB/s; peak %.1f MiB; read %d bytes of %d stored, '
          '%+d (%+.4f %%)' % (stored / GIB, real / GIB, measured['seconds'],
                              stored / MIB / measured['seconds'], measured['peak_bytes'] / MIB,
                              measured['read_bytes'], stored, over, 100 * over / stored), flush=True)
    check(measured['peak_bytes'] < PEAK_LIMIT, 'peak memory')
    check(0 <= over <= stored // 1000 + CONSTANT_BYTES, 'bytes read')
    hashes = site.hashes()
    check(None not in hashes.values(), 'images without a hash')
    for path in (images[3][0], images[-1][0]):
        check(hashes['file://%s' % path] == digest(path), 'hash of %s' % path.name)
    shutil.rmtree(site.directory)


def many_rows(directory, binary, rows):
    """Tiny images; as many of them share a file as a small disk needs. One in a hundred is signed."""
    peaks, seconds = {}, {}
    for count in (rows // 100, rows // 10, rows):
        site = Site(directory / ('rows-%d' % count), binary)
        files = []
        for number in range(min(300, count)):
            path = site.store / ('tiny-%d' % number)
            data = b'%d' % number
            path.write_bytes(data)
            files.append((path, len(data), hashlib.md5(data, usedforsecurity=False).hexdigest()))
        site.add((*files[number % len(files)], number % 100 == 0) for number in range(count))
        for command, options in (('expand', ()), ('migrate', ('--grace', '0s')), ('backfill', ()), ('verify', ()),
                                 ('status', ()), ('report', ('--json',)), ('contract', ('--yes',))):
            measured = site.measure(command, *options)
            peaks.setdefault(command, []).append(measured['peak_bytes'])
            seconds.setdefault(command, []).append(measured['seconds'])
            print('%7d rows: %-8s %6.1f s  peak %5.1f MiB' % (
                count, command, measured['seconds'], measured['peak_bytes'] / MIB), flush=True)
        hashes = site.hashes()
        check(len(hashes) == len(files), 'files of %d rows' % count)
        check(all(hashes['file://%s' % path] == hashlib.sha512(path.read_bytes()).hexdigest()
                  for path, _, _ in files), 'hashes of %d rows' % count)
        shutil.rmtree(site.directory)
    for command, (_, before, last) in seconds.items():
        # Ten times as many rows: ten times as long, with some room; were it the square, a hundred times.
        check(last < 5 or last < 30 * before, '%s of %d rows took %.1f s, of a tenth of them %.1f s' % (
            command, rows, last, before))
    for command, of_command in peaks.items():
        # The report holds one line for each signature, and nothing else that grows.
        check(max(of_command) - min(of_command) < GROWTH_LIMIT, 'memory of %s grows: %s' % (
            command, ['%.1f MiB' % (peak / MIB) for peak in of_command]))


def quick_directory():
    """Thousands of commits take minutes where each waits for a disk; memory is what is measured here."""
    path = '/dev/shm'
    if os.access(path, os.W_OK) and shutil.disk_usage(path).free > GIB:
        return path
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('binary', nargs='?', default=os.environ.get('BACKGLANCE'))
    parser.add_argument('--gib', type=float, default=10)
    parser.add_argument('--rows', type=int, default=100_000)
    arguments = parser.parse_args()
    if not arguments.binary:
        parser.error('give the program as argument or in BACKGLANCE')
    binary = os.path.abspath(arguments.binary)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix='backglance-scale-') as directory:
        if arguments.gib:
            large_images(pathlib.Path(directory), binary, int(arguments.gib * GIB))
    with tempfile.TemporaryDirectory(prefix='backglance-scale-', dir=quick_directory()) as directory:
        many_rows(pathlib.Path(directory), binary, arguments.rows)
    print('%.0f s, %d faults' % (time.monotonic() - began, len(faults)))
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
