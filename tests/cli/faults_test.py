#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Connections that are cut at chosen statements, by a proxy in front of the private server that the environment
names: before the statement, or behind it, so that it is run and its answer is lost."""

import contextlib
import os
import random
import re
import signal
import urllib.parse

import program
from program import DONE, EXPAND_DUE, FAILED
import databases
import sites
from proxy import Fault, Proxy

IMAGES = 16
CUTS = (Fault.cut_before, Fault.cut_after)
CUTS_PER_COMMAND = int(os.environ.get('BACKGLANCE_TEST_CUTS', '4'))
# In the order in which each leaves the next its work, and whether a run of it outlives a cut.
COMMANDS = ((('expand',), False),
            (('migrate', '--tag', 'old', '--grace', '0s'), True),
            (('backfill', '--jobs', '2'), True),
            (('verify', '--jobs', '2'), True),
            (('contract', '--yes'), True),
            (('contract', '--revert'), True))


def without_times(text):
    """The names of files that contract writes hold a time and a run."""
    return re.sub(r'-\d{4}-\d\d-\d\dT\d+Z-\w+', '', re.sub(r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d', '', text))


class FaultsTest(sites.SmallSiteTest):
    def setUp(self):
        super().setUp()
        self.digests = {}
        with self.site.database.batch():
            for number in range(IMAGES):
                content = b'content %d ' % number * 500
                self.digests[self.site.add(content)] = sites.sha512(content)
            for image_id in sorted(self.digests)[:6]:
                self.site.add_legacy_signature(image_id)
        server = urllib.parse.urlsplit(databases.server_url())
        self.proxy = Proxy(databases.engine(), server.port)
        self.enterContext(self.proxy)
        self.options = ('--store-dir', self.site.store, '--database', self.site.database.url.replace(
            ':%d/' % server.port, ':%d/' % self.proxy.port))

    def by_proxy(self, command, *arguments, **options):
        return program.run(command, *self.options, *arguments, cwd=self.site.directory, **options)

    def statements_of(self, command, *arguments):
        """Those of a run that nothing befalls, and what it says."""
        # How many statements a run has depends on how fast the images were read: the last one may have ended
        # before its fault was due.
        self.proxy.clear()
        del self.proxy.statements[:]
        result = self.by_proxy(command, *arguments)
        self.assert_code(result, DONE)
        return list(self.proxy.statements), result

    def unhash(self):
        self.site.database.execute('UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL')
        self.site.database.execute('DELETE FROM backglance_item')
        self.site.database.execute('DELETE FROM backglance_run')

    def rows_of_run(self):
        return self.site.database.rows('SELECT command, outcome FROM backglance_run')

    def assert_all_hashed_once(self, result):
        """By one read and one claim each: nothing was done twice for want of an answer."""
        self.assert_code(result, DONE)
        report = result.object
        hashed = report['classes']['hashed']
        self.assertEqual(hashed['images'], IMAGES, str(result))
        self.assertEqual(report['bytes_read'], hashed['bytes'])
        self.assertEqual(self.site.database.rows(
            'SELECT state, result, lease_token, attempts, count(*) FROM backglance_item'
            ' GROUP BY state, result, lease_token, attempts'), [('done', 'hashed', 1, 1, IMAGES)])
        self.assertEqual({image_id: row[1] for image_id, row in self.site.hashes().items()}, self.digests)

    def test_commit_with_a_lost_answer_is_resolved_by_its_token(self):
        self.on_site('expand')
        arguments = ('backfill', '--json', '--jobs', '2')
        statements, _ = self.statements_of(*arguments)
        commits = sum(text == 'COMMIT' for text in statements)
        self.assertGreater(commits, 1)
        for fault in CUTS:
            for number in range(1, commits + 1):
                with self.subTest(fault=fault, number=number):
                    self.unhash()
                    hits = self.proxy.hits
                    self.proxy.fault(fault, 'COMMIT', number)
                    result = self.by_proxy(*arguments)
                    # How many there are depends on how fast the images were read.
                    self.assertTrue(self.proxy.hits > hits or number == commits)
                    self.assert_all_hashed_once(result)
                    self.assertEqual(self.rows_of_run(), [('backfill', 'done')])

    def test_command_that_is_cut_at_any_statement_goes_on_or_can_be_run_again(self):
        generator = random.Random(os.environ.get('BACKGLANCE_TEST_SEED'))
        for arguments, goes_on in COMMANDS:
            before = self.site.database.copy()
            statements, plain = self.statements_of(*arguments)
            after = self.state()
            # From here on nothing ends the run.
            begun = next((number for number, text in enumerate(statements)
                          if re.search(r'INTO \S*backglance_run\b', text)), None) if goes_on else len(statements)
            self.assertIsNotNone(begun, 'no run began')
            for number in sorted(generator.sample(range(len(statements)), CUTS_PER_COMMAND)):
                fault = generator.choice(CUTS)
                with self.subTest(arguments=arguments, fault=fault, number=number + 1,
                                  statement=statements[number]):
                    self.site.database.reset(before)
                    self.proxy.fault(fault, None, number + 1)
                    result = self.by_proxy(*arguments)
                    if number >= begun:
                        self.assert_code(result, DONE)
                        self.assertEqual(without_times(result.out), without_times(plain.out))
                    else:
                        self.assertIn(result.code, (DONE, FAILED), str(result))
                    if result.code != DONE:
                        self.assert_one_line(result)
                        self.assert_code(self.by_proxy(*arguments), DONE)
                    self.assertEqual(self.state(), after)
            before.drop()

    def state(self):
        """All that Glance and backglance keep, but for moments and names of runs."""
        with self.site.database.batch():
            return self._state()

    def _state(self):
        database = self.site.database
        text = str(database.indexes())
        for table in database.tables():
            columns = [name for name in database.columns(table)
                       if not re.search('_at$|_run$|run_id|^lease_|^id$|tag_id|property_id', name)]
            text += '\n%s: %s' % (table, database.columns(table))
            if table not in ('backglance_run', 'backglance_control', 'backglance_step'):
                text += str(sorted(database.rows('SELECT %s FROM %s' % (', '.join(columns), table)), key=str))
        return text


class KilledExpand(sites.SmallSiteTest):
    def start_expand(self):
        process = program.start('expand', *self.site.options)
        self.addCleanup(sites._kill_if_alive, process)
        return process

    def test_index_that_the_server_goes_on_building_is_waited_for(self):
        if not databases.is_postgresql():
            return  # the build of a session that is gone is taken back there
        self.site.add(b'content')
        index = "SELECT indexrelid, indisvalid FROM pg_index WHERE indexrelid = to_regclass('os_hidden_image_idx')"
        with contextlib.closing(databases.connect(self.site.database.name)) as old, old.cursor() as cursor:
            cursor.execute('BEGIN ISOLATION LEVEL REPEATABLE READ')
            cursor.execute('SELECT count(*) FROM tasks')
            killed = self.start_expand()
            building = program.wait_for(lambda: self.site.database.rows(index))
            program.wait_for(lambda: 'is being built' in self.on_site('plan').out)
            program.stop(killed, signal.SIGKILL)

            planned = self.on_site('plan')
            self.assertRegex(planned.out, r'note: index os_hidden_image_idx is being built by pid \d+: .*'
                                          r'; expand waits until that has ended\n')
            self.assertNotIn(' INDEX CONCURRENTLY os_hidden_image_idx', planned.out)
            self.assertIn('is being built by pid', self.on_site('check', code=EXPAND_DUE).out)
            expand = self.start_expand()
            self.assertIn(b'index os_hidden_image_idx is being built by pid ', expand.stderr.readline())
            cursor.execute('COMMIT')
        self.assert_code(program.finish(expand), DONE)
        # The same one.
        self.assertEqual(self.site.database.rows(index), [(building[0][0], 1)])


if __name__ == '__main__':
    program.main()
