#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Signatures of both schemes, made by Python's cryptography: what the program says of them is what Debian's cursive
says of the new scheme, and what the rules of Liberty say of the old one."""

import base64
import collections
import hashlib
import itertools
import subprocess
import unittest.mock
import uuid

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cursive import exception, signature_utils

import program
from program import DONE, FINDINGS, USAGE
import databases
from signing import DAY, HASHES, NAMES, Signer, certificate, text
import sites

CONTENT = b'what is signed, and stored\n' * 100
OTHER_CONTENT = b'what was signed, and is another image\n' * 100
CURVES = (ec.SECT571K1(), ec.SECT409K1(), ec.SECT571R1(), ec.SECT409R1(), ec.SECP521R1(), ec.SECP384R1())
# MariaDB's TEXT ends at 64 KiB.
LONGEST_VALUE = (1 << 16) - 4 if databases.engine() == 'mysql' else 1 << 20
# Of the program, what Glance accepts: an inherited signature, or one whose certificate has expired, still verifies.
ACCEPTED = ('valid', 'valid_inherited', 'valid_expired')


def flipped(signature, place):
    return signature[:place] + bytes([signature[place] ^ 1]) + signature[place + 1:]


class SignatureTest(sites.SmallSiteTest):
    def setUp(self):
        super().setUp()
        self.certificates = self.site.directory / 'certificates'
        self.certificates.mkdir()

    def add(self, values, prefix='img_', content=CONTENT, **more):
        image_id = self.site.add(content)
        for name, value in zip(NAMES, values):
            if value is not None:
                self.site.add_property(image_id, prefix + name, value)
        for name, value in more.items():
            self.site.add_property(image_id, name, value)
        return image_id

    def prepare(self):
        self.on_site('expand')
        self.on_site('migrate')

    def verdicts(self, name='verdict'):
        report = self.on_site('report', '--json').object
        return {image['image_id']: image[name] for image in report['signatures']['images']}

    def with_certificates(self, command, *arguments, **options):
        return self.on_site(command, '--certificates', self.certificates, *arguments, **options)


class ByCursive(SignatureTest):
    def by_cursive(self, values):
        """Whether it verifies what is stored."""
        class Held:
            format = 'X.509'

            @staticmethod
            def get_encoded():
                for suffix, load in (('.pem', x509.load_pem_x509_certificate),
                                     ('.der', x509.load_der_x509_certificate)):
                    path = self.certificates / (values[3] + suffix)
                    if path.exists():
                        return load(path.read_bytes()).public_bytes(serialization.Encoding.DER)
                raise AssertionError(values[3])
        with unittest.mock.patch.object(signature_utils.key_manager, 'API') as api:
            api.return_value.get.return_value = Held()
            try:
                verifier = signature_utils.get_verifier(None, values[3], values[1], values[0], values[2])
                verifier.update(CONTENT)
                verifier.verify()
            except (exception.SignatureVerificationError, ValueError) as error:
                return False, repr(error)
            except Exception as error:  # pylint: disable=broad-except
                if type(error).__name__ != 'InvalidSignature':
                    raise
                return False, repr(error)
        return True, ''


class NewScheme(ByCursive):
    def signers(self):
        yield Signer(self.certificates, 'RSA-PSS', rsa.generate_private_key(65537, 2048))
        yield Signer(self.certificates, 'RSA-PSS', rsa.generate_private_key(65537, 1031), der=True)
        yield Signer(self.certificates, 'DSA', dsa.generate_private_key(1024))
        yield Signer(self.certificates, 'DSA', dsa.generate_private_key(2048), der=True)
        for number, curve in enumerate(CURVES):
            yield Signer(self.certificates, 'ECC_' + curve.name.upper(), ec.generate_private_key(curve),
                         der=number % 2 == 1)

    def cases(self, signer, other, method_name):
        """What the four properties hold, by what was done to them."""
        method = HASHES[method_name]
        right = signer.sign(CONTENT, method)
        as_they_are = (text(right), method_name, signer.key_type, signer.id)

        def with_signature(value):
            return (value,) + as_they_are[1:]
        yield 'right', as_they_are
        yield 'of other bytes', with_signature(text(signer.sign(OTHER_CONTENT, method)))
        yield 'of another key', with_signature(text(other.sign(CONTENT, method)))
        yield 'bit at the start', with_signature(text(flipped(right, 0)))
        yield 'bit in the middle', with_signature(text(flipped(right, len(right) // 2)))
        yield 'bit at the end', with_signature(text(flipped(right, len(right) - 1)))
        yield 'a byte less', with_signature(text(right[:-1]))
        yield 'a byte more', with_signature(text(right + b'\0'))
        yield 'lines of 20', with_signature('\n'.join(text(right)[i:i + 20] for i in range(0, len(text(right)), 20)))
        yield 'no ASCII', with_signature('\u00a0' + text(right))
        yield 'for URLs', with_signature(base64.urlsafe_b64encode(right).decode())
        yield 'no padding', with_signature(text(right).rstrip('='))
        yield 'hash in lower case', (text(right), method_name.lower(), signer.key_type, signer.id)
        yield 'another hash', (text(right), next(name for name in HASHES if name != method_name), signer.key_type,
                               signer.id)
        other_type = 'DSA' if signer.key_type != 'DSA' else 'RSA-PSS'
        yield 'another key type', (text(right), method_name, other_type, signer.id)
        if isinstance(signer.key, rsa.RSAPrivateKey):
            longest = padding.calculate_max_pss_salt_length(signer.key, method)
            for salt in (salt for salt in (0, 20, method.digest_size) if salt < longest):
                yield 'salt of %d' % salt, with_signature(text(signer.sign(CONTENT, method, salt)))

    def test_every_case_gets_the_same_verdict_as_from_cursive(self):
        signers = list(self.signers())
        cases = {}
        with self.site.database.batch():
            for signer, other in zip(signers, signers[1:] + signers[:1]):
                for method in HASHES:
                    for name, values in self.cases(signer, other, method):
                        cases[self.add(values)] = (signer.key_type, method, name, values)
        self.assertGreaterEqual(len(cases), 400)
        self.prepare()
        result = self.with_certificates('verify', '--signatures', '--json', code=FINDINGS).object
        self.assertEqual(sum(result['signatures'].values()), len(cases))
        found = self.verdicts()
        wrong = []
        tally = collections.Counter()
        for image_id, case in cases.items():
            accepted, why = self.by_cursive(case[3])
            tally[found[image_id]] += 1
            if (found[image_id] in ACCEPTED) != accepted:
                wrong.append((case[:3], found[image_id], accepted, why))
        self.assertEqual(wrong, [])
        print('%d cases: %s' % (len(cases), dict(tally)))
        for verdict in ('valid', 'valid_other_salt', 'invalid', 'key_disagrees', 'malformed'):
            self.assertGreater(tally[verdict], 0, verdict)


class OpensslSigner:
    """By the openssl command, whose kinds of keys and curves are more than Python makes."""

    def __init__(self, directory, key_type, *options):
        self.key_type = key_type
        self.id = str(uuid.uuid4())
        self._key = directory / (self.id + '.key')
        certificate_file = directory / (self.id + '.pem')
        self._run('genpkey', '-out', self._key, *options)
        self._run('req', '-x509', '-new', '-key', self._key, '-subj', '/CN=x', '-days', '9', '-out', certificate_file)

    @staticmethod
    def _run(*arguments, **options):
        return subprocess.run(['openssl', *arguments], check=True, capture_output=True, **options).stdout

    def values(self, data, hash_method):
        pss = ('rsa_padding_mode:pss', 'rsa_pss_saltlen:max', 'rsa_mgf1_md:sha256') if 'RSA' in self.key_type else ()
        name = '-' + hash_method.replace('-', '').lower()
        signature = self._run('dgst', name, '-sign', self._key, *(word for one in pss for word in ('-sigopt', one)),
                              input=data)
        return (text(signature), hash_method, self.key_type, self.id)


class Keys(ByCursive):
    """Kinds of keys, and curves, that OpenSSL knows and Python's cryptography does not, and the other way about."""

    def test_keys_are_taken_and_refused_as_cursive_does(self):
        def ecc(curve, *more):
            return ('ECC_SECP384R1', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:' + curve, *more)

        def pss(*options):
            return ('RSA-PSS', '-algorithm', 'RSA-PSS', '-pkeyopt', 'rsa_keygen_bits:2048',
                    *(word for one in options for word in ('-pkeyopt', one)))
        kinds = {'PSS alone': (pss(), True),
                 'PSS with one hash': (pss('rsa_pss_keygen_md:sha256', 'rsa_pss_keygen_mgf1_md:sha256',
                                           'rsa_pss_keygen_saltlen:32'), True),
                 'P-256': (ecc('P-256'), True), 'P-192': (ecc('prime192v1'), True),
                 'Brainpool': (ecc('brainpoolP320r1'), False), 'Brainpool 384': (ecc('brainpoolP384r1'), True),
                 'written out': (ecc('P-384', '-pkeyopt', 'ec_param_enc:explicit'), False),
                 'of 112 bits': (ecc('secp112r1'), False)}
        images = {}
        for name, (options, is_taken) in kinds.items():
            signer = OpensslSigner(self.certificates, *options)
            values = signer.values(CONTENT, 'SHA-256')
            images[self.add(values)] = 'valid' if is_taken else 'key_disagrees'
            self.assertEqual(self.by_cursive_or_refused(values), is_taken, name)
        self.prepare()
        self.with_certificates('verify', '--signatures', code=FINDINGS)
        self.assertEqual(self.verdicts(), images)

    def by_cursive_or_refused(self, values):
        try:
            return self.by_cursive(values)[0]
        except UnsupportedAlgorithm:
            return False


class Damage(SignatureTest):
    """A verdict or one clear line, never a crash."""

    def test_impossible_signatures_have_a_verdict_of_their_own(self):
        signer = Signer(self.certificates, 'RSA-PSS', rsa.generate_private_key(65537, 2048))
        expired = Signer(self.certificates, 'RSA-PSS', signer.key, begin=-30 * DAY, end=-DAY)
        small = Signer(self.certificates, 'RSA-PSS', rsa.generate_private_key(65537, 512))
        curve = Signer(self.certificates, 'ECC_SECP384R1', ec.generate_private_key(ec.SECP256R1()))
        directory, damaged, empty, absent, huge = (str(uuid.uuid4()) for _ in range(5))
        # Nobody has the private key; it would take minutes to find one.
        numbers = rsa.RSAPublicNumbers(65537, (1 << 16383) + 1)
        (self.certificates / (huge + '.pem')).write_bytes(
            certificate(signer.key, public_key=numbers.public_key()).public_bytes(serialization.Encoding.PEM))
        (self.certificates / (directory + '.pem')).mkdir()
        (self.certificates / (damaged + '.pem')).write_text('-----BEGIN CERTIFICATE-----\nAAAA\n'
                                                            '-----END CERTIFICATE-----\n')
        (self.certificates / (empty + '.der')).touch()
        right = text(signer.sign(CONTENT, HASHES['SHA-256']))

        def by(certificate_id, signature=right, key_type='RSA-PSS'):
            return (signature, 'SHA-256', key_type, certificate_id)
        wanted = {
            self.add(by(signer.id)): 'valid',
            self.add(by(expired.id)): 'valid_expired',
            self.add(by(signer.id), image_type='snapshot'): 'valid_inherited',
            self.add(by(signer.id), content=OTHER_CONTENT, base_image_ref=str(uuid.uuid4())): 'invalid_inherited',
            self.add(by(signer.id), content=OTHER_CONTENT): 'invalid',
            # As cursive, which compares no curves.
            self.add(by(curve.id, text(curve.sign(CONTENT, HASHES['SHA-256'])), 'ECC_SECP384R1')): 'valid',
            self.add(by(small.id)): 'invalid',
            self.add(by(huge, text(b'7' * 2048))): 'invalid',
            self.add(by(directory)): 'no_certificate',
            self.add(by(damaged)): 'no_certificate',
            self.add(by(empty)): 'no_certificate',
            self.add(by(absent)): 'no_certificate',
            self.add(by('../../etc/passwd')): 'no_certificate',
            self.add(by(signer.id, 'A' * LONGEST_VALUE)): 'invalid',
            self.add(by(signer.id, '%' * 100)): 'malformed',
            self.add(by(signer.id, 'A')): 'malformed',
            self.add((right, 'SHA-256', 'RSA-PSS', None)): 'partial',
        }
        lengths = {
            self.add(by(signer.id, text(base64.b64decode(right)[:-1]))):
                "img_signature: the signature has 255 bytes, but one by the certificate's key has 256",
            self.add(by(curve.id, right, 'ECC_SECP384R1')):
                "img_signature: the signature has 256 bytes, but one by the certificate's key has at most 72",
            self.add(by(signer.id), content=OTHER_CONTENT): '',
        }
        wanted |= dict.fromkeys(lengths, 'invalid')
        self.prepare()
        result = self.with_certificates('verify', '--signatures', code=FINDINGS)
        self.assertIn('img_signature: ', result.out)
        self.assertEqual({image_id: verdict for image_id, verdict in self.verdicts().items() if image_id in wanted},
                         wanted)
        self.assertEqual({image_id: reason for image_id, reason in self.verdicts('verdict_reason').items()
                          if image_id in lengths}, lengths)

    def test_wrong_options_are_refused(self):
        self.prepare()
        self.refused('verify', *self.site.options, '--signatures', code=USAGE, words=['--certificates'])
        self.refused('verify', *self.site.options, '--certificates', self.site.directory / 'nowhere', code=USAGE,
                     words=['--certificates', 'nowhere'])
        self.refused('verify', *self.site.options, '--certificates', self.site.config, code=USAGE,
                     words=['not a directory'])


class OneRead(SignatureTest):
    def test_backfill_verifies_what_it_reads_and_reads_it_once(self):
        signer = Signer(self.certificates, 'RSA-PSS', rsa.generate_private_key(65537, 2048))
        images = {}
        for method in HASHES:
            images[self.add(signer.values(CONTENT, method))] = 'valid'
        images[self.add(signer.values(OTHER_CONTENT, 'SHA-256'))] = 'invalid'
        unsigned = self.site.add(CONTENT)
        self.prepare()
        result = self.with_certificates('backfill', '--json', code=FINDINGS).object
        self.assertEqual(result['bytes_read'], len(CONTENT) * (len(images) + 1))
        self.assertEqual(result['signatures'], {'valid': 4, 'invalid': 1})
        self.assertEqual(self.verdicts(), images)
        # What is stored is what Glance knows: its signature is the owner's business.
        for image_id, (_, value, _) in self.site.hashes().items():
            self.assertEqual(value, sites.sha512(CONTENT), image_id)
        self.assertNotIn(unsigned, self.verdicts())
        # No image is read again for its signature alone.
        self.assertEqual(self.with_certificates('backfill', '--json').object['bytes_read'], 0)

    def test_what_was_signed_since_the_last_migrate_has_a_verdict_too(self):
        signer = Signer(self.certificates, 'RSA-PSS', rsa.generate_private_key(65537, 2048))
        self.prepare()
        right = self.add(signer.values(CONTENT, 'SHA-256'))
        wrong = self.add(signer.values(OTHER_CONTENT, 'SHA-256'))
        self.with_certificates('backfill', code=FINDINGS)
        self.assertEqual(self.verdicts(), {right: 'valid', wrong: 'invalid'})
        self.assertIn(wrong, self.on_site('report').out)

    def test_without_certificates_nothing_is_verified(self):
        self.add(('AAAA', 'SHA-256', 'RSA-PSS', str(uuid.uuid4())))
        self.prepare()
        self.assertEqual(self.on_site('backfill', '--json').object['signatures'], {})
        self.assertEqual(list(self.verdicts().values()), [None])

    def test_bytes_that_disagree_have_no_verdict(self):
        signer = Signer(self.certificates, 'RSA-PSS', rsa.generate_private_key(65537, 2048))
        image = self.add(signer.values(CONTENT, 'SHA-256'))
        self.site.path_of(image).write_bytes(OTHER_CONTENT)
        self.prepare()
        self.with_certificates('backfill', code=FINDINGS)
        self.assertEqual(self.verdicts(), {image: None})


class LegacyScheme(SignatureTest):
    """Liberty: over the 32 characters of the MD5, hashed once more; no Glance checks it any more."""

    def test_legacy_signatures_are_verified_over_the_md5_of_what_is_stored(self):
        signer = Signer(self.certificates, 'RSA-PSS', rsa.generate_private_key(65537, 2048))
        md5 = hashlib.md5(CONTENT).hexdigest().encode()
        wanted = {}

        def add(verdict, signed, method='SHA-256', salt=None, content=CONTENT, **options):
            wanted[self.add(signer.values(signed, method, salt), prefix='', content=content, **options)] = verdict
        for method in HASHES:
            add('valid', md5, method)
        add('invalid', hashlib.md5(CONTENT).digest())
        add('invalid', md5 + b'\n')
        add('invalid', md5.upper())
        add('invalid', CONTENT)
        add('invalid', md5, content=OTHER_CONTENT)
        add('valid_other_salt', md5, salt=32)
        add('valid', md5, salt=32, pss_salt_length='32')
        add('valid', md5, salt=32, pss_salt_length=' +32 ')
        add('malformed', md5, salt=32, pss_salt_length='3_2')
        add('valid_other_salt', md5, pss_salt_length='32')
        add('malformed', md5, pss_salt_length='many')
        add('malformed', md5, pss_salt_length='-1')
        add('valid', md5, mask_gen_algorithm='MGF1')
        add('malformed', md5, mask_gen_algorithm='MGF2')
        add('invalid_inherited', md5, content=OTHER_CONTENT, image_type='snapshot')
        self.prepare()
        self.with_certificates('verify', '--signatures')
        self.assertEqual(self.verdicts('legacy_verdict'), wanted)

    def test_both_schemes_of_one_image_are_judged_each_by_itself(self):
        signer = Signer(self.certificates, 'RSA-PSS', rsa.generate_private_key(65537, 2048))
        md5 = hashlib.md5(CONTENT).hexdigest().encode()
        for right in itertools.product((True, False), repeat=2):
            image = self.add(signer.values(CONTENT if right[0] else md5, 'SHA-384'))
            for name, value in zip(NAMES, signer.values(md5 if right[1] else CONTENT, 'SHA-224')):
                self.site.add_property(image, name, value)
            with self.subTest(right=right):
                self.prepare()
                self.with_certificates('verify', '--signatures', '--image', image, code=DONE if right[0] else FINDINGS)
                self.assertEqual(self.verdicts()[image], 'valid' if right[0] else 'invalid')
                self.assertEqual(self.verdicts('legacy_verdict')[image], 'valid' if right[1] else 'invalid')


if __name__ == '__main__':
    program.main()
