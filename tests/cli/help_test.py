#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The help of every command: it fits a terminal of 80 columns, and each text stands alone."""

import re

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


class Help(program.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.helps = list(commands())

    def each(self):
        for path, text in self.helps:
            with self.subTest(' '.join(path)):
                yield text

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
                    **dict.fromkeys(('status', 'plan', 'report'), looks),
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


program.main()
