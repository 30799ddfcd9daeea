#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a whole Glance site in an empty directory, with every kind of image that backglance can meet.

    /usr/bin/python3 tests/site/make_site.py DIR

DIR/glance-api.conf    what glance-api and backglance read
DIR/glance.sqlite      Glance's real schema and the rows
DIR/images, images-cold    the file stores; DIR/outside is what they must not be left for
DIR/certificates       <uuid>.pem of the certificates that signature properties name
DIR/expected.json      what backglance must find: "images" maps an id to
    case        its name in the tables of cases
    result      a name of base/image_result.h; null: not to be queued
    finding     whether that result makes backfill end with exit code 10
    bytes, md5, sha512   of the bytes that are stored; null where there are none to read
    hash_value  what os_hash_value must be after a backfill; null: it must not be written
    scheme      a name of glance/signature_properties.h
  "results" counts the results, "schemes" the schemes, and "secrets" are texts that may appear nowhere in
  what backglance prints or stores.

Only Debian's Python has the glance package: run this with /usr/bin/python3.
"""

import argparse
import collections
import json
import pathlib
import random
import sys

from glance.common import crypt

from case import Case
from content import Content
from content import hash_file
from content import MIB
import glance_schema
from image import Site
from image import URL_SECRET
import read_cases
from rows import Database
import signature_cases
from signing import SiteSigner

ENCRYPTION_KEY = 'demo-site-location-key-32-bytes!'
# The names of base/image_result.h that are findings, written out: site_test.py compares them with the program.
FINDINGS = {'missing', 'other_location', 'unreadable', 'size_differs', 'checksum_differs', 'changed_while_read',
            'store_not_supported', 'hash_not_supported'}

CONFIG = '''\
# A Glance site made for trying backglance out.
[DEFAULT]
hashing_algorithm = sha512
metadata_encryption_key = {key}
show_multiple_locations = True

[database]
connection = {url}

[glance_store]
stores = file,http
default_store = file
filesystem_store_datadirs = {site}/images:200
filesystem_store_datadirs = {site}/images-cold:100
'''


def all_cases(garbage, hostile):
    cases = (read_cases.PLAIN + read_cases.BIG + read_cases.NOT_QUEUED + read_cases.HASH_COLUMNS
             + read_cases.FILES + read_cases.BUSY + read_cases.LOCATIONS
             + signature_cases.SIGNATURES + read_cases.LEFT_BEHIND)
    if garbage:
        cases += read_cases.GARBAGE + signature_cases.GARBAGE
    if hostile:
        cases += read_cases.HOSTILE + read_cases.OTHER_LOCATION
    return cases


def make_image(case, site):
    content = case.content
    if case.big:
        content = Content(int(case.big * site.big_bytes), content.kind)
    image = site.make_image(case.name, content)
    for change in case.changes:
        change(image, site)
    site.last_image = image
    return image


def expectation(case, image):
    stored = image.stored
    value = None
    if case.result == 'hashed':
        value = (hash_file(image.path, image.os_hash_algo) if image.os_hash_algo
                 else stored.sha512)
    return {
        'case': case.name,
        'result': case.result,
        'finding': case.result in FINDINGS,
        'bytes': stored.length if stored else None,
        'md5': stored.md5 if stored else None,
        'sha512': stored.sha512 if stored else None,
        'hash_value': value,
        'scheme': case.scheme,
    }


def fill(site, database, arguments):
    expected = {}
    cases = all_cases(arguments.garbage, arguments.hostile)
    cases = [case for case in cases if not case.needs or case.needs in site.columns]
    generator = random.Random('sizes/%s' % arguments.seed)
    extra = max(0, arguments.images - len(cases))
    for number in range(extra):
        content = Content(generator.randrange(1, arguments.small_bytes))
        cases.append(Case('small %d' % (number + 1), 'hashed', (), content))
    for case in cases:
        image = make_image(case, site)
        if not database.takes(image):
            continue
        database.add(image)
        expected[image.id] = expectation(case, image)
    database.close()
    return expected


def write_expected(path, expected):
    def count(key):
        return dict(collections.Counter(str(image[key] or 'not queued')
                                        for image in expected.values()))
    whole = {'images': expected, 'results': count('result'), 'schemes': count('scheme'),
             'secrets': [URL_SECRET, ENCRYPTION_KEY]}
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + '\n')


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('directory', type=pathlib.Path, help='made if need be; must be empty')
    parser.add_argument('--revision', default='queens_contract01',
                        help='of the schema, as glance_schema.py takes it')
    parser.add_argument('--database', metavar='URL',
                        help='an empty database elsewhere, instead of DIR/glance.sqlite')
    parser.add_argument('--images', type=int, default=0, metavar='N',
                        help='small plain images are added up to N in all')
    parser.add_argument('--small-bytes', type=int, default=4096, help='upper limit of their size')
    parser.add_argument('--big-mib', type=int, default=64, metavar='MIB',
                        help='size of the smallest big image; the largest has four times that')
    parser.add_argument('--seed', default='1')
    parser.add_argument('--no-garbage', dest='garbage', action='store_false',
                        help='no broken text in the rows')
    parser.add_argument('--hostile', action='store_true',
                        help='also sizes that no sum can hold')
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    directory = arguments.directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        sys.exit('make_site.py: %s is not empty' % directory)
    url = arguments.database or 'sqlite:///%s/glance.sqlite' % directory
    glance_schema.make_schema(url, arguments.revision)
    database = Database(url)

    def encrypt(text, key=ENCRYPTION_KEY):
        return crypt.urlsafe_encrypt(key, text)

    signer = SiteSigner(directory / 'certificates', random.Random('signer/%s' % arguments.seed))
    site = Site(directory, url, arguments.seed, arguments.big_mib * MIB, database.image_columns,
                signer, encrypt)
    for store in (site.store, site.cold_store, site.outside):
        store.mkdir()
    expected = fill(site, database, arguments)
    write_expected(directory / 'expected.json', expected)
    (directory / 'glance-api.conf').write_text(
        CONFIG.format(key=ENCRYPTION_KEY, url=url.replace('$', '$$'), site=directory))
    return 0


if __name__ == '__main__':
    sys.exit(main())
