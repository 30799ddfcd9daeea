#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The program on two nodes of a private Galera cluster (tests/servers/galera.py), whose directory is
BACKGLANCE_TEST_SERVERS."""

import contextlib
import hashlib
import threading
import urllib.parse

import program
from program import DONE
import databases
import sites

import pymysql


def node_url(number):
    return (databases.directory() / ('node-%d.url' % number)).read_text().strip()


def connect(number, database=None):
    parts = urllib.parse.urlsplit(node_url(number))
    return pymysql.connect(host=parts.hostname, port=parts.port, user=parts.username,
                           password=urllib.parse.unquote(parts.password), database=database, autocommit=True)


def execute(connection, statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


class GaleraTest(sites.SmallSiteTest):
    """`on_node(2, ...)` runs the program by the second node's URL."""

    def on_node(self, number, command, *arguments, **options):
        return self.program(command, *self.node_options(number), *arguments, cwd=self.site.directory, **options)

    def node_options(self, number):
        return (*self.site.options, '--database', '%s/%s' % (node_url(number), self.site.database.name))

    def node(self, number):
        """A connection that sees what was committed on any node before; the node has it from the first SELECT on."""
        connection = connect(number, self.site.database.name)
        self.addCleanup(connection.close)
        execute(connection, 'SET SESSION wsrep_sync_wait = 7')
        return connection

    def columns_and_indexes(self, number):
        connection = self.node(number)
        return (execute(connection, 'SHOW COLUMNS FROM images'),
                execute(connection, 'SELECT index_name, column_name FROM information_schema.statistics'
                                    " WHERE table_schema = DATABASE() AND table_name = 'images' ORDER BY 1, 2"))


class Plan(GaleraTest):
    def test_plan_says_what_will_stall_and_for_how_long(self):
        with self.site.database.batch():
            for number in range(20):
                self.site.add(b'image %d' % number)
        for number in (1, 2):
            galera = self.on_node(number, 'plan', '--json').object['galera']
            self.assertEqual((galera['nodes'], galera['state'], galera['status'], galera['method']),
                             (2, 'Synced', 'Primary', 'TOI'))
            self.assertEqual((galera['index_builds'], galera['rebuilds'], galera['images'], galera['tried_on']),
                             (2, 0, 20, 20))
            self.assertGreater(galera['index_seconds'], 0)
            self.assertGreater(galera['short_statements'], 7)
        text = self.on_node(2, 'plan', '--guard').out
        self.assertIn('galera: 2 nodes, this one is Synced', text)
        self.assertIn('indexes of images: a stall of about', text)
        self.on_node(1, 'expand')
        galera = self.on_node(2, 'plan', '--json').object['galera']
        self.assertEqual((galera['short_statements'], galera['index_builds'], galera['index_seconds']), (0, 0, None))

    def test_a_table_that_must_be_copied_is_said_to_stall_longer(self):
        execute(self.node(1), 'ALTER TABLE images ROW_FORMAT=COMPRESSED')
        self.assertEqual(self.on_node(2, 'plan', '--json').object['galera']['rebuilds'], 2)
        self.assertIn('longer than an index', self.on_node(2, 'plan').out)

    def test_indexes_that_were_built_node_by_node_are_found(self):
        """The way of docs/galera.md around the long stall."""
        plan = self.on_node(1, 'plan', '--json').object
        mine = [one['sql'] for one in plan['statements'] if 'ALTER TABLE images' in one['sql']]
        columns = [sql for sql in mine if 'ADD COLUMN' in sql]
        indexes = [sql for sql in mine if 'ADD INDEX' in sql]
        self.assertEqual((len(columns), len(indexes)), (2, 2))
        for sql in columns:
            execute(self.node(1), sql)
        for number in (1, 2):
            node = self.node(number)
            execute(node, "SET SESSION wsrep_OSU_method = 'RSU'")
            for sql in indexes:
                execute(node, sql)
        self.assertEqual(self.columns_and_indexes(1), self.columns_and_indexes(2))
        ran = self.on_node(2, 'expand', '--json').object['statements']
        self.assertEqual([one['sql'] for one in ran if 'ALTER TABLE images' in one['sql']], [])
        self.assertEqual(self.on_node(1, 'check').code, DONE)
        self.assertEqual(self.columns_and_indexes(1), self.columns_and_indexes(2))


class TwoHosts(GaleraTest):
    def test_two_expands_on_two_nodes_make_one_schema(self):
        self.site.add(b'image')
        processes = [program.start('expand', *self.node_options(number)) for number in (1, 2)]
        for result in map(program.finish, processes):
            self.assert_code(result, {DONE, program.LOCKED})
        self.on_node(2, 'expand')
        self.assertEqual(self.columns_and_indexes(1), self.columns_and_indexes(2))
        self.assertEqual(self.on_node(1, 'plan', '--json').object['statements'], [])

    def test_two_backfills_on_two_nodes_read_each_image_once(self):
        data = {}
        with self.site.database.batch():
            for number in range(300):
                content = b'image %d' % number
                data[self.site.add(content, checksum=None)] = content
        self.on_node(1, 'expand')
        processes = [program.start('backfill', *self.node_options(number), '--jobs', '4', '--json')
                     for number in (1, 2)]
        results = [program.finish(process) for process in processes]
        for result in results:
            self.assert_code(result, DONE)
        objects = [result.object for result in results]
        hashed = [one['classes'].get('hashed', {'images': 0})['images'] for one in objects]
        self.assertEqual(sum(hashed), len(data))
        self.assertEqual(sum(one['bytes_read'] for one in objects), sum(map(len, data.values())))
        self.assertEqual([one['lost_leases'] for one in objects], [0, 0])
        # The first node may not have all that was committed on the second yet, and the rest is read on the first.
        self.assertEqual(execute(self.node(1), 'SELECT MAX(lease_token) FROM backglance_item'), ((1,),))
        for image_id, (algorithm, value, checksum) in self.site.hashes().items():
            content = data[image_id]
            self.assertEqual((algorithm, value, checksum), (
                'sha512', sites.sha512(content), hashlib.md5(content, usedforsecurity=False).hexdigest()))
        self.assertEqual(self.on_node(2, 'check').code, DONE)


class FlowControl(GaleraTest):
    def test_a_run_gives_way_while_a_node_holds_the_writers_up(self):
        self.big_site(images=12, each=1 << 20)
        self.on_node(1, 'expand')
        execute(self.node(1), 'CREATE TABLE other (id INT PRIMARY KEY, n INT)')
        execute(self.node(1), 'INSERT INTO other VALUES (1, 0)')
        process = self.start_slow_backfill('--log', '-', bandwidth='1M')
        with self.held_up():
            # It is said on standard error, which is a pipe.
            lines = iter(process.stderr.readline, b'')
            waiting = next(line for line in lines if b' waiting ' in line)
            self.assertIn(b'flow control', waiting)
        self.assertTrue(any(b' resumed' in line for line in lines))
        self.assert_code(program.stop(process), program.INTERRUPTED)
        self.assertEqual(self.site.leased(), 0)

    @contextlib.contextmanager
    def held_up(self):
        """The second node cannot apply the writes of the first, which then have to wait for it."""
        second = self.node(2)
        execute(second, "SET GLOBAL wsrep_provider_options = 'gcs.fc_limit=2'")
        execute(second, 'LOCK TABLES other READ')
        ended = threading.Event()

        def write():
            with contextlib.closing(connect(1, self.site.database.name)) as first:
                while not ended.is_set():
                    execute(first, 'UPDATE other SET n = n + 1')

        writer = threading.Thread(target=write)
        writer.start()
        try:
            yield
        finally:
            ended.set()
            execute(second, 'UNLOCK TABLES')
            execute(second, "SET GLOBAL wsrep_provider_options = 'gcs.fc_limit=16'")
            writer.join()


if __name__ == '__main__':
    program.main()
