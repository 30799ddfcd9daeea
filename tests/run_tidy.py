#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy over the sources of the program, two at a time.

    /usr/bin/python3 tests/run_tidy.py build/dev

The argument is a build directory with compile_commands.json. A source that passed is not looked at again
until it, a header of ours that it includes, its compile command or .clang-tidy changes; what passed is
remembered in <build directory>/tidy. Clang cannot read GCC's precompiled header: each source is looked at
without it, which shows as well that it includes what it uses. Tests are left out: Catch2's macros take most of the time and
answer with findings that are not ours.
"""

import concurrent.futures
import hashlib
import json
import pathlib
import re
import subprocess
import sys

from check_includes import MODULES
from check_includes import includes_of
from check_includes import ROOT

CLANG_TIDY = 'clang-tidy-14'
WORKERS = 2


def with_headers(source):
    """The source and all headers of ours that it includes, directly or not."""
    found, todo = set(), [source]
    while todo:
        path = todo.pop()
        if path in found:
            continue
        found.add(path)
        for name in includes_of(path.read_text(encoding='utf-8')):
            if (ROOT / name).is_file():
                todo.append(ROOT / name)
    return sorted(found)


def digest(source, command):
    state = hashlib.sha256(command.encode())
    for path in [ROOT / '.clang-tidy', *with_headers(source)]:
        state.update(path.read_bytes())
    return state.hexdigest()


def without_precompiled_header(command):
    return re.sub(r' -(?:Winvalid-pch|fpch-preprocess|include \S*cmake_pch\.hxx)(?= )', '', command)


def tidy(state, entry):
    """None if the source is clean, else what clang-tidy says. `state` has the compile commands."""
    source = pathlib.Path(entry['file'])
    mark = state / digest(source, entry['command'])
    if mark.exists():
        return None
    done = subprocess.run([CLANG_TIDY, '-p', str(state), '--quiet', str(source)], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        return done.stdout + done.stderr
    mark.touch()
    return None


def main():
    build = pathlib.Path(sys.argv[1])
    state = build / 'tidy'
    state.mkdir(exist_ok=True)
    entries = [{**entry, 'command': without_precompiled_header(entry['command'])} for entry in json.loads((build / 'compile_commands.json').read_text())
               if pathlib.Path(entry['file']).relative_to(ROOT).parts[0] in MODULES]
    if not entries:
        sys.exit('run_tidy.py: no sources of ours in %s/compile_commands.json' % build)
    (state / 'compile_commands.json').write_text(json.dumps(entries))
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for said in pool.map(lambda entry: tidy(state, entry), entries):
            if said is not None:
                print(said)
                failed += 1
    print('%d sources, %d with findings' % (len(entries), failed))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
