#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An older ledger under a newer program, and the other way round. On SQLite, or on the private server that the
environment names (tests/servers/databases.py)."""

import json
import random
import signal
import subprocess
import time

import program
from program import DONE, EXPAND_DUE, FAILED, FINDINGS, MIGRATE_DUE
import old_ledger
import sites

NEWEST = 3
# Schema statements from version 1 to the newest.
DUE = 7
MIB = 1 << 20
# Of the block before a checkpoint, which is read again to know the file by.
TAIL_BYTES = MIB
# Each writes the ledger, and nothing that version 1 has no place for is asked of it.
WRITERS = (('migrate',), ('migrate', '--untag', 'md5-signature'), ('backfill',), ('backfill', '--sweep'), ('verify',),
           ('contract', '--yes'), ('contract', '--settled', '--yes'), ('contract', '--revert'))
# These work on every ledger that the program knows.
ALWAYS = (('expand',), ('expand', '--guard'), ('expand', '--revert'), ('expand', '--revert', '--guard'), ('sync',),
          ('pause',), ('resume',), ('stop',), ('contract', '--uninstall', '--yes'))


class OlderLedger(old_ledger.OldLedgerTest):
    def test_dump_has_images_in_every_state(self):
        states = self.database.rows('SELECT state, result, lease_run IS NOT NULL, count(*) FROM backglance_item'
                                    ' GROUP BY 1, 2, 3')
        self.assertLessEqual({('queued', None, 0), ('queued', None, 1), ('queued', 'busy_in_glance', 0),
                              ('done', 'hashed', 0), ('done', 'restored', 0)}, {row[:3] for row in states})
        wanted = {image['result'] for image in self.images.values() if image['result']}
        self.assertLessEqual(wanted, {row[1] for row in states})
        for table in ('step', 'run', 'control', 'checkpoint', 'verify', 'signature', 'removed'):
            self.assertGreater(self.database.value('SELECT count(*) FROM backglance_' + table), 0, table)
        self.assertEqual({row[0] for row in self.database.rows('SELECT outcome FROM backglance_run')},
                         {'done', 'stopped', None})

    def test_check_says_that_expand_is_due_and_why(self):
        due = self.unchanged('check', code=EXPAND_DUE)
        self.assertIn('version 1', due.out)
        self.assertIn('version %d' % NEWEST, due.out)
        self.assertIn('next: backglance expand', due.out)
        status = self.unchanged('status', '--json').object
        self.assertEqual((status['schema']['ledger'], status['schema']['ledger_version']), (True, 1))
        self.assertEqual(status['due']['exit_code'], EXPAND_DUE)
        self.assertEqual(status['queue']['queued']['images'], 9)
        self.assertIn('version 1', self.unchanged('status').out)

    def test_commands_that_only_read_work(self):
        plan = self.unchanged('plan', '--json').object
        self.assertEqual({one['step'] for one in plan['statements']}, {'0005_ledger_version', '0006_scrub'})
        self.assertIn('ADD COLUMN program', self.unchanged('plan').out)
        self.assertIn('controller-1', self.unchanged('report').out)
        self.unchanged('report', '--json')
        for command in (('expand',), ('backfill',), ('verify',), ('sync',), ('stop',), ('contract', '--settled'),
                        ('contract', '--revert'), ('contract', '--uninstall'), *WRITERS[:2]):
            self.unchanged(*command, '--dry-run')
        self.unchanged('contract', '--dry-run', code=FAILED)  # the gate is shut

    def test_commands_that_write_name_expand_and_change_nothing(self):
        for command in WRITERS:
            with self.subTest(command):
                result = self.unchanged(*command, code=FAILED)
                self.assert_one_line(result, ('version 1', 'writes version %d' % NEWEST, 'nothing was changed',
                                              'next: backglance expand'))

    def test_runs_can_be_controlled_before_the_upgrade(self):
        # Those of the older program, which expand would wait for.
        self.on_site('pause', '--reason', 'upgrade')
        self.assertIn('upgrade', self.on_site('status').out)
        self.on_site('resume')
        self.on_site('stop')

    def test_statements_and_archives_can_be_used_before_the_upgrade(self):
        key = self.directory / 'backglance-key.pem'
        subprocess.run(['openssl', 'genpkey', '-algorithm', 'ed25519', '-out', key], check=True)
        public = self.directory / 'backglance-key.pub'
        subprocess.run(['openssl', 'pkey', '-in', key, '-pubout', '-out', public], check=True)
        archive = self.directory / 'backglance-archive.jsonl'
        names = ('image_id', 'property_id', 'name', 'value', 'updated_at', 'deleted_at')
        rows = self.database.rows('SELECT %s FROM backglance_removed' % ', '.join(names))
        archive.write_text(''.join(json.dumps(dict(zip(names, row))) + '\n' for row in rows))
        statements = self.directory / 'backglance-statements.jsonl'
        self.on_site('expand')
        self.on_site('verify', '--attest', key, '--attest-to', statements, code=(DONE, FINDINGS))
        self.load()
        self.on_site('attest', 'verify', statements, '--key', public)
        restored = self.on_site('contract', '--revert', '--archive', archive, '--unsigned', '--incomplete',
                                '--json', code=FINDINGS).object  # version 0.1.0 wrote no end
        self.assertEqual(restored['restored'], len(rows))
        self.assertEqual(self.database.value('SELECT count(*) FROM backglance_removed'), 0)


class Upgrade(old_ledger.OldLedgerTest):
    def done_before(self):
        return self.database.rows('SELECT image_id, result, bytes_read, read_run, finished_at, digest FROM'
                                  " backglance_item WHERE state <> 'queued' ORDER BY image_id")

    def test_expand_upgrades_and_says_so(self):
        result = self.on_site('expand')
        self.assertIn('version 1', result.out)
        self.assertIn('ran %d schema statements' % DUE, result.out)
        version = self.program('--version').out.split()[1]
        self.assertEqual(self.database.rows('SELECT version, program FROM backglance_ledger ORDER BY version'),
                         [(2, version), (NEWEST, version)])
        self.assertEqual(columns_of_step(self), ['program'])
        due = self.on_site('check', '--json', code=MIGRATE_DUE).object['next']
        self.assertIn(' -- next: %s\n' % due, result.out)
        self.assertIn("backglance's tables present,", self.on_site('status').out)
        self.assertIn('nothing to do', self.on_site('expand').out)

    def test_journal_says_which_program_ran_a_statement(self):
        self.on_site('expand')
        noted = self.database.rows('SELECT step, statement, outcome, program IS NOT NULL FROM backglance_step'
                                   ' ORDER BY id DESC LIMIT %d' % (DUE + 1))
        self.assertEqual([row[:2] for row in noted[:DUE]],
                         [('0006_scrub', number) for number in (4, 3, 2, 1)] +
                         [('0005_ledger_version', 3), ('0005_ledger_version', 2), ('0005_ledger_version', 1)])
        self.assertEqual({row[2] for row in noted}, {'done'})
        # Nobody knows which program ran what was there before.
        self.assertEqual([row[3] for row in noted], [1] * (DUE - 1) + [0, 0])

    def test_backfill_goes_on_and_reads_no_image_twice(self):
        before = self.done_before()
        [(started, offset)] = self.database.rows('SELECT image_id, offset_bytes FROM backglance_checkpoint')
        self.assertGreater(offset, 16 * MIB)
        queued = dict(self.database.rows(
            "SELECT image_id, size_bytes FROM backglance_item WHERE state = 'queued' AND result IS NULL"))
        self.on_site('expand')
        result = self.on_site('backfill', '--json').object
        self.assertEqual(result['classes']['hashed']['images'], len(queued))
        whole = sum(queued.values())
        self.assertGreaterEqual(result['bytes_read'], whole - offset)
        self.assertLessEqual(result['bytes_read'], whole - offset + TAIL_BYTES)
        # What was done or had failed stands as the older program has left it.
        self.assertLessEqual(set(before), set(self.done_before()))
        hashes = self.glance_rows('id, os_hash_algo, os_hash_value')
        for image_id in queued:
            self.assertEqual(hashes[image_id], ('sha512', self.images[image_id]['sha512']))
        self.assertEqual(self.database.value('SELECT count(*) FROM backglance_checkpoint'), 0)
        self.assertEqual(self.database.value("SELECT count(*) FROM backglance_run WHERE outcome = 'killed'"), 1)
        again = self.on_site('backfill', '--json').object
        self.assertEqual(again['bytes_read'], 0)

    def test_upgraded_ledger_is_used_by_every_command(self):
        self.on_site('expand')
        self.on_site('migrate')
        self.on_site('backfill')
        self.on_site('verify', '--limit', '5')
        self.assertIn('controller-1', self.on_site('report').out)
        restored = self.on_site('contract', '--revert', '--json').object
        self.assertEqual((restored['restored'], restored['kept']), (6, 0))
        self.on_site('backfill', '--retry-failed', code=FINDINGS)

    def test_verify_takes_over_the_dates_of_its_proofs(self):
        proved = int(time.time()) - 86400
        self.database.execute('UPDATE backglance_verify SET verified_at = ?', proved)
        ids = {row[0] for row in self.database.rows('SELECT image_id FROM backglance_verify')}
        self.on_site('expand')
        self.on_site('verify', '--older-than', '30d', code=(DONE, FINDINGS))
        kept = self.database.rows('SELECT image_id FROM backglance_scrub WHERE read_at = ?', proved)
        self.assertEqual({row[0] for row in kept}, ids)
        self.assertGreater(self.database.value('SELECT count(*) FROM backglance_scrub WHERE read_at > ?', proved), 0)

    def test_erased_hash_is_restored_by_what_the_older_program_read(self):
        [(image_id, value)] = self.database.rows(
            "SELECT image_id, digest FROM backglance_item WHERE result = 'hashed' ORDER BY image_id LIMIT 1")
        self.database.execute('UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL WHERE id = ?', image_id)
        self.on_site('expand')
        self.on_site('backfill', '--sweep')
        self.assertEqual(self.glance_rows('id, os_hash_value')[image_id], (value,))

    def test_uninstall_works_with_and_without_the_upgrade(self):
        for upgrade in (True, False):
            with self.subTest(upgrade=upgrade):
                self.load()
                if upgrade:
                    self.on_site('expand')
                glance = self.glance_rows('id, os_hash_algo, os_hash_value, updated_at')
                self.on_site('contract', '--uninstall', '--yes')
                self.assertEqual(self.ledger_tables(), set())
                self.assertEqual(self.glance_rows('id, os_hash_algo, os_hash_value, updated_at'), glance)
                self.on_site('check', code=EXPAND_DUE)

    def test_revert_knows_an_older_ledger(self):
        refused = self.unchanged('expand', '--revert', code=FAILED)
        self.assertIn('contract --uninstall', refused.err)
        for table in ('item', 'signature', 'removed'):
            self.database.execute('DELETE FROM backglance_' + table)
        self.on_site('expand', '--revert')
        self.assertEqual(self.ledger_tables(), set())

    def test_killed_between_any_two_statements_it_is_completed_by_the_next(self):
        self.on_site('expand')
        whole = self.ledger_columns()
        for done in (0, 1, 2, 3, 5, DUE):
            with self.subTest(statements=done):
                self.load()
                statements = self.on_site('plan', '--json').object['statements']
                self.assertEqual(len(statements), DUE)
                for statement in statements[:done]:
                    self.database.execute(statement['sql'])
                if done < DUE:
                    self.on_site('check', code=EXPAND_DUE)
                    self.unchanged('backfill', code=FAILED)
                    self.assertIn('ran %d schema statement' % (DUE - done), self.on_site('expand').out)
                self.assert_whole(whole)
                # A half upgraded ledger can be uninstalled as well.
                self.load()
                for statement in statements[:done]:
                    self.database.execute(statement['sql'])
                self.on_site('contract', '--uninstall', '--yes')
                self.assertEqual(self.ledger_tables(), set())

    def test_killed_at_random_moments_it_is_completed_by_the_next(self):
        began = time.monotonic()
        self.on_site('expand')
        takes = time.monotonic() - began
        whole = self.ledger_columns()
        generator = random.Random(5)
        killed = 0
        for _ in range(8):
            self.load()
            process = program.start('expand', *self.options, cwd=self.directory)
            time.sleep(generator.uniform(0, takes))
            process.kill()
            killed += program.finish(process).code == -signal.SIGKILL
            self.on_site('expand')
            self.assert_whole(whole)
        self.assertGreater(killed, 0)

    def assert_whole(self, whole):
        self.assertEqual(self.ledger_columns(), whole)
        self.assertEqual(self.database.rows('SELECT version FROM backglance_ledger ORDER BY version'),
                         [(2,), (NEWEST,)])
        self.on_site('check', code=MIGRATE_DUE)
        self.assertEqual(self.database.value('SELECT count(*) FROM backglance_item'), 84)


def columns_of_step(test):
    """Those that version 1 had not."""
    first = old_ledger.first_columns()['backglance_step']
    return [name for name in old_ledger.columns(test.database, 'backglance_step') if name not in first]


class NewerLedger(old_ledger.OldLedgerTest):
    """One of a version that this program does not know."""

    def setUp(self):
        super().setUp()
        self.on_site('expand')
        self.database.execute('ALTER TABLE backglance_item ADD COLUMN of_tomorrow INTEGER')
        self.database.execute("INSERT INTO backglance_ledger (version, program, made_at) VALUES (7, '9.8.7', 0)")

    def test_every_command_that_writes_says_so_and_changes_nothing(self):
        for command in WRITERS + ALWAYS:
            with self.subTest(command):
                result = self.unchanged(*command, code=FAILED)
                self.assert_one_line(result, ('version 7', '9.8.7', 'up to %d' % NEWEST, 'nothing was changed',
                                              'next: the same command with backglance 9.8.7 or later'))

    def test_status_shows_it(self):
        status = self.unchanged('status')
        self.assertIn("version 7 (this program needs version %d)" % NEWEST, status.out)
        self.assertIn('9.8.7', status.out)
        self.assertEqual(self.unchanged('status', '--json').object['schema']['ledger_version'], 7)
        self.assert_one_line(self.unchanged('check', code=FAILED), ('version 7',))

    def test_a_table_of_a_half_made_upgrade_is_not_left_behind(self):
        # Killed after the CREATE TABLE, before the row with the version.
        self.database.execute('DELETE FROM backglance_ledger WHERE version = 7')
        self.database.execute('ALTER TABLE backglance_item DROP COLUMN of_tomorrow')
        self.database.execute('CREATE TABLE backglance_tomorrow (image_id VARCHAR(36))')
        for command in (('contract', '--uninstall', '--dry-run'), ('contract', '--uninstall', '--yes')):
            self.assert_one_line(self.unchanged(*command, code=FAILED),
                                 ('backglance_tomorrow', 'nothing was changed'))

    def test_half_dropped_it_is_refused_as_well(self):
        self.database.execute('DROP TABLE backglance_removed')
        for command in (('expand',), ('contract', '--uninstall', '--yes')):
            self.assert_one_line(self.unchanged(*command, code=FAILED), ('version 7',))


class OlderProgram(old_ledger.OldLedgerTest):
    """What the program of version 1 makes of an upgraded ledger: expand, expand --revert and contract --uninstall went
    on only where every table of ours had exactly the columns of tests/data/ledger_v1_columns.json, in that order."""

    def differences(self):
        return [table for table, names in old_ledger.first_columns().items()
                if old_ledger.columns(self.database, table) != names]

    def test_it_takes_its_own_ledger_and_refuses_the_upgraded_one(self):
        self.assertEqual(self.differences(), [])
        self.on_site('expand')
        self.assertEqual(self.differences(), ['backglance_step'])


class ForeignTables(sites.SmallSiteTest):
    def test_table_of_the_name_that_is_not_ours_is_refused(self):
        self.sync()
        ours = self.site.database.tables()
        self.site.database.execute('DROP TABLE backglance_ledger')
        self.site.database.execute('CREATE TABLE backglance_ledger (id INTEGER, of_somebody INTEGER)')
        for command in (('expand',), ('contract', '--uninstall', '--yes')):
            self.assert_one_line(self.on_site(*command, code=FAILED),
                                 ('table backglance_ledger has the columns (id, of_somebody)', 'nothing was changed'))
        self.assertEqual(self.site.database.tables(), ours)

    def test_column_that_is_not_ours_is_refused(self):
        self.sync()
        self.site.database.execute('ALTER TABLE backglance_step ADD COLUMN of_somebody INTEGER')
        self.assert_one_line(self.on_site('expand', code=FAILED), ('of_somebody', 'nothing was changed'))

    def test_missing_table_of_a_later_version_is_made_again(self):
        self.sync()
        self.site.database.execute('DROP TABLE backglance_ledger')
        self.on_site('check', code=EXPAND_DUE)
        self.assertIn('ran 3 schema statements', self.on_site('expand').out)
        self.on_site('check', code=DONE)


if __name__ == '__main__':
    program.main()
