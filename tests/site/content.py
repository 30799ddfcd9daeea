# SPDX-License-Identifier: Apache-2.0
"""The bytes of images: written from a seed, so that two sites of one seed are byte for byte the same."""

import dataclasses
import hashlib
import os
import random

MIB = 1 << 20
# One island of data in each stretch of hole: enough that a reader who skips holes is found out.
SPARSE_STRETCH = 16 * MIB
SPARSE_ISLAND = 64 << 10


@dataclasses.dataclass(frozen=True)
class Content:
    length: int
    kind: str = 'random'  # or 'sparse': holes with islands of random bytes


@dataclasses.dataclass(frozen=True)
class Digests:
    length: int
    md5: str
    sha512: str


class _Pass:
    """MD5 and SHA-512 of the same bytes."""

    def __init__(self):
        self.length = 0
        self.md5 = hashlib.md5(usedforsecurity=False)
        self.sha512 = hashlib.sha512()

    def update(self, data):
        self.length += len(data)
        self.md5.update(data)
        self.sha512.update(data)

    def digests(self):
        return Digests(self.length, self.md5.hexdigest(), self.sha512.hexdigest())


def _random_chunks(content, generator):
    left = content.length
    while left:
        chunk = generator.randbytes(min(left, MIB))
        left -= len(chunk)
        yield chunk, True


def _sparse_chunks(content, generator):
    zeros = bytes(MIB)
    position = 0
    while position < content.length:
        in_stretch = position % SPARSE_STRETCH
        if in_stretch < SPARSE_ISLAND:
            chunk = generator.randbytes(min(SPARSE_ISLAND, content.length - position))
            yield chunk, True
        else:
            length = min(MIB, SPARSE_STRETCH - in_stretch, content.length - position)
            chunk = zeros[:length]
            yield chunk, False
        position += len(chunk)


def write_content(path, content, seed):
    """Makes the file and returns its digests; the directory must be there."""
    generator = random.Random(seed)
    chunks = _sparse_chunks if content.kind == 'sparse' else _random_chunks
    digests = _Pass()
    with open(path, 'wb') as file:
        for chunk, stored in chunks(content, generator):
            digests.update(chunk)
            if stored:
                file.write(chunk)
            else:
                file.seek(len(chunk), os.SEEK_CUR)
        file.truncate(content.length)
    return digests.digests()


def digest_file(path):
    digests = _Pass()
    with open(path, 'rb') as file:
        while chunk := file.read(MIB):
            digests.update(chunk)
    return digests.digests()


def hash_file(path, algorithm):
    """Hex digest by the hash that hashlib calls `algorithm`; for small files."""
    with open(path, 'rb') as file:
        return hashlib.new(algorithm, file.read(), usedforsecurity=False).hexdigest()
