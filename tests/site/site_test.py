#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that a made site is what its expected.json says.    /usr/bin/python3 tests/site/site_test.py"""

import base64
import contextlib
import json
import pathlib
import re
import sqlite3
import subprocess
import tempfile
import unittest

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding

import make_site
from signing import HASHES

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE.parent.parent


def make(directory, *options):
    subprocess.run(['/usr/bin/python3', str(HERE / 'make_site.py'), str(directory), *options],
                   check=True)
    return json.loads((directory / 'expected.json').read_text())


def rows(directory, statement, *values):
    with contextlib.closing(sqlite3.connect(directory / 'glance.sqlite')) as db:
        db.text_factory = bytes
        return db.execute(statement, values).fetchall()


class SiteTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix='site-test-')
        cls.addClassCleanup(scratch.cleanup)
        cls.scratch = pathlib.Path(scratch.name)
        cls.site = cls.scratch / 'queens'
        cls.expected = make(cls.site, '--big-mib', '1')

    def test_classes_are_those_of_the_program(self):
        text = (SOURCES / 'base/image_result.h').read_text()
        entries = re.findall(r'ResultFacts\{ImageResult::\w+, "(\w+)", "[^"]+",\s+(true|false)', text)
        self.assertTrue(entries)
        findings = {name for name, finding in entries if finding == 'true'}
        self.assertEqual(make_site.FINDINGS, findings - {'hash_differs'})
        results = {image['result'] for image in self.expected['images'].values()} - {None}
        self.assertLessEqual(results, {name for name, _ in entries})

    def test_schemes_are_those_of_the_program(self):
        text = (SOURCES / 'glance/signature_properties.cpp').read_text()
        for scheme in self.expected['schemes']:
            self.assertIn('"%s"' % scheme, text)

    def test_demo_is_large_enough(self):
        self.assertGreaterEqual(len(self.expected['images']), 60)
        large = [image for image in self.expected['images'].values()
                 if (image['bytes'] or 0) >= 1 << 20 and image['case'].startswith('big')]
        self.assertGreaterEqual(len(large), 4)

    def test_every_row_is_expected_and_what_lives_is_queued(self):
        states = {image_id.decode(): (status, deleted) for image_id, status, deleted in rows(
            self.site, 'SELECT id, status, deleted FROM images')}
        self.assertEqual(set(states), set(self.expected['images']))
        for image_id, image in self.expected['images'].items():
            status, deleted = states[image_id]
            live = status in (b'active', b'deactivated') and not deleted
            self.assertEqual(live, image['result'] is not None, image['case'])

    def test_same_seed_makes_the_same_site(self):
        self.assertEqual(make(self.scratch / 'again', '--big-mib', '1'), self.expected)
        other = make(self.scratch / 'other', '--big-mib', '1', '--seed', '2', '--no-garbage')
        self.assertFalse(set(other['images']) & set(self.expected['images']))

    def test_site_of_a_later_release_has_its_columns_filled(self):
        site = self.scratch / 'head'
        expected = make(site, '--big-mib', '1', '--revision', 'head', '--images', '200')
        self.assertEqual(len(expected['images']), 200)
        cases = {image['case'] for image in expected['images'].values()}
        self.assertLessEqual({'hidden', 'hashed already', 'algorithm without a value'}, cases)
        self.assertEqual(rows(site, 'SELECT count(*) FROM images WHERE os_hidden'), [(2,)])

    def test_legacy_signature_verifies_as_liberty_did(self):
        image_id = next(image_id for image_id, image in self.expected['images'].items()
                        if image['case'] == 'legacy signature')
        properties = {name.decode(): value.decode() for name, value in rows(
            self.site, 'SELECT name, value FROM image_properties WHERE image_id = ?', image_id)}
        pem = self.site / 'certificates' / (properties['signature_certificate_uuid'] + '.pem')
        algorithm = HASHES[properties['signature_hash_method']]
        key = x509.load_pem_x509_certificate(pem.read_bytes()).public_key()
        largest_salt = key.key_size // 8 - algorithm.digest_size - 2
        # raises InvalidSignature unless all is right
        key.verify(base64.b64decode(properties['signature']),
                   self.expected['images'][image_id]['md5'].encode(),
                   padding.PSS(mgf=padding.MGF1(algorithm), salt_length=largest_salt), algorithm)


if __name__ == '__main__':
    unittest.main()
