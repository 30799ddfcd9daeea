#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How the program finds a site: configuration files as oslo.config reads them, or the command line."""

import hashlib
import itertools
import json
import os
import pathlib
import subprocess

import program
from program import DONE, EXPAND_DUE, FAILED, USAGE
import sites

OSLO = '''
import json, sys
from oslo_config import cfg
conf = cfg.ConfigOpts()
conf.register_opts([cfg.StrOpt('hashing_algorithm', default='sha512'), cfg.StrOpt('metadata_encryption_key'),
                    cfg.DictOpt('enabled_backends')])
conf.register_opts([cfg.StrOpt('connection', deprecated_opts=[
    cfg.DeprecatedOpt('sql_connection', group='DEFAULT'), cfg.DeprecatedOpt('connection', group='sql')])],
    group='database')
store = [cfg.StrOpt('filesystem_store_datadir', default='/var/lib/glance/images'),
         cfg.MultiStrOpt('filesystem_store_datadirs')]
conf.register_opts([cfg.ListOpt('stores', default=['file', 'http']), *store], group='glance_store')
conf(sys.argv[1:], project='glance', default_config_files=[], default_config_dirs=[])
group = 'glance_store'
for name, kind in (conf.enabled_backends or {}).items():
    conf.register_opts(store, group=name)
    group = name if kind == 'file' else group
print(json.dumps({'hashing_algorithm': conf.hashing_algorithm, 'connection': conf.database.connection,
                  'metadata_encryption_key': conf.metadata_encryption_key,
                  'enabled_backends': conf.enabled_backends, 'stores': conf.glance_store.stores,
                  'datadir': conf[group].filesystem_store_datadir,
                  'datadirs': conf.glance_store.filesystem_store_datadirs}))
'''

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

    def test_parameters_of_oslo_db_are_read_or_refused_by_name(self):
        def with_option(option):
            return self.write('glance-api.conf', '[database]\nconnection = sqlite:///{database}\n%s\n'
                              '[glance_store]\nfilesystem_store_datadir = {store}\n' % option)
        for option, word in (('connection_parameters = bogus=%s' % PASSWORD, 'bogus'),
                             ('connection_parameters = uri=true', 'uri=true'),
                             ('mysql_enable_ndb = True', 'mysql_enable_ndb'), ('backend = other', 'backend')):
            result = self.refused('status', '--config-file', with_option(option), code=USAGE, words=[word])
            self.assertNotIn(PASSWORD, result.err)
        self.refused('status', '--config-file', with_option('connection_parameters = bogus=1'), '--database',
                     'sqlite:///%s' % self.site.database.path, code=USAGE, words=['bogus'])
        self.assert_hashed('--config-file', with_option('connection_parameters = timeout=5'))

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

    def write(self, name, algorithm):
        path = self.site.directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text('[DEFAULT]\nhashing_algorithm = %s\n' % algorithm)
        return str(path)

    def ours(self, *arguments, env=None):
        return self.program('status', '--json', *arguments, env=env).object['site']

    def oslo(self, *arguments, env=None):
        """What Debian's oslo.config makes of the same command line and environment."""
        done = subprocess.run(['/usr/bin/python3', '-c', OSLO, *arguments], check=True, env=env,
                              stdout=subprocess.PIPE, text=True)
        return json.loads(done.stdout)

    def test_files_and_directories_count_in_the_order_of_the_command_line(self):
        first = ['--config-file', str(self.site.config)]
        named = [['--config-file', self.write('a.conf', 'sha256')],
                 ['--config-dir=%s' % pathlib.Path(self.write('one.d/x.conf', 'sha384')).parent],
                 ['--config-file=%s' % self.write('b.conf', 'sha3_256')],
                 ['--config-dir', str(pathlib.Path(self.write('two.d/x.conf', 'md5')).parent)]]
        seen = set()
        for order in itertools.permutations(named):
            arguments = first + [word for words in order for word in words]
            wanted = self.oslo(*arguments)['hashing_algorithm']
            seen.add(wanted)
            self.assertEqual(self.ours(*arguments)['hashing_algorithm'], wanted, arguments)
            # as far as the second of them before the command
            split = len(first) + len(order[0]) + len(order[1])
            site = self.program(*arguments[:split], 'status', '--json', *arguments[split:]).object['site']
            self.assertEqual(site['hashing_algorithm'], wanted, arguments)
        self.assertEqual(seen, {'sha256', 'sha384', 'sha3_256', 'md5'})

    def test_the_environment_wins_over_files_as_in_oslo(self):
        other = self.scratch()
        for values in (
                {'OS_DEFAULT__HASHING_ALGORITHM': 'sha3_512'},
                {'OS_DEFAULT__METADATA_ENCRYPTION_KEY': 'k' * 32},
                {'OS_DATABASE__CONNECTION': 'sqlite:///%s?$hashing_algorithm' % self.site.database.path},
                {'OS_GLANCE_STORE__STORES': 'file, rbd,swift'},
                {'OS_GLANCE_STORE__FILESYSTEM_STORE_DATADIR': str(other)},
                {'OS_DEFAULT__ENABLED_BACKENDS': 'Fast-1:file, far:swift',
                 'OS_FAST-1__FILESYSTEM_STORE_DATADIR': str(other)},
                # no such names: a group takes two underscores, and old names have no variable
                {'OS_DATABASE_CONNECTION': 'broken', 'OS_HASHING_ALGORITHM': 'md5',
                 'os_default__hashing_algorithm': 'md5', 'OS_SQL__CONNECTION': 'broken',
                 'OS_DEFAULT__SQL_CONNECTION': 'broken'}):
            with self.subTest(values):
                env = dict(os.environ, **values)
                arguments = ['--config-file', str(self.site.config)]
                wanted = self.oslo(*arguments, env=env)
                site = self.ours(*arguments, env=env)
                self.assertEqual(site['hashing_algorithm'], wanted['hashing_algorithm'])
                self.assertEqual(site['encrypted_locations'], bool(wanted['metadata_encryption_key']))
                self.assertEqual(site['database'].split('?')[0], wanted['connection'].split('?')[0])
                if wanted['enabled_backends']:
                    self.assertEqual({one['id']: one['type'] for one in site['stores']},
                                     wanted['enabled_backends'])
                else:
                    self.assertEqual([one['type'] for one in site['stores']], wanted['stores'])
                self.assertEqual(next(one['directories'] for one in site['stores'] if one['type'] == 'file'),
                                 [wanted['datadir']])

    def test_the_command_line_wins_over_the_environment(self):
        env = dict(os.environ, OS_DATABASE__CONNECTION='sqlite:////no/such.sqlite',
                   OS_GLANCE_STORE__FILESYSTEM_STORE_DATADIR='/no/such/store')
        site = self.ours('--database', 'sqlite:///%s' % self.site.database.path, '--store-dir',
                         str(self.site.store), env=env)
        self.assertEqual(site['stores'][0]['directories'], [str(self.site.store)])

    def test_a_variable_that_oslo_splits_into_letters_is_refused(self):
        env = dict(os.environ, OS_GLANCE_STORE__FILESYSTEM_STORE_DATADIRS='/a:1')
        self.refused('status', *self.site.options, code=USAGE, env=env,
                     words=['OS_GLANCE_STORE__FILESYSTEM_STORE_DATADIRS', 'set the option in a configuration file'])
        self.assertEqual(self.oslo(*map(str, self.site.options), env=env)['datadirs'], ['/', 'a', ':', '1'])


if __name__ == '__main__':
    program.main()
