#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The bundle and the image do the main job on the demo site to the same report as the program of the build.

    /usr/bin/python3 tests/packaging/forms_test.py BUILD [unittest's own arguments]

BUILD is the build directory; bundle and image are made of what it installs, or, if BACKGLANCE_DIST names the output of
scripts/package, those are taken. As root; needs the packages of
`scripts/install release` and, for other releases of Debian, a mirror.
"""

import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest

import forms

RELEASES = ('bookworm', 'trixie', 'sid')
# Glance's user in kolla, openstack-helm and Debian.
USERS = (42415, 42424, 64062)
MOST_BYTES = 25_000_000

build = None


class FormsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix='backglance-forms-')
        cls.addClassCleanup(scratch.cleanup)
        cls.scratch = pathlib.Path(scratch.name)
        cls.scratch.chmod(0o755)
        cls.installed = cls.scratch / 'installed'
        if 'BACKGLANCE_DIST' in os.environ:
            cls.out = pathlib.Path(os.environ['BACKGLANCE_DIST']).resolve()
        else:
            cls.out = cls.scratch / 'out'
            cls.make(cls.out)
        cls.bundle, = cls.out.glob('backglance-[0-9]*.tar.gz')
        cls.site = forms.Site(cls.scratch / 'site')
        program = build / 'cli' / 'backglance'
        cls.site.reset()
        cls.report = cls.site.main_job(lambda *words, code=0: forms.run(program, *words, code=code))
        cls.version = forms.run(program, '--version').stdout

    @classmethod
    def make(cls, out):
        if not cls.installed.exists():
            forms.run('cmake', '--install', build, '--prefix', '/usr',
                      env={'DESTDIR': str(cls.installed), 'PATH': '/usr/bin:/bin'})
        forms.run(forms.SOURCES / 'scripts' / 'package', '--output', out, '--from', cls.installed, 'bundle', 'image')

    def empty_root(self, name):
        root = self.scratch / name
        (root / 'opt').mkdir(parents=True)
        with tarfile.open(self.bundle) as tar:
            tar.extractall(root / 'opt')
        return root

    def assert_main_job(self, root, **options):
        def execute(*words, code=0):
            return forms.in_root(root, self.site.folder, '/opt/backglance/bin/backglance', *words, code=code,
                                 **options)
        self.assertEqual(execute('--version').stdout, self.version)
        self.site.reset()
        self.assertEqual(self.site.main_job(execute), self.report)

    def test_bundle_is_small(self):
        self.assertLess(self.bundle.stat().st_size, MOST_BYTES)

    def test_bundle_runs_where_there_is_nothing_else(self):
        self.assert_main_job(self.empty_root('empty'))

    def test_bundle_runs_in_each_debian_without_packages(self):
        for release in RELEASES:
            with self.subTest(release=release):
                root = self.scratch / release
                forms.make_root(release, root)
                with tarfile.open(self.bundle) as tar:
                    tar.extractall(root / 'opt')
                self.assert_main_job(root)

    def test_bundle_is_found_through_a_link_and_in_any_folder(self):
        root = self.empty_root('moved')
        (root / 'srv').mkdir()
        (root / 'opt' / 'backglance').rename(root / 'srv' / 'other name')
        (root / 'usr' / 'bin').mkdir(parents=True)
        (root / 'usr' / 'bin' / 'bg').symlink_to('/srv/other name/bin/backglance')
        done = forms.in_root(root, self.site.folder, '/usr/bin/bg', '--version')
        self.assertEqual(done.stdout, self.version)

    def test_bundle_uses_its_own_libraries_alone(self):
        root = self.empty_root('libraries')
        done = forms.in_root(root, self.site.folder, '/opt/backglance/bin/backglance', '--version',
                             environment={'LD_DEBUG': 'libs'})
        # What stands before is of the host's unshare, which becomes the program.
        own = done.stderr.split('transferring control: unshare')[-1]
        loaded = [line.split()[-1] for line in own.splitlines() if 'calling init:' in line]
        self.assertGreater(len(loaded), 20)
        self.assertEqual([path for path in loaded if not path.startswith('/opt/backglance/')], [])

    def test_incomplete_bundle_says_so(self):
        root = self.empty_root('incomplete')
        (root / 'opt' / 'backglance' / 'libexec' / 'program').unlink()
        done = forms.in_root(root, self.site.folder, '/opt/backglance/bin/backglance', '--version', code=1)
        self.assertIn('next: unpack the bundle again', done.stderr)

    def test_module_for_ceph_is_found_once_it_is_unpacked_over_the_bundle(self):
        archives = list(self.out.glob('backglance-rbd-*.tar.gz'))
        if not archives:
            self.skipTest('the build has no module for Ceph')
        root = self.empty_root('ceph')
        config = self.site.folder / 'ceph.conf'
        config.write_text('[database]\nconnection = sqlite:///%s\n[glance_store]\nstores = rbd\ndefault_store = rbd\n'
                          'rbd_store_pool = images\nrbd_store_ceph_conf = /nowhere/ceph.conf\n' % self.site.database)
        words = ('/opt/backglance/bin/backglance', '--config-file', config, 'status')
        self.site.reset()
        before = forms.in_root(root, self.site.folder, *words).stdout
        self.assertIn('the module for Ceph is not installed', before)
        with tarfile.open(archives[0]) as tar:
            tar.extractall(root / 'opt')
        after = forms.in_root(root, self.site.folder, *words).stdout
        self.assertNotIn('module for Ceph', after)
        self.assertIn('rbd_store_ceph_conf) cannot be used: No such file', after)

    def test_image_does_the_main_job_as_every_user_of_glance(self):
        archive, = self.out.glob('*.oci.tar')
        layout = self.scratch / 'layout'
        with tarfile.open(archive) as tar:
            tar.extractall(layout)
        container = forms.Container(layout, self.version.split()[-1], self.scratch / 'container')
        process = container.config['process']
        self.assertEqual((process['user']['uid'], process['user']['gid']), (42415, 42415))
        self.assertEqual(process['args'], ['/usr/bin/backglance', 'status'])
        annotations = container.config['annotations']
        self.assertEqual(annotations['org.opencontainers.image.stopSignal'], 'SIGTERM')
        self.assertEqual(annotations['org.opencontainers.image.title'], 'backglance')
        for user in USERS:
            with self.subTest(user=user):
                self.site.reset(owner=user)
                said = self.site.main_job(lambda *words, code=0, user=user: container.run(
                    user, self.site.folder, *words, code=code))
                self.assertEqual(said, self.report)
                self.assertEqual(self.site.database.stat().st_uid, user)

    def test_same_input_gives_the_same_bytes(self):
        first, again = self.out, self.scratch / 'again'
        if not first.is_relative_to(self.scratch):
            first = self.scratch / 'first'
            self.make(first)
        self.make(again)
        made = [path for path in sorted(first.iterdir()) if path.is_file()]
        self.assertGreater(len(made), 1)
        for path in made:
            self.assertEqual(subprocess.run(['cmp', path, again / path.name], check=False).returncode, 0, path)


if __name__ == '__main__':
    build = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
