#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Store directories that are not there, or not all of them: what is read, and what is said."""

import shutil

import program
from program import DONE, EXPAND_DUE, FAILED, MIGRATE_DUE
import sites


class Stores(sites.SmallSiteTest):
    def setUp(self):
        super().setUp()
        self.second = self.scratch()
        self.here = self.site.add(b'here')
        moved = self.second / 'moved'
        moved.write_bytes(b'there')
        self.there = self.site.add(b'there', location='file://%s' % moved)
        self.options = ('--database', 'sqlite:///%s' % self.site.database.path)
        self.program('expand', *self.options)

    def backfill(self, *stores, code, extra=()):
        arguments = [word for store in stores for word in ('--store-dir', store)]
        return self.program('backfill', *self.options, *arguments, *extra, code=code)

    def test_store_that_is_gone_marks_nothing(self):
        self.site.database.execute('DROP TABLE backglance_verify')
        before = program.tree_digest(self.site.directory)
        gone = ('--store-dir', '/no/such/store')
        for command in (('backfill',), ('verify',), ('sync',), ('contract',), ('backfill', '--dry-run'),
                        ('verify', '--dry-run'), ('sync', '--dry-run'), ('contract', '--dry-run')):
            with self.subTest(command):
                self.refused(command[0], *self.options, *gone, *command[1:], words=['no store can be opened'])
        # sync had something to do before it reads
        self.assertEqual(program.tree_digest(self.site.directory), before)
        words = 'backfill would end at once: no store can be opened: /no/such/store: No such file or directory'
        self.assertIn('note: %s\n' % words, self.program('plan', *self.options, *gone).out)
        self.assertIn(words, self.program('plan', *self.options, *gone, '--json').object['notes'])
        for state, code in (('expand', EXPAND_DUE), ('migrate', MIGRATE_DUE)):
            self.assertIn('; %s -- next: backglance %s' % (words, state),
                          self.program('check', *self.options, *gone, code=code).out)
            self.assertIn(words, self.program('check', *self.options, *gone, '--json', code=code).object['why'])
            self.program('expand', *self.options)
        self.assertEqual(self.site.database.rows(
            'SELECT * FROM backglance_item WHERE result IS NOT NULL'), [])

    def test_a_file_is_refused_as_a_store(self):
        self.refused('backfill', *self.options, '--store-dir', self.site.config,
                     words=['no store can be opened'])

    def test_one_of_two_stores_gone_lets_the_other_go_on(self):
        away = self.second.rename(self.second.with_name('away'))
        self.addCleanup(shutil.rmtree, away, ignore_errors=True)
        result = self.backfill(self.site.store, self.second, code=FAILED)
        warning = 'store directory %s cannot be opened: No such file or directory' % self.second
        self.assertIn('warning: ' + warning, result.err)
        self.assertIn('none of 1 image could be opened on this host from store directory %s'
                      % self.second, result.err)
        self.assertEqual(self.site.database.value(
            'SELECT result FROM backglance_item WHERE image_id = ?', self.there), None)
        stores = ('--store-dir', self.site.store, '--store-dir', self.second)
        self.assertIn('note: ' + warning, self.program('plan', *self.options, *stores).out)
        for command, code in ((('check',), MIGRATE_DUE), (('backfill', '--dry-run'), DONE), (('verify', '--dry-run'), DONE)):
            result = self.program(command[0], *self.options, *stores, *command[1:], code=code)
            self.assertEqual(result.err, 'warning: %s\n' % warning)
        hashes = self.site.hashes()
        self.assertEqual(hashes[self.here][1], sites.sha512(b'here'))
        self.assertIsNone(hashes[self.there][1])
        away.rename(self.second)
        self.backfill(self.site.store, self.second, code=DONE, extra=['--retry-failed'])
        self.assertEqual(self.site.hashes()[self.there][1], sites.sha512(b'there'))


if __name__ == '__main__':
    program.main()
