# SPDX-License-Identifier: Apache-2.0
"""What backfill meets: one line for each way in which an image can be, or fail to be, read."""

import changes as c
from case import case
from content import Content
from image import Location

TINY = Content(4711)
EMPTY = Content(0)
OUTSIDE_UUID = '00000000-0000-4000-8000-00000000dead'
SWIFT = 'swift+https://service%3Aglance:{secret}@keystone.example.org/v3/glance/{id}'

PLAIN = [
    case('plain', 'hashed'),
    case('shared', 'hashed', c.fields(visibility='shared')),
    case('community', 'hashed', c.fields(visibility='community')),
    case('public', 'hashed', c.fields(visibility='public')),
    case('deactivated', 'hashed', c.fields(status='deactivated')),
    case('hidden', 'hashed', c.fields(hidden=True), needs='os_hidden'),
    case('snapshot without checksum', 'hashed', c.snapshot, c.fields(checksum=None)),
    case('registered by URL: no checksum, no size', 'hashed', c.fields(checksum=None, size=None)),
    case('empty, with a location', 'hashed', content=EMPTY),
    case('one byte', 'hashed', content=Content(1)),
    case('checksum in upper case', 'hashed', c.uppercase_checksum),
    case('second file store', 'hashed', c.in_cold_store),
    case('no owner', 'hashed', c.fields(owner=None)),
    case('no name', 'hashed', c.fields(name=None)),
]

BIG = [
    case('big', 'hashed', big=1),
    case('big snapshot without checksum', 'hashed', c.snapshot, c.fields(checksum=None), big=1.25),
    case('big and sparse', 'hashed', content=Content(0, 'sparse'), big=2),
    case('biggest and sparse', 'hashed', content=Content(0, 'sparse'), big=4),
    case('big, deactivated, sparse', 'hashed', c.fields(status='deactivated'),
         content=Content(0, 'sparse'), big=1),
]

NOT_QUEUED = [
    case('queued', None, c.without_data('queued')),
    case('saving', None, c.without_data('saving')),
    case('killed', None, c.without_data('killed')),
    case('deleted', None, c.soft_deleted),
    case('pending delete', None, c.pending_delete),
    case('status deleted before the row is', None, c.fields(status='deleted')),
    case('hashed already', None, c.hashed_before(), needs='os_hash_value'),
    case('importing', None, c.without_data('importing'), needs='os_hash_value'),
    case('uploading', None, c.without_data('uploading'), needs='os_hash_value'),
]

HASH_COLUMNS = [
    case('algorithm without a value', 'hashed', c.fields(os_hash_algo='sha512'),
         needs='os_hash_value'),
    case('another algorithm without a value', 'hashed', c.fields(os_hash_algo='sha256'),
         content=TINY, needs='os_hash_value'),
    case('an algorithm that nobody knows', 'hash_not_supported',
         c.fields(os_hash_algo='whirlpool2'), needs='os_hash_value'),
]

FILES = [
    case('missing file', 'missing', c.no_file),
    case('dangling symlink', 'unreadable', c.symlink_to_nothing),
    case('directory instead of a file', 'unreadable', c.directory_instead, content=TINY),
    case('FIFO instead of a file', 'unreadable', c.fifo_instead, content=TINY),
    case('symlink out of the store', 'unreadable', c.symlink_out),
    case('path outside the stores', 'unreadable', c.outside_path),
    case('path that leaves by dots', 'unreadable', c.dotdot_path),
    case('symlink inside the store', 'hashed', c.symlink_inside),
    case('truncated file', 'size_differs', c.truncated),
    case('file with a tail', 'size_differs', c.grown),
    case('truncated, without checksum', 'size_differs', c.truncated, c.fields(checksum=None)),
    case('one byte flipped', 'checksum_differs', c.flipped_byte),
    case('one byte flipped, deactivated', 'checksum_differs', c.flipped_byte,
         c.fields(status='deactivated')),
    case('percent in the path', 'hashed', c.path_in_store('with%20percent.img')),
    case('blanks in the path', 'hashed', c.path_in_store('with some blanks.img')),
    case('unicode in the path', 'hashed', c.path_in_store('ünïcode/图像 №1.img')),
    case('semicolon in the path', 'hashed', c.path_in_store('a;b.img')),
    case('path cut at a fragment', 'hashed', c.path_cut_at('#1'), content=TINY),
    case('path cut at a query', 'hashed', c.path_cut_at('?a=b'), content=TINY),
    case('filesystem scheme', 'hashed', c.filesystem_scheme),
    case('the file of two images', 'hashed'),
    case('the same file', 'hashed', c.same_file_as_last),
]

BUSY = [
    case('import task at work', 'busy_in_glance', c.import_task),
    case('hash worker at work', 'busy_in_glance',
         c.properties(os_glance_hash_op_host='http://glance1.example.org:9292')),
    case('importing to a store', 'busy_in_glance',
         c.properties(os_glance_importing_to_stores='cold')),
    case('importing to no store', 'hashed', c.properties(os_glance_importing_to_stores='')),
    case('import task done', 'hashed',
         c.properties(os_glance_import_task='5f1c4b4e-7f7e-4a54-8f6c-2d6b6a3c9d10'),
         c.deleted_properties('os_glance_import_task')),
]

LOCATIONS = [
    case('active without a location', 'no_location', c.no_location, c.fields(size=0)),
    case('location deleted', 'no_location', c.location_fields(deleted=True, status='deleted')),
    case('location deleted, its status active', 'no_location', c.location_fields(deleted=True)),
    case('location pending delete', 'no_location', c.location_fields(status='pending_delete')),
    case('first location missing', 'hashed',
         c.location_before('file://{store}/' + OUTSIDE_UUID)),
    case('first location not supported', 'hashed', c.location_before(SWIFT)),
    case('first location outside', 'hashed', c.location_before('file:///etc/hostname')),
    case('http', 'store_not_supported',
         c.locations('http://mirror:{secret}@images.example.org/{id}.qcow2?token={secret}')),
    case('https', 'store_not_supported', c.locations('https://images.example.org/{id}.qcow2')),
    case('rbd', 'store_not_supported',
         c.locations('rbd://8a1c2f6e-6c37-4a0e-9c49-2b9d0f7a5f11/images/{id}/snap')),
    case('swift', 'store_not_supported', c.locations(SWIFT)),
    case('s3', 'store_not_supported',
         c.locations('s3+https://AKIAEXAMPLE:{secret}/+x@s3.example.org/glance/{id}')),
    case('cinder', 'store_not_supported',
         c.locations('cinder://0e9a3f1c-5a57-4c5f-8e0b-1a2b3c4d5e6f')),
    case('metadata NULL', 'hashed', c.location_fields(meta_data=None)),
    case('metadata names a store', 'hashed', c.location_fields(meta_data='{"store": "file"}')),
    case('metadata names a backend', 'hashed', c.location_fields(meta_data='{"backend": "file"}')),
    case('location encrypted', 'hashed', c.encrypted),
    case('location encrypted, deactivated', 'hashed', c.encrypted,
         c.fields(status='deactivated')),
    case('location encrypted, swift', 'store_not_supported', c.locations(SWIFT), c.encrypted),
]


def _another_key(image, site):
    return site.encrypt(image.locations[0].value, key='another key of this length, 32..')


def _cut_base64(image, site):
    return site.encrypt(image.locations[0].value)[:-5]


def _long_path(image, site):
    return 'file://%s/%s' % (site.store, 'a' * 65536)


GARBAGE = [
    case('location of another key', 'unreadable', c.raw_location(_another_key)),
    case('location cut short', 'unreadable', c.raw_location(_cut_base64)),
    case('location empty', 'unreadable', c.raw_location(lambda image, site: '')),
    case('location of blanks and signs', 'unreadable',
         c.raw_location(lambda image, site: '\t \x01 not a location \x7f')),
    case('location of 64 KiB', 'unreadable', c.raw_location(lambda image, site: 'QUJD' * 16384)),
    case('path of 64 KiB', 'unreadable', c.raw_location(_long_path)),
    case('relative path', 'unreadable', c.raw_location(lambda image, site: 'file://images/a.img')),
    case('location that is no UTF-8', 'unreadable',
         c.raw_location(lambda image, site: 'file://%s/latin-1' % site.store),
         c.fields(raw={'location': b'\xff\xfe\x80/\xe9t\xe9'})),
    case('location status in upper case', 'no_location', c.location_fields(status='ACTIVE')),
    case('status in upper case', None, c.fields(status='ACTIVE')),
    case('metadata is broken JSON', 'hashed', c.location_fields(meta_data='{"store": ')),
    case('metadata is a JSON list', 'hashed', c.location_fields(meta_data='[1, [2, [3]]]')),
    case('name with control characters', 'hashed',
         c.fields(name='bell\x07 esc\x1b[31mred\x1b[0m\r\nsecond line\ttab')),
    case('name with emoji', 'hashed', c.fields(name='🐧 Пингвин 企鹅 \u202egnp.exe')),
    case('name with markup', 'hashed',
         c.fields(name='<script>alert(1)</script> & "quotes", \'more\'; =1+1')),
    case('name that is no UTF-8', 'hashed', c.fields(raw={'name': b'caf\xe9 \xc3( \xff'})),
    case('owner that is no UTF-8', 'hashed', c.fields(raw={'owner': b'\x80\x81 owner'})),
    case('checksum that is none', 'checksum_differs', c.fields(checksum='not a checksum')),
    case('checksum that is no UTF-8', 'checksum_differs', c.fields(raw={'checksum': b'\xe9' * 32})),
    case('size below zero', 'size_differs', c.fields(size=-1)),
    case('property of 1 MiB', 'hashed', c.properties(description='lorem ipsum ' * 87382)),
    case('property NULL', 'hashed', c.properties(description=None)),
    case('property name that is no ASCII', 'hashed', c.properties(**{'ключ "; --': 'значение'})),
    case('location twice', 'hashed',
         lambda image, site: image.locations.append(Location(image.locations[0].value))),
]

# What a Glance that died left behind.
LEFT_BEHIND = [
    case('import task that is gone', 'hashed',
         c.properties(os_glance_import_task='00000000-0000-4000-8000-0000000000bb')),
]

# Not in the site that the documents and the dumps of older ledgers show.
OTHER_LOCATION = [
    case('first location not supported, no checksum', 'other_location', c.location_before(SWIFT),
         c.fields(checksum=None)),
]

# Sums of sizes overflow here, and no estimate makes sense: kept out of a site that is to be looked at.
HOSTILE = [
    case('size beyond belief', 'size_differs', c.fields(size=2**63 - 1)),
    case('size beyond belief, again', 'size_differs', c.fields(size=2**63 - 1)),
]
