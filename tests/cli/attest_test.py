#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a site signs of what it has stored: by the program, and verified by Python's cryptography and the program."""

import base64
import json
import os
import pathlib
import re
import signal
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

import program
from program import DONE, FAILED, FINDINGS, INTERRUPTED, USAGE
from signing import certificate
import sites

PEM = serialization.Encoding.PEM
PLAIN = serialization.NoEncryption()
IMAGES = 5


def private_pem(key, encryption=PLAIN):
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, encryption)


def public_pem(key):
    return key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def check(key, signature, data):
    """Raises InvalidSignature."""
    public = key.public_key()
    if isinstance(key, rsa.RSAPrivateKey):
        public.verify(signature, data, padding.PSS(padding.MGF1(hashes.SHA512()), 64), hashes.SHA512())
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        public.verify(signature, data, ec.ECDSA(hashes.SHA384()))
    else:
        public.verify(signature, data)


def signed_bytes(envelope):
    """The Pre-Authentication Encoding of DSSE."""
    payload = base64.b64decode(envelope['payload'])
    kind = envelope['payloadType'].encode()
    return b'DSSEv1 %d %s %d %s' % (len(kind), kind, len(payload), payload)


def whole(**counts):
    """What verify says, if nothing is amiss but this."""
    return {'agree': 0, 'gone': 0, 'unbelieved': 0, 'differ': 0, 'uncompared': 0, 'missing': 0, 'first_missing': [],
            **counts}


class AttestTest(sites.SmallSiteTest):
    def setUp(self):
        super().setUp()
        self.contents = {self.site.add(b'content %d' % number): b'content %d' % number for number in range(IMAGES)}
        self.on_site('expand')
        self.on_site('migrate')
        self.statements = self.site.directory / 'statements.jsonl'
        self.key = ed25519.Ed25519PrivateKey.generate()

    def file_of(self, data, name='key.pem'):
        path = self.site.directory / name
        path.write_bytes(data)
        return path

    def attest(self, command='backfill', key=None, **options):
        path = self.file_of(private_pem(key or self.key))
        return self.on_site(command, '--attest', path, '--attest-to', self.statements, **options)

    def test_attest_verify_that_waits_for_a_pipe_ends_by_a_signal_as_interrupted(self):
        if sites.ON_SERVER:
            self.skipTest('nothing in it differs by engine')
        public = self.file_of(public_pem(self.key), 'public.pem')
        pipe = self.site.directory / 'pipe'
        os.mkfifo(pipe)
        for opened in (False, True):
            with self.subTest(opened=opened):
                process = program.start('attest', 'verify', pipe, '--key', public, *self.site.options)
                writer = os.open(pipe, os.O_WRONLY) if opened else None
                status = pathlib.Path('/proc/%d/status' % process.pid)
                program.wait_for(lambda: re.search(r'State:\tS(?s:.*)SigCgt:\t\w+4\w{3}\n', status.read_text()))
                time.sleep(0.3)
                result = program.stop(process, signal.SIGTERM)
                self.assert_code(result, INTERRUPTED)
                self.assert_one_line(result, ['interrupted'])
                if opened:
                    os.close(writer)

    def verify(self, key=None, code=DONE):
        path = self.file_of(public_pem(key or self.key), 'public.pem')
        return self.on_site('attest', 'verify', self.statements, '--key', path, '--json', code=code)

    @staticmethod
    def names(lines):
        return [json.loads(base64.b64decode(line['payload']))['subject'][0]['name'] for line in lines]

    def missing(self, *files, key=None, code=DONE):
        path = self.file_of(public_pem(key or self.key), 'public.pem')
        files = files or (self.statements,)
        plain = self.on_site('attest', 'missing', *files, '--key', path, code=code)
        result = self.on_site('attest', 'missing', *files, '--key', path, '--json', code=code).object
        self.assertEqual(plain.out.split(), result['images'])
        self.assertEqual(len(result['images']), result['missing'])
        return result['images']

    def lines(self):
        return [json.loads(line) for line in self.statements.read_text().splitlines()]

    def test_statements_are_true_and_signed(self):
        for key in (self.key, ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)):
            with self.subTest(type(key).__name__):
                self.statements.unlink(missing_ok=True)
                self.site.database.execute('UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL')
                self.on_site('migrate')
                self.site.database.execute("UPDATE backglance_item SET state = 'queued', digest = NULL")
                self.attest(key=key)
                found = {}
                for envelope in self.lines():
                    self.assertEqual(envelope['payloadType'], 'application/vnd.in-toto+json')
                    for signature in envelope['signatures']:
                        check(key, base64.b64decode(signature['sig']), signed_bytes(envelope))
                    statement = json.loads(base64.b64decode(envelope['payload']))
                    self.assertEqual(statement['_type'], 'https://in-toto.io/Statement/v1')
                    (subject,) = statement['subject']
                    found[subject['name']] = (subject['digest']['sha512'], subject['digest']['md5'],
                                              statement['predicate']['size'])
                    self.assertRegex(statement['predicate']['read_at'], r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$')
                    self.assertTrue(statement['predicate']['host'])
                checksums = self.site.hashes()
                self.assertEqual(found, {image_id: (sites.sha512(content), checksums[image_id][2], len(content))
                                         for image_id, content in self.contents.items()})
                self.assertEqual(self.verify(key).object, whole(agree=IMAGES))

    def test_a_key_file_that_cannot_be_used_is_named_with_the_reason(self):
        self.attest()
        secret = self.file_of(private_pem(self.key))
        public = self.file_of(public_pem(self.key), 'public.pem')
        phrase = self.file_of(private_pem(self.key, serialization.BestAvailableEncryption(b'word')), 'phrase.pem')
        empty = self.file_of(b'', 'empty.pem')
        text = self.file_of(b'no key', 'text.pem')
        for command in (('attest', 'verify', self.statements), ('attest', 'missing', self.statements),
                        ('contract', '--revert', '--archive', self.statements)):
            for path in (secret, phrase, self.file_of(public_pem(self.key) + private_pem(self.key), 'two.pem')):
                self.assert_one_line(self.on_site(*command, '--key', path, code=USAGE),
                                     ['--key: ', str(path), 'it contains a private key; give the public key'])
        for path, words in ((public, 'the private key is required'), (phrase, 'has a pass phrase'),
                            (empty, 'the file is empty'), (text, 'no private key in PEM'),
                            (self.site.directory / 'nokey', 'No such file'), (self.site.store, 'Is a directory')):
            for command in ('backfill', 'verify', 'contract'):
                self.assert_one_line(self.on_site(command, '--attest', path, code=USAGE),
                                     ['--attest: ', str(path), words])

    def test_what_disagrees_is_not_attested(self):
        damaged = next(iter(self.contents))
        self.site.path_of(damaged).write_bytes(b'contend 0')
        self.attest(code=FINDINGS)
        self.assertEqual(sorted(self.names(self.lines())), sorted(set(self.contents) - {damaged}))

    def test_verify_adds_statements_about_what_was_hashed_before(self):
        self.on_site('backfill')
        self.attest('verify')
        self.assertEqual(self.verify().object['agree'], IMAGES)

    def test_images_without_a_statement_are_listed_and_verify_makes_it(self):
        self.statements.touch()
        self.assertEqual(self.missing(), [])  # of what has no hash there is nothing to be stated
        self.on_site('backfill')
        self.assertEqual(self.missing(), sorted(self.contents))
        first, second, *_ = sorted(self.contents)
        self.attest('verify')
        self.assertEqual(self.missing(), [])
        # As after a kill between the publication of two images and their statements.
        texts = [text for text, name in zip(self.statements.read_text().splitlines(), self.names(self.lines()))
                 if name not in (first, second)]
        self.statements.write_text('\n'.join(texts) + '\n')
        self.assertEqual(self.missing(), [first, second])
        result = self.verify()
        self.assertEqual(result.object, whole(agree=3, missing=2, first_missing=[first, second]))
        path = self.file_of(public_pem(self.key), 'public.pem')
        self.on_site('attest', 'verify', self.statements, '--key', path, '--complete', code=FINDINGS)
        self.assertRegex(self.on_site('attest', 'verify', self.statements, '--key', path).out,
                         r'2 images with a hash but without a statement -- next: backglance verify --attest KEY '
                         r'--image ID\n  %s\n  %s\n' % (first, second))
        other = self.file_of(private_pem(self.key))
        rest = self.site.directory / 'rest.jsonl'
        self.on_site('verify', '--attest', other, '--attest-to', rest, '--image', first, '--image', second)
        self.assertEqual(self.missing(), [first, second])
        self.assertEqual(self.missing(self.statements, rest), [])
        # A statement by another key is none.
        self.assertEqual(self.missing(key=ed25519.Ed25519PrivateKey.generate(), code=FINDINGS), sorted(self.contents))
        self.site.database.execute("UPDATE images SET status = 'deleted', deleted = true WHERE id = ?", first)
        self.assertEqual(self.missing(), [second])

    def test_a_long_list_is_cut_and_says_who_has_all_of_it(self):
        with self.site.database.batch():
            for number in range(12):
                self.site.add(b'another %d' % number)
        self.sync()
        self.site.add(b'the one with a statement')
        self.attest()
        path = self.file_of(public_pem(self.key), 'public.pem')
        self.assertTrue(self.on_site('attest', 'verify', self.statements, '--key', path).out.endswith(
            '  and 7 more, which backglance attest missing lists\n'))
        self.assertEqual(len(self.verify().object['first_missing']), 10)
        self.assertEqual(len(self.missing()), IMAGES + 12)

    def test_lines_of_several_files_are_named_by_their_file(self):
        self.attest()
        broken = self.site.directory / 'broken.jsonl'
        broken.write_text('\n{}\n')
        path = self.file_of(public_pem(self.key), 'public.pem')
        result = self.on_site('attest', 'verify', self.statements, broken, '--key', path, code=FINDINGS)
        self.assertRegex(result.err, r'\A\S+broken.jsonl: line 2: .*\n\Z')

    def test_what_was_compared_by_its_md5_alone_is_not_attested(self):
        # As Glance leaves a row whose upload it began: an algorithm, and no value.
        self.site.database.execute("UPDATE images SET os_hash_algo = 'sha512'")
        self.attest('verify')
        self.assertEqual(self.lines(), [])

    def test_a_truncated_line_does_not_spoil_the_others(self):
        self.statements.write_text('{"payload": "AAAA", "pay')
        self.attest()
        self.assertEqual(self.verify(code=FINDINGS).object,
                         whole(agree=IMAGES, unbelieved=1))

    def test_file_without_statements_proves_nothing_and_is_an_error(self):
        self.attest()
        whole_file = self.statements.read_bytes()
        path = self.file_of(public_pem(self.key), 'public.pem')
        other = self.file_of(whole_file, 'other.jsonl')
        for nothing in (b'', b'\n\n'):
            self.statements.write_bytes(nothing)
            # It does not help that another file has statements.
            for files in ((self.statements,), (other, self.statements)):
                result = self.on_site('attest', 'verify', *files, '--key', path, code=FAILED)
                self.assert_one_line(result, [self.statements.name, 'contains no statement, so it proves nothing'])
                self.assertEqual(result.out, '')
            result = self.on_site('attest', 'missing', self.statements, '--key', path)
            self.assertIn('contains no statement', result.err)
            self.assertEqual(len(result.out.split()), IMAGES)
        # Cut off within its last line, which is told as that; then at its end, where nothing is lost.
        self.statements.write_bytes(whole_file[:-20])
        result = self.on_site('attest', 'verify', self.statements, '--key', path, code=FINDINGS)
        self.assertRegex(result.err, r'\Aline %d: .*; the file ends within this line\n\Z' % IMAGES)
        self.statements.write_bytes(whole_file[:-1])
        self.assertEqual(self.verify().object, whole(agree=IMAGES))

    def test_a_changed_database_is_found(self):
        self.attest()
        first, second, third, fourth, _ = self.contents
        self.site.database.execute("UPDATE images SET os_hash_value = '00' WHERE id = ?", first)
        self.site.database.execute("UPDATE images SET checksum = '00' WHERE id = ?", second)
        self.site.database.execute('UPDATE images SET size = 7 WHERE id = ?', third)
        self.site.database.execute("UPDATE images SET status = 'deleted', deleted = true WHERE id = ?", fourth)
        result = self.verify(code=FINDINGS)
        self.assertEqual(result.object, whole(agree=1, gone=1, differ=3))
        for image_id, what in ((first, 'os_hash_value'), (second, 'checksum'), (third, 'size')):
            self.assertRegex(result.err, 'image %s: .*: %s\n' % (image_id, what))

    def test_a_hash_by_another_algorithm_or_no_hash_is_not_an_agreement(self):
        self.attest()
        first, second, *_ = self.contents
        self.site.database.execute("UPDATE images SET os_hash_algo = 'sha256', os_hash_value = '00', checksum = NULL"
                                   " WHERE id = ?", first)
        self.site.database.execute('UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL, checksum = NULL,'
                                   ' size = NULL WHERE id = ?', second)
        result = self.verify(code=FINDINGS)
        self.assertEqual(result.object, whole(agree=3, differ=1, uncompared=1))
        self.assertRegex(result.err, 'image %s: .*: os_hash_algo\n' % first)

    def test_statements_are_not_appended_to_other_files(self):
        self.attest()
        image = self.site.path_of(next(iter(self.contents)))
        other = self.site.directory / 'other'
        other.write_text('{"payloads": 1}\n')
        secret = self.site.directory / 'site-key.pem'
        secret.write_bytes(private_pem(self.key))
        for file in (image, self.site.directory / 'images' / 'new', self.site.config, other, secret,
                     *([] if sites.ON_SERVER else [self.site.database.path])):
            before = file.read_bytes() if file.exists() else None
            for options in ((), ('--dry-run',)):
                with self.subTest(file=file, options=options):
                    self.refused('verify', *self.site.options, '--attest', secret, '--attest-to', file, *options,
                                 code=USAGE, words=['--attest-to'])
                    self.assertEqual(file.read_bytes() if file.exists() else None, before)

    def test_a_wrong_key_gives_a_few_lines_and_no_list_of_missing_images(self):
        self.attest()
        lines = self.statements.read_text()
        self.statements.write_text(lines * 10)
        other = self.site.directory / 'other.pub'
        other.write_bytes(public_pem(ed25519.Ed25519PrivateKey.generate()))
        result = self.on_site('attest', 'verify', self.statements, '--key', other, code=FINDINGS)
        self.assertEqual(len(result.err.splitlines()), 21)
        self.assertIn('and 30 more invalid lines', result.err)
        self.on_site('attest', 'missing', self.statements, '--key', other, code=FINDINGS)

    def test_a_changed_statement_is_not_valid(self):
        self.attest()
        lines = self.lines()
        statement = json.loads(base64.b64decode(lines[0]['payload']))
        statement['predicate']['size'] += 1
        lines[0]['payload'] = base64.b64encode(json.dumps(statement).encode()).decode()
        lines[1]['payloadType'] = 'text/plain'
        lines[2]['signatures'] = lines[3]['signatures']
        texts = [json.dumps(line) for line in lines]
        texts += ['{}', '[]', 'no JSON', '{"payload": 1, "signatures": 2}', '\xff', '[' * 10000, 'x' * (1 << 21),
                  '{"a":' * 200000]
        self.statements.write_text('\n'.join(texts) + '\n')
        result = self.verify(code=FINDINGS)
        missing = sorted(set(self.contents) - set(self.names(lines[3:])))
        self.assertEqual(result.object, whole(agree=2, unbelieved=11, missing=3, first_missing=missing))
        self.assertIn('line 12: it has more than 1.0 MiB\n', result.err)
        self.assertEqual(self.verify(ed25519.Ed25519PrivateKey.generate(), code=FINDINGS).object['agree'], 0)
        for line in lines:
            try:
                check(self.key, base64.b64decode(line['signatures'][0]['sig']), signed_bytes(line))
            except InvalidSignature:
                continue
            self.assertIn(line, lines[3:])

    def test_a_certificate_of_the_key_verifies_too(self):
        key = ec.generate_private_key(ec.SECP384R1())
        self.attest(key=key)
        path = self.file_of(certificate(key).public_bytes(PEM), 'certificate.pem')
        self.on_site('attest', 'verify', self.statements, '--key', path)

    def test_keys_that_cannot_be_used_are_refused(self):
        for data in (b'', b'no key', private_pem(self.key, serialization.BestAvailableEncryption(b'secret')),
                     private_pem(ec.generate_private_key(ec.SECP256R1())),
                     private_pem(rsa.generate_private_key(65537, 1024)), public_pem(self.key)):
            with self.subTest(data[:40]):
                self.refused('backfill', *self.site.options, '--attest', self.file_of(data), '--attest-to',
                             self.statements, code=USAGE, words=['key.pem'])
        self.refused('backfill', *self.site.options, '--attest', self.site.directory, code=USAGE)
        self.refused('backfill', *self.site.options, '--attest', self.file_of(private_pem(self.key)), '--attest-to',
                     self.site.directory / 'no' / 'where', code=FAILED, words=['--attest-to'])
        self.refused('backfill', *self.site.options, '--attest-to', self.statements, code=USAGE, words=['--attest'])
        self.refused('attest', 'verify', *self.site.options, self.site.directory, '--key',
                     self.file_of(public_pem(self.key)), code=USAGE, words=['Is a directory'])
        self.refused('attest', 'verify', *self.site.options, self.statements, '--key',
                     self.file_of(public_pem(self.key)), code=USAGE, words=['statements.jsonl'])

    def test_statements_can_be_written_to_a_file_that_cannot_be_synced(self):
        path = self.file_of(private_pem(self.key))
        result = self.on_site('backfill', '--attest', path, '--attest-to', '/dev/stderr')
        self.assertEqual(result.err.count('"payloadType"'), IMAGES)

    def test_statement_that_cannot_be_written_ends_the_run(self):
        path = self.file_of(private_pem(self.key))
        self.refused('backfill', *self.site.options, '--attest', path, '--attest-to', '/dev/full',
                     words=['the statement about image', 'No space left'])


if __name__ == '__main__':
    program.main()
