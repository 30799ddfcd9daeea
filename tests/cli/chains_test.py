#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Certificates held against trusted ones: what the program says is what Debian's cursive says for Nova."""

import datetime
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cursive import certificate_utils, exception

import program
from program import DONE, FINDINGS, USAGE
from signing import DAY, NAMES, Signer
import sites

CONTENT = b'what is signed\n' * 100
PEM = serialization.Encoding.PEM


def named(name):
    return x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, 'Somebody'),
                      x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def certificate(subject, key, issuer, issuer_key, length=None, *, is_ca=True, usage=True, constraints=True, begin=-DAY,
                end=9 * DAY, method=hashes.SHA256()):  # pylint: disable=too-many-arguments
    """`length`: how many CAs may stand below it; None: it does not say."""
    now = datetime.datetime.utcnow()
    made = x509.CertificateBuilder().subject_name(named(subject)).issuer_name(named(issuer))
    made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(now + begin).not_valid_after(now + end)
    if constraints:
        made = made.add_extension(x509.BasicConstraints(is_ca, length if is_ca else None), True)
    if usage:
        made = made.add_extension(x509.KeyUsage(not is_ca, False, False, False, False, is_ca, is_ca, False, False), True)
    return made.sign(issuer_key, method)


class ChainsTest(sites.SmallSiteTest):
    def setUp(self):
        super().setUp()
        self.certificates = self.site.directory / 'certificates'
        self.certificates.mkdir()
        self.trusted = self.site.directory / 'trusted'
        self.key = rsa.generate_private_key(65537, 2048)

    def trust(self, certificates, name='%02d.pem'):
        if self.trusted.exists():
            for path in self.trusted.iterdir():
                path.unlink()
        self.trusted.mkdir(exist_ok=True)
        for number, one in enumerate(certificates):
            (self.trusted / (name % number)).write_bytes(one.public_bytes(PEM))

    def add(self, leaf):
        """An image that is signed by self.key, whose certificate this is."""
        signer = Signer(self.certificates, 'RSA-PSS', self.key)
        (self.certificates / (signer.id + '.pem')).write_bytes(leaf.public_bytes(PEM))
        image = self.site.add(CONTENT)
        for name, value in zip(NAMES, signer.values(CONTENT, 'SHA-256')):
            self.site.add_property(image, 'img_' + name, value)
        return image

    def prepare(self):
        self.on_site('expand')
        self.on_site('migrate')

    def verify(self, *arguments, **options):
        return self.on_site('verify', '--signatures', '--certificates', self.certificates, '--trusted-certificates',
                            self.trusted, '--json', *arguments, **options)

    def signatures(self):
        return {image['image_id']: image for image in self.on_site('report', '--json').object['signatures']['images']}


class AsNova(ChainsTest):
    @staticmethod
    def by_cursive(leaf, trusted):
        context = certificate_utils.CertificateVerificationContext([(str(i), one) for i, one in enumerate(trusted)])
        try:
            context.update(leaf)
            context.verify()
        # What it has not foreseen, as a CA without a path length, ends Nova's boot as well.
        except (exception.SignatureVerificationError, TypeError):
            return False
        return True

    def cases(self):
        """By what is tried: the certificate of an image, and those that are trusted."""
        root_key, other_key, middle_key, low_key = (rsa.generate_private_key(65537, 2048) for _ in range(4))
        curve_key, dsa_key, edwards_key = ec.generate_private_key(ec.SECP384R1()), dsa.generate_private_key(2048), \
            ed25519.Ed25519PrivateKey.generate()

        def leaf(issuer='root', key=root_key, **more):
            return certificate('leaf', self.key, issuer, key, is_ca=False, **more)

        def root(length=2, **more):
            return certificate('root', root_key, 'root', root_key, length, **more)

        def middle(length=1, **more):
            return certificate('middle', middle_key, 'root', root_key, length, **more)
        below_middle = leaf('middle', middle_key)
        low = certificate('low', low_key, 'middle', middle_key, 0)
        other_root = certificate('root', other_key, 'root', other_key, 2)
        own = certificate('leaf', self.key, 'leaf', self.key, 0)
        curve_root = certificate('curve', curve_key, 'curve', curve_key, 0)
        yield 'root', leaf(), [root()]
        yield 'no other CA below the root', leaf(), [root(0)]
        yield 'two steps', below_middle, [root(), middle()]
        yield 'two steps, in another order', below_middle, [middle(), root()]
        yield 'three steps', leaf('low', low_key), [root(), low, middle()]
        yield 'three steps, the root allows one', leaf('low', low_key), [root(1), low, middle()]
        yield 'three steps, the middle allows none', leaf('low', low_key), [root(), low, middle(0)]
        yield 'no path length', leaf(), [root(None)]
        yield 'no path length in the middle', below_middle, [root(), middle(None)]
        yield 'only the middle', below_middle, [middle()]
        yield 'only the root', below_middle, [root()]
        yield 'another root of that name', leaf(), [other_root]
        yield 'another root of that name first', leaf(), [other_root, root()]
        yield 'a name in another case', leaf('ROOT'), [root()]
        yield 'signed by another key', leaf(key=other_key), [root()]
        yield 'expired', leaf(begin=-9 * DAY, end=-DAY), [root()]
        yield 'not valid yet', leaf(begin=DAY), [root()]
        yield 'root expired', leaf(), [root(begin=-9 * DAY, end=-DAY)]
        yield 'root expired, and renewed', leaf(), [root(begin=-9 * DAY, end=-DAY), root()]
        yield 'root without key usage', leaf(), [root(usage=False)]
        yield 'root without basic constraints', leaf(), [root(constraints=False)]
        yield 'root that is no CA', leaf(), [root(is_ca=False)]
        yield 'its own issuer, trusted', own, [root(), own]
        yield 'its own issuer, not trusted', own, [root()]
        yield 'its own issuer, trusted, no CA', leaf('leaf', self.key), [leaf('leaf', self.key)]
        yield 'root of a curve', leaf('curve', curve_key), [curve_root]
        yield 'root of DSA', leaf('dsa', dsa_key), [certificate('dsa', dsa_key, 'dsa', dsa_key, 0)]
        yield 'root of Ed25519', leaf('edwards', edwards_key, method=None), \
            [certificate('edwards', edwards_key, 'edwards', edwards_key, 0, method=None)]
        yield 'SHA-1', leaf(method=hashes.SHA1()), [root()]

    def test_chains_get_the_same_verdict_as_from_cursive(self):
        cases = {name: (self.add(leaf), leaf, trusted) for name, leaf, trusted in self.cases()}
        self.prepare()
        tally = {'trusted': 0, 'untrusted': 0}
        for name, (image, leaf, trusted) in cases.items():
            with self.subTest(name):
                self.trust(trusted)
                wanted = 'trusted' if self.by_cursive(leaf, trusted) else 'untrusted'
                tally[wanted] += 1
                result = self.verify('--image', image, code=DONE if wanted == 'trusted' else FINDINGS).object
                self.assertEqual(result['chains'], {'trusted': int(wanted == 'trusted'),
                                                    'untrusted': int(wanted == 'untrusted')})
                found = self.signatures()[image]
                self.assertEqual(found['chain'], wanted)
                # What was signed is another question.
                self.assertTrue(found['verdict'].startswith('valid'), found['verdict'])
                self.assertEqual('certificate: ' in found['verdict_reason'], wanted == 'untrusted')
        print(tally)
        self.assertGreater(min(tally.values()), 8)

    def test_trusted_certificates_that_sign_each_other_are_not_trusted(self):
        keys = [rsa.generate_private_key(65537, 2048) for _ in range(2)]
        self.trust([certificate('a', keys[0], 'b', keys[1], 3), certificate('b', keys[1], 'a', keys[0], 3)])
        image = self.add(certificate('leaf', self.key, 'a', keys[0], is_ca=False))
        self.prepare()
        self.verify(code=FINDINGS)
        self.assertIn('in a circle', self.signatures()[image]['verdict_reason'])


class Told(ChainsTest):
    def test_a_certificate_that_is_not_trusted_is_a_finding_of_the_report(self):
        root = certificate('root', self.key, 'root', self.key, 0)
        self.trust([root])
        right = self.add(root)
        wrong = self.add(certificate('somebody', self.key, 'somebody else', self.key, is_ca=False))
        self.prepare()
        result = self.on_site('backfill', '--certificates', self.certificates, '--trusted-certificates', self.trusted,
                              code=FINDINGS)
        self.assertIn('1 trusted; 1 not trusted', result.out)
        self.assertRegex(result.err, '%s: certificate not trusted: .' % wrong)
        text = self.on_site('report').out
        self.assertIn('certificate not trusted', text)
        self.assertIn(wrong, text)
        self.assertNotIn(right, text)
        page = self.on_site('report', '--html', '-').out
        self.assertIn('img_signature: certificate not trusted', page)

    def test_without_a_certificate_there_is_no_chain(self):
        self.trust([certificate('root', self.key, 'root', self.key, 0)])
        image = self.site.add(CONTENT)
        for name, value in zip(NAMES, ('AAAA', 'SHA-256', 'RSA-PSS', str(uuid.uuid4()))):
            self.site.add_property(image, 'img_' + name, value)
        self.prepare()
        self.assertEqual(self.verify().object['chains'], {'trusted': 0, 'untrusted': 0})
        self.assertIsNone(self.signatures()[image]['chain'])

    def test_a_file_may_have_several_and_what_cannot_sign_is_named(self):
        key = rsa.generate_private_key(65537, 2048)
        root = certificate('root', key, 'root', key, 0)
        old = certificate('old', key, 'old', key, 0, begin=-9 * DAY, end=-DAY)
        self.trusted.mkdir()
        (self.trusted / 'both.crt').write_bytes(old.public_bytes(PEM) + b'between the two\n' + root.public_bytes(PEM))
        (self.trusted / 'root.der').write_bytes(root.public_bytes(serialization.Encoding.DER))
        (self.trusted / 'README').write_text('no certificate')
        self.add(certificate('leaf', self.key, 'root', key, is_ca=False))
        self.prepare()
        result = self.verify()
        self.assertEqual(result.object['chains']['trusted'], 1)
        self.assertIn('both.crt is not valid today', result.err)

    def test_wrong_directories_are_refused(self):
        self.prepare()

        def refused(*words, certificates=True):
            self.refused('verify', *self.site.options, *(('--certificates', self.certificates) if certificates else ()),
                         '--trusted-certificates', self.trusted, code=USAGE, words=words)
        refused('--trusted-certificates', 'No such')
        self.trusted.mkdir()
        refused('there is no *.pem')
        (self.trusted / 'root.pem').write_text('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
        refused('root.pem', 'no certificate')
        self.trust([certificate('root', self.key, 'root', self.key, 0)])
        with open(self.trusted / '00.pem', 'ab') as file:
            file.write(b'-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
        refused('00.pem', 'no certificate')
        (self.trusted / '00.pem').unlink()
        (self.trusted / '00.pem').mkdir()
        refused('00.pem', 'not a file')
        refused('requires --certificates', certificates=False)


if __name__ == '__main__':
    program.main()
