#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reads that are interrupted, in every store: the program is killed in the middle of an image, the connection is cut,
and every server is away for a minute. The images were stored by a real Glance.

    interrupted_test.py BACKGLANCE [unittest's own arguments]
"""

import hashlib
import pathlib
import shutil
import signal
import tempfile
import time
import unittest

import glance_stores
import program
import sites
from faults import FaultServer, pattern
from forwarder import Forwarder
from glance_stores import MIB, STORES, content
from program import DONE

INTERVAL = 8 * MIB
SIZE = 40 * MIB + 4097
OUTAGE_SECONDS = 60
SLOW_SIZE = 4 * MIB
SITE = None


def setUpModule():
    global SITE
    home = pathlib.Path(tempfile.mkdtemp(prefix='bg-'))
    unittest.addModuleCleanup(shutil.rmtree, home, ignore_errors=True)
    SITE = glance_stores.GlanceStores(home)
    unittest.addModuleCleanup(SITE.stop)
    SITE.start()


class OneStore:
    """A site with images of one store alone, ready for a backfill. `wanted`: id -> SHA-512."""

    def __init__(self, store, images, size):
        self.store = store
        self.size = size
        self.wanted = {}
        for number in range(images):
            data = content(size, '%s-%d-%d' % (store, size, number))
            self.wanted[SITE.add(store, data)] = hashlib.sha512(data).hexdigest()
        SITE.erase(self.wanted)
        self.path = SITE.split(list(self.wanted))
        self.database = sites.Database(self.path)
        for command in ('expand', 'migrate'):
            self.run(command)

    def run(self, command, *arguments, **options):
        result = SITE.run(command, *arguments, site=self.path, **options)
        if isinstance(result, program.Result) and result.code != DONE:
            raise AssertionError(str(result))
        return result

    def start(self, *arguments):
        return self.run('backfill', *arguments, begin=program.start)

    def done(self):
        return self.database.value("SELECT count(*) FROM backglance_item WHERE state = 'done'")

    def offset(self):
        rows = self.database.rows('SELECT offset_bytes FROM backglance_checkpoint')
        return rows[0][0] if rows else 0

    def hashes(self):
        return dict(self.database.rows('SELECT id, os_hash_value FROM images'))

    def results(self):
        return {result for result, in self.database.rows('SELECT DISTINCT result FROM backglance_item')}


class InterruptedTest(program.ProgramTest):
    def test_killed_in_the_middle_of_a_large_object(self):
        for store in STORES:
            with self.subTest(store):
                site = OneStore(store, 1, SIZE)
                process = site.start('--bandwidth', '16M', '--checkpoint-every', '%dB' % INTERVAL)
                self.addCleanup(sites._kill_if_alive, process)
                program.wait_for(lambda site=site, process=process: site.offset() > 0 or process.poll() is not None)
                process.kill()
                self.assert_code(program.finish(process), -signal.SIGKILL)
                offset = site.offset()
                self.assertGreaterEqual(offset, INTERVAL)
                read = site.run('backfill', '--json', '--checkpoint-every', '%dB' % INTERVAL).object['bytes_read']
                self.assertEqual(site.hashes(), site.wanted)
                # Less than one interval is read again, and nothing that lies before the checkpoint.
                self.assertLess(read, SIZE - offset + INTERVAL)

    def test_connection_is_cut_in_the_middle_of_a_large_object(self):
        # Row: all | body cut, retried with Range + validators | hashed, each byte digested once
        for store in STORES[2:]:
            with self.subTest(store):
                site = OneStore(store, 1, SIZE)
                with Forwarder(self.server_of(store)) as forwarder:
                    self.lead_through(forwarder, site)
                    forwarder.cut_after = SIZE // 10  # of a connection: large objects are read in parts
                    read = site.run('backfill', '--config-file', site.path.parent / 'through.conf', '--allow-http',
                                    forwarder.host, '--json').object['bytes_read']
                    self.assertIsNone(forwarder.cut_after, 'no connection was cut')
                self.assertEqual(site.hashes(), site.wanted)
                self.assertGreaterEqual(read, SIZE)
                self.assertLess(read, SIZE + INTERVAL)

    @staticmethod
    def server_of(store):
        if store == 'web':
            return '127.0.0.1', SITE.web.port
        url = SITE.ceph.facts['s3']['url'] if store == 'gateway' else SITE.swift.url
        return '127.0.0.1', int(url.rpartition(':')[2])

    @staticmethod
    def lead_through(forwarder, site):
        """The program asks the forwarder in place of the server."""
        options = {'gateway': {'s3_store_host': 'http://' + forwarder.host},
                   'middleware': {'s3_store_host': 'http://' + forwarder.host}}
        endpoint = {'swift_store_endpoint': 'http://%s/v1/AUTH_test' % forwarder.host}
        (site.path.parent / 'through.conf').write_text(glance_stores.glance_api.sections(
            {site.store: ('', options.get(site.store, endpoint))}))
        if site.store == 'web':
            site.database.execute('UPDATE image_locations SET value = replace(value, ?, ?)',
                                  SITE.allowed(), forwarder.host)

    def test_connections_to_ceph_are_cut(self):
        site = OneStore('fast', 1, SIZE)
        log = SITE.ceph.home / 'osd.0.log'
        before = log.read_text().count('injecting socket failure')
        SITE.ceph.ceph('tell', 'osd.0', 'config', 'set', 'ms_inject_socket_failures', '40')
        try:
            read = site.run('backfill', '--json').object['bytes_read']
        finally:
            SITE.ceph.ceph('tell', 'osd.0', 'config', 'set', 'ms_inject_socket_failures', '0')
        self.assertGreater(log.read_text().count('injecting socket failure'), before, 'no connection was cut')
        self.assertEqual(site.hashes(), site.wanted)
        self.assertLess(read, SIZE + INTERVAL)

    def test_every_server_is_away_for_a_minute(self):
        """No finding, no lost image, and each run ends complete."""
        runs = []
        for store in STORES[1:]:
            site = OneStore(store, 4, 6 * MIB + 1)
            runs.append((site, site.start('--bandwidth', '2M', '--json')))
            self.addCleanup(sites._kill_if_alive, runs[-1][1])
            # All of them are in the middle when the servers go: the first ones are held here.
            program.wait_for(lambda site=site, process=runs[-1][1]: site.done() > 0 or process.poll() is not None)
            runs[-1][1].send_signal(signal.SIGSTOP)
        for site, process in runs:
            self.assertLess(site.done(), 4, site.store)
            process.send_signal(signal.SIGCONT)
        SITE.ceph.stop()
        SITE.swift.stop()
        SITE.web.stop()
        began = time.monotonic()
        time.sleep(OUTAGE_SECONDS)
        for site, process in runs:
            self.assertIsNone(process.poll(), '%s: the run ended while its store was away' % site.store)
        SITE.ceph.start(radosgw=True)
        SITE.swift.start()
        SITE.web.start()
        print('the servers were away for %.0f s' % (time.monotonic() - began))
        for site, process in runs:
            with self.subTest(site.store):
                result = program.finish(process)
                self.assert_code(result, DONE)
                self.assertEqual((site.hashes(), site.results()), (site.wanted, {'hashed'}))


class OverloadedServerTest(sites.SmallSiteTest):
    """Nobody's server answers 503 on demand: the fault server does."""

    def add(self, server, path, size, seed):
        data = pattern(size, seed)
        return self.site.add(data, location=server.url(path), checksum=None), data

    def row(self, image):
        return self.site.database.rows('SELECT state, result, attempts, next_try_at FROM backglance_item '
                                       'WHERE image_id = ?', image)[0]

    def test_failure_that_stays_ends_in_a_later_retry_and_not_in_a_finding(self):
        # Row: all | 429/498/5xx/timeouts beyond the retries, mid-read | transient, checkpoint kept
        with FaultServer() as server:
            options = ('--allow-http', '127.0.0.1:%d' % server.port, '--checkpoint-every', '%dB' % INTERVAL, '--json')
            image, data = self.add(server, '/overloaded', SIZE, 1)
            # It is sent slowly: the server is seen to answer others after it began to refuse the first.
            other, _ = self.add(server, '/good', SLOW_SIZE, 2)
            good = {'size': SIZE, 'seed': 1, 'etag': '"one"', 'ranges': 'honour', 'conditions': True}
            server.on('/overloaded', {**good, 'cut': 2 * INTERVAL + MIB, 'methods': ['GET']},
                      *[{'status': 503, 'methods': ['GET']}] * 200, good)
            server.on('/good', {'size': SLOW_SIZE, 'seed': 2, 'etag': '"two"', 'piece': 65536, 'pause': 0.6})
            self.on_site('expand')
            self.on_site('migrate')
            # By two images the run is over, so that the second attempt is another run's.
            first = self.on_site('backfill', *options, '--limit', '2', timeout=900)
            self.assertEqual(self.site.hashes()[other][:2], ('sha512', sites.sha512(pattern(SLOW_SIZE, 2))))
            state, result, attempts, next_try = self.row(image)
            self.assertEqual((state, attempts), ('queued', 1), (result, first.out, first.err))
            self.assertEqual(self.on_site('report', '--json').object['backfill']['findings'], [])
            offset = self.site.database.value('SELECT offset_bytes FROM backglance_checkpoint')
            self.assertGreaterEqual(offset, 2 * INTERVAL)
            # The server is well again, and the time of the next attempt has come.
            server.reset()
            server.on('/overloaded', good)
            self.site.database.execute('UPDATE backglance_item SET next_try_at = 0')
            second = self.on_site('backfill', *options).object
            self.assertEqual(self.site.hashes()[image][:2], ('sha512', sites.sha512(data)))
            self.assertLess(second['bytes_read'], SIZE - offset + INTERVAL)
            self.assertEqual(self.row(image)[:2], ('done', 'hashed'))


if __name__ == '__main__':
    program.main()
