#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Says how many lines of each module the tests have run.

    cmake --preset coverage && cmake --build --preset coverage --target unit_tests
    ctest --preset coverage -R '^unit$'
    /usr/bin/python3 tests/coverage.py            a line for each module
    /usr/bin/python3 tests/coverage.py --files    and one for each file

Counts add up from one run of tests to the next. To begin again, delete the counts first:

    find build/coverage -name '*.gcda' -delete

A source that no test program contains is not counted. Needs gcov of the compiler that built the preset.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys

from check_includes import MODULES

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / 'build' / 'coverage'


def lines_run():
    """By relative path of a file: which of its lines have code, and whether one of its object files has run them.

    A source that was built but never run has notes (.gcno) and no counts (.gcda): all its lines count as not run.
    """
    notes = [path for path in sorted(BUILD.rglob('*.gcno')) if path.relative_to(BUILD).parts[0] in MODULES]
    found = collections.defaultdict(dict)
    for first in range(0, len(notes), 50):
        done = subprocess.run(['gcov', '--json-format', '--stdout', *map(str, notes[first:first + 50])],
                              cwd=BUILD, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for text in done.stdout.splitlines():
            for entry in json.loads(text)['files']:
                path = pathlib.Path(BUILD, entry['file'])
                if not path.is_relative_to(ROOT) or path.is_relative_to(BUILD):
                    continue
                lines = found[path.relative_to(ROOT)]
                for line in entry['lines']:
                    number = line['line_number']
                    lines[number] = lines.get(number, False) or line['count'] > 0
    return found


def print_row(name, lines):
    print('%-42s %6d of %6d lines  %5.1f %%' % (name, sum(lines), len(lines), 100 * sum(lines) / len(lines)))


def main():
    parser = argparse.ArgumentParser(description='Say how many lines of each module the tests have run.')
    parser.add_argument('--files', action='store_true', help='a line for each file as well')
    options = parser.parse_args()
    found = {path: list(lines.values()) for path, lines in lines_run().items() if lines}
    if not found:
        print('coverage: build the preset coverage and run its tests first (see CONTRIBUTING.md)', file=sys.stderr)
        return 1
    for module in MODULES:
        files = {path: lines for path, lines in sorted(found.items()) if path.parts[0] == module}
        if files:
            print_row(module + '/', sum(files.values(), []))
        for path, lines in files.items() if options.files else ():
            print_row('  %s' % path, lines)
    print_row('all', sum((lines for path, lines in found.items() if path.parts[0] in MODULES), []))
    return 0


if __name__ == '__main__':
    sys.exit(main())
