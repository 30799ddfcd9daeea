#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints hashlib_digests.inc: what Python's hashlib makes of names of digests.

Made with Python 3.11 and OpenSSL 3.0; run it with another pair to see what differs there:
    python3 tests/data/make_hashlib_digests.py | diff tests/data/hashlib_digests.inc -
"""
import hashlib

SPELLINGS = """
    md5 md-5 md_5 ssl2-md5 ssl3-md5 RSA-MD5 md5WithRSAEncryption 1.2.840.113549.2.5
    sha sha0 sha1 sha-1 sha_1 sha2-1 ssl3-sha1 RSA-SHA1 DSA-SHA1 dss1 1.3.14.3.2.26
    sha224 sha-224 sha_224 sha2-224 sha2_224 RSA-SHA224 2.16.840.1.101.3.4.2.4
    sha256 sha-256 sha_256 sha2-256 sha2_256 RSA-SHA256 sha256WithRSAEncryption 2.16.840.1.101.3.4.2.1
    sha384 sha-384 sha_384 sha2-384 sha2_384 RSA-SHA384 2.16.840.1.101.3.4.2.2
    sha512 sha-512 sha_512 sha2-512 sha2_512 RSA-SHA512 sha512WithRSAEncryption 2.16.840.1.101.3.4.2.3
    sha512-224 sha512_224 sha512/224 sha-512-224 sha-512/224 sha2-512/224 sha2-512-224 RSA-SHA512/224
    2.16.840.1.101.3.4.2.5
    sha512-256 sha512_256 sha512/256 sha-512-256 sha-512/256 sha2-512/256 sha2-512-256 RSA-SHA512/256
    2.16.840.1.101.3.4.2.6
    sha3-224 sha3_224 sha3224 sha-3-224 keccak-224 2.16.840.1.101.3.4.2.7
    sha3-256 sha3_256 sha3256 sha-3-256 keccak-256 2.16.840.1.101.3.4.2.8
    sha3-384 sha3_384 sha3384 sha-3-384 keccak-384 2.16.840.1.101.3.4.2.9
    sha3-512 sha3_512 sha3512 sha-3-512 keccak-512 RSA-SHA3-512 2.16.840.1.101.3.4.2.10
    blake2 blake2b blake2b512 blake2b-512 blake2b_512 blake2b-256 1.3.6.1.4.1.1722.12.2.1.16
    blake2s blake2s256 blake2s-256 blake2s_256 1.3.6.1.4.1.1722.12.2.2.8 blake3
    ripemd ripemd160 ripemd-160 ripemd_160 rmd160 rmd-160 1.3.36.3.2.1
    sm3 sm-3 1.2.156.10197.1.401 md5-sha1 md5_sha1
    shake128 shake-128 shake_128 shake256 shake-256 shake_256 keccak-kmac-128
    2.16.840.1.101.3.4.2.11 2.16.840.1.101.3.4.2.12
    null md2 md4 mdc2 whirlpool tiger streebog512 crc32 none sha512:sha256 sha512,md5
""".split()
TEXT = b"backglance"
# Every length around the block of every algorithm (at most 144 bytes, twice), and around 64 KiB.
LENGTHS = [*range(301), 65535, 65536, 65537]


def digest_of(spelling, data):
    """hashlib's value, or None where Glance could not use the name."""
    try:
        value = hashlib.new(spelling, data).hexdigest()
    except (TypeError, ValueError):
        return None
    return value or None


def pattern(length):
    return bytes(i % 251 for i in range(length))


spellings = {}
refused = []
for base in SPELLINGS:
    for spelling in sorted({base, base.lower(), base.upper(), base.capitalize()}):
        if digest_of(spelling, b"") is None:
            refused.append(spelling)
        else:
            spellings.setdefault(hashlib.new(spelling).name, []).append(spelling)

print("// SPDX-License-Identifier: Apache-2.0")
print("// Made by make_hashlib_digests.py from what hashlib says.")
print('// {name, digest of "backglance", digest of the digests of all lengths, spellings}')
print("const std::vector<HashlibDigest> kHashlibDigests = {")
for name, names in spellings.items():
    of_text = {digest_of(spelling, TEXT) for spelling in names}
    assert len(of_text) == 1, names
    of_lengths = hashlib.new(name)
    for length in LENGTHS:
        of_lengths.update(hashlib.new(name, pattern(length)).digest())
    listed = ", ".join(f'"{spelling}"' for spelling in names)
    print(f'    {{"{name}", "{of_text.pop()}",\n     "{of_lengths.hexdigest()}",\n     {{{listed}}}}},')
print("};")
print("\n// Names that hashlib has not, or whose digest has no length of its own or none at all.")
print("const std::vector<std::string> kRefusedByHashlib = {")
for spelling in refused:
    print(f'    "{spelling}",')
print("};")
