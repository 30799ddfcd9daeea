#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Installs into an empty directory, and asks systemd what it thinks of the units.

    /usr/bin/python3 tests/packaging/packaging_test.py BUILD [unittest's own arguments]

BUILD is the build directory. Needs cmake and Debian's systemd; no systemd has to be running.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

MOST_EXPOSURE = 3.0
SOURCES = pathlib.Path(__file__).resolve().parent.parent.parent

build = None


def run(*command, **options):
    return subprocess.run(list(map(str, command)), check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
                          **options)


class PackagingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix='backglance-packaging-')
        cls.addClassCleanup(scratch.cleanup)
        cls.root = pathlib.Path(scratch.name)
        done = run('cmake', '--install', build, env={'DESTDIR': str(cls.root), 'PATH': '/usr/bin:/bin'})
        if done.returncode:
            raise AssertionError(done.stdout)
        cls.units = {path.name: path for path in cls.root.rglob('backglance.*')
                     if path.suffix in ('.service', '.timer')}

    def lines(self, name):
        text = self.units[name].read_text()
        return [line for line in text.splitlines() if line and not line.startswith('#')]

    def test_units_are_installed_beside_the_program_that_they_start(self):
        self.assertEqual(set(self.units), {'backglance.service', 'backglance.timer'})
        for path in self.units.values():
            self.assertEqual(path.parent.parts[-3:], ('lib', 'systemd', 'system'))
        start = [line for line in self.lines('backglance.service') if line.startswith('ExecStart=')]
        self.assertEqual(len(start), 1)
        program, *arguments = start[0].removeprefix('ExecStart=').split()
        self.assertTrue((self.root / program.lstrip('/')).is_file(), program)
        self.assertEqual(arguments, ['backfill', '--config-file', '/etc/glance/glance-api.conf'])
        self.assertNotIn('@', ''.join(line for line in self.lines('backglance.service')
                                      if not line.startswith('SystemCallFilter')))

    def test_manual_pages_and_completions_are_installed(self):
        pages = {path.name for path in self.root.rglob('man1/*')}
        program = next(path for path in self.root.rglob('bin/backglance'))
        commands = run(program, 'help', '--commands').stdout.splitlines()
        self.assertEqual(pages, {'backglance.1', *('backglance-%s.1' % name.replace(' ', '-') for name in commands)})
        self.assertIn('backfill', commands)
        for place in ('bash-completion/completions/backglance', 'zsh/site-functions/_backglance',
                      'fish/vendor_completions.d/backglance.fish'):
            found = list(self.root.rglob('share/' + place))
            self.assertEqual(len(found), 1, place)
            self.assertIn('backfill', found[0].read_text())

    def test_ceph_is_needed_by_its_module_alone(self):
        def needed(path):
            return re.findall(r'NEEDED.*\[(\w+)', run('readelf', '--dynamic', path).stdout)
        programs = [path for path in self.root.rglob('bin/backglance') if path.is_file()]
        self.assertEqual(len(programs), 1)
        self.assertFalse({'librbd', 'librados'} & set(needed(programs[0])))
        for module in self.root.rglob('backglance_rbd.so'):  # none in a build without Ceph
            self.assertEqual(module.parent.name, 'backglance')
            self.assertLess({'librbd', 'librados'}, set(needed(module)))
            lone = self.root / 'component'
            done = run('cmake', '--install', build, '--component', 'rbd',
                       env={'DESTDIR': str(lone), 'PATH': '/usr/bin:/bin'})
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertEqual([path.name for path in lone.rglob('*') if path.is_file()], ['backglance_rbd.so'])

    def test_systemd_finds_no_fault(self):
        # systemd looks for the program where the unit says; here it lies below another root.
        for name in self.units:
            text = self.units[name].read_text()
            copy = self.root / name
            copy.write_text(re.sub(r'(?m)^ExecStart=(\S+)',
                                   lambda found: 'ExecStart=%s%s' % (self.root, found.group(1)), text))
        done = run('systemd-analyze', 'verify', '--man=no', self.root / 'backglance.service',
                   self.root / 'backglance.timer')
        said = [line for line in done.stdout.splitlines() if 'backglance' in line]
        self.assertEqual((done.returncode, said), (0, []), done.stdout)

    def test_systemd_rates_the_service_as_little_exposed(self):
        done = run('systemd-analyze', 'security', '--offline=yes', '--no-pager',
                   '--threshold=%d' % (MOST_EXPOSURE * 10), self.units['backglance.service'])
        found = re.search(r'Overall exposure level for backglance.service: ([\d.]+)', done.stdout)
        self.assertTrue(found, done.stdout)
        self.assertLess(float(found.group(1)), MOST_EXPOSURE, done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_service_runs_as_it_should(self):
        lines = self.lines('backglance.service')
        for line in ('Type=oneshot', 'User=glance', 'ProtectSystem=strict', 'NoNewPrivileges=yes',
                     'PrivateTmp=yes', 'Nice=19', 'IOSchedulingClass=idle', 'KillSignal=SIGTERM',
                     'SuccessExitStatus=10 130', 'SystemCallFilter=@system-service'):
            self.assertIn(line, lines)
        self.assertTrue(any(line.startswith('MemoryMax=') for line in lines))

    def test_links_of_an_installed_document_lead_to_installed_files(self):
        documents = sorted(self.root.rglob('share/doc/**/*.md'))
        names = {path.name for path in documents}
        self.assertLessEqual({'README.md', 'NEWS.md', 'SECURITY.md', 'operations.md'}, names)
        broken = []
        for document in documents:
            for target in re.findall(r'\]\(([^)#\s]+)', document.read_text()):
                if '://' not in target and not (document.parent / target).is_file():
                    broken.append('%s: %s' % (document.name, target))
        self.assertEqual(broken, [])

    def test_every_document_that_the_service_names_is_installed(self):
        names = [line.removeprefix('Documentation=file:') for line in self.lines('backglance.service')
                 if line.startswith('Documentation=')]
        self.assertTrue(names)
        for name in names:
            self.assertTrue((self.root / name.lstrip('/')).is_file(), name)

    def test_licence_is_installed(self):
        installed = [path.read_bytes() for path in self.root.rglob('share/doc/**/LICENSE')]
        self.assertEqual(len(installed), 1)
        self.assertTrue(installed[0] == (SOURCES / 'LICENSE').read_bytes())

    def test_timer_comes_once_a_night(self):
        calendar = [line.removeprefix('OnCalendar=') for line in self.lines('backglance.timer')
                    if line.startswith('OnCalendar=')]
        self.assertEqual(run('systemd-analyze', 'calendar', *calendar).returncode, 0)


if __name__ == '__main__':
    build = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
