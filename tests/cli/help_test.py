#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The help of every command: it fits a terminal of 80 columns, and each text stands alone."""

import re
import shutil
import subprocess
import unittest

import program

COLUMNS = 80
# Words that only a reader who has seen the lines above, or the sources, understands.
UNPLAIN = ('likewise', 'the like', 'told', 'outlive', 'outlives', 'hold against', 'held against',
           'as above', 'so is', 'so are', 'the want of')
HEADING = re.compile(r'(?m)^([A-Z][\w ]*):\n((?:  .*\n)+)')
# The name of an option or a command, at the left; its text follows on this line or the next ones.
ENTRY = re.compile(r'(?m)^  (\S.*\n(?: {4,}.*\n)*)')


def sections(text):
    """The headings of a help, with the lines below each."""
    return dict(HEADING.findall(text + '\n'))


def entries(section):
    """(name, text) of each option or command: the text stands two spaces or more right of the name."""
    for entry in ENTRY.findall(section):
        name, _, text = entry.partition('  ')
        yield name.strip(), ' '.join(text.split())


def commands(*path):
    """The path of every command and sub-command, with its help, that of the program itself first."""
    text = program.run(*path, '--help').out
    yield path, text
    for name, _ in entries(sections(text).get('Commands', '')):
        yield from commands(*path, name)


class HelpTest(program.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.helps = list(commands())

    def each(self):
        for path, text in self.helps:
            with self.subTest(' '.join(path)):
                yield text


class Help(HelpTest):
    def test_every_command_and_subcommand_is_seen(self):
        paths = {path for path, _ in self.helps}
        self.assertTrue(paths.issuperset((command,) for command in program.COMMANDS))
        self.assertTrue(paths.issuperset({(), ('attest',), ('attest', 'verify'), ('attest', 'missing')}))

    def test_no_line_is_wider_than_a_terminal(self):
        for text in self.each():
            self.assertEqual([line for line in text.splitlines() if len(line) > COLUMNS], [])

    def test_every_option_and_command_has_a_text(self):
        for text in self.each():
            listed = [entry for heading, section in sections(text).items() if heading != 'Exit codes'
                      for entry in entries(section)]
            self.assertIn('-h,--help', [name for name, _ in listed])
            self.assertEqual([name for name, words in listed if len(words.split()) < 3], [])

    def test_no_text_leans_on_another_one(self):
        for text in self.each():
            words = ' '.join(text.lower().split())
            self.assertEqual([word for word in UNPLAIN if re.search(r'\b%s\b' % word, words)], [])

    def test_options_of_backfill_stand_under_headings(self):
        text = dict(self.helps)[('backfill',)]
        self.assertEqual(list(sections(text)), [
            'Options', 'Limits', 'Speed', 'Signatures', 'When to run', 'Where results go', 'Site', 'Exit codes'])

    def test_every_help_lists_the_exit_codes_with_which_the_command_may_end(self):
        looks, orders = {0, 1, 2, 130}, {0, 1, 2, 12, 130}
        works = {*orders, 11}
        expected = {'': program.EXIT_CODES, 'check': looks | {3, 4, 5, 10}, 'attest': looks | {10},
                    **dict.fromkeys(('status', 'plan', 'report', 'list', 'help'), looks),
                    **dict.fromkeys(('pause', 'resume', 'stop'), orders),
                    **dict.fromkeys(('expand', 'migrate'), works),
                    **dict.fromkeys(('backfill', 'verify', 'sync', 'contract'), works | {10})}
        for path, text in self.helps:
            with self.subTest(path):
                codes = {int(code) for code in re.findall(r'(?m)^ +(\d+) [a-z]', sections(text)['Exit codes'])}
                self.assertEqual(codes, expected[path[0] if path else ''])

    def test_stop_says_that_it_ends_every_command(self):
        self.assertIn('Stop all running commands of backglance on all hosts', dict(self.helps)[('stop',)])
        self.assertIn('the largest first', dict(self.helps)[('backfill',)])

    def test_the_units_of_sizes_and_times_are_named_once(self):
        for text in self.each():
            for value in ('SIZE', 'TIME'):
                has_option = re.search(r'(?m)^  --\S+ (\w+=)?%s\b' % value, text) is not None
                self.assertEqual(text.count('\n%s: number and unit' % value), has_option)

    def test_verify_does_not_speak_of_a_queue_or_of_several_runs(self):
        text = ' '.join(dict(self.helps)[('verify',)].split())
        self.assertNotIn('queue', text)
        self.assertNotIn('several runs', text)

    def test_a_subcommand_names_the_options_of_its_command(self):
        self.assertIn('backglance attest --help', dict(self.helps)[('attest', 'verify')])


def names_of(text):
    """The options in a help, and its commands."""
    listed = [name for heading, section in sections(text).items() if heading not in ('Exit codes', 'Arguments')
              for name, _ in entries(section)]
    return {part.split(' ')[0].split('[')[0] for name in listed for part in name.split(',')}


class Made(HelpTest):
    """What is made from the same table: the command help, manual pages and completions."""

    def test_help_prints_the_help_of_each_command(self):
        for path, text in self.helps:
            with self.subTest(' '.join(path)):
                self.assertEqual(self.program('help', *path).out, text)

    def test_names_of_all_commands_are_listed(self):
        listed = self.program('help', '--commands').out.splitlines()
        self.assertEqual(sorted(listed), sorted(' '.join(path) for path, _ in self.helps if path))

    def test_a_manual_page_has_every_option_and_renders_without_a_warning(self):
        for path, text in self.helps:
            with self.subTest(' '.join(path)):
                page = self.program('help', '--man', *path).out
                shown = subprocess.run(
                    ['man', '--warnings', '--local-file', '-'], input=page, stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE, text=True, check=True,
                    env={'PATH': '/usr/bin:/bin', 'MANWIDTH': '80', 'LC_ALL': 'C.UTF-8'})
                self.assertEqual(shown.stderr, '')
                for name in names_of(text):
                    self.assertRegex(shown.stdout, r'(?m)^ {7}(\S+, )?%s\b' % re.escape(name))
                # Words of each text, wherever the line breaks and hyphens are
                words = ' '.join(shown.stdout.split())
                for code in re.findall(r'(?m)^ +(\d+) [a-z]', sections(text)['Exit codes']):
                    self.assertRegex(words, r' %s [a-z]' % code)
                self.assertIn('backglance-backfill(1)' if not path else 'backglance(1)', words)

    def complete_in_bash(self, *words):
        """What a real bash offers for the last word."""
        script = self.program('help', '--completions', 'bash').out
        typed = ' '.join("'%s'" % word for word in ('backglance', *words))
        done = subprocess.run(
            ['bash', '--norc', '-c', script + '\nCOMP_WORDS=(%s); COMP_CWORD=%d; _backglance 2>&1; '
             'printf "%%s\\n" "${COMPREPLY[@]}"' % (typed, len(words))],
            check=True, stdout=subprocess.PIPE, text=True, cwd=program.TESTS / 'cli')
        return set(done.stdout.split())

    def test_bash_completes_every_command_and_option(self):
        for path, text in self.helps:
            with self.subTest(' '.join(path)):
                names = names_of(text)
                options = {name for name in names if name.startswith('-')}
                # A subcommand also takes the options of its command.
                if len(path) == 2:
                    options |= {name for name in names_of(dict(self.helps)[path[:1]]) if name.startswith('-')}
                self.assertEqual(self.complete_in_bash(*path, '-'), options)
                if names - options:
                    self.assertEqual(self.complete_in_bash(*path, ''), names - options)

    def test_bash_completes_values_and_does_not_take_them_for_commands(self):
        complete = self.complete_in_bash
        self.assertEqual(complete('backfill', '--priority', ''), {'idle', 'normal'})
        self.assertEqual(complete('backfill', '--priority', '=', 'i'), {'idle'})
        self.assertEqual(complete('backfill', '--log-format', '='), {'text', 'json'})
        self.assertEqual(complete('help', '--completions', 'z'), {'zsh'})
        self.assertEqual(complete('list', 'check'), {'checksum-differs'})
        self.assertEqual(complete('help', 'back'), {'backfill'})
        self.assertIn('help_test.py', complete('attest', 'verify', 'help'))
        self.assertIn('help_test.py', complete('status', '--config-file', 'help'))
        # `verify` is the value of an option here, and the command is still to come.
        self.assertEqual(complete('--database', 'verify', 'backf'), {'backfill'})
        self.assertEqual(complete('backfill', '--tag', 'x', '--swe'), {'--sweep'})

    @unittest.skipUnless(shutil.which('zsh'), 'zsh is not installed')
    def test_zsh_reads_its_completions_and_they_have_every_option(self):
        text = self.program('help', '--completions', 'zsh').out
        path = self.scratch() / '_backglance'
        path.write_text(text)
        # Its functions exist once it is read, and each takes the specifications of _arguments.
        check = ('autoload -Uz compinit; compinit -D -u; source %s\n'
                 '_arguments() { print -rl -- "$@"; state=command }\n_describe() { print -rl -- $commands }\n'
                 'for f in ${(k)functions[(I)_backglance*]}; do print "== $f"; '
                 '[[ $f == _backglance ]] || $f; done\nprint $_comps[backglance]' % path)
        done = subprocess.run(['zsh', '-f', '-c', check], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertEqual(done.stdout.splitlines()[-1], '_backglance')
        functions = dict(re.findall(r'(?m)^== (\w+)\n((?:(?!== ).*\n)*)', done.stdout))
        for path, text in self.helps:
            with self.subTest(' '.join(path)):
                made = functions['_'.join(('_backglance', *path)) if path else '_backglance_program']
                for name in names_of(text):
                    self.assertRegex(made, r'(?m)^\*?%s[=:\[]' % re.escape(name))

    @unittest.skipUnless(shutil.which('fish'), 'fish is not installed')
    def test_fish_completes_every_option(self):
        path = self.scratch() / 'backglance.fish'
        path.write_text(self.program('help', '--completions', 'fish').out)
        asked = '\n'.join('echo "== %s"; complete -C "backglance %s-"; complete -C "backglance %s"' %
                          (' '.join(at), *[' '.join((*at, ''))] * 2) for at, _ in self.helps)
        asked += '\necho "== values"; complete -C "backglance backfill --priority "'
        asked += '\necho "== path"; complete -C "backglance --database verify attest ver"'
        done = subprocess.run(['fish', '--no-config', '-c', 'source %s\n%s' % (path, asked)],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env={'PATH': '/usr/bin:/bin', 'HOME': str(path.parent)})
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        offered = {at: {line.split('\t')[0] for line in lines.splitlines()} for at, lines in
                   re.findall(r'(?m)^== (.*)\n((?:(?!== ).*\n)*)', done.stdout)}
        self.assertEqual(offered['values'], {'idle', 'normal'})
        self.assertEqual(offered['path'], {'verify'})
        for at, text in self.helps:
            with self.subTest(' '.join(at)):
                self.assertEqual(names_of(text) - {'-h'} - offered[' '.join(at)], set())


program.main()
