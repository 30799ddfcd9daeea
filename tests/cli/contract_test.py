#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""contract: its gate, its confirmation, what it removes, puts back and leaves."""

import base64
import json
import pathlib
import shutil
import signal
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

import program
from program import CONTRACT_DUE, DONE, FAILED, FINDINGS, INTERRUPTED, USAGE
from signing import DAY, NAMES, Signer
import sites


# The archive and, on SQLite, the safety copy.
FILES = 1 if sites.ON_SERVER else 2


class ContractTest(sites.SmallSiteTest):
    def setUp(self):
        super().setUp()
        self.plain = self.site.add(b'plain')
        self.signed = [self.site.add(b'signed %d' % number) for number in range(3)]
        for image_id in self.signed:
            self.site.add_legacy_signature(image_id)
            self.site.add_property(image_id, 'os_type', 'linux')
        self.sync('--grace', '0s')

    def properties(self):
        return self.site.database.rows(
            'SELECT id, image_id, name, value, deleted, deleted_at, updated_at FROM image_properties'
            ' ORDER BY id')

    def live_names(self, image_id):
        return {row[0] for row in self.site.database.rows(
            'SELECT name FROM image_properties WHERE image_id = ? AND deleted = 0', image_id)}

    def files(self, pattern):
        return sorted(self.site.directory.glob(pattern))

    def assert_removed(self):
        for image_id in self.signed:
            self.assertEqual(self.live_names(image_id), {'os_type'})

    def start_at_terminal(self, *arguments):
        terminal = program.Terminal()
        self.addCleanup(terminal.close)
        process = program.start('contract', *self.site.options, *arguments, stdin=terminal.slave,
                                stderr=terminal.slave, cwd=self.site.directory)
        return terminal, process

    def answer(self, text, *arguments):
        terminal, process = self.start_at_terminal(*arguments)
        terminal.read_until('to continue: ')
        terminal.write(text + '\n')
        return program.finish(process)


class Confirmation(ContractTest):
    def test_without_a_terminal_it_takes_yes(self):
        before = self.properties()
        result = self.on_site('contract', code=USAGE)
        self.assert_one_line(result, ['--yes'])
        self.assertEqual(self.properties(), before)
        self.assertEqual(self.files('backglance-*'), [])

    def test_the_word_typed_at_a_terminal_is_enough(self):
        result = self.answer('remove')
        self.assert_code(result, DONE)
        self.assertRegex(result.out, r'removed 12 .*of 3 images')
        self.assert_removed()

    def test_any_other_word_changes_nothing(self):
        before = self.properties()
        for word in ('yes', '', 'remov', 'REMOVE'):
            self.assert_code(self.answer(word), USAGE)
        self.assertEqual(self.properties(), before)
        self.assertEqual(self.files('backglance-*'), [])

    def test_control_c_at_the_question_is_an_interruption(self):
        before = self.properties()
        terminal, process = self.start_at_terminal()
        terminal.read_until('to continue: ')
        self.assert_code(program.stop(process, signal.SIGINT), INTERRUPTED)
        self.assertEqual(self.properties(), before)

    def test_uninstall_requires_another_word_than_remove(self):
        self.assert_code(self.answer('remove', '--uninstall'), USAGE)
        self.assertIn('backglance_item', self.site.database.tables())
        self.assert_code(self.answer('uninstall', '--uninstall'), DONE)
        self.assertNotIn('backglance_item', self.site.database.tables())


class Removal(ContractTest):
    def contract(self, *arguments, code=DONE):
        return self.on_site('contract', '--json', *arguments, code=code).object

    def test_properties_are_removed_as_glance_removes_them(self):
        before = {row[0]: row for row in self.properties()}
        self.assertEqual(self.contract('--yes')['properties'], 12)
        self.assert_removed()
        for row in self.properties():
            id_, image_id, name, value, deleted, deleted_at, updated_at = row
            self.assertEqual(row[:4], before[id_][:4])
            if name in sites.LEGACY:
                self.assertEqual(deleted, 1)
                self.assertRegex(deleted_at, r'^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$')
                self.assertEqual(updated_at, deleted_at)
            else:
                self.assertEqual(row, before[id_])

    def test_safety_copy_and_archive_hold_what_was_there(self):
        before = self.properties()
        result = self.contract('--yes')
        if sites.ON_SERVER:
            self.assertEqual(result['safety_copy'], '')
        else:
            copy = sites.Database(result['safety_copy'])
            self.assertTrue(copy.is_sound())
            self.assertEqual(copy.rows(
                'SELECT id, image_id, name, value, deleted, deleted_at, updated_at FROM image_properties'
                ' ORDER BY id'), before)
            self.assertEqual(copy.path.stat().st_mode & 0o777, 0o600)
        with open(result['archive'], encoding='utf-8') as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual(lines.pop()['lines'], len(lines))
        self.assertEqual({(line['property_id'], line['image_id'], line['name'], line['value'])
                          for line in lines},
                         {row[:4] for row in before if row[2] in sites.LEGACY})

    def test_a_value_that_the_archive_cannot_hold_stays_and_its_image_is_named(self):
        if sites.databases.engine() == 'mysql':
            return  # its TEXT holds 64 KiB
        huge = self.signed[0]
        self.site.database.execute("UPDATE image_properties SET value = ? WHERE image_id = ? AND name = 'signature'",
                                   'x' * (13 << 20), huge)
        for how, said in (('--dry-run', 'would remove 8 '), ('--yes', 'removed 8 '), ('--yes', 'nothing to remove\n')):
            result = self.on_site('contract', how, code=FINDINGS)
            self.assertIn(said, result.out)
            self.assertIn('not removed: 1 image has a legacy signature property that the archive cannot hold', result.err)
            self.assertIn(': %s -- next: delete that property in Glance' % huge, result.err)
        self.assertIn('signature', self.live_names(huge))
        self.assertEqual(self.live_names(self.signed[1]), {'os_type'})

    def test_a_run_killed_under_a_clock_of_2030_is_shown_and_keeps_nobody_out(self):
        ahead = int(time.time()) + 97411492
        self.site.database.execute(
            'INSERT INTO backglance_run (run_id, command, host, process, version, started_at, heartbeat_at)'
            " VALUES ('ahead', 'migrate', 'elsewhere', 'p', '1', ?, ?)", ahead, ahead)
        status = self.on_site('status').out
        self.assertRegex(status, r'migrate on elsewhere: no heartbeat, probably killed; its last heartbeat is 1127 d \d+ h'
                                 ' ahead of the database.s clock')
        self.assertNotIn('At work', status)
        self.on_site('migrate')
        self.assertEqual(self.contract('--yes')['properties'], 12)

    def test_flags_of_a_wrong_clock_are_told_of_and_are_not_due(self):
        for flagged, said in (('flagged_at + 97411492', 'while the database\'s clock was ahead, and are not due'),
                              ('1000', 'while the database\'s clock was not set')):
            self.site.database.execute('UPDATE backglance_signature SET flagged_at = %s, deadline_at = %s'
                                       % (flagged, flagged))
            result = self.on_site('contract', '--yes')
            self.assertIn('warning: 3 images were flagged ' + said, result.err)
            self.assertIn('nothing to remove', result.out)
        self.on_site('migrate', '--grace', '0s')
        self.assertEqual(self.contract('--yes')['properties'], 12)

    def test_archive_dir_receives_the_files(self):
        directory = self.scratch()
        result = self.contract('--yes', '--archive-dir', directory)
        self.assertEqual(len(list(directory.iterdir())), FILES)
        self.assertTrue(result['archive'].startswith(str(directory)))
        self.assertEqual(self.files('backglance-*'), [])

    def test_archive_dir_that_is_not_there_is_refused(self):
        before = self.properties()
        result = self.on_site('contract', '--dry-run', '--archive-dir', '/no/such/directory')
        self.assertIn('warning: the run itself would end at once: archive directory /no/such/directory: No such file',
                      result.err)
        self.assertNotIn('warning', self.on_site('contract', '--dry-run').err)
        result = self.on_site('contract', '--yes', '--archive-dir', '/no/such/directory', code=FAILED)
        self.assert_one_line(result, ['/no/such/directory'])
        self.assertEqual(self.properties(), before)

    def test_second_contract_does_nothing(self):
        self.contract('--yes')
        after = self.properties()
        self.assertEqual(self.contract('--yes')['properties'], 0)
        self.assertEqual(self.properties(), after)
        self.assertEqual(len(self.files('backglance-*')), FILES)

    def test_revert_puts_everything_back_as_it_was(self):
        before = self.properties()
        self.contract('--yes')
        self.assertEqual(self.contract('--revert')['restored'], 12)
        self.assertEqual(self.properties(), before)
        self.assertEqual(self.contract('--revert')['restored'], 0)
        self.assertIn('nothing to put back', self.on_site('contract', '--revert').out)
        self.assertIn('contract revert on ', self.on_site('status').out)

    def test_revert_leaves_what_was_changed_since(self):
        self.contract('--yes')
        changed = self.signed[0]
        self.site.database.execute(
            "UPDATE image_properties SET deleted = 0, deleted_at = NULL, value = 'new'"
            " WHERE image_id = ? AND name = 'signature'", changed)
        result = self.contract('--revert')
        self.assertEqual((result['restored'], result['kept'], result['already_there']), (11, 1, 0))
        self.assertIn('kept 1 that were changed since', self.on_site('contract', '--revert').out)
        # Its owner has set the removed value again.
        self.site.database.execute("UPDATE image_properties SET value = 'value of signature'"
                                   " WHERE image_id = ? AND name = 'signature'", changed)
        self.assertIn('1 is there already; kept 0 that', self.on_site('contract', '--revert').out)
        self.site.database.execute("UPDATE image_properties SET value = 'new'"
                                   " WHERE image_id = ? AND name = 'signature'", changed)
        self.assertEqual(self.site.database.value(
            "SELECT value FROM image_properties WHERE image_id = ? AND name = 'signature'", changed),
            'new')

    def test_a_readable_image_without_a_hash_blocks_contract(self):
        late = self.site.add(b'late')
        before = self.properties()
        result = self.on_site('contract', '--yes', code=FAILED)
        self.assert_one_line(result, [late, 'backglance backfill'])
        self.assertEqual(self.properties(), before)
        dry = self.contract('--dry-run', code=FAILED)
        self.assertEqual((dry['blocking_images'], dry['first_blocking']), (1, [late]))
        self.assertEqual(dry['first_needs'], ['not queued yet: backglance migrate, then backglance backfill'])

    def test_a_blocking_image_is_shown_with_what_it_needs(self):
        busy = self.site.add(b'busy')
        now = time.strftime('%Y-%m-%d %H:%M:%S.000000', time.gmtime())
        self.site.add_property(busy, 'os_glance_importing_to_stores', 'a', created_at=now, updated_at=now)
        result = self.on_site('contract', '--yes', code=FAILED)
        self.assertIn('-- next: wait until Glance', result.err)
        damaged = self.site.add(b'damaged', checksum='0' * 32)
        self.on_site('backfill', code=FINDINGS)
        out = self.on_site('contract', '--dry-run', code=FAILED).out
        self.assertIn('blocks contract: %s: busy in Glance: wait' % busy, out)
        self.assertIn('blocks contract: %s: checksum differs: see backglance report\n' % damaged, out)
        # A busy image is neither a finding nor finished.
        page = self.on_site('report', '--html', '-').out
        self.assertLess(page.index('Still to be read'), page.index('>busy in Glance<'))
        self.assertLess(page.index('>busy in Glance<'), page.index('Other results'))

    def test_nothing_left_to_remove_is_not_a_grace_period_that_runs(self):
        self.contract('--yes')
        self.assertIn('no image has a deprecated signature property any more',
                      self.on_site('contract', '--yes').out)

    def test_the_archive_is_not_written_into_a_store(self):
        for directory in (self.site.store, '%s/.' % self.site.store):
            result = self.on_site('contract', '--yes', '--archive-dir', directory, code=USAGE)
            self.assert_one_line(result, ['--archive-dir', 'it lies in a store directory'])
            result = self.on_site('contract', '--dry-run', '--archive-dir', directory, code=USAGE)
            self.assert_one_line(result, ['--archive-dir', 'it lies in a store directory'])
        self.assertEqual(self.contract('--yes')['images'], 3)

    def test_a_dry_run_says_how_many_more_images_block_contract(self):
        for number in range(13):
            self.site.add(b'new %d' % number)
        result = self.on_site('contract', '--dry-run', code=FAILED)
        self.assertEqual(result.out.count('blocks contract: '), 10)
        self.assertTrue(result.out.endswith('  and 3 more\n'), str(result))

    def test_check_says_that_an_image_without_a_hash_may_block_contract(self):
        self.assertTrue(self.on_site('check', code=CONTRACT_DUE).out.endswith(
            ' has ended -- next: backglance contract\n'))
        self.site.add(b'damaged', checksum='0' * 32)
        self.on_site('backfill', code=FINDINGS)
        self.assertRegex(self.on_site('check', code=CONTRACT_DUE).out,
                         r'1 image could not be hashed, and contract is blocked .*--dry-run\n$')
        self.contract('--dry-run', code=FAILED)

    def test_an_image_that_cannot_be_read_does_not_block_contract(self):
        self.site.add(b'lost', location='file://%s/no-such-file' % self.site.store)
        self.on_site('backfill', code=FINDINGS)
        self.assertEqual(self.contract('--yes')['images'], 3)

    def test_grace_that_has_not_ended_is_kept(self):
        self.site.database.execute(
            'UPDATE backglance_signature SET deadline_at = deadline_at + 86400 WHERE image_id = ?',
            self.signed[1])
        self.assertEqual(self.contract('--yes')['images'], 2)
        self.assertIn('signature', self.live_names(self.signed[1]))

    def test_uninstall_drops_our_tables_and_nothing_else(self):
        kept = [table for table in self.site.database.tables() if not table.startswith('backglance_')]
        hashes = self.site.hashes()
        self.on_site('contract', '--uninstall', '--yes')
        tables = [table for table in self.site.database.tables() if table != 'sqlite_sequence']
        self.assertEqual(tables, [table for table in kept if table != 'sqlite_sequence'])
        self.assertEqual(self.site.hashes(), hashes)
        self.assertIn('nothing', self.on_site('contract', '--uninstall', '--yes').out)
        self.on_site('expand')
        self.on_site('check', code=program.MIGRATE_DUE)

    def test_revert_and_uninstall_exclude_each_other(self):
        result = self.on_site('contract', '--revert', '--uninstall', code=USAGE)
        self.assert_one_line(result)


def write_key(key, path):
    """A private key, and the public one in a file beside it, which it returns."""
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                       serialization.NoEncryption()))
    public = path.with_suffix('.pub')
    public.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM,
                                                     serialization.PublicFormat.SubjectPublicKeyInfo))
    return public


class Archive(ContractTest):
    def setUp(self):
        super().setUp()
        self.key = self.site.directory / 'key.pem'
        self.public = write_key(ed25519.Ed25519PrivateKey.generate(), self.key)

    def contract(self, *arguments, **options):
        return self.on_site('contract', '--json', *arguments, **options).object

    def archived(self, *arguments):
        return self.contract('--yes', '--attest', self.key, *arguments)['archive']

    def revert(self, archive, *arguments, **options):
        return self.contract('--revert', '--archive', archive, *(arguments or ('--key', self.public)), **options)

    def test_a_signed_archive_gives_everything_back_after_an_uninstall(self):
        for key in (ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP384R1()),
                    rsa.generate_private_key(65537, 2048)):
            with self.subTest(type(key).__name__):
                self.public = write_key(key, self.key)
                before = self.properties()
                archive = self.archived()
                self.assert_removed()
                self.on_site('contract', '--uninstall', '--yes')
                self.assertEqual(self.revert(archive, '--key', self.public, '--dry-run'),
                                 {'dry_run': True, 'restored': 12, 'kept': 0, 'already_there': 0, 'gone': 0, 'faults': 0,
                                  'whole': True})
                self.assertEqual(self.revert(archive),
                                 {'dry_run': False, 'restored': 12, 'kept': 0, 'already_there': 0, 'gone': 0, 'faults': 0,
                                  'whole': True})
                self.assertEqual(self.properties(), before)
                again = self.revert(archive)
                self.assertEqual((again['kept'], again['already_there']), (12, 12))
                self.sync('--grace', '0s')

    def test_what_was_done_to_an_archive_is_named_and_puts_nothing_back(self):
        archive = self.archived()
        with open(archive, 'r+', encoding='utf-8') as file:
            lines = file.read().splitlines()
            payload = json.loads(base64.b64decode(json.loads(lines[4])['payload']))
            payload['value'] = 'forged'
            envelope = dict(json.loads(lines[4]),
                            payload=base64.b64encode(json.dumps(payload).encode()).decode())
            lines[4] = json.dumps(envelope)
            file.seek(0)
            file.write('\n'.join(lines[:-1]) + '\n')
            file.truncate()
        # It has lost its end.
        self.refused('contract', *self.site.options, '--revert', '--archive', archive, '--key', self.public,
                     code=USAGE, words=['no end', '--incomplete'])
        result = self.on_site('contract', '--revert', '--archive', archive, '--key', self.public, '--incomplete',
                              code=FINDINGS)
        self.assertRegex(result.err, r'\Aline 5: .*no valid signature.*\nthe archive: it has no end.*\n\Z')
        self.assertIn('put back 11 ', result.out)
        self.assertIn('2 faults', result.out)
        self.assertEqual(self.site.database.value(
            "SELECT count(*) FROM image_properties WHERE value = 'forged'"), 0)

    def test_an_archive_without_signatures_is_asked_for_by_name(self):
        before = self.properties()
        archive = self.contract('--yes')['archive']
        self.refused('contract', *self.site.options, '--revert', '--archive', archive, code=USAGE,
                     words=['--key', '--unsigned'])
        self.assertEqual(self.revert(archive, code=FINDINGS)['restored'], 0)
        result = self.revert(archive, '--unsigned')
        self.assertEqual((result['restored'], result['whole']), (12, None))
        self.assertEqual(self.properties(), before)

    def test_an_archive_that_was_cut_off_is_refused_whole_and_given_back_by_name(self):
        if sites.ON_SERVER:
            self.skipTest('nothing in it differs by engine')
        archive = pathlib.Path(self.contract('--yes')['archive'])
        removed, whole = self.properties(), archive.read_bytes()
        lines = whole.splitlines(keepends=True)
        self.assertEqual(len(lines), 13)
        empty = self.site.directory / 'empty'
        revert = ('contract', *self.site.options, '--revert', '--unsigned', '--archive')
        for lacks, data in {'it is empty': b'', 'no end: lines after line 12 ': b''.join(lines[:-1]),
                            'no end: lines after line 5 ': whole[:len(b''.join(lines[:5])) - 7],
                            'it lacks 2 of its lines': b''.join(lines[:3] + lines[5:]),
                            'it lacks 12 of its lines': lines[12], 'nothing can be put back': b'something else\n'}.items():
            archive.write_bytes(data)
            for dry_run in ((), ('--dry-run',)):
                with self.subTest(lacks=lacks, dry_run=dry_run):
                    self.refused(*revert, archive, *dry_run, code=USAGE, words=[archive.name, lacks])
        self.refused(*revert, '/dev/null', code=USAGE, words=['it is empty'])
        self.assertEqual(self.properties(), removed)
        archive.write_bytes(b''.join(lines[:5]) + lines[5][:9])
        result = self.on_site(*revert[:1], *revert[3:], archive, '--incomplete', code=FINDINGS)
        self.assertRegex(result.err, r'\Aline 6: [^\n]*\nthe archive: it has no end: [^\n]*\n\Z')
        self.assertIn('put back 5 ', result.out)
        # Two archives in one file are as good as one.
        archive.write_bytes(whole + whole)
        self.assertIn('put back 7 ', self.on_site(*revert[:1], *revert[3:], archive).out)
        empty.touch()
        self.refused('contract', *self.site.options, '--revert', '--archive', empty, '--key', self.public, code=USAGE,
                     words=['it is empty'])

    def test_options_that_do_not_go_together_are_refused(self):
        for options in (['--archive', 'x'], ['--incomplete'], ['--revert', '--incomplete'], ['--key', 'x'], ['--unsigned'], ['--revert', '--key', 'x'],
                        ['--revert', '--attest', self.key], ['--uninstall', '--attest', self.key],
                        ['--revert', '--archive', 'x', '--key', self.public, '--unsigned'],
                        ['--settled', '--revert'], ['--settled', '--uninstall'], ['--yes', '--attest', ''],
                        ['--revert', '--archive', '', '--unsigned'], ['--revert', '--archive', 'x', '--key', '']):
            with self.subTest(options):
                self.refused('contract', *self.site.options, *options, code=USAGE)
        self.refused('contract', *self.site.options, '--revert', '--archive', self.site.directory / 'none', '--key',
                     self.public, code=USAGE, words=['none'])
        self.refused('contract', *self.site.options, '--yes', '--attest', self.public, code=USAGE, words=['key.pub'])
        self.assertEqual(self.files('backglance-*'), [])

    def test_attest_verify_names_the_command_that_reads_an_archive(self):
        signed = self.archived()
        self.refused('attest', 'verify', *self.site.options, signed, '--key', self.public, code=USAGE,
                     words=['archive', 'contract --revert', '--key'])
        self.contract('--revert')
        self.refused('attest', 'verify', *self.site.options, self.contract('--yes')['archive'], '--key', self.public,
                     code=USAGE, words=['archive', 'contract --revert', '--unsigned'])

    def test_a_contract_that_is_interrupted_ends_its_archive(self):
        with self.site.database.batch():
            for number in range(600):
                self.site.add_legacy_signature(self.site.add(b'%d' % number))
        self.sync('--grace', '0s')
        before = self.properties()
        process = program.start('contract', *self.site.options, '--yes', '--attest', self.key,
                                cwd=self.site.directory)
        (archive,) = program.wait_for(lambda: [
            file for file in self.files('backglance-removed-*') if file.stat().st_size])
        self.assert_code(program.stop(process, signal.SIGINT), INTERRUPTED)
        # It has its final name now.
        self.assertTrue(archive.name.endswith('.unfinished'), archive)
        (archive,) = self.files('backglance-removed-*.jsonl')
        result = self.revert(archive)
        self.assertTrue(result['whole'], result)
        self.assertEqual((result['faults'], result['kept']), (0, 0))
        self.assertGreater(result['restored'], 0)
        self.assertEqual(self.properties(), before)


class Settled(sites.SmallSiteTest):
    def setUp(self):
        super().setUp()
        self.certificates = self.site.directory / 'certificates'
        self.certificates.mkdir()
        signer = self.signer = Signer(self.certificates, 'RSA-PSS', rsa.generate_private_key(65537, 2048))
        expired = Signer(self.certificates, 'RSA-PSS', signer.key, end=-DAY / 2)
        self.settled = self.add(signer.values(b'settled', 'SHA-256'), b'settled')
        self.others = [self.add(signer.values(b'other bytes', 'SHA-256'), b'invalid'),
                       self.add(expired.values(b'expired', 'SHA-256'), b'expired'),
                       self.add(signer.values(b'snapshot', 'SHA-256'), b'snapshot', image_type='snapshot'),
                       self.add((), b'legacy alone')]
        self.sync('--certificates', self.certificates, code=FINDINGS)

    def add(self, values, data, **more):
        image_id = self.site.add(data)
        self.site.add_legacy_signature(image_id)
        for name, value in zip(NAMES, values):
            self.site.add_property(image_id, 'img_' + name, value)
        for name, value in more.items():
            self.site.add_property(image_id, name, value)
        return image_id

    def names(self, image_id):
        return {row[0] for row in self.site.database.rows(
            'SELECT name FROM image_properties WHERE image_id = ? AND deleted = 0', image_id)}

    def contract(self, *arguments, **options):
        return self.on_site('contract', '--settled', '--json', *arguments, **options).object

    def test_only_what_its_owner_has_signed_again_loses_its_legacy_properties(self):
        self.assertEqual(self.on_site('status', '--json').object['settled'], 1)
        self.assertIn('; 1 settled\n', self.on_site('status').out)
        self.assertIn('settled: 1 image, 4 legacy', self.on_site('contract', '--dry-run').out)
        self.assertEqual(self.contract('--dry-run'), {'dry_run': True, 'settled_images': 1, 'settled_properties': 4,
                                                      'outdated_images': 0, 'unarchivable_images': 0,
                                                      'unknown_images': 0, 'unknown': []})
        self.assertIn('of 1 settled image\n', self.on_site('contract', '--settled', '--dry-run').out)
        self.refused('contract', *self.site.options, '--settled', code=USAGE, words=['1 settled image', '--yes'])
        # Another image that cannot be hashed is in the way of plain contract alone.
        self.site.add(b'late')
        self.on_site('contract', '--yes', code=FAILED)
        result = self.contract('--yes')
        self.assertEqual((result['images'], result['properties']), (1, 4))
        self.assertEqual(self.names(self.settled), {'img_' + name for name in NAMES})
        for image_id in self.others:
            self.assertLessEqual(set(NAMES), self.names(image_id))
        self.assertIn('no image is settled', self.on_site('contract', '--settled', '--yes').out)
        self.assertEqual(self.on_site('contract', '--revert', '--json').object['restored'], 4)

    def test_what_was_signed_anew_since_is_verified_first(self):
        self.site.database.execute(
            "UPDATE image_properties SET value = 'AAAA' WHERE image_id = ? AND name = 'img_signature'", self.settled)
        self.assertEqual(self.contract('--dry-run')['outdated_images'], 1)
        self.assertIn('verify --signatures', self.on_site('contract', '--settled', '--dry-run').out)
        self.assertEqual(self.contract('--yes')['images'], 0)
        self.assertLessEqual(set(NAMES), self.names(self.settled))
        self.on_site('verify', '--signatures', '--certificates', self.certificates, code=FINDINGS)
        self.assertEqual(self.contract('--dry-run')['outdated_images'], 0)

    def test_a_settled_image_that_this_host_does_not_see_keeps_its_properties(self):
        if sites.ON_SERVER:
            self.skipTest('nothing in it differs by engine')
        other = self.add(self.signer.values(b'settled too', 'SHA-256'), b'settled too')
        self.sync('--certificates', self.certificates)
        away = self.site.store.with_name('away')
        before = self.site.database.rows('SELECT * FROM image_properties ORDER BY id')
        self.site.store.rename(away)
        # Not there, nothing mounted there, and the store of another site there.
        for make, words in ((lambda: None, ['no store can be opened']),
                            (self.site.store.mkdir, ['2 settled images cannot be read', 'no such file in store']),
                            (lambda: (self.site.store / 'another').touch(), ['2 settled images cannot be read'])):
            make()
            self.refused('contract', *self.site.options, '--settled', '--yes', words=words)
            dry = self.on_site('contract', '--settled', '--dry-run', code=FAILED)
            self.assertIn(words[0], dry.err)
        shutil.rmtree(self.site.store)
        away.rename(self.site.store)
        path = self.site.path_of(other)
        path.rename(path.with_name('moved'))
        dry = self.contract('--dry-run', code=FINDINGS)
        self.assertEqual((dry['settled_images'], dry['unknown_images']), (1, 1))
        self.assertEqual(dry['unknown'][0]['example'], other)
        path.write_bytes(b'')  # as an empty file in its place
        self.assertIn('another length', self.contract('--dry-run', code=FINDINGS)['unknown'][0]['reason'])
        path.unlink()
        self.assertEqual(self.site.database.rows('SELECT * FROM image_properties ORDER BY id'), before)
        result = self.on_site('contract', '--settled', '--yes', code=FINDINGS)
        self.assertRegex(result.err, r'\Anot removed: 1 settled image cannot be read on this host: no such file in '
                         r'store directory .* \(1\); for example %s\n\Z' % other)
        self.assertEqual(self.names(self.settled), {'img_' + name for name in NAMES})
        self.assertLessEqual(set(NAMES), self.names(other))

    def test_verify_settles_what_backfill_did_not_verify(self):
        self.site.database.execute('UPDATE backglance_signature SET verdict = NULL, verified_state = NULL')
        self.assertEqual(self.contract('--dry-run')['settled_images'], 0)
        self.on_site('verify', '--signatures', '--certificates', self.certificates, code=FINDINGS)
        self.assertEqual(self.contract('--yes')['images'], 1)


if __name__ == '__main__':
    program.main()
