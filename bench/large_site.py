# SPDX-License-Identifier: Apache-2.0
"""One site of very many images with their properties, on each engine, and what it costs to look at it."""

import hashlib
import os
import pathlib
import sqlite3
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / 'tests' / 'site'))
sys.path.insert(0, str(ROOT / 'tests' / 'servers'))

import glance_schema  # noqa: E402  (found by the lines above)

# Of 1,000 images: signed under the old scheme alone, and under both schemes.
LEGACY_SIGNED = 8
SIGNED_AGAIN = 2
# Of 1,000 images, so many are deleted rows, which Glance keeps.
DELETED = 50
OWNERS = 500
PROPERTIES = ('os_distro', 'hw_disk_bus', 'architecture')
LEGACY = ('signature', 'signature_hash_method', 'signature_key_type', 'signature_certificate_uuid')
NEW = tuple('img_' + name for name in LEGACY)
MOMENT = '2018-01-02 03:04:05.000006'


def image_id(number):
    text = hashlib.md5(b'%d' % number, usedforsecurity=False).hexdigest()
    return '-'.join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def rows(count, store):
    """Yields (image, location, properties) of each image. The file of an image is one of 1,000, by its number."""
    for number in range(count):
        key = image_id(number)
        deleted = number % 1000 < DELETED
        size = 1 + number % 1000
        image = (key, 'image %d' % number, size, 'deleted' if deleted else 'active',
                 hashlib.md5(b'x' * size, usedforsecurity=False).hexdigest(), 'owner%03d' % (number % OWNERS),
                 int(deleted), MOMENT, MOMENT, MOMENT if deleted else None)
        location = (key, 'file://%s/%d' % (store, size), MOMENT, int(deleted), 'deleted' if deleted else 'active')
        names = PROPERTIES
        rank = number % 1000 - DELETED
        if 0 <= rank < LEGACY_SIGNED + SIGNED_AGAIN:
            names += LEGACY
            if rank < SIGNED_AGAIN:
                names += NEW
        yield image, location, [(key, name, 'x', MOMENT, int(deleted)) for name in names]


def make_sqlite(path, count, store):
    glance_schema.make_schema_in_subprocess('sqlite:///%s' % path, 'queens_contract01')
    db = sqlite3.connect(path)
    db.executescript('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF')
    images, locations, properties = [], [], []

    def flush():
        db.executemany('INSERT INTO images (id, name, size, status, checksum, owner, visibility, deleted, min_disk,'
                       ' min_ram, protected, created_at, updated_at, deleted_at)'
                       " VALUES (?, ?, ?, ?, ?, ?, 'private', ?, 0, 0, 0, ?, ?, ?)", images)
        db.executemany('INSERT INTO image_locations (image_id, value, meta_data, created_at, deleted, status)'
                       " VALUES (?, ?, '{}', ?, ?, ?)", locations)
        db.executemany('INSERT INTO image_properties (image_id, name, value, created_at, deleted)'
                       ' VALUES (?, ?, ?, ?, ?)', properties)
        images.clear()
        locations.clear()
        properties.clear()
    for image, location, of_image in rows(count, store):
        images.append(image)
        locations.append(location)
        properties.extend(of_image)
        if len(images) == 10000:
            flush()
    flush()
    db.commit()
    db.close()


def write_store(store):
    store.mkdir(parents=True)
    for size in range(1, 1001):
        (store / str(size)).write_bytes(b'x' * size)


if __name__ == '__main__':
    directory = pathlib.Path(sys.argv[1])
    write_store(directory / 'images')
    make_sqlite(directory / 'glance.sqlite', int(sys.argv[2]), directory / 'images')
