#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A real Ceph that goes away and comes back while an image is read from it.

    /usr/bin/python3 tests/stores/rbd_outage_test.py STORE_READER [unittest's own arguments]

The tests name the row of the table of hazards that they show. Needs: scripts/install ceph glance.
"""

import json
import pathlib
import sys
import unittest

import reader
from rbd_cases import RbdTest, one_is_ready, start_ceph
from rbd_site import MIB, ceph_server, pattern
from reader import Reader

setUpModule = start_ceph


# The reader has four pieces in memory when it pauses: more than these are left.
SIZE = 48 * MIB + 9


class Outage(RbdTest):
    @classmethod
    def setUpClass(cls):
        cls.data = pattern(SIZE, 31)
        cls.uri = cls.images.plant('kept', SIZE, [(0, cls.data)])[1]

    def impatient(self):
        return self.conf_with(
            {'fast': self.options(rbd_store_ceph_conf=self.ceph_conf_with(rados_osd_op_timeout=1))})

    def test_row_pg_inactive(self):
        """rbd | PG inactive | transient after rados_osd_op_timeout
        all | body cut, retried | hashed, each byte digested once"""
        with Reader(self.impatient()) as one:
            one.begin(self.uri, MIB)
            self.ceph.suspend('osd')
            try:
                one.begin_to_end()
                # what is in flight ends with ETIMEDOUT; the next attempts too
                self.assertFalse(one_is_ready(one, 3))
            finally:
                self.ceph.resume('osd')
            self.assert_hashed(one.answer(), self.data)

    def test_image_that_is_deleted_during_an_outage(self):
        _, uri = self.images.plant('deleted', SIZE, [(0, self.data)])
        with Reader(self.impatient()) as one:
            one.begin(uri, MIB)
            self.images.remove_snapshot('deleted')
            self.ceph.suspend('osd')
            try:
                one.begin_to_end()
                self.assertFalse(one_is_ready(one, 2))
            finally:
                self.ceph.resume('osd')
            answer = one.answer()
            self.assert_failed(answer, 'changed_while_read', 'image', 'deleted while it was read')
            # found out when it was opened again, not at the end
            self.assertLess(answer['bytes'], SIZE)

    def test_row_sigterm_in_a_stalled_read(self):
        """all | SIGTERM during a stalled read | ends within 3 s, checkpoint if worth it"""
        with Reader(self.conf) as one:
            one.begin(self.uri, 9 * MIB)
            self.ceph.suspend('osd')
            try:
                one.begin_to_end()
                one.ask_to_stop()
                # Ceph itself would wait for 300 s.
                self.assertTrue(one_is_ready(one, 5))
                answer = one.answer()
                self.assert_failed(answer, 'unreadable', 'stopped', 'stopped')
                self.assertLess(answer['bytes'], len(self.data))
                one.process.stdin.close()
                self.assertEqual(one.process.wait(timeout=10), 0)
            finally:
                self.ceph.resume('osd')

    def test_row_sigterm_in_a_stalled_open(self):
        with Reader(self.conf) as one:
            self.ceph.suspend('osd')
            try:
                one.send({'value': self.uri})
                self.assertFalse(one_is_ready(one, 0.5))
                one.ask_to_stop()
                self.assertTrue(one_is_ready(one, 5))
                self.assertEqual(one.answer()['kind'], 'stopped')
                one.process.stdin.close()
                self.assertEqual(one.process.wait(timeout=10), 0)
            finally:
                self.ceph.resume('osd')

    def test_client_that_is_blocklisted(self):
        """EBLOCKLISTED: connects anew, once"""
        with Reader(self.conf) as one:
            one.begin(self.uri, MIB)
            sessions = json.loads(self.ceph.ceph('tell', 'mon.a', 'sessions', '--format', 'json'))
            ours = [session['socket_addr'] for session in sessions
                    if session['entity_name'] == 'client.' + ceph_server.READER]
            self.assertEqual(len(ours), 1, sessions)
            address = '%s/%s' % (ours[0]['addr'], ours[0]['nonce'])
            self.ceph.ceph('osd', 'blocklist', 'add', address)
            self.addCleanup(self.ceph.ceph, 'osd', 'blocklist', 'rm', address)
            self.assert_hashed(one.end(), self.data)
            self.assert_hashed(one.read(self.uri), self.data)

    def test_restart_of_the_osd(self):
        """An outage within the timeouts is only a wait."""
        with Reader(self.conf) as one:
            one.begin(self.uri, MIB)
            self.ceph.stop_daemon('osd')
            one.begin_to_end()
            self.ceph.start_daemon('osd')
            self.assert_hashed(one.answer(), self.data)

    def test_row_secrets(self):
        """all | secret in row or config | in no output"""
        key = self.ceph.keyring(ceph_server.READER).read_text().split('key = ')[1].strip()
        with Reader(self.conf) as one:
            self.assert_hashed(one.read(self.uri), self.data)
            one.read(self.images.uri('gone'))
            one.read('rbd://a/b')
            environment = pathlib.Path('/proc/%d/environ' % one.process.pid).read_text()
            arguments = pathlib.Path('/proc/%d/cmdline' % one.process.pid).read_text()
        for text in (one.said, environment, arguments):
            self.assertNotIn(key, text)


if __name__ == '__main__':
    reader.set_binary(sys.argv.pop(1))
    unittest.main(verbosity=2)
