#!/usr/bin/python3
"""Holds the rules of the house that no compiler checks, over every file that git knows or would add:

- includes go one way: base <- glance <- sql <- the phases <- cli, and no phase includes another;
- soci, libpqxx and SQLite are for sql/ alone (and tests), and never SOCI and SQLite in one file: SOCI
  declares SQLite's types a second time;
- no file of code has more than 600 lines;
- no path of somebody's machine.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAX_LINES = 600
PHASES = ('expand', 'migrate', 'backfill', 'contract', 'report')
# A room, and those below it that it may include.
ROOMS = {'base': (), 'glance': ('base',), 'sql': ('base', 'glance')}
ROOMS.update({phase: ('base', 'glance', 'sql') for phase in PHASES})
ROOMS['attest'] = ROOMS['openstack'] = ('base',)
ROOMS['backfill'] += ('openstack',)
# Its archive is signed.
ROOMS['contract'] = (*ROOMS['contract'], 'attest')
ROOMS['cli'] = ('base', 'glance', 'sql', 'attest', 'openstack', *PHASES)

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)
DATABASE_HEADER = re.compile(r'^(soci/.*|soci\.h|pqxx(/.*)?|sqlite3\.h)$')
# Written apart, or this file would find itself.
MACHINE_PATH = re.compile(r'(?<![\w.$}-])/(' + 'work|root|home' + r')/')
CODE = ('.cpp', '.h', '.py', '.sql', '.cmake')


def tracked_files(root=ROOT):
    """Relative paths of the files that git tracks or would add, those that are gone left out."""
    listed = subprocess.run(
        ['git', '-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others',
         '--exclude-standard'], cwd=root, check=True, stdout=subprocess.PIPE).stdout
    paths = sorted({pathlib.PurePath(name) for name in listed.decode().split('\0') if name})
    return [path for path in paths if (root / path).is_file()]


def includes_of(text):
    return INCLUDE.findall(text)


def include_faults(path, text):
    room = path.parts[0]
    names = includes_of(text)
    of_databases = [name for name in names if DATABASE_HEADER.match(name)]
    if 'sqlite3.h' in names and any(name.startswith('soci') for name in names):
        yield 'includes both sqlite3.h and SOCI'
    if room in ROOMS and room != 'sql':
        for name in of_databases:
            yield 'includes %s, which is for sql/ alone' % name
    for name in names:
        other = name.split('/')[0]
        if room in ROOMS and other in ROOMS and other not in (room, *ROOMS[room]):
            yield 'includes %s: %s/ may include %s' % (
                name, room, ', '.join(ROOMS[room]) or 'nothing of ours')


def faults(path, text):
    """Sentences on what is wrong with the file at relative `path`."""
    is_script = path.parts[0] == 'scripts'
    if path.suffix in ('.cpp', '.h'):
        yield from include_faults(path, text)
    lines = text.count('\n')
    if (path.suffix in CODE or is_script) and lines > MAX_LINES:
        yield 'has %d lines; split it (at most %d)' % (lines, MAX_LINES)
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATH.search(line):
            yield 'line %d names a path of some machine' % number


def main():
    found = 0
    for path in tracked_files():
        text = (ROOT / path).read_bytes().decode('utf-8', 'replace')
        for fault in faults(path, text):
            print('%s: %s' % (path, fault))
            found += 1
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
