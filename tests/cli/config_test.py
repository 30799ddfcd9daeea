#!/usr/bin/python3
"""How the program finds a site: configuration files as oslo.config reads them, or the command line."""

import hashlib
import os

import program
from program import DONE, EXPAND_DUE, FAILED, USAGE
import sites

PASSWORD = 'pa55word-of-the-database'


class Configuration(sites.SmallSiteTest):
    def setUp(self):
        super().setUp()
        self.image = self.site.add(b'an image')
        self.sources = self.scratch()

    def write(self, name, text):
        path = self.sources / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.format(database=self.site.database.path, store=self.site.store,
                                    directory=self.site.directory))
        return path

    def assert_hashed(self, *arguments, algorithm='sha512', **options):
        self.program('sync', *arguments, **options)
        found = self.site.hashes()[self.image]
        self.assertEqual(found[0], algorithm)
        if algorithm == 'sha512':
            self.assertEqual(found[1], sites.sha512(b'an image'))

    def test_later_file_wins(self):
        first = self.write('first.conf', '[DEFAULT]\nhashing_algorithm = sha256\n'
                           '[database]\nconnection = sqlite:////no/such.sqlite\n'
                           '[glance_store]\nfilesystem_store_datadir = {store}\n')
        second = self.write('second.conf', '[database]\nconnection = sqlite:///{database}\n')
        self.assert_hashed('--config-file', first, '--config-file', second, algorithm='sha256')

    def test_config_dir_is_read_in_order_of_names(self):
        self.write('conf.d/10-site.conf', '[DEFAULT]\nhashing_algorithm = md5\n[database]\n'
                   'connection = sqlite:///{database}\n')
        self.write('conf.d/20-store.conf', '[DEFAULT]\nhashing_algorithm = sha512\n'
                   '[glance_store]\nfilesystem_store_datadir = {store}\n')
        self.write('conf.d/30-not-read.txt', '[database]\nconnection = nonsense\n')
        self.assert_hashed('--config-dir', self.sources / 'conf.d')

    def test_config_dir_wins_over_config_file(self):
        file = self.write('a.conf', '[database]\nconnection = sqlite:////no/such.sqlite\n')
        self.write('conf.d/b.conf', '[database]\nconnection = sqlite:///{database}\n'
                   '[glance_store]\nfilesystem_store_datadir = {store}\n')
        self.assert_hashed('--config-file', file, '--config-dir', self.sources / 'conf.d')

    def test_url_and_store_dir_need_no_file(self):
        url = 'sqlite:///%s' % self.site.database.path
        self.assert_hashed('--database', url, '--store-dir', self.site.store)

    def test_url_and_store_dir_win_over_the_file(self):
        path = self.write('glance-api.conf', '[database]\nconnection = sqlite:////no/such.sqlite\n'
                          '[glance_store]\nfilesystem_store_datadir = /no/such/store\n')
        self.assert_hashed('--config-file', path, '--database',
                           'sqlite:///%s' % self.site.database.path, '--store-dir', self.site.store)

    def test_relative_path_is_relative_to_the_working_directory(self):
        path = self.write('glance-api.conf', '[database]\nconnection = sqlite:///glance.sqlite\n'
                          '[glance_store]\nfilesystem_store_datadir = images\n')
        self.assert_hashed('--config-file', path, cwd=self.site.directory)

    def test_enabled_backends(self):
        path = self.write(
            'glance-api.conf', '[DEFAULT]\nenabled_backends = fast:file, far:swift\n'
            '[database]\nconnection = sqlite:///{database}\n[glance_store]\ndefault_backend = fast\n'
            '[fast]\nfilesystem_store_datadir = {store}\n[far]\nswift_store_key = %s\n' % PASSWORD)
        self.assert_hashed('--config-file', path)
        status = self.program('status', '--config-file', path, '--json')
        self.assertEqual([(store['id'], store['type']) for store in status.object['site']['stores']],
                         [('fast', 'file'), ('far', 'swift')])
        self.assertNotIn(PASSWORD, status.out)

    def test_several_data_directories(self):
        other = self.scratch()
        moved = self.site.path_of(self.image).rename(other / 'moved')
        self.site.database.execute('UPDATE image_locations SET value = ?', 'file://%s' % moved)
        path = self.write('glance-api.conf', '[database]\nconnection = sqlite:///{database}\n'
                          '[glance_store]\nfilesystem_store_datadirs = {store}:10\n'
                          'filesystem_store_datadirs = %s:20\n' % other)
        self.assert_hashed('--config-file', path)

    def test_substitution(self):
        path = self.write('glance-api.conf', '[DEFAULT]\nstate_path = {directory}\n'
                          '[database]\nconnection = sqlite:///$state_path/glance.sqlite\n'
                          '[glance_store]\nfilesystem_store_datadir = ${{state_path}}/images\n')
        self.assert_hashed('--config-file', path)

    def test_home_is_searched_when_nothing_is_named(self):
        self.write('.glance/glance-api.conf', '[database]\nconnection = sqlite:///{database}\n'
                   '[glance_store]\nfilesystem_store_datadir = {store}\n')
        environment = dict(os.environ, HOME=str(self.sources))
        self.program('check', code=EXPAND_DUE, env=environment)
        self.assert_hashed(env=environment)

    def test_algorithm_of_the_configuration_is_the_one_that_is_used(self):
        for name in ('sha256', 'sha3_256', 'blake2b', 'md5', 'SHA-512'):
            with self.subTest(name):
                data = name.encode()
                self.image = self.site.add(data)
                self.site.write_config('hashing_algorithm = %s' % name)
                self.sync()
                algorithm, value, _ = self.site.hashes()[self.image]
                self.assertEqual(value, hashlib.new(name, data, usedforsecurity=False).hexdigest())
                self.assertEqual(hashlib.new(algorithm, data, usedforsecurity=False).hexdigest(),
                                 value)

    def test_password_in_a_url_is_never_printed(self):
        for url in ('mysql+pymysql://glance:%s@db.example.org/glance' % PASSWORD,
                    'postgresql://glance:%s@db.example.org/glance' % PASSWORD,
                    'mysql+pymysql://glance:%s@db.example.org:port/glance' % PASSWORD,
                    'nonsense://glance:%s@db.example.org/glance' % PASSWORD,
                    'glance:%s@db.example.org/glance' % PASSWORD):
            path = self.write('glance-api.conf', '[database]\nconnection = %s\n' % url)
            for arguments in (('--config-file', path), ('--database', url)):
                for json in ((), ('--json',)):
                    with self.subTest(url=url, arguments=arguments, json=json):
                        result = self.refused('status', *arguments, *json, code=(USAGE, FAILED))
                        self.assertNotIn(PASSWORD, result.out + result.err)


class Precedence(sites.SmallSiteTest):
    def test_status_names_the_files_it_read(self):
        status = self.on_site('status', '--json', code=DONE).object
        self.assertEqual(status['site']['config_files'], [str(self.site.config)])


if __name__ == '__main__':
    program.main()
