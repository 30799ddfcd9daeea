# SPDX-License-Identifier: Apache-2.0
"""One image as the cases shape it, and the site that it is shaped for."""

import dataclasses
import pathlib
import random
import uuid

from content import digest_file
from content import Digests
from content import write_content

OWNERS = ('1f0b5e0c6d3a4c7f8a52f0cf5b1a9d01', '2a7c3d9be4f145068d1b7e6a0c94f302',
          '3c8f6a1d05b24e97b3d2a8e71f60c403', '4e19d7c8a2f64b05914c3b7d8e5fa604',
          '5b60e2f7d8c943a1a7f50d1e9c28b705')
# Credentials in URLs carry this, so that a test can look for it in all that backglance prints.
URL_SECRET = 'Xyzzy-hunter2-credential'


@dataclasses.dataclass
class Location:
    value: str
    status: str = 'active'
    deleted: bool = False
    meta_data: str | None = '{}'


@dataclasses.dataclass
class Property:
    value: str | None
    deleted: bool = False


@dataclasses.dataclass
class Image:
    id: str
    name: str
    owner: str | None
    path: pathlib.Path
    status: str = 'active'
    deleted: bool = False
    visibility: str = 'private'
    hidden: bool = False
    size: int | None = None
    checksum: str | None = None
    os_hash_algo: str | None = None
    os_hash_value: str | None = None
    locations: list[Location] = dataclasses.field(default_factory=list)
    properties: dict[str, Property] = dataclasses.field(default_factory=dict)
    tags: list[str] = dataclasses.field(default_factory=list)
    import_task: str | None = None  # a row of tasks that is at work now
    stored: Digests | None = None  # of the bytes that a reader gets; None if it gets none
    # Columns to be overwritten with bytes that are no UTF-8, on an engine that takes them.
    raw: dict[str, bytes] = dataclasses.field(default_factory=dict)


class Site:
    """What the cases need to know of the site that is being made."""

    def __init__(self, directory, url, seed, big_bytes, columns, signer, encrypt):
        self.directory = directory
        self.url = url
        self.store = directory / 'images'
        self.cold_store = directory / 'images-cold'
        self.outside = directory / 'outside'
        self.big_bytes = big_bytes
        self.columns = columns  # of the table images
        self.signer = signer
        self.encrypt = encrypt  # a URI to its ciphertext, with the site's key
        self._seed = seed
        self._generator = random.Random(seed)
        self._count = 0
        self.last_image = None

    def make_image(self, name, content):
        """An active image with `content` in the first store, or with no file at all."""
        self._count += 1
        image_id = str(uuid.UUID(int=self._generator.getrandbits(128), version=4))
        image = Image(image_id, name, OWNERS[self._count % len(OWNERS)], self.store / image_id)
        image.locations = [Location('file://%s' % image.path)]
        image.properties = {'os_type': Property('linux'), 'architecture': Property('x86_64')}
        if content is not None:
            image.stored = write_content(image.path, content, '%s/%s' % (self._seed, image_id))
            image.size = image.stored.length
            image.checksum = image.stored.md5
        return image

    def move_file(self, image, path):
        """Puts the image's file at `path` and points its location there."""
        path.parent.mkdir(parents=True, exist_ok=True)
        image.path.rename(path)
        image.path = path
        image.locations[0].value = 'file://%s' % path

    def read_again(self, image):
        image.stored = digest_file(image.path)
