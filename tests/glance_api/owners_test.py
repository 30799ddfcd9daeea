#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What `report --owners` tells an owner to type, typed: by the real `openstack` client (python3-openstackclient and
python3-barbicanclient) against the real glance-api on the site's database. What comes of it is verified by Debian's
cursive, and by backglance.

There is no Keystone: the client is told so (auth_type none). In Barbican's place stands a server that keeps the
payload of a certificate in a directory, as cursive's tests and `--certificates` want it.

    /usr/bin/python3 tests/glance_api/owners_test.py [BINARY] [unittest's own arguments]
"""

import csv
import html.parser
import pathlib
import subprocess
import unittest.mock

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cursive import signature_utils

from served_site import ServedSite
import program
import signing

DATA = b'the bytes of an image\n' * 200
TIMEOUT = 300

# A process of its own: Glance's libraries put their own threads in the place of Python's.
KEY_MANAGER = '''
import base64, http.server, json, pathlib, sys, uuid
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        secret = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        assert self.path.rstrip('/').endswith('/secrets'), self.path
        assert secret['secret_type'] == 'certificate', secret
        assert secret['payload_content_type'] == 'application/octet-stream', secret
        assert secret['payload_content_encoding'] == 'base64', secret
        name = str(uuid.uuid4())
        payload = base64.b64decode(secret['payload'], validate=True)
        (pathlib.Path(sys.argv[1]) / (name + '.pem')).write_bytes(payload)
        answer = json.dumps({'secret_ref': 'http://%s/v1/secrets/%s' % (self.headers['Host'], name)}).encode()
        self.send_response(201)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
'''


class Blocks(html.parser.HTMLParser):
    """The texts of a page's blocks of commands: those at its begin, and those of each image by the id above them."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.once, self.images = [], {}
        self._image, self._heading, self._block = None, None, None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag == 'article':
            self._image = ''
        elif tag == 'h3' and self._image is not None:
            self._heading = []
        elif tag == 'pre':
            self._block = []

    def handle_data(self, data):
        for part in (self._heading, self._block):
            if part is not None:
                part.append(data)

    def handle_endtag(self, tag):
        if tag == 'article':
            self._image = None
        elif tag == 'h3' and self._heading is not None:
            self._image = ''.join(self._heading)[-36:]
            self.images[self._image] = []
            self._heading = None
        elif tag == 'pre':
            (self.once if self._image is None else self.images[self._image]).append(''.join(self._block))
            self._block = None


class OwnersTest(program.ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.served = ServedSite(anonymous=True)
        cls.addClassCleanup(cls.served.close)
        cls.served.require('expand')
        cls.home = pathlib.Path(cls.served.api.home)
        cls.certificates = cls.home / 'certificates'
        cls.certificates.mkdir()
        keeper = subprocess.Popen(['/usr/bin/python3', '-I', '-c', KEY_MANAGER, str(cls.certificates)],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(keeper.wait)
        cls.addClassCleanup(keeper.stdout.close)
        cls.addClassCleanup(keeper.kill)
        cls.key_manager = 'http://127.0.0.1:%d' % int(keeper.stdout.readline())
        cls.glance = 'http://127.0.0.1:%d' % cls.served.api.port
        cls.signer = signing.Signer(cls.certificates, 'RSA-PSS', rsa.generate_private_key(65537, 2048))

    def setUp(self):
        self.work = self.scratch()

    def add(self, prefixes=('',), data=DATA, signed=DATA, **properties):
        """An image that is signed over something, by each scheme in turn."""
        image_id = self.served.client.add(data, owner='someone', **properties)
        for prefix in prefixes:
            over = signed if prefix else b'no MD5 of anything'
            for name, value in zip(signing.NAMES, self.signer.values(over, 'SHA-256')):
                self.served.site.add_property(image_id, prefix + name, value)
        return image_id

    def report(self):
        directory = self.work / 'owners'
        self.served.require('migrate')
        self.served.require('verify', '--signatures', '--certificates', self.certificates, codes=(0, 10))
        self.served.require('report', '--owners', directory)
        return directory

    def page(self, owner='someone'):
        return Blocks((self.report() / ('owner-%s.html' % owner)).read_text())

    def type(self, *commands, code=0):
        """As an owner pastes it into one shell."""
        environment = {'PATH': '/usr/bin:/bin', 'HOME': str(self.work), 'LC_ALL': 'C.UTF-8', 'OS_AUTH_TYPE': 'none',
                       'OS_ENDPOINT': self.glance, 'KEY_MANAGER': self.key_manager, 'GLANCE': self.glance}
        done = subprocess.run(['bash', '-c', '\n'.join(commands)], env=environment, cwd=self.work,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=TIMEOUT)
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout

    def once(self, page):
        """A key, and its certificate in the key manager: its answers come from another place than Glance's."""
        self.assertEqual(len(page.once), 2)
        return ('export OS_ENDPOINT=$KEY_MANAGER', *page.once, 'export OS_ENDPOINT=$GLANCE')

    def properties(self, image_id):
        shown = self.served.client.show(image_id)
        return {name: value for name, value in shown.items() if 'signature' in name or name in (
            'mask_gen_algorithm', 'pss_salt_length')}

    def assert_cursive_verifies(self, image_id, data=DATA):
        values = self.properties(image_id)
        path = self.certificates / (values['img_signature_certificate_uuid'] + '.pem')

        class Held:
            format = 'X.509'

            @staticmethod
            def get_encoded():
                return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(serialization.Encoding.DER)
        with unittest.mock.patch.object(signature_utils.key_manager, 'API') as api:
            api.return_value.get.return_value = Held()
            verifier = signature_utils.get_verifier(
                None, values['img_signature_certificate_uuid'], values['img_signature_hash_method'],
                values['img_signature'], values['img_signature_key_type'])
            verifier.update(data)
            verifier.verify()
        self.assertNotIn('\n', values['img_signature'])

    def verdicts(self):
        self.served.require('migrate')
        self.served.require('verify', '--signatures', '--certificates', self.certificates, codes=(0, 10))
        images = self.served.require('report', '--json').object['signatures']['images']
        return {image['image_id']: (image['scheme'], image['verdict']) for image in images}

    def test_commands_of_a_page_sign_again_and_cursive_verifies_it(self):
        old = self.add(mask_gen_algorithm='MGF1')
        unfit = self.add(('img_',), signed=b'other bytes')
        unfit_too = self.add(('', 'img_'), signed=b'other bytes')
        unhashed = self.add(data=b'a snapshot that Nova wrote')
        self.served.erase(unhashed)
        for column, value in (('os_hash_algo', 'sha256'), ('os_hash_value', None)):
            self.served.database.execute('UPDATE images SET %s = ? WHERE id = ?' % column, value, unhashed)
        page = self.page()
        ids = (old, unfit, unfit_too, unhashed)
        self.assertLessEqual(set(ids), set(page.images))
        said = self.type(*self.once(page), *(page.images[image_id][0] for image_id in ids))
        self.assertEqual(said.count(': OK'), 3, said)
        for image_id in ids:
            with self.subTest(image_id):
                self.assertEqual(set(self.properties(image_id)), {'img_' + name for name in signing.NAMES})
                self.assert_cursive_verifies(image_id, self.served.client.download(image_id))
        self.assertEqual(self.properties(old)['img_signature_hash_method'], 'SHA-512')
        self.assertEqual(self.properties(unhashed)['img_signature_hash_method'], 'SHA-256')
        verdicts = self.verdicts()
        self.assertEqual({image_id: verdicts[image_id] for image_id in ids},
                         dict.fromkeys(ids, ('new_complete', 'valid')))
        # Nobody has anything to do with them any more.
        left = Blocks(path.read_text()) if (path := self.report() / 'owner-someone.html').exists() else Blocks('')
        self.assertEqual(set(left.images) & set(ids), set())

    def test_commands_of_the_csv_do_the_same(self):
        image_id = self.add()
        directory = self.report()
        with open(directory / 'owner-someone.csv', newline='', encoding='utf-8') as file:
            row = next(row for row in csv.DictReader(file) if row['image_id'] == image_id)
        page = Blocks((directory / 'owner-someone.html').read_text())
        self.type(*self.once(page), row['sign'])
        self.assert_cursive_verifies(image_id)
        self.assertEqual(row['sign'].split(' && '), page.images[image_id][0].split(' &&\n'))
        self.assertEqual(row['remove'].split(' && '), page.images[image_id][1].split(' &&\n'))

    def test_the_owners_own_copy_is_signed_without_a_download(self):
        image_id = self.add()
        page = self.page()
        own = self.work / 'my own copy.img'
        own.write_bytes(DATA)
        commands = page.images[image_id][0].replace('DATA=image-$IMAGE', 'DATA="%s"' % own)
        self.assertNotEqual(commands, page.images[image_id][0])
        self.type(*self.once(page), commands)
        self.assert_cursive_verifies(image_id)
        self.assertEqual(list(self.work.glob('image-*')), [])

    def test_a_copy_that_is_not_what_the_site_has_is_not_signed(self):
        image_id = self.add()
        before = self.properties(image_id)
        page = self.page()
        (self.work / ('image-' + image_id)).write_bytes(DATA + b'.')
        self.assertIn('FAILED', self.type(*self.once(page), page.images[image_id][0], code=1))
        self.assertEqual(self.properties(image_id), before)
        self.assertEqual(list(self.work.glob('*.signature')), [])

    def test_an_owner_who_needs_no_signature_takes_the_properties_off(self):
        old = self.add(pss_salt_length='20')
        unfit = self.add(('', 'img_'), signed=b'other bytes')
        done = self.add(('', 'img_'))
        page = self.page()
        self.assertEqual(len(page.images[done]), 1)
        self.type(*(page.images[image_id][-1] for image_id in (old, unfit, done)))
        self.assertEqual(self.properties(old), {})
        self.assertEqual(self.properties(unfit), {})
        self.assertEqual(set(self.properties(done)), {'img_' + name for name in signing.NAMES})
        self.assert_cursive_verifies(done)


if __name__ == '__main__':
    program.main()
