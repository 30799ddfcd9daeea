# SPDX-License-Identifier: Apache-2.0
"""Signatures of both schemes of Glance, as owners of images make them, and their certificates.

The keys, the salts and so the signatures differ from run to run; all else of a site follows its seed.
"""

import base64
import datetime
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa, utils

# Of the legacy scheme; the new one has img_ in front.
NAMES = ('signature', 'signature_hash_method', 'signature_key_type', 'signature_certificate_uuid')
HASHES = {'SHA-224': hashes.SHA224(), 'SHA-256': hashes.SHA256(), 'SHA-384': hashes.SHA384(),
          'SHA-512': hashes.SHA512()}
DAY = datetime.timedelta(days=1)


def text(signature):
    return base64.b64encode(signature).decode()


def certificate(key, *, public_key=None, begin=-DAY, end=365 * DAY):
    """Signed by `key`, valid from and until so long from now."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, 'somebody who signs')])
    now = datetime.datetime.utcnow()
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    made = made.public_key(public_key or key.public_key()).serial_number(x509.random_serial_number())
    return made.not_valid_before(now + begin).not_valid_after(now + end).sign(key, hashes.SHA256())


class Signer:
    """A key, and its certificate in the directory, where a real site has Barbican."""

    def __init__(self, directory, key_type, key, der=False, certificate_id=None, **dates):
        self.key_type, self.key = key_type, key
        self.id = certificate_id or str(uuid.uuid4())
        encoding = serialization.Encoding.DER if der else serialization.Encoding.PEM
        (directory / (self.id + ('.der' if der else '.pem'))).write_bytes(
            certificate(key, **dates).public_bytes(encoding))

    def sign(self, data, method, salt=None):
        """`method` is one of HASHES' values; without `salt` it is the longest."""
        digest = hashes.Hash(method)
        digest.update(data)
        prehashed = utils.Prehashed(method)
        if isinstance(self.key, rsa.RSAPrivateKey):
            salt = padding.PSS.MAX_LENGTH if salt is None else salt
            return self.key.sign(digest.finalize(), padding.PSS(padding.MGF1(method), salt), prehashed)
        if isinstance(self.key, dsa.DSAPrivateKey):
            return self.key.sign(digest.finalize(), prehashed)
        return self.key.sign(digest.finalize(), ec.ECDSA(prehashed))

    def values(self, data, hash_method, salt=None):
        """In the order of NAMES."""
        return (text(self.sign(data, HASHES[hash_method], salt)), hash_method, self.key_type, self.id)


class SiteSigner:
    """One key of each of two types, and the properties of images that they sign."""

    def __init__(self, directory, generator):
        directory.mkdir()
        keys = {'RSA-PSS': rsa.generate_private_key(public_exponent=65537, key_size=2048),
                'ECC_SECP384R1': ec.generate_private_key(ec.SECP384R1())}
        self._signers = {
            key_type: Signer(directory, key_type, key, begin=-4000 * DAY, end=7000 * DAY,
                             certificate_id=str(uuid.UUID(int=generator.getrandbits(128), version=4)))
            for key_type, key in keys.items()}

    def legacy(self, checksum, hash_method='SHA-256', salt_length=None):
        """The properties of Liberty's scheme: over the 32 characters of the MD5."""
        values = self._signers['RSA-PSS'].values(checksum.encode(), hash_method, salt_length)
        properties = dict(zip(NAMES, values))
        if salt_length is not None:
            properties['mask_gen_algorithm'] = 'MGF1'
            properties['pss_salt_length'] = str(salt_length)
        return properties

    def new(self, data, hash_method='SHA-256', key_type='RSA-PSS'):
        """The properties of the present scheme: over the image's bytes."""
        values = self._signers[key_type].values(data, hash_method)
        return {'img_' + name: value for name, value in zip(NAMES, values)}
