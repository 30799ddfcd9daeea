# SPDX-License-Identifier: Apache-2.0
"""Sites of very many images, made by the server itself: Python would take longer than what is measured."""

import hashlib
import pathlib
import sys
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'tests' / 'servers'))

import databases  # noqa: E402  (found by the line above)

# An image's bytes are its id, so that the server knows their MD5.
TINY_BYTES = 36

# By engine: a table of the numbers 1 to {count}, the id made of number n, and how texts are joined.
WORDS = {
    'postgresql': {'numbers': 'generate_series(1, {count}) AS numbers(n)',
                   'id': "CAST(CAST(md5(CAST(n AS TEXT)) AS UUID) AS TEXT)",
                   'location': "'file://' || '{store}' || '/' || id", 'false': 'FALSE'},
    'mysql': {'numbers': '(SELECT seq AS n FROM seq_1_to_{count}) AS numbers',
              'id': "LOWER(CONCAT_WS('-', SUBSTR(MD5(n), 1, 8), SUBSTR(MD5(n), 9, 4), SUBSTR(MD5(n), 13, 4),"
                    ' SUBSTR(MD5(n), 17, 4), SUBSTR(MD5(n), 21)))',
              'location': "CONCAT('file://', '{store}', '/', id)", 'false': '0'},
}
DIRTY_PAGES = ('SELECT variable_value FROM information_schema.global_status'
               " WHERE variable_name = 'INNODB_BUFFER_POOL_PAGES_DIRTY'")
FEW_PAGES = 100
FLUSH_SECONDS = 60
IMAGES = """
INSERT INTO images (id, name, size, status, checksum, owner, visibility, disk_format, container_format, min_disk,
                    min_ram, protected, deleted, created_at, updated_at)
SELECT id, 'an image of a large site', size, 'active', {checksum}, '1f0b5e0c6d3a4c7f8a52f0cf5b1a9d01', 'private',
       'qcow2', 'bare', 0, 0, {false}, {false}, '2018-01-02 03:04:05', '2018-01-02 03:04:05'
FROM   (SELECT {id} AS id, {size} AS size FROM {numbers}) AS ids
ORDER BY id
"""
LOCATIONS = """
INSERT INTO image_locations (image_id, value, meta_data, status, created_at, deleted)
SELECT id, {location}, '{{}}', 'active', '2018-01-02 03:04:05', {false}
FROM   images
ORDER BY id
"""


def image_id(number):
    """As the server makes it."""
    return str(uuid.UUID(hashlib.md5(b'%d' % number, usedforsecurity=False).hexdigest()))


def make(name, images, store=None, sizes=(TINY_BYTES,)):
    """A database of Queens with `images` live images, whose sizes are these in turn; in `store`, if one is named, lie
    their bytes."""
    words = {key: text.format(count=images, store=store) for key, text in WORDS[databases.engine()].items()}
    databases.drop(name)
    databases.copy(databases.at_revision('queens_contract01'), name)
    cases = ' '.join('WHEN %d THEN %d' % case for case in enumerate(sizes))
    size = 'CASE MOD(n - 1, %d) %s END' % (len(sizes), cases)
    checksum = 'md5(id)' if sizes == (TINY_BYTES,) else 'NULL'
    databases.rows(name, IMAGES.format(size=size, checksum=checksum, **words))
    if store:
        databases.rows(name, LOCATIONS.format(**words))
    settle(name)
    return name


def settle(name):
    """What a server does by and by with a table that has grown by a million rows, it does now."""
    if databases.is_postgresql():
        databases.rows(name, 'VACUUM ANALYZE')
        databases.rows(name, 'CHECKPOINT')
        return
    for (table,) in databases.rows(name, 'SHOW TABLES'):
        databases.rows(name, 'ANALYZE TABLE %s' % table)
    # Writes its changed pages, as PostgreSQL's CHECKPOINT does.
    databases.admin('SET GLOBAL innodb_max_dirty_pages_pct = 0')
    deadline = time.monotonic() + FLUSH_SECONDS
    while time.monotonic() < deadline and int(databases.admin(DIRTY_PAGES)[0][0]) > FEW_PAGES:
        time.sleep(0.2)
    databases.admin('SET GLOBAL innodb_max_dirty_pages_pct = DEFAULT')


def write_tiny(store, images):
    """As many files as there are images, each with its id."""
    store.mkdir(parents=True)
    for number in range(1, images + 1):
        name = image_id(number)
        with open(store / name, 'wb') as file:
            file.write(name.encode())


def warm(name):
    """Has the server read all tables and indexes once, as one that has run for a day has."""
    if databases.is_postgresql():
        databases.rows(name, 'CREATE EXTENSION IF NOT EXISTS pg_prewarm')
        databases.rows(name, "SELECT SUM(pg_prewarm(CAST(oid AS REGCLASS))) FROM pg_class"
                             " WHERE relnamespace = CAST('public' AS REGNAMESPACE) AND relkind IN ('r', 'i')")
        return
    for table, index in databases.rows(name, 'SELECT DISTINCT table_name, index_name FROM information_schema.statistics'
                                             ' WHERE table_schema = DATABASE()'):
        databases.rows(name, 'SELECT COUNT(*) FROM %s FORCE INDEX (%s)' % (table, index))


def write_sparse(store, images, sizes):
    """Images of holes alone."""
    store.mkdir(parents=True)
    for number in range(images):
        with open(store / image_id(number + 1), 'wb') as file:
            file.truncate(sizes[number % len(sizes)])
