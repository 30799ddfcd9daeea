#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Encrypted connections to a server of this test's own, with a private authority: the right certificate is taken,
one of another authority or of another host is not."""

import shutil
import subprocess
import time

import program
from program import DONE, FAILED, USAGE
import databases
import own_server
import servers
import sites

# What the URL says in the terms of each engine's driver. {ca} is a file.
VERIFIED = {'postgresql': 'sslmode=verify-full&sslrootcert={ca}', 'mysql': 'ssl_ca={ca}'}
WITHOUT_NAME = {'postgresql': 'sslmode=verify-ca&sslrootcert={ca}',
                'mysql': 'ssl_ca={ca}&ssl_check_hostname=false'}
ENCRYPTED = {'postgresql': 'sslmode=require', 'mysql': 'ssl_verify_cert=false'}
BY_THE_SYSTEM = {'postgresql': 'sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt',
                 'mysql': 'ssl_verify_cert=true'}

# The same in an option file, which the parameter names. PostgreSQL has no such file.
BY_FILE = {'postgresql': VERIFIED['postgresql'], 'mysql': 'read_default_file={file}&read_default_group=glance'}


class Authority:
    """Makes certificates in a directory that the server can read."""

    def __init__(self, directory):
        self.directory = directory
        for name in ('right', 'wrong'):
            self._openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=' + name,
                          '-keyout', name + '.key', '-out', name + '.pem')
        self._certificate('here', 'DNS:localhost,IP:127.0.0.1')
        self._certificate('elsewhere', 'DNS:db.example')

    def path(self, name):
        return self.directory / name

    def _openssl(self, *arguments):
        subprocess.run(['openssl', *arguments], cwd=self.directory, check=True, stdin=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def _certificate(self, name, names):
        self.path('names').write_text('subjectAltName=%s\n' % names)
        self._openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=' + name, '-keyout', name + '.key',
                      '-out', name + '.csr')
        self._openssl('x509', '-req', '-in', name + '.csr', '-CA', 'right.pem', '-CAkey', 'right.key',
                      '-CAcreateserial', '-days', '2', '-extfile', 'names', '-out', name + '.pem')
        key = self.path(name + '.key')
        key.chmod(0o600)
        user = servers.user_for(databases.engine())
        if user:
            shutil.chown(key, user)

    def settings(self, name):
        certificate, key = self.path(name + '.pem'), self.path(name + '.key')
        if databases.is_postgresql():
            return ('-c', 'ssl=on', '-c', 'ssl_cert_file=%s' % certificate, '-c', 'ssl_key_file=%s' % key)
        return ('--ssl-cert=%s' % certificate, '--ssl-key=%s' % key)


class TlsTest(sites.SmallSiteTest):
    @classmethod
    def setUpClass(cls):
        cls.server = own_server.get()
        directory = program.scratch() / 'authority'
        directory.mkdir()
        cls.authority = Authority(directory)

    def serve(self, certificate):
        settings = self.authority.settings(certificate) if certificate else ()
        if self.server.more != settings:
            self.server.stop()
            self.server.more = settings
        self.server.start()

    def site_by(self, query, ca='right'):
        authority = self.authority.path(ca + '.pem')
        file = self.scratch() / 'client.cnf'
        file.write_text('[client]\n[glance]\nssl-ca = "%s"\n' % authority)
        query = query[databases.engine()].format(ca=authority, file=file)
        return ('--database', '%s?%s' % (self.site.database.url, query), '--store-dir', self.site.store)

    def accepted(self, *site):
        self.program('status', *self.site_by(*site))

    def not_accepted(self, *site, words=()):
        result = self.refused('status', *self.site_by(*site), code=FAILED, words=words)
        self.assertNotIn(servers.PLAIN_PASSWORD, result.err)

    def test_certificate_of_this_host(self):
        self.serve('here')
        for query in (VERIFIED, WITHOUT_NAME, BY_FILE):
            self.accepted(query)
            self.not_accepted(query, 'wrong', words=['certificate'])
        self.accepted(ENCRYPTED)
        self.not_accepted(BY_THE_SYSTEM, words=['certificate'])

    def test_certificate_of_another_host(self):
        self.serve('elsewhere')
        self.not_accepted(VERIFIED, words=['certificate'])
        self.accepted(WITHOUT_NAME)
        self.not_accepted(WITHOUT_NAME, 'wrong', words=['certificate'])

    def test_server_that_does_not_encrypt(self):
        self.serve(None)
        for query in (VERIFIED, WITHOUT_NAME, ENCRYPTED, BY_FILE):
            self.not_accepted(query)
        config = self.scratch() / 'glance-api.conf'
        config.write_text('[database]\nconnection = %s\nconnection_parameters = %s\n' % (
            self.site.database.url, ENCRYPTED[databases.engine()]))
        self.refused('status', '--config-file', config, code=FAILED)

    def test_file_that_is_not_there(self):
        self.serve('here')
        self.not_accepted(VERIFIED, 'nobody')

    def test_name_that_is_not_looked_at_needs_an_authority(self):
        if databases.is_postgresql():
            return  # libpq's own rules
        self.refused('status', '--database', self.site.database.url + '?ssl_check_hostname=false',
                     code=USAGE, words=['ssl_ca'])

    def test_option_that_is_not_known_is_refused(self):
        """Whoever asks for a certificate is not connected in clear text."""
        self.serve(None)
        unknown = ('bogus=1', 'sslmod=verify-full', 'sslmode=disable&sslmode=verify-full', 'user=x') if databases.is_postgresql() else (
            'sslmode=verify-full', 'ssl=true', 'ssl_mode=VERIFY_CA', 'ssl-mode=REQUIRED', 'ssl_capath=/etc/ssl',
            'ssl_verify_cert=off', 'ssl_disabled=false', 'ssl_disabled=1&ssl_ca=x', 'ssl_check_hostname=never',
            'read_default_file=/no/such/file',
            'ssl_ca=a&ssl_ca=b', 'connect_timeout=soon', 'host=elsewhere', 'client_flag=2048')
        for query in unknown:
            with self.subTest(query):
                self.refused('status', '--database', '%s?%s' % (self.site.database.url, query),
                             code={FAILED, USAGE}, words=[query.split('=')[0]])

    def test_run_goes_on_over_a_restart(self):
        self.serve('here')
        self.big_site(16, 64 * 1024)
        self.on_site('expand')
        self.on_site('migrate')
        process = program.start('backfill', *self.site_by(VERIFIED), '--bandwidth', '512K')
        program.wait_for(lambda: any(row[1] for row in self.site.hashes().values()))
        self.server.kill()
        time.sleep(1)
        self.server.start()
        result = program.finish(process)
        self.assert_code(result, DONE)
        self.assertEqual(sum(row[1] is not None for row in self.site.hashes().values()), 16)


if __name__ == '__main__':
    program.main()
