# SPDX-License-Identifier: Apache-2.0
"""The one table that is printed at the end, and the notes on the way to it."""

import dataclasses
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The column of what takes place on no database server.
HERE = 'here'
TITLES = {'postgresql': 'PostgreSQL', 'mysql': 'MariaDB'}


@dataclasses.dataclass
class Line:
    section: str
    what: str
    goal: str
    figures: dict


class Table:
    def __init__(self, engines):
        self._engines = engines
        self._lines = {}

    def add(self, benchmark, what, engine, value, form='%s', goal=''):
        line = self._lines.setdefault((benchmark.title, what), Line(benchmark.title, what, goal, {}))
        line.figures[engine] = form % value
        print('  %s: %s: %s' % (TITLES[engine], what, form % value), flush=True)

    def here(self, benchmark, what, value, form='%s', goal=''):
        line = self._lines.setdefault((benchmark.title, what), Line(benchmark.title, what, goal, {}))
        line.figures[HERE] = form % value
        print('  %s: %s' % (what, form % value), flush=True)

    def note(self, benchmark, engine, text):
        """What one round measured."""
        print('    %s: %s' % (TITLES[engine], text), flush=True)

    def print(self):
        lines = list(self._lines.values())
        width = max((len(line.what) for line in lines), default=0) + 2
        head = '%-*s' % (width + 2, '') + ''.join('%14s' % TITLES[engine] for engine in self._engines) + '  goal'
        print('\n%s' % head)
        section = None
        for line in lines:
            if line.section != section:
                section = line.section
                print(section)
            figures = line.figures.get(HERE) or ''.join('%14s' % line.figures.get(engine, '-')
                                                        for engine in self._engines)
            width_of_all = 14 * len(self._engines)
            print(('  %-*s%*s  %s' % (width, line.what, width_of_all, figures, line.goal)).rstrip())
