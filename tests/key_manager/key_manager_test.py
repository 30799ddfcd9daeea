#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Certificates from a real Barbican behind a real Keystone, and from servers that are neither.

    /usr/bin/python3 -B tests/key_manager/key_manager_test.py [BINARY]
"""

import atexit
import base64
import datetime
import ipaddress
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import unittest.mock
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'cli'))

import program  # noqa: E402  (found by the line above)
from program import FAILED, INTERRUPTED, USAGE  # noqa: E402
import sites  # noqa: E402
from signing import NAMES, certificate, text  # noqa: E402

from castellan.common.credentials import keystone_password  # noqa: E402
from castellan import key_manager as castellan_key_manager  # noqa: E402
from castellan import options as castellan_options  # noqa: E402
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: E402
from cursive import exception, signature_utils  # noqa: E402
from oslo_config import cfg  # noqa: E402

import key_manager  # noqa: E402

CONTENT = b'what is signed\n' * 100
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
SECRET = key_manager.PASSWORD


def variables(environment):
    """Of a process: this one's, with these for all that begin with OS_."""
    others = {name: value for name, value in os.environ.items() if not name.startswith('OS_')}
    return {**others, **environment}


class KeyManagerTest(sites.SmallSiteTest):
    """The servers are started once, and serve all tests."""

    home = manager = key = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        shared = KeyManagerTest
        if shared.manager is None:
            shared.home = program.scratch()
            shared.manager = key_manager.KeyManager(shared.home / 'servers')
            shared.manager.__enter__()  # pylint: disable=unnecessary-dunder-call
            atexit.register(shared.manager.stop)
            shared.key = rsa.generate_private_key(65537, 2048)
            shared.certificate = certificate(shared.key)

    def setUp(self):
        super().setUp()
        self.directory = self.site.directory / 'certificates'
        self.directory.mkdir()

    def add(self, certificate_id, content=CONTENT):
        image = self.site.add(content)
        signature = self.key.sign(CONTENT, padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH),
                                  hashes.SHA256())
        for name, value in zip(NAMES, (text(signature), 'SHA-256', 'RSA-PSS', certificate_id)):
            self.site.add_property(image, 'img_' + name, value)
        return image

    def prepare(self):
        self.on_site('expand')
        self.on_site('migrate')

    def found(self):
        report = self.on_site('report', '--json').object
        return {image['image_id']: (image['verdict'], image['verdict_reason'])
                for image in report['signatures']['images']}

    def verify(self, *arguments, environment=None, url=None, **options):
        result = self.on_site('verify', '--signatures', '--key-manager', url or self.manager.url, *arguments,
                              env=variables(self.manager.environment() if environment is None else environment), **options)
        for secret in (SECRET, 'gAAAA'):  # what Keystone's tokens begin with
            self.assertNotIn(secret, result.out + result.err)
        return result

    def refuses(self, environment, *words, url=None, code=USAGE, **options):
        result = self.refused('verify', *self.site.options, '--signatures', '--key-manager', url or self.manager.url,
                              env=variables(environment), code=code, words=words, **options)
        self.assertNotIn(SECRET, result.err)


class Real(KeyManagerTest):
    def by_cursive(self, certificate_id):
        """Why Glance would refuse the signature, whose user is this one; empty if it takes it."""
        config = cfg.ConfigOpts()
        castellan_options.set_defaults(config, barbican_endpoint=self.manager.url, auth_endpoint=self.manager.auth_url,
                                       barbican_api_version='v1')
        context = keystone_password.KeystonePassword(
            SECRET, auth_url=self.manager.auth_url, username='admin', user_domain_name='Default', project_name='admin',
            project_domain_name='Default')
        signature = self.key.sign(CONTENT, padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH),
                                  hashes.SHA256())
        api = castellan_key_manager.API  # before it is another one
        with unittest.mock.patch.object(signature_utils.key_manager, 'API', lambda: api(config)):
            try:
                verifier = signature_utils.get_verifier(context, certificate_id, 'SHA-256', text(signature), 'RSA-PSS')
                verifier.update(CONTENT)
                verifier.verify()
            except (exception.SignatureVerificationError, ValueError, AttributeError, TypeError) as error:
                return repr(error)
        return ''

    def test_certificates_are_those_that_castellan_gives_glance(self):
        pem = self.certificate.public_bytes(PEM)
        self.manager.add_project('other')
        secrets = {
            'PEM': self.manager.store(pem),
            'PEM as text': self.manager.store(pem.decode()),
            'DER': self.manager.store(self.certificate.public_bytes(DER)),
            'no certificate': self.manager.store(b'no certificate'),
            'a secret of another type': self.manager.store(pem, secret_type='opaque'),
            'a public key': self.manager.store(pem, secret_type='public'),
            'of another project': self.manager.store(pem, project='other'),
            'absent': str(uuid.uuid4()),
            'no UUID': '../secrets/' + str(uuid.uuid4()),
            'no hyphens': self.manager.store(pem).replace('-', ''),
        }
        images = {name: self.add(secret) for name, secret in secrets.items()}
        self.prepare()
        self.verify()
        found = self.found()
        for name, secret in secrets.items():
            with self.subTest(name):
                verdict, reason = found[images[name]]
                why = self.by_cursive(secret)
                self.assertEqual(verdict, 'no_certificate' if why else 'valid', (reason, why))
                self.assertEqual(reason == '', verdict == 'valid')
        self.assertEqual([found[images[name]][0] for name in ('PEM', 'no hyphens')], ['valid', 'valid'])
        self.assertIn('text/plain', found[images['PEM as text']][1])
        self.assertIn('no certificate of that id', found[images['absent']][1])
        self.assertIn("of the type 'opaque'", found[images['a secret of another type']][1])
        self.assertIn('not in PEM', found[images['DER']][1])

    def test_a_directory_is_asked_first_and_the_key_manager_for_the_rest(self):
        here, there = str(uuid.uuid4()), self.manager.store(self.certificate.public_bytes(PEM))
        (self.directory / (here + '.pem')).write_bytes(self.certificate.public_bytes(PEM))
        (self.directory / (there + '.pem')).write_text('-----BEGIN nothing')
        images = [self.add(here), self.add(there)]
        self.prepare()
        result = self.on_site('backfill', '--certificates', self.directory, '--key-manager', self.manager.url, '--json',
                              env=variables(self.manager.environment())).object
        self.assertEqual(result['signatures'], {'valid': len(images)})

    def test_a_token_or_clouds_yaml_is_enough(self):
        image = self.add(self.manager.store(self.certificate.public_bytes(PEM)))
        self.prepare()
        self.verify(environment={'OS_TOKEN': self.manager.token()})
        self.assertEqual(self.found()[image][0], 'valid')
        home = self.site.directory / 'home'
        (home / '.config/openstack').mkdir(parents=True)
        clouds = home / '.config/openstack/clouds.yaml'
        clouds.write_text('clouds:\n  site:\n    auth:\n      auth_url: %s\n      username: admin\n'
                          '      project_name: admin\n      user_domain_name: Default\n' % self.manager.auth_url)
        environment = {'HOME': str(home), 'OS_CLOUD': 'site'}
        self.refuses(environment, 'password')
        clouds.with_name('secure.yaml').write_text('clouds:\n  site:\n    auth:\n      password: %s\n'
                                                   % "'%s'" % SECRET.replace("'", "''"))
        self.verify(environment=environment)
        self.refuses({**environment, 'OS_CLOUD': 'other'}, 'no cloud other')
        clouds.write_text(clouds.read_text() + '    verify: false\n')
        self.refuses(environment, 'turns off the verification', 'cacert')
        clouds.write_text('clouds: [\n secret')
        self.refuses(environment, 'cannot be read as YAML')
        self.refuses({'HOME': str(self.site.directory), 'OS_CLOUD': 'site'}, 'no clouds.yaml')

    def test_wrong_settings_are_refused_before_anything_is_read(self):
        self.add(str(uuid.uuid4()))
        self.prepare()
        self.refuses({}, 'OS_TOKEN', 'OS_AUTH_URL')
        self.refuses({**self.manager.environment(), 'OS_PASSWORD': 'wrong'}, 'rejected the user')
        self.refuses({**self.manager.environment(), 'OS_PROJECT_NAME': 'none'}, 'rejected the user')
        self.refuses({'OS_TOKEN': 'gAAAAA-no-token'}, 'rejected the token')
        self.refuses({'OS_TOKEN': 'a\nb'}, 'line end')
        self.refuses({'OS_TOKEN': 'a', 'OS_INSECURE': 'true'}, 'OS_INSECURE')
        for url in ('barbican:9311', 'file:///etc/passwd', 'http://user:word@host', 'http://', 'https://host/?a=b'):
            for environment in ({'OS_TOKEN': 'a'}, {}):
                self.refuses(environment, '--key-manager requires a URL', url=url)
        self.refuses({'OS_TOKEN': 'a'}, 'key manager at', url='http://127.0.0.1:1', code=FAILED)
        self.refuses(self.manager.environment(), 'is not Barbican', url=self.manager.auth_url, code=FAILED)
        # A dry run says what the run would end on.
        self.verify('--dry-run', environment={'OS_TOKEN': 'a'}, url='http://127.0.0.1:1', code=FAILED)
        self.assertEqual([verdict for verdict, _ in self.found().values()], [None])


class Expiring(KeyManagerTest):
    def test_a_token_that_expires_is_fetched_anew(self):
        """A token is for eight seconds, and the images take twelve."""
        with key_manager.KeyManager(self.home / 'short', expiration=8) as manager:
            pem = self.certificate.public_bytes(PEM)
            images = [self.add(manager.store(pem)) for _ in range(6)]
            self.prepare()
            bandwidth = len(CONTENT) * len(images) // 12
            self.on_site('verify', '--signatures', '--key-manager', manager.url, '--jobs', '1', '--bandwidth',
                         '%dB' % bandwidth, env=variables(manager.environment()))
            self.assertEqual({verdict for verdict, _ in self.found().values()}, {'valid'})
            # One that somebody gave is not ours to renew.
            token = manager.token()
            time.sleep(9)
            self.refuses({'OS_TOKEN': token}, 'rejected the token', url=manager.url)


class Tls(KeyManagerTest):
    def test_a_server_is_believed_by_its_authority_and_name(self):
        key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, '127.0.0.1')])
        now = datetime.datetime.utcnow()
        made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        made = made.serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
        made = made.not_valid_after(now + datetime.timedelta(days=1)).add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address('127.0.0.1'))]), False)
        made = made.add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256())
        files = self.home / 'tls.pem', self.home / 'tls.key'
        files[0].write_bytes(made.public_bytes(PEM))
        files[1].write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        image = self.add(str(uuid.uuid4()))
        self.prepare()
        with Serving(answers_of(self.certificate), *files) as server:
            url = 'https://127.0.0.1:%d' % server.port
            self.refuses({'OS_TOKEN': 'a'}, 'key manager at', 'ertificate', url=url, code=FAILED)
            self.refuses({'OS_TOKEN': 'a', 'OS_CACERT': str(files[0])}, 'key manager at', code=FAILED,
                         url='https://localhost:%d' % server.port)
            self.refuses({'OS_TOKEN': 'a', 'OS_CACERT': '/nowhere'}, 'does not exist', url=url)
            self.verify(environment={'OS_TOKEN': 'a', 'OS_CACERT': str(files[0])}, url=url)
            self.assertEqual(self.found()[image][0], 'valid')
            # Whom the system believes is not believed where others are named.
            system = self.home / 'system'
            system.mkdir()
            (system / 'one.pem').write_bytes(files[0].read_bytes())
            subprocess.run(['openssl', 'rehash', str(system)], check=True)
            (system / 'ca-certificates.crt').write_bytes(files[0].read_bytes())
            other = self.home / 'other.pem'
            other.write_bytes(self.certificate.public_bytes(PEM))
            instead = ('unshare', '--mount', 'sh', '-c',
                       'mount --bind %s /etc/ssl/certs && exec "$@"' % system, 'sh')
            self.verify(environment={'OS_TOKEN': 'a'}, url=url, prefix=instead)
            self.refuses({'OS_TOKEN': 'a', 'OS_CACERT': str(other)}, 'key manager at', 'ertificate', url=url,
                         code=FAILED, prefix=instead)


def answers_of(made, **damage):
    """Status, type and body of each kind of request."""
    return {'list': (200, 'application/json', b'{"secrets": [], "total": 0}'),
            'secret': (200, 'application/json',
                       b'{"secret_type": "certificate", "content_types": {"default": "application/octet-stream"}}'),
            'payload': (200, 'text/plain', made.public_bytes(PEM)), **damage}


class Serving:
    """A server of damaged.py, and what it was asked for."""

    def __init__(self, answers, *tls, seconds=0):
        self._answers, self._tls, self._seconds = answers, tls, seconds
        self._process = None
        self.port = None

    def __enter__(self):
        told = {kind: (status, content_type, base64.b64encode(body).decode())
                for kind, (status, content_type, body) in self._answers.items()}
        file = program.scratch() / 'answers.json'
        file.write_text(json.dumps(told))
        self._process = subprocess.Popen(
            ['/usr/bin/python3', '-B', str(HERE / 'damaged.py'), file, str(self._seconds), *self._tls],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.port = int(self._process.stdout.readline())
        return self

    def wait_for(self, kind):
        for line in self._process.stdout:
            if line.strip() == kind:
                return
        raise AssertionError('it was not asked for a %s, and has ended' % kind)

    def __exit__(self, *_):
        self._process.kill()
        self.asked = self._process.communicate()[0].split()  # pylint: disable=attribute-defined-outside-init


class Damaged(KeyManagerTest):
    """Servers that answer as none should: by a small one of the test's own."""

    def test_no_answer_of_a_key_manager_ends_a_run(self):
        kind = 'application/json'
        deep = b'[' * 200000
        cases = {
            'no JSON': ({'secret': (200, kind, b'<html>')}, 'not a secret'),
            'another JSON': ({'secret': (200, kind, b'[1]')}, 'not a secret'),
            'deep JSON': ({'secret': (200, kind, deep)}, 'not a secret'),
            'no UTF-8': ({'secret': (200, kind, b'{"secret_type": "\xff"}')}, 'not a secret'),
            'no content': ({'secret': (200, kind, b'{"secret_type": "certificate"}')}, 'without content'),
            'a header in a type': ({'secret': (
                200, kind, b'{"secret_type": "certificate", "content_types": {"default": "a\\r\\nX-Evil: b"}}')},
                'without content'),
            'huge': ({'payload': (200, 'text/plain', b'A' * (2 << 20))}, 'larger than 1 MiB'),
            'damaged': ({'payload': (200, 'text/plain', b'-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----')},
                        'no certificate that can be read'),
            'redirect': ({'payload': (302, 'text/plain', b'')}, 'HTTP 302'),
            'forbidden': ({'secret': (403, kind, b'')}, 'not allowed to read it'),
            'token refused': ({'secret': (401, kind, b'')}, 'rejected the token'),
            'fault': ({'secret': (500, kind, b'')}, 'HTTP 500'),
        }
        image = self.add(str(uuid.uuid4()))
        self.prepare()
        for name, (damage, reason) in cases.items():
            with self.subTest(name), Serving(answers_of(self.certificate, **damage)) as server:
                self.verify(environment={'OS_TOKEN': 'a'}, url='http://127.0.0.1:%d' % server.port)
                self.assertEqual(self.found()[image][0], 'no_certificate')
                self.assertIn(reason, self.found()[image][1])

    def test_a_silent_key_manager_does_not_delay_each_image(self):
        images = [self.add(str(uuid.uuid4())) for _ in range(20)]
        self.prepare()
        with Serving(answers_of(self.certificate, secret=(503, 'text/plain', b''))) as server:
            self.verify(environment={'OS_TOKEN': 'a'}, url='http://127.0.0.1:%d' % server.port)
        self.assertEqual({self.found()[image][0] for image in images}, {'no_certificate'})
        # Three attempts of three images.
        self.assertEqual(server.asked, ['list'] + 9 * ['secret'])

    def test_a_secret_that_cannot_be_delivered_does_not_block_others(self):
        faulty, too_large = str(uuid.uuid4()), str(uuid.uuid4())
        images = {self.add(certificate_id): certificate_id for certificate_id in (
            faulty, too_large, faulty, str(uuid.uuid4()), too_large, str(uuid.uuid4()), str(uuid.uuid4()))}
        self.prepare()
        with Serving(answers_of(self.certificate, **{
                faulty: (500, 'text/plain', b''), too_large: (200, 'text/plain', b'A' * (2 << 20))})) as server:
            self.verify('--jobs', '1', environment={'OS_TOKEN': 'a'}, url='http://127.0.0.1:%d' % server.port)
        for image, certificate_id in images.items():
            self.assertEqual(self.found()[image][0],
                             'no_certificate' if certificate_id in (faulty, too_large) else 'valid')
        # What is a fault is asked three times, what is too large once, and neither for a second image.
        self.assertEqual(server.asked.count('secret'), 3 + 1 + 3)

    def test_a_stop_ends_the_wait_for_a_silent_key_manager(self):
        self.add(str(uuid.uuid4()))
        self.prepare()
        with socket.create_server(('127.0.0.1', 0)) as silent:
            url = 'http://127.0.0.1:%d' % silent.getsockname()[1]
            keystone = {'OS_AUTH_URL': url, 'OS_USERNAME': 'a', 'OS_PASSWORD': 'b', 'OS_PROJECT_NAME': 'c'}
            for environment in ({'OS_TOKEN': 'a'}, keystone):
                with self.subTest(environment):
                    process = program.start('verify', *self.site.options, '--signatures', '--key-manager', url,
                                            env=variables(environment))
                    self.addCleanup(sites._kill_if_alive, process)  # pylint: disable=protected-access
                    connection, _ = silent.accept()
                    self.addCleanup(connection.close)
                    connection.recv(1)
                    began = time.monotonic()
                    result = program.stop(process, signal.SIGTERM)
                    self.assertLess(time.monotonic() - began, 8)
                    self.assert_code(result, INTERRUPTED)
                    self.assertIn('interrupted', result.err)

    def test_an_answer_soon_after_a_stop_is_used(self):
        image = self.add(str(uuid.uuid4()))
        self.prepare()
        with Serving(answers_of(self.certificate), seconds=6) as server:
            process = program.start(
                'verify', *self.site.options, '--signatures', '--key-manager', 'http://127.0.0.1:%d' % server.port,
                env=variables({'OS_TOKEN': 'a'}))
            self.addCleanup(sites._kill_if_alive, process)  # pylint: disable=protected-access
            server.wait_for('payload')
            time.sleep(5)  # the request waits for longer than one that comes after the stop would
            program.stop(process, signal.SIGTERM)
        self.assertEqual(self.found()[image][0], 'valid')


if __name__ == '__main__':
    program.main()
