#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the relocatable bundle: the program, its libraries and their loader in one folder.

    /usr/bin/python3 packaging/bundle/make_bundle.py ROOT FOLDER

ROOT   where backglance is installed, as `DESTDIR=ROOT cmake --install BUILD --prefix /usr` does
FOLDER is made, with two trees in it:
    backglance/      the bundle
    backglance-rbd/  what unpacked over the bundle adds the module for Ceph; only if ROOT has the module

Layout of the bundle:
    bin/backglance        what users call (launcher.cpp)
    libexec/backglance    glibc's loader under the name that `ps` shows; libexec/program is the program
    lib/                  every library that the program or a plugin needs, the C library included
    lib/mariadb/          plugins by which MariaDB's client logs in; it loads them by name
    share/                documents, man pages, completions, units
    share/licenses/       the copyright file of each Debian package whose library is in lib/
    share/libraries.json  library, Debian package, version
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# Loaded by name; ldd does not see them. The others need Kerberos or ask a person.
MARIADB_PLUGINS = ('caching_sha2_password', 'client_ed25519', 'mysql_clear_password', 'sha256_password')


def output(*command):
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def libraries_of(*files):
    """Maps the name of each library that the files need, at any depth, to its path here."""
    found = {}
    for file in files:
        for line in output('ldd', file).splitlines():
            if 'not found' in line:
                raise SystemExit('bundle: %s: %s' % (file, line.strip()))
            match = re.match(r'\s*(\S+) => (/\S+) ', line)
            if match:
                found[match.group(1)] = pathlib.Path(match.group(2))
    return found


def loader_of(program):
    match = re.search(r'program interpreter: ([^]]+)', output('readelf', '--program-headers', '--wide', program))
    return pathlib.Path(match.group(1))


def package_of(path):
    """The Debian package of a file. dpkg knows a path with or without /usr, which are one folder."""
    real = path.resolve()
    for name in (path, real, '/usr%s' % real, str(real).removeprefix('/usr')):
        done = subprocess.run(['dpkg-query', '--search', str(name)], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.split(': ')[0].split(',')[0]
    raise SystemExit('bundle: no Debian package has %s: its licence is unknown' % path)


def copy(source, target, mode=0o644, strip=False):
    target.parent.mkdir(parents=True, exist_ok=True)
    if strip:
        subprocess.run(['strip', '--strip-unneeded', '-o', target, source], check=True)
    else:
        shutil.copyfile(source, target)
    target.chmod(mode)


def copy_libraries(libraries, tree, loader):
    """Copies libraries, their licences, and a list of both."""
    listed = {}
    for name, path in sorted({**libraries, loader.name: loader}.items()):
        if path != loader:
            # The program loads the C library of the bundle with the loader of the bundle; both are of one package.
            copy(path, tree / 'lib' / name)
        package = package_of(path)
        short = package.split(':')[0]
        listed[name] = {'package': short,
                        'version': output('dpkg-query', '--show', '--showformat', '${Version}', package)}
        licence = pathlib.Path('/usr/share/doc') / short / 'copyright'
        if not licence.exists():
            raise SystemExit('bundle: %s has no copyright file: its licence is unknown' % short)
        copy(licence, tree / 'share' / 'licenses' / short / 'copyright')
    return listed


def write_list(listed, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(listed, indent=2, sort_keys=True) + '\n')


def make_launcher(target):
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(['c++', '-std=c++20', '-Os', '-Wall', '-Wextra', '-Werror', '-static', '-s',
                    '-ffile-prefix-map=%s=.' % HERE, '-o', target, HERE / 'launcher.cpp'], check=True)


def make_bundle(root, tree):
    usr = root / 'usr'
    program = usr / 'bin' / 'backglance'
    loader = loader_of(program)
    plugin_folder = next(pathlib.Path('/usr/lib').glob('*/libmariadb3/plugin'))
    plugins = [plugin_folder / ('%s.so' % name) for name in MARIADB_PLUGINS]
    make_launcher(tree / 'bin' / 'backglance')
    copy(loader, tree / 'libexec' / 'backglance', 0o755)
    copy(program, tree / 'libexec' / 'program', 0o755, strip=True)
    libraries = libraries_of(program, *plugins)
    listed = copy_libraries(libraries, tree, loader)
    for plugin in plugins:
        copy(plugin, tree / 'lib' / 'mariadb' / plugin.name)
        listed['mariadb/%s' % plugin.name] = listed['libmariadb.so.3']
    write_list(listed, tree / 'share' / 'libraries.json')
    shutil.copytree(usr / 'share', tree / 'share', dirs_exist_ok=True, symlinks=True)
    # A package has a link to Debian's own copy.
    licence = tree / 'share' / 'doc' / 'backglance' / 'LICENSE'
    licence.unlink(missing_ok=True)
    shutil.copyfile(HERE.parent.parent / 'LICENSE', licence)
    units = usr / 'lib' / 'systemd'
    if units.is_dir():
        shutil.copytree(units, tree / 'share' / 'systemd')
    return libraries


def make_rbd(root, tree, known):
    """What the module needs and the bundle lacks."""
    for module in (root / 'usr').rglob('backglance_rbd.so'):
        copy(module, tree / module.relative_to(root / 'usr'), strip=True)
        libraries = {name: path for name, path in libraries_of(module).items() if name not in known}
        listed = copy_libraries(libraries, tree, loader_of(root / 'usr' / 'bin' / 'backglance'))
        write_list({name: listed[name] for name in libraries}, tree / 'share' / 'libraries-rbd.json')


def main():
    root, folder = (pathlib.Path(word).resolve() for word in sys.argv[1:])
    os.umask(0o022)
    folder.mkdir(parents=True)
    known = make_bundle(root, folder / 'backglance')
    make_rbd(root, folder / 'backglance-rbd', known)


if __name__ == '__main__':
    main()
