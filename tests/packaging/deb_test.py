#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The Debian packages: what lintian says of them, and what they leave on a host.

    /usr/bin/python3 tests/packaging/deb_test.py DIST [unittest's own arguments]

DIST is the output of scripts/package deb. As root; needs the packages of `scripts/install release` and a mirror.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import forms

dist = None


def packages():
    return sorted(dist.glob('backglance_*.deb')) + sorted(dist.glob('backglance-rbd_*.deb'))


def files_of(root):
    """Every file of a root directory but the package manager's own notes and caches."""
    skipped = ('/var/lib/dpkg/', '/var/lib/apt/', '/var/log/', '/var/cache/', '/dev/', '/proc/', '/sys/', '/tmp/', '/run/')
    names = set()
    for path in pathlib.Path(root).rglob('*'):
        name = '/%s' % path.relative_to(root)
        if not name.startswith(skipped) and not path.is_dir():
            names.add(name)
    return names


class DebTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix='backglance-deb-')
        cls.addClassCleanup(scratch.cleanup)
        cls.scratch = pathlib.Path(scratch.name)
        cls.scratch.chmod(0o755)

    def test_lintian_finds_neither_errors_nor_warnings(self):
        changes, = dist.glob('*.changes')
        done = forms.run('lintian', '--allow-root', '--fail-on', 'error,warning', changes, code=None)
        self.assertEqual((done.returncode, [line for line in done.stdout.splitlines() if line[:2] in ('E:', 'W:')]),
                         (0, []), done.stdout + done.stderr)

    def test_version_is_that_of_the_program(self):
        source = (forms.SOURCES / 'CMakeLists.txt').read_text()
        version = re.search(r'VERSION ([\d.]+) LANGUAGES', source).group(1)
        for package in packages():
            said = forms.run('dpkg-deb', '--field', package, 'Version').stdout
            self.assertTrue(said.startswith('%s-' % version), said)

    def test_ceph_is_needed_by_the_module_alone(self):
        program, module = (forms.run('dpkg-deb', '--field', package, 'Depends').stdout for package in packages())
        self.assertNotIn('librbd', program)
        self.assertIn('librbd', module)
        self.assertRegex(module, r'backglance \(= ')

    def newer(self, package):
        """The same package with a later version, as the next build would be."""
        tree = self.scratch / ('tree-%s' % package.stem)
        forms.run('dpkg-deb', '--raw-extract', package, tree)
        control = tree / 'DEBIAN' / 'control'
        control.write_text(re.sub(r'(?m)^Version: (.*)$', r'Version: \1+1', control.read_text()).replace(
            'backglance (= %s)' % forms.run('dpkg-deb', '--field', package, 'Version').stdout.strip(),
            'backglance (= %s+1)' % forms.run('dpkg-deb', '--field', package, 'Version').stdout.strip()))
        target = self.scratch / ('newer-%s.deb' % package.stem)
        forms.run('dpkg-deb', '--root-owner-group', '--build', tree, target)
        return target

    def test_install_upgrade_remove_and_purge_leave_nothing(self):
        root = self.scratch / 'host'
        forms.make_root(forms.this_release(), root, variant='apt')
        (root / 'usr/sbin/policy-rc.d').write_text('#!/bin/sh\nexit 101\n')
        (root / 'usr/sbin/policy-rc.d').chmod(0o755)
        work = self.scratch / 'packages'
        work.mkdir()
        older = packages()
        for path in (*older, *map(self.newer, older)):
            (work / path.name).write_bytes(path.read_bytes())

        def apt(*words):
            # debconf and triggers ask nobody.
            return forms.in_root(root, work, 'apt-get', '--yes', '--no-install-recommends', *words,
                                 environment={'DEBIAN_FRONTEND': 'noninteractive'})

        for name in ('resolv.conf', 'hosts'):
            (root / 'etc' / name).write_text(pathlib.Path('/etc', name).read_text())
        apt('update')
        depends = [re.sub(r'\s*\(.*?\)', '', name).strip() for package in older
                   for name in forms.run('dpkg-deb', '--field', package, 'Depends').stdout.split(',')]
        apt('install', *(name for name in sorted(set(depends)) if name != 'backglance'))
        before = files_of(root)
        users = (root / 'etc/passwd').read_text()
        apt('install', *(work / path.name for path in older))
        said = forms.in_root(root, work, 'backglance', '--version').stdout
        self.assertTrue(said.startswith('backglance '), said)
        self.assertEqual((root / 'etc/passwd').read_text(), users)
        enabled = [path for path in (root / 'etc/systemd').rglob('*') if 'backglance' in path.name]
        self.assertEqual(enabled, [])
        apt('install', *(path for path in sorted(work.glob('newer-*'))))
        said = forms.in_root(root, work, 'dpkg-query', '--show', '--showformat', '${Version}', 'backglance').stdout
        self.assertTrue(said.endswith('+1'), said)
        # A configuration of the administrator's that is not the package's.
        mine = root / 'etc/systemd/system/backglance.service.d/mine.conf'
        mine.parent.mkdir(parents=True)
        mine.write_text('[Service]\n')
        apt('remove', 'backglance', 'backglance-rbd')
        forms.in_root(root, work, 'dpkg', '--purge', 'backglance', 'backglance-rbd')
        self.assertTrue(mine.exists())
        after = files_of(root) - {'/%s' % mine.relative_to(root)}
        self.assertEqual((sorted(after - before), sorted(before - after)), ([], []))

    def test_package_does_the_main_job(self):
        root = self.scratch / 'extracted'
        for package in packages():
            subprocess.run(['dpkg-deb', '--extract', package, root], check=True)
        site = forms.Site(self.scratch / 'site')
        site.reset()
        said = site.main_job(lambda *words, code=0: forms.run(root / 'usr/bin/backglance', *words, code=code))
        self.assertIn('hashed', said)


if __name__ == '__main__':
    dist = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
