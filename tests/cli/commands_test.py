#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What holds for every command: help, JSON, dry runs."""

import re

import program
from program import CONTRACT_DUE, DONE, FAILED, FINDINGS, MIGRATE_DUE, USAGE
import sites

DOCUMENTED = program.SOURCES / 'docs' / 'json.md'


def json_section(command):
    """The text of the section of docs/json.md that is about the command, by its heading or its words."""
    heading, text = '', {}
    for line in DOCUMENTED.read_text().splitlines():
        if line.startswith('## '):
            heading = line
        text[heading] = text.get(heading, '') + line + '\n'
    for heading, section in text.items():
        if command in re.findall(r'[a-z]+', heading) or 'Of `%s` as well' % command in section:
            return section
    return None


class Help(program.ProgramTest):
    def test_program_lists_its_commands_and_exit_codes(self):
        result = self.program('--help')
        for command in program.COMMANDS:
            self.assertRegex(result.out, r'(?m)^  %s  ' % command)
        for code in sorted(program.EXIT_CODES - {0}):
            self.assertRegex(result.out, r'\b%d [a-z]' % code)

    def test_each_command_says_what_it_takes(self):
        for command in program.COMMANDS:
            with self.subTest(command):
                result = self.program(command, '--help')
                self.assertIn('--config-file', result.out)
                self.assertIn('--json', result.out)
                self.assertEqual('--dry-run' in result.out, command in program.CHANGING)
                self.assertEqual(result.err, '')

    def test_version_is_that_of_the_build(self):
        text = (program.SOURCES / 'CMakeLists.txt').read_text()
        version = re.search(r'project\(backglance VERSION (\S+)', text).group(1)
        self.assertEqual(self.program('--version').out, 'backglance %s\n' % version)


class Json(sites.SmallSiteTest):
    def setUp(self):
        super().setUp()
        for number in range(3):
            self.site.add(b'image %d' % number)
        self.site.add_legacy_signature(self.site.add(b'signed'))
        self.site.add(b'lost', location='file://%s/no-such-file' % self.site.store)

    def objects(self):
        """Each command's objects, before and after the work is done, dry and real."""
        yield 'status', self.json('status')
        yield 'plan', self.json('plan')
        yield 'check', self.json('check', code=program.EXPAND_DUE)
        yield 'sync', self.json('sync', '--dry-run')
        yield 'expand', self.json('expand', '--dry-run')
        yield 'expand', self.json('expand')
        yield 'migrate', self.json('migrate', '--dry-run')
        yield 'migrate', self.json('migrate', '--grace', '0s')
        yield 'check', self.json('check', code=MIGRATE_DUE)
        yield 'backfill', self.json('backfill', '--dry-run')
        yield 'backfill', self.json('backfill', code=FINDINGS)
        yield 'check', self.json('check', code=CONTRACT_DUE)
        yield 'verify', self.json('verify', '--dry-run')
        yield 'verify', self.json('verify', code=FINDINGS)
        yield 'report', self.json('report')
        yield 'contract', self.json('contract', '--dry-run')
        yield 'contract', self.json('contract', '--yes')
        yield 'contract', self.json('contract', '--revert', '--dry-run')
        yield 'contract', self.json('contract', '--revert')
        yield 'sync', self.json('sync', code=DONE)
        yield 'status', self.json('status')
        yield 'plan', self.json('plan')
        for command in ('pause', 'resume', 'stop'):
            yield command, self.json(command, '--dry-run')
            yield command, self.json(command)
        yield 'contract', self.json('contract', '--uninstall', '--dry-run')
        yield 'contract', self.json('contract', '--uninstall', '--yes')
        yield 'expand', self.json('expand', '--revert', '--dry-run')

    def json(self, command, *arguments, **options):
        return self.on_site(command, '--json', *arguments, **options).object

    def test_every_command_prints_exactly_one_object(self):
        commands = {command for command, value in self.objects() if value}
        self.assertEqual(commands, set(program.COMMANDS))

    def test_every_member_is_documented(self):
        members = {}
        for command, value in self.objects():
            members.setdefault(command, set()).update(value)
        for command, names in members.items():
            with self.subTest(command):
                section = json_section(command)
                self.assertIsNotNone(section, 'docs/json.md has no section on %s' % command)
                for name in sorted(names):
                    self.assertIn('`%s`' % name, section)

    def test_an_error_is_an_object_too(self):
        result = self.on_site('migrate', '--json', code=FAILED)
        self.assertEqual(result.object['error']['exit_code'], FAILED)
        self.assertEqual(result.object['error']['next'], 'backglance expand')
        self.assertIn(result.object['error']['text'], result.err)
        self.assert_one_line(result)


class DryRun(sites.SmallSiteTest):
    """The states that a site goes through; in each, every dry run leaves every byte as it was."""

    def setUp(self):
        super().setUp()
        for number in range(3):
            self.site.add(b'image %d' % number)
        self.site.add_legacy_signature(self.site.add(b'signed'))

    def assert_dry(self, *arguments, code=DONE):
        before = program.tree_digest(self.site.directory)
        names = sorted(path.name for path in self.site.directory.iterdir())
        result = self.on_site(*arguments, '--dry-run', code=code)
        self.assertEqual(program.tree_digest(self.site.directory), before, str(result))
        self.assertEqual(sorted(path.name for path in self.site.directory.iterdir()), names)
        return result

    def dry_object(self, *arguments, code=DONE):
        # the words first, which must be as dry
        self.assert_dry(*arguments, code=code)
        return self.assert_dry(*arguments, '--json', code=code).object

    def test_before_expand(self):
        self.assertIn('ADD COLUMN os_hash_value', self.assert_dry('expand').out)
        migrate = self.dry_object('migrate')
        self.assertEqual((migrate['queued'], migrate['flagged']), (4, 1))
        self.assertEqual(self.dry_object('backfill')['images'], 4)
        self.assertIn('the run itself would end at once: ', self.assert_dry('backfill').err)
        self.assertIn(' -- next: backglance expand\n', self.assert_dry('backfill').err)
        self.assertEqual(self.dry_object('sync')['backfill']['images'], 4)
        self.assert_dry('expand', '--revert')
        for command in ('verify', 'contract', 'pause', 'resume', 'stop'):
            self.assertIn('backglance expand', self.assert_dry(command, code=FAILED).err)

    def test_after_expand(self):
        self.on_site('expand')
        self.assertEqual(self.dry_object('expand')['statements'], [])
        self.assertNotEqual(self.dry_object('expand', '--revert')['statements'], [])
        migrate = self.dry_object('migrate')
        self.assertEqual((migrate['queued'], migrate['flagged']), (4, 1))
        self.assertEqual(self.dry_object('backfill')['images'], 4)
        self.assertEqual(self.dry_object('contract', code=FAILED)['blocking_images'], 4)
        self.assertIn('backglance_item', self.dry_object('contract', '--uninstall')['tables'])
        self.assertEqual(self.dry_object('pause')['changed'], True)
        self.assertEqual(self.dry_object('resume')['changed'], False)
        self.assertEqual(self.dry_object('stop')['runs'], [])

    def test_after_backfill(self):
        self.sync('--grace', '0s')
        self.assertEqual(self.dry_object('backfill')['images'], 0)
        self.assertEqual(self.dry_object('verify')['images'], 4)
        contract = self.dry_object('contract')
        self.assertEqual((contract['due_images'], contract['due_properties']), (1, 4))
        self.on_site('contract', '--yes')
        self.assertEqual(self.dry_object('contract', '--revert')['properties'], 4)

    def test_plan_lists_the_statements_that_expand_then_runs(self):
        plan = self.on_site('plan', '--json').object
        ran = self.on_site('expand', '--json').object
        self.assertEqual([one['sql'] for one in plan['statements']],
                         [one['sql'] for one in ran['statements']])
        for statement in plan['statements']:
            self.assertTrue(statement['lock'], statement)
        self.assertEqual(plan['backfill']['images'], 4)

    def test_plan_forecasts_by_the_rate_that_is_given(self):
        plan = self.on_site('plan', '--json', '--hosts', '2', '--rate', '1K/s').object['backfill']
        forecast = plan['forecast']
        self.assertEqual((forecast['hosts'], forecast['rate'], forecast['bytes']), (2, 1024, plan['bytes']))
        self.assertEqual(forecast['seconds'], -(-plan['bytes'] // 2048))
        refused = self.on_site('plan', '--hosts', '2', code=USAGE)
        self.assertIn('give --rate', refused.err)
        for value in ('0', '-1', 'x'):
            self.on_site('plan', '--hosts', value, '--rate', '1K', code=USAGE)
        self.on_site('plan', '--rate', '0', code=USAGE)

    def test_plan_check_and_migrate_count_the_same_signatures(self):
        gone = self.site.add(b'gone', deleted=True, deleted_at=sites.MOMENT, status='deleted')
        for name in sites.LEGACY:
            self.site.add_property(gone, name, 'x', deleted=True, deleted_at=sites.MOMENT)
        # Removed by its owner before the image was deleted: not a signature any more.
        unsigned = self.site.add(b'unsigned', deleted=True, deleted_at=sites.MOMENT, status='deleted')
        self.site.add_property(unsigned, 'signature', 'x', deleted=True, deleted_at='2017-01-02 03:04:05.000006')
        self.on_site('expand')
        self.assertEqual(self.on_site('plan', '--json').object['migrate']['to_flag'], 2)
        self.assertIn(', 2 with signature properties to flag', self.on_site('check', code=MIGRATE_DUE).out)
        self.assertEqual(self.on_site('migrate', '--json').object['flagged'], 2)
        self.assertIn('next: backglance backfill', self.on_site('check', code=MIGRATE_DUE).out)

    def test_the_next_command_is_the_one_that_check_names(self):
        self.on_site('expand')
        self.sync('--grace', '0s')
        self.site.database.execute('DELETE FROM backglance_ledger')
        self.assertIn(' -- next: backglance contract\n', self.on_site('expand').out)
        self.assertIn(' -- next: backglance contract\n', self.on_site('migrate').out)
        self.assertEqual(self.on_site('check', '--json', code=CONTRACT_DUE).object['next'], 'backglance contract')

    def test_a_tag_that_was_never_set_is_named(self):
        self.on_site('expand')
        self.on_site('migrate', '--tag', 'md5')
        for options in ((), ('--dry-run',)):
            self.assertEqual(self.on_site('migrate', '--untag', 'nope', *options).out,
                             'nothing to remove: backglance has set the tag nope on no image\n')
        self.assertEqual(self.on_site('migrate', '--untag', 'md5', '--dry-run').out,
                         'would remove the tag md5 from 1 image\n')
        self.assertEqual(self.on_site('migrate', '--untag', 'md5').out, 'removed the tag md5 from 1 image\n')

    def test_plan_shows_the_guard_as_expand_makes_it_and_all_commands_say_that_it_is_there(self):
        self.on_site('expand')
        plan = self.on_site('plan', '--guard', '--json').object
        self.assertEqual(plan['guard'], 'missing')
        self.assertEqual({one['step'] for one in plan['statements']}, {'0004_guard'})
        self.assertTrue(all(one['lock'] for one in plan['statements']))
        self.assertIn('no guard', self.on_site('plan').out)
        self.assertEqual(self.dry_object('expand', '--guard')['statements'], plan['statements'])
        made = self.on_site('expand', '--guard', '--json').object
        self.assertEqual(made['statements'], plan['statements'])
        self.assertEqual(self.on_site('plan', '--guard', '--json').object['guard'], 'there')
        self.assertEqual(self.on_site('status', '--json').object['schema']['guard'], 'there')
        self.assertEqual(self.on_site('check', '--json', code=MIGRATE_DUE).object['guard'], 'there')
        for arguments in (('plan',), ('status',), ('check',)):
            self.assertIn('guard installed', self.on_site(*arguments, code={DONE, MIGRATE_DUE}).out)
        self.assertNotEqual(self.dry_object('expand', '--revert', '--guard')['statements'], [])
        self.assertTrue(self.dry_object('contract', '--uninstall')['guard'])
        self.assertIn('the trigger backglance_guard', self.on_site('contract', '--uninstall', '--yes').out)
        self.assertEqual(self.on_site('status', '--json').object['schema']['guard'], 'missing')

    def test_commands_that_only_look_change_nothing(self):
        self.sync()
        before = program.tree_digest(self.site.directory)
        for arguments in (('status',), ('plan',), ('report',), ('report', '--csv'), ('check',)):
            self.on_site(*arguments)
        self.assertEqual(program.tree_digest(self.site.directory), before)


if __name__ == '__main__':
    program.main()
