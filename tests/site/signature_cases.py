# SPDX-License-Identifier: Apache-2.0
"""What migrate classifies: signature properties of both schemes, whole and in part."""

import changes as c
from case import case
from content import Content

TINY = Content(60017)
ALL_LEGACY = ('signature', 'signature_hash_method', 'signature_key_type',
              'signature_certificate_uuid')


def signed(name, result, scheme, *changes):
    return case(name, result, *changes, content=TINY, scheme=scheme)


SIGNATURES = [
    signed('legacy signature', 'hashed', 'legacy_complete', c.legacy_signature()),
    signed('legacy signature, SHA-224', 'hashed', 'legacy_complete',
           c.legacy_signature(hash_method='SHA-224')),
    signed('legacy signature, SHA-512, public', 'hashed', 'legacy_complete',
           c.legacy_signature(hash_method='SHA-512'), c.fields(visibility='public')),
    signed('legacy signature with a salt length', 'hashed', 'legacy_complete',
           c.legacy_signature(salt_length=20)),
    signed('legacy signature, deactivated', 'hashed', 'legacy_complete', c.legacy_signature(),
           c.fields(status='deactivated')),
    signed('legacy signature, deleted', None, 'legacy_complete', c.legacy_signature(),
           c.soft_deleted),
    case('legacy signature, hidden', 'hashed', c.legacy_signature(), c.fields(hidden=True),
         content=TINY, scheme='legacy_complete', needs='os_hidden'),
    signed('legacy signature that a snapshot inherited', 'hashed', 'legacy_complete',
           c.legacy_signature(), c.snapshot, c.fields(checksum=None)),
    signed('legacy signature, file missing', 'missing', 'legacy_complete', c.legacy_signature(),
           c.no_file),
    signed('legacy signature, one byte flipped', 'checksum_differs', 'legacy_complete',
           c.legacy_signature(), c.flipped_byte),
    signed('legacy signature without certificate', 'hashed', 'legacy_partial',
           c.legacy_signature(), c.without_properties('signature_certificate_uuid')),
    signed('legacy signature without the signature', 'hashed', 'legacy_partial',
           c.legacy_signature(), c.without_properties('signature')),
    signed('legacy signature, one property deleted', 'hashed', 'legacy_partial',
           c.legacy_signature(), c.deleted_properties('signature_key_type')),
    signed('legacy signature deleted by its owner', 'hashed', 'none', c.legacy_signature(),
           c.deleted_properties(*ALL_LEGACY)),
    signed('new signature', 'hashed', 'new_complete', c.new_signature()),
    signed('new signature, elliptic', 'hashed', 'new_complete',
           c.new_signature(hash_method='SHA-384', key_type='ECC_SECP384R1')),
    signed('new signature without key type', 'hashed', 'new_partial', c.new_signature(),
           c.without_properties('img_signature_key_type')),
    signed('new signature, one property deleted', 'hashed', 'new_partial', c.new_signature(),
           c.deleted_properties('img_signature')),
    signed('both signatures', 'hashed', 'both', c.legacy_signature(), c.new_signature()),
    signed('new signature, rest of a legacy one', 'hashed', 'both', c.legacy_signature(),
           c.without_properties('signature', 'signature_certificate_uuid'), c.new_signature()),
    signed('a signature by itself', 'hashed', 'unrelated',
           c.properties(signature='Painted by M. Anguissola, 1554')),
]

GARBAGE = [
    signed('legacy signature of 1 MiB', 'hashed', 'legacy_complete', c.legacy_signature(),
           c.properties(signature='QUJD' * (1 << 18))),
    signed('new signature that is not base64', 'hashed', 'new_complete', c.new_signature(),
           c.properties(img_signature='%%% not base64 %%%')),
    signed('new signature of unknown kinds', 'hashed', 'new_complete', c.new_signature(),
           c.properties(img_signature_hash_method='MD4', img_signature_key_type='RSA-ROT13')),
    signed('legacy signature, values NULL', 'hashed', 'legacy_complete',
           c.properties(**{name: None for name in ALL_LEGACY})),
    signed('signature names in another case', 'hashed', 'none',
           c.properties(Signature='x', Signature_Hash_Method='SHA-256', IMG_SIGNATURE='y')),
]
