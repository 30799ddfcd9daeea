"""Signatures of both schemes of Glance, made with keys of this site.

The keys, the salts and so the signatures differ from run to run; all else of a site follows its seed.
"""

import base64
import datetime
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric import rsa

HASHES = {'SHA-224': hashes.SHA224, 'SHA-256': hashes.SHA256, 'SHA-384': hashes.SHA384,
          'SHA-512': hashes.SHA512}


def _certificate(key, common_name):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    return (x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(datetime.datetime(2015, 1, 1))
            .not_valid_after(datetime.datetime(2045, 1, 1)).sign(key, hashes.SHA256()))


class Signer:
    """Holds one key per key type and writes each certificate to <directory>/<its uuid>.pem, where a
    real site has Barbican."""

    def __init__(self, directory, generator):
        self._directory = directory
        self._keys = {
            'RSA-PSS': rsa.generate_private_key(public_exponent=65537, key_size=2048),
            'ECC_SECP384R1': ec.generate_private_key(ec.SECP384R1()),
        }
        self._certificates = {
            key_type: str(uuid.UUID(int=generator.getrandbits(128), version=4))
            for key_type in self._keys}
        directory.mkdir()
        for key_type, key in self._keys.items():
            pem = _certificate(key, key_type).public_bytes(serialization.Encoding.PEM)
            (directory / (self._certificates[key_type] + '.pem')).write_bytes(pem)

    def _sign(self, data, hash_method, key_type, salt_length):
        algorithm = HASHES[hash_method]()
        if key_type == 'RSA-PSS':
            scheme = padding.PSS(mgf=padding.MGF1(algorithm), salt_length=salt_length)
            signature = self._keys[key_type].sign(data, scheme, algorithm)
        else:
            signature = self._keys[key_type].sign(data, ec.ECDSA(algorithm))
        return base64.b64encode(signature).decode()

    def legacy(self, checksum, hash_method='SHA-256', salt_length=None):
        """The properties of Liberty's scheme: over the 32 characters of the MD5."""
        salt = padding.PSS.MAX_LENGTH if salt_length is None else salt_length
        properties = {
            'signature': self._sign(checksum.encode(), hash_method, 'RSA-PSS', salt),
            'signature_hash_method': hash_method,
            'signature_key_type': 'RSA-PSS',
            'signature_certificate_uuid': self._certificates['RSA-PSS'],
        }
        if salt_length is not None:
            properties['mask_gen_algorithm'] = 'MGF1'
            properties['pss_salt_length'] = str(salt_length)
        return properties

    def new(self, data, hash_method='SHA-256', key_type='RSA-PSS'):
        """The properties of the present scheme: over the image's bytes."""
        return {
            'img_signature': self._sign(data, hash_method, key_type, padding.PSS.MAX_LENGTH),
            'img_signature_hash_method': hash_method,
            'img_signature_key_type': key_type,
            'img_signature_certificate_uuid': self._certificates[key_type],
        }
