# SPDX-License-Identifier: Apache-2.0
"""Finds the commands in a Markdown document, and compares what they print with what stands below them.

A fenced block of the kind `console` is a session: a line beginning with "$ " is a command, the lines
below it, up to the next command, are its output. A comment at the command's end, "# exit 10", says
what it exits with; without one it is 0. In the output

    ...    as a line of its own stands for any number of lines, none included
    ...    within a line stands for any text

and dates, times, run ids, rates and lengths of blanks may differ. A command without output below it may
print anything. A block of the kind `crontab` holds cron lines, whose commands are run as well.

A comment line "<!-- docs_test: WORDS -->" in the Markdown is a step that the test does there itself.
"""

import dataclasses
import re

FENCE = re.compile(r'^\s*```(\w*)\s*$')
STEP = re.compile(r'^<!-- docs_test: (.+?) -->$')
EXIT = re.compile(r'\s+# exit (\d+)$')
CRON = re.compile(r'^(?:[-\d*/,]+\s+){5}(\S+)\s+(.+)$')

# What differs from run to run, and the word that takes its place in both texts.
VARYING = [
    (re.compile(r'\d{4}-\d\d-\d\d[ T]\d\d:?\d\d(:?\d\d)?Z?'), '<time>'),
    (re.compile(r'\b\d{4}-\d\d-\d\d\b'), '<date>'),
    (re.compile(r'(<time>)-[0-9a-f]{8}\b'), r'\1-<run>'),
    (re.compile(r'\b17\d{8}\b|\b18\d{8}\b'), '<seconds>'),
    (re.compile(r'[ \t]+'), ' '),
]


@dataclasses.dataclass
class Command:
    line: int
    text: str
    exit_code: int = 0
    output: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Step:
    line: int
    words: str


def _command(number, text):
    found = EXIT.search(text)
    if found:
        return Command(number, text[:found.start()], int(found.group(1)))
    return Command(number, text)


def parse(text):
    """The commands and steps of a document, in order."""
    found = []
    kind = None  # of the block that we are in
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if fence:
            kind = fence.group(1) if kind is None else None
        elif kind is None:
            step = STEP.match(line)
            if step:
                found.append(Step(number, step.group(1)))
        elif kind == 'console' and line.startswith('$ '):
            found.append(_command(number, line[2:]))
        elif kind == 'console':
            if not found or not isinstance(found[-1], Command):
                raise ValueError('line %d: output without a command' % number)
            found[-1].output.append(line)
        elif kind == 'crontab' and line and not line.startswith('#'):
            cron = CRON.match(line)
            if not cron:
                raise ValueError('line %d: no cron line: %s' % (number, line))
            found.append(_command(number, cron.group(2)))
    if kind is not None:
        raise ValueError('a block is not closed')
    return found


def _plain(line):
    for pattern, word in VARYING:
        line = pattern.sub(word, line)
    return line.strip()


def _line_matches(expected, actual):
    pattern = '.*'.join(re.escape(part) for part in _plain(expected).split('...'))
    return re.fullmatch(pattern, _plain(actual)) is not None


def first_difference(expected, actual):
    """None if the lines `actual` are what the lines `expected` allow, else the first line of
    `expected` that nothing was found for, or of `actual` that nothing allows."""
    expected = [line for line in expected if line.strip()]
    actual = [line for line in actual if line.strip()]
    # furthest[j]: the expected lines so far can end at actual line j
    reachable = {0}
    for line in expected:
        if line.strip() == '...':
            reachable = set(range(min(reachable), len(actual) + 1))
            continue
        after = {at + 1 for at in reachable if at < len(actual) and _line_matches(line, actual[at])}
        if not after:
            return 'expected: %s' % line
        reachable = after
    if len(actual) in reachable:
        return None
    return 'not expected: %s' % actual[max(reachable)]


def table_rows(text, heading, header=None):
    """The cells of the first table below a heading, its head and rule left out. With `header`: of the first
    table whose first column is called so."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.lstrip('#').strip() == heading and line.startswith('#'):
            break
    else:
        raise ValueError('no heading %s' % heading)
    rows = []
    for line in lines:
        if line.startswith('|'):
            rows.append([cell.strip() for cell in re.split(r'(?<!\\)\|', line.strip())[1:-1]])
        elif rows and header not in (None, rows[0][0]):
            rows = []
        elif rows or line.startswith('#'):
            break
    if len(rows) < 3:
        raise ValueError('no table below %s' % heading)
    return rows[2:]


def sections(text):
    """What a link to each heading is called, as GitHub and GitLab derive it from the heading's text."""
    found, in_block = [], False
    for line in text.splitlines():
        in_block = in_block != bool(FENCE.match(line))
        heading = re.match(r'#+ (.+)', line)
        if heading and not in_block:
            name = re.sub(r'[^\w -]', '', heading.group(1).lower()).strip().replace(' ', '-')
            before = sum(re.fullmatch(re.escape(name) + r'(-\d+)?', other) is not None for other in found)
            found.append('%s-%d' % (name, before) if before else name)
    return found


def code_words(cell):
    return re.findall(r'`([^`]+)`', cell)


def walk(test, host, name, text, fresh_site):
    """Runs a document's commands and steps on a host, in order, and has the test compare what they print."""
    entries = parse(text)
    test.assertTrue(any(isinstance(entry, Command) for entry in entries), name)
    for entry in entries:
        if entry == Step(entry.line, 'fresh-site'):
            fresh_site()
            continue
        if isinstance(entry, Step):
            host.step(entry.words)
            continue
        code, output = host.run(entry.text)
        where = '%s:%d: %s\n%s' % (name, entry.line, entry.text, output)
        test.assertEqual(code, entry.exit_code, where)
        if entry.output:
            difference = first_difference(entry.output, output.splitlines())
            test.assertIsNone(difference, '%s\n%s' % (difference, where))
