#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the rules that no compiler checks, over every file that git knows or would add:

- a module includes only the modules below it (MODULES), and a sub-folder only what SUBFOLDERS says;
- no circle: following the includes of a header and its source never leads back to it;
- no two headers define a type of the same name: all are in one namespace, and the linker would take either;
- only cli/console.cpp writes to standard output and standard error, for it never throws and makes text safe;
- soci, libpqxx and SQLite are for sql/ alone (and tests), and never SOCI and SQLite in one file: SOCI
  declares SQLite's types a second time;
- no file of code has more than 600 lines;
- every source says its licence in a line of its own (SPDX);
- no path of somebody's machine.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAX_LINES = 600
MAX_CIRCLES = 5
# Each module, lowest first, and the modules that it may include. The link lines in */CMakeLists.txt say the same.
MODULES = {
    'base': (),
    'attest': ('base',),
    'digest': ('base',),
    'glance': ('base',),
    'openstack': ('base',),
    'signature': ('base', 'digest', 'glance', 'openstack'),
    'sql': ('base', 'glance'),
    'store': ('base', 'glance', 'openstack'),
    'ledger': ('base', 'glance', 'sql'),
    'read': ('base', 'digest', 'glance', 'ledger', 'signature', 'sql', 'store'),
}
_OF_A_PHASE = ('base', 'glance', 'sql', 'ledger')
MODULES |= {phase: _OF_A_PHASE for phase in ('expand', 'migrate', 'report')}
MODULES['backfill'] = MODULES['verify'] = (*_OF_A_PHASE, 'digest', 'signature', 'store', 'read')
# Its archive is signed.
MODULES['contract'] = (*_OF_A_PHASE, 'attest')
MODULES['cli'] = tuple(MODULES)
# A sub-folder of a module that may include only some of what its module may. "." is the module's own folder.
SUBFOLDERS = {
    # How fast to read, and when: nothing of images.
    'read/pace': ('base', 'glance', 'sql', 'store'),
    # One folder for each type of store: it knows the interface in store/, and no other type.
    # Those that speak HTTP share store/net.
    **{'store/%s' % path.name: ('base', 'glance', 'openstack', 'store/.', 'store/net')
       for path in (ROOT / 'store').iterdir() if path.is_dir()},
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)
DATABASE_HEADER = re.compile(r'^(soci/.*|soci\.h|pqxx(/.*)?|sqlite3\.h)$')
PRINTER = re.compile(r'\b((?:fmt::print|std::print|f?puts|f?printf)\(|std::c(?:out|err|log)\b)')
# Written apart, or this file would find itself.
MACHINE_PATH = re.compile(r'(?<![\w.$}-])/(' + 'work|root|home' + r')/')
CODE = ('.cpp', '.h', '.py', '.sql', '.cmake', '.css', '.html')
LICENCE = 'SPDX-License-Identifier: Apache-2.0'


def tracked_files(root=ROOT):
    """Relative paths of the files that git tracks or would add, those that are gone left out."""
    listed = subprocess.run(
        ['git', '-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others',
         '--exclude-standard'], cwd=root, check=True, stdout=subprocess.PIPE).stdout
    paths = sorted({pathlib.PurePath(name) for name in listed.decode().split('\0') if name})
    return [path for path in paths if (root / path).is_file()]


def includes_of(text):
    return INCLUDE.findall(text)


def folder_of(path):
    """The sub-folder that has a rule of its own, else the module."""
    parts = pathlib.PurePath(path).parts
    sub = '/'.join(parts[:2])
    return sub if len(parts) > 2 and sub in SUBFOLDERS else parts[0]


def may_include(folder, name):
    """Whether a file in `folder` may include the header `name` of ours."""
    module, other = folder.split('/')[0], folder_of(name)
    if folder == other:
        return True
    if other.startswith('store/') and module != 'store':
        return False  # types of stores are known from store/registry.h alone
    if folder in SUBFOLDERS:
        if other == module:
            return '%s/.' % module in SUBFOLDERS[folder]
        if other in SUBFOLDERS[folder]:
            return True
        return other.split('/')[0] != module and other.split('/')[0] in SUBFOLDERS[folder]
    return other.split('/')[0] in (module, *MODULES[module])


def include_faults(path, text):
    folder = folder_of(path)
    module = path.parts[0]
    names = includes_of(text)
    if 'sqlite3.h' in names and any(name.startswith('soci') for name in names):
        yield 'includes both sqlite3.h and SOCI'
    if module not in MODULES:
        return
    for name in PRINTER.findall(text):
        yield 'uses %s: only print_out() and print_err() of cli/console.h never throw' % name
    if module != 'sql':
        for name in names:
            if DATABASE_HEADER.match(name):
                yield 'includes %s, which is for sql/ alone' % name
    for name in names:
        if name.split('/')[0] in MODULES and not may_include(folder, name):
            yield 'includes %s: %s/ may include %s' % (
                name, folder, ', '.join(SUBFOLDERS.get(folder, MODULES[module])) or 'nothing of ours')


def unit_of(path):
    """A header and its source are one unit, and Highway's headers, which are included once per vector, are
    part of the source that includes them."""
    return re.sub(r'(_[a-z0-9]+-inl)?\.(cpp|h)$', '', str(path))


def circles(texts):
    """Sentences on units of the modules that include each other. `texts` by relative path."""
    includes = {}
    for path, text in texts.items():
        if path.parts[0] in MODULES and path.suffix in ('.cpp', '.h'):
            named = {unit_of(name) for name in includes_of(text) if name.split('/')[0] in MODULES}
            includes.setdefault(unit_of(path), set()).update(named - {unit_of(path)})
    done, trail = set(), []

    def walk(unit):
        if unit in trail:
            yield ' -> '.join([*trail[trail.index(unit):], unit])
        elif unit not in done:
            trail.append(unit)
            for other in sorted(includes.get(unit, ())):
                yield from walk(other)
            trail.pop()
            done.add(unit)

    for unit in sorted(includes):
        yield from walk(unit)


TYPE = re.compile(r'^(?:struct|class|enum class) (\w+)(?: final)?(?: : [^;{]*)? \{', re.MULTILINE)


def twins(texts):
    """Sentences on types that two headers of the modules define."""
    homes = {}
    for path, text in texts.items():
        if path.parts[0] in MODULES and path.suffix == '.h':
            for name in TYPE.findall(text):
                homes.setdefault(name, []).append(str(path))
    return ['%s is defined in %s' % (name, ' and '.join(paths))
            for name, paths in sorted(homes.items()) if len(paths) > 1]


def faults(path, text):
    """Sentences on what is wrong with the file at relative `path`."""
    is_script = path.parts[0] == 'scripts'
    if path.suffix in ('.cpp', '.h'):
        yield from include_faults(path, text)
    if (path.suffix in CODE or is_script or path.name == 'CMakeLists.txt') and \
            not any(line.endswith(LICENCE) for line in text.splitlines()[:2]):
        yield 'has no line "%s"' % LICENCE
    lines = text.count('\n')
    if (path.suffix in CODE or is_script) and lines > MAX_LINES:
        yield 'has %d lines; split it (at most %d)' % (lines, MAX_LINES)
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATH.search(line):
            yield 'line %d names a path of some machine' % number


def main():
    found = 0
    texts = {path: (ROOT / path).read_bytes().decode('utf-8', 'replace') for path in tracked_files()}
    for twin in twins(texts):
        print(twin)
        found += 1
    for path, text in texts.items():
        for fault in faults(path, text):
            print('%s: %s' % (path, fault))
            found += 1
    # After these: one wrong include closes many circles.
    rings = sorted(circles(texts), key=lambda ring: (ring.count('->'), ring))
    for circle in rings[:MAX_CIRCLES]:
        print('these include each other: %s' % circle)
    if len(rings) > MAX_CIRCLES:
        print('and %d more circles' % (len(rings) - MAX_CIRCLES))
    found += len(rings)
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
