#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Options from files and variables; --quiet, --verbose, --no-progress and --findings-ok."""

import os
import re

import program
from program import DONE, FINDINGS, MIGRATE_DUE, USAGE
import sites


def with_variables(**variables):
    return dict(os.environ, **{'BACKGLANCE_' + name: value for name, value in variables.items()})


class SettingsTest(sites.SmallSiteTest):
    def setUp(self):
        super().setUp()
        self.file = self.site.directory / 'fleet.conf'
        self.on_site('expand')
        for number in range(4):
            self.site.add(b'image %d' % number)
        self.on_site('migrate')

    def write(self, text):
        self.file.write_text(text)
        self.file.chmod(0o600)

    def would_read(self, *arguments, **variables):
        """The number of images that a backfill with these arguments and variables would read."""
        result = self.on_site('backfill', '--dry-run', *arguments, env=with_variables(**variables))
        return int(re.match(r'would read (\d+) image', result.out).group(1))


class Sources(SettingsTest):
    def test_what_is_typed_counts_most_then_a_variable_then_the_file(self):
        self.assertEqual(self.would_read(), 4)
        self.write('limit = 3\n')
        self.assertEqual(self.would_read('--options', self.file), 3)
        self.assertEqual(self.would_read('--options=%s' % self.file), 3)
        self.assertEqual(self.would_read(OPTIONS=str(self.file)), 3)
        self.assertEqual(self.would_read(OPTIONS=str(self.file), LIMIT='2'), 2)
        self.assertEqual(self.would_read('--limit', '1', OPTIONS=str(self.file), LIMIT='2'), 1)
        self.assertEqual(self.would_read('--limit=1', LIMIT='2'), 1)

    def test_a_section_counts_more_than_what_holds_for_all_commands(self):
        self.write('# of all hosts\nlimit = 3\n\n[backfill]\nlimit = 2\n; older\n[verify]\nlimit = 1\n')
        self.assertEqual(self.would_read('--options', self.file), 2)
        # A command without the option is not disturbed by it.
        self.on_site('status', '--options', self.file)

    def test_the_last_of_two_lines_counts_and_repeated_options_add_up(self):
        self.write('limit = 3\nlimit = 1\n')
        self.assertEqual(self.would_read('--options', self.file), 1)
        self.write('config-file = %s\n' % self.site.config)
        result = self.program('backfill', '--dry-run', '--options', self.file)
        self.assertIn('would read 4 images', result.out)

    def test_names_may_have_underscores_and_flags_say_true_or_false(self):
        self.write('retry_failed = true\njson = false\n')
        self.assertIn('would read', self.on_site('backfill', '--dry-run', '--options', self.file).out)
        self.write('json = yes\n')
        self.assertEqual(
            self.on_site('backfill', '--dry-run', '--options', self.file).object['images'], 4)
        self.write('json = maybe\n')
        self.refused('status', '--options', self.file, code=USAGE,
                     words=['fleet.conf line 1: --json is a flag', 'true or false'])

    def test_the_database_needs_no_place_on_the_command_line(self):
        url = self.site.database.url
        bare = {name: value for name, value in os.environ.items() if name != 'HOME'}
        result = self.program('status', '--json', env=dict(bare, BACKGLANCE_DATABASE=url,
                                                           BACKGLANCE_STORE_DIR=str(self.site.store)))
        self.assertIn('glance', result.object['site']['database'])


class Refused(SettingsTest):
    def refused_file(self, text, *words, command='status'):
        self.write(text)
        result = self.refused(command, *self.site.options, '--options', self.file, code=USAGE, words=words)
        self.assertNotIn('s3cret', result.err)

    def test_wrong_names_are_refused_with_the_nearest_one(self):
        self.refused_file('limt = 3\n', 'fleet.conf line 1', 'limt', 'did you mean limit?')
        self.refused_file('\n[backfill]\nbandwith = 1M\n', 'line 3', 'did you mean bandwidth?')
        self.refused_file('[bakcfill]\nlimit = 1\n', 'line 1', 'no command bakcfill', 'did you mean backfill?')
        self.refused_file('[verify]\nretry-failed = 1\n', 'line 2: verify has no option')
        self.refused_file('limit s3cret\n', 'line 1', 'option = value')
        self.refused_file('= s3cret\n', 'line 1')
        self.refused_file('limit =\n', '--limit', 'empty', command='backfill')
        for name, meant in (('LIMT', 'BACKGLANCE_LIMIT'), ('BANDWITH', 'BACKGLANCE_BANDWIDTH'),
                            ('MAX_LAOD', 'BACKGLANCE_MAX_LOAD')):
            self.refused('status', *self.site.options, env=with_variables(**{name: '3'}), code=USAGE,
                         words=['variable BACKGLANCE_' + name, 'did you mean %s?' % meant])
        self.refused('status', *self.site.options, env=with_variables(limit='3'), code=USAGE,
                     words=['BACKGLANCE_limit', 'write BACKGLANCE_LIMIT'])

    def test_a_wrong_value_names_where_it_comes_from(self):
        self.refused('backfill', *self.site.options, env=with_variables(LIMIT='many'), code=USAGE,
                     words=['--limit', 'whole number', 'comes from BACKGLANCE_LIMIT'])
        self.refused_file('limit = many\n', '(--limit comes from', 'fleet.conf line 1)', command='backfill')
        self.refused('backfill', *self.site.options, '--sweep', env=with_variables(LIMIT='3'), code=USAGE,
                     words=['--sweep', '--limit', 'comes from BACKGLANCE_LIMIT'])

    def test_what_confirms_or_undoes_must_be_typed(self):
        for option in ('yes', 'uninstall', 'revert', 'dry-run', 'image', 'forget', 'without-store', 'nagios'):
            self.refused_file('%s = x\n' % option, '--%s must be typed' % option)
            self.refused('status', *self.site.options, code=USAGE, words=['must be typed'],
                         env=with_variables(**{option.upper().replace('-', '_'): '1'}))

    def test_files_that_cannot_be_read(self):
        self.refused('status', *self.site.options, '--options', self.site.directory / 'none', code=USAGE,
                     words=['none', 'No such file'])
        self.refused('status', *self.site.options, '--options', self.site.directory, code=USAGE,
                     words=['options file'])

    def test_variables_of_others_and_empty_ones_are_ignored(self):
        self.on_site('status', env=with_variables(
            SERVICE_HOST='10.0.0.1', SERVICE_PORT='1', PORT='tcp://10.0.0.1', PORT_80_TCP='x', TEST_X='1', LIMIT=''))

    def test_help_works_with_settings_that_do_not(self):
        for arguments in (('--help',), ('backfill', '--help'), ('--version',), ('help', 'backfill')):
            self.program(*arguments, env=with_variables(NONSENSE='1', OPTIONS='/nonexistent'))

    def test_a_password_that_everybody_can_read_is_a_warning(self):
        self.write('lag-database = mysql+pymysql://u:s3cret@127.0.0.1:1/x\n')
        self.file.chmod(0o644)
        result = self.on_site('status', '--options', self.file)
        self.assertIn('warning: options file', result.err)
        self.assertNotIn('s3cret', result.err)
        self.file.chmod(0o640)
        self.assertEqual(self.on_site('status', '--options', self.file).err, '')


class Output(SettingsTest):
    def setUp(self):
        super().setUp()
        self.lost = [self.site.add(b'x', location='file://%s/none-%d' % (self.site.store, number))
                     for number in range(23)]

    def test_findings_are_lines_up_to_20_and_then_a_count_with_the_command_that_lists_them(self):
        result = self.on_site('backfill', code=FINDINGS)
        self.assertEqual(sum(': missing: ' in line for line in result.err.splitlines()), 20)
        self.assertIn('23 findings in all; the first 20 are above -- next: backglance list findings',
                      result.err)
        listed = self.on_site('list', 'findings').out.splitlines()
        self.assertEqual(listed, sorted(self.lost))

    def test_verbose_has_a_line_for_each_image_and_each_finding(self):
        log = self.site.directory / 'events.log'
        result = self.on_site('backfill', '--verbose', '--log', log, code=FINDINGS)
        for image_id in self.site.hashes():
            self.assertEqual(result.err.count(image_id), 1, image_id)
        self.assertEqual(sum(': hashed, ' in line for line in result.err.splitlines()), 4)
        self.assertEqual(log.read_text().count(' finding '), 23)

    def test_quiet_prints_nothing_and_json_is_complete(self):
        log = self.site.directory / 'events.log'
        result = self.on_site('backfill', '--quiet', '--log', log, '--findings-ok')
        self.assertEqual((result.out, result.err), ('', ''))
        self.assertEqual(log.read_text().count(' finding '), 23)
        result = self.on_site('verify', '--quiet', '--json', '--findings-ok')
        self.assertEqual(result.object['classes']['verified']['images'], 4)
        self.assertIn('would ', self.on_site('backfill', '--quiet', '--dry-run').out)
        result = self.program('backfill', '--quiet', '--config-file', '/nonexistent', code=USAGE)
        self.assert_one_line(result)

    def test_findings_ok_is_for_findings_alone(self):
        self.on_site('check', '--findings-ok', code=MIGRATE_DUE)
        self.on_site('backfill', '--findings-ok', code=DONE)
        self.on_site('backfill', '--retry-failed', env=with_variables(FINDINGS_OK='true'), code=DONE)
        self.program('backfill', '--findings-ok', '--config-file', '/nonexistent', code=USAGE)

    def test_no_progress_draws_nothing(self):
        self.big_site(2, 1 << 20)
        for arguments, is_drawn in (((), True), (('--no-progress',), False)):
            terminal = program.Terminal()
            self.addCleanup(terminal.close)
            process = program.start('backfill', *self.site.options, '--limit', '1', '--bandwidth', '1M', *arguments,
                                    stderr=terminal.slave)
            program.finish(process)
            terminal.read_all()
            self.assertEqual('\x1b[K' in terminal.text, is_drawn, terminal.text)


class Check(SettingsTest):
    def nagios(self, state, code, *arguments):
        result = self.on_site('check', '--nagios', *arguments, code=code)
        self.assertRegex(result.out, r'\ABACKGLANCE %s - [^|\n]+ \| [^|\n]+\n\Z' % state)
        return dict(figure.split(';')[0].split('=') for figure in result.out.split('|')[1].split())

    def test_nagios(self):
        self.assertEqual(self.nagios('WARNING', 1), {'findings': '0', 'without_hash': '4', 'coverage': '0.0%'})
        self.on_site('backfill')
        self.assertEqual(self.nagios('OK', 0, '--coverage-below', '100'),
                         {'findings': '0', 'without_hash': '0', 'coverage': '100.0%'})
        self.site.path_of(next(iter(self.site.hashes()))).write_bytes(b'changed')
        self.on_site('verify', code=FINDINGS)
        self.assertEqual(self.nagios('CRITICAL', 2)['findings'], '1')

    def test_nagios_says_unknown_when_the_check_fails(self):
        for arguments in (('--config-file', '/nonexistent'), ('--nonsense',), ('--json', *self.site.options)):
            result = self.program('check', '--nagios', *arguments, code=3)
            self.assertRegex(result.out, r'\ABACKGLANCE UNKNOWN - .+\n\Z')
            self.assertEqual(result.err, '')

    def test_coverage(self):
        lost = self.site.add(b'lost', location='file://%s/none' % self.site.store)
        self.on_site('backfill', code=FINDINGS)
        self.assertEqual(self.on_site('check', '--json').object['coverage'], 80)
        self.on_site('check', '--coverage-below', '80')
        result = self.on_site('check', '--coverage-below', '81', code=FINDINGS)
        self.assertIn('80.0 % of the live images have a hash, fewer than 81 %', result.out)
        self.nagios('CRITICAL', 2, '--coverage-below', '81')
        self.on_site('check', '--coverage-below', '81', '--findings-ok')
        self.assertEqual(self.on_site('list', 'missing').out, lost + '\n')


class List(SettingsTest):
    def test_every_result_is_listed_under_each_of_its_names(self):
        lost = self.site.add(b'x', location='file://%s/none' % self.site.store)
        wrong = self.site.add(b'y', checksum='0' * 32)
        gone = self.site.add(b'z')
        self.on_site('migrate')
        self.site.database.execute("UPDATE images SET status = 'deleted', deleted = ? WHERE id = ?", True, gone)
        self.on_site('backfill', code=FINDINGS)
        hashed = sorted(set(self.site.hashes()) - {lost, wrong, gone})
        for words, ids in ((('missing', 'MISSING'), [lost]), (('hashed',), hashed),
                           (('checksum-differs', 'checksum_differs', 'checksum differs'), [wrong]),
                           (('findings',), sorted((lost, wrong))), (('unreadable',), [])):
            for word in words:
                self.assertEqual(self.on_site('list', word).out.splitlines(), ids, word)
        # The same numbers as in the report
        report = self.on_site('report', '--json').object
        for one in report['backfill']['classes']:
            listed = self.on_site('list', one['class'], '--json').object
            self.assertEqual(len(listed['images']), one['images'], one)
            self.assertEqual({image['backfill'] for image in listed['images']}, {one['class']})

    def test_json_says_which_command_found_it(self):
        self.on_site('backfill')
        image_id = sorted(self.site.hashes())[0]
        self.site.path_of(image_id).write_bytes(b'longer than before')
        self.on_site('verify', code=FINDINGS)
        size_differs = self.on_site('list', 'size-differs', '--json').object
        self.assertEqual(size_differs, {'result': 'size_differs', 'images': [
            {'image_id': image_id, 'backfill': None, 'verify': 'size_differs'}]})
        self.assertEqual(self.on_site('list', 'missing', '--json').object, {'result': 'missing', 'images': []})


program.main()
