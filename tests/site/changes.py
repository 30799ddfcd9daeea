# SPDX-License-Identifier: Apache-2.0
"""What turns a plain image into a case. Each is a function of (image, site), or makes one."""

import os
import shutil

from image import Location
from image import Property
from image import URL_SECRET


def fields(**values):
    """Sets attributes of the image."""
    def change(image, site):
        for name, value in values.items():
            setattr(image, name, value)
    return change


def properties(**values):
    def change(image, site):
        image.properties.update({name: Property(value) for name, value in values.items()})
    return change


def import_task(image, site):
    """An import that holds its lock on the image."""
    image.import_task = '5f1c4b4e-7f7e-4a54-8f6c-2d6b6a3c9d10'
    properties(os_glance_import_task=image.import_task)(image, site)


def deleted_properties(*names):
    """Soft-deletes properties that an earlier change set."""
    def change(image, site):
        for name in names:
            image.properties[name].deleted = True
    return change


def without_properties(*names):
    def change(image, site):
        for name in names:
            del image.properties[name]
    return change


def snapshot(image, site):
    """As Nova leaves one: inherited properties and no checksum if it went straight into the store."""
    image.properties['image_type'] = Property('snapshot')
    image.properties['base_image_ref'] = Property('00000000-0000-4000-8000-000000000001')
    image.properties['instance_uuid'] = Property('00000000-0000-4000-8000-0000000000aa')


def soft_deleted(image, site):
    """As Glance deletes: the row stays, its location rows are deleted, and so is the file."""
    image.status, image.deleted = 'deleted', True
    for location in image.locations:
        location.status, location.deleted = 'deleted', True
    no_file(image, site)


def pending_delete(image, site):
    image.status, image.deleted = 'pending_delete', True
    for location in image.locations:
        location.status, location.deleted = 'pending_delete', True


def without_data(status):
    """An image whose bytes are not there yet, or never came."""
    def change(image, site):
        no_file(image, site)
        image.status, image.size, image.checksum = status, None, None
        image.locations = []
    return change


# Files

def no_file(image, site):
    image.path.unlink(missing_ok=True)
    image.stored = None


def truncated(image, site):
    os.truncate(image.path, image.size // 2)
    site.read_again(image)


def grown(image, site):
    with open(image.path, 'ab') as file:
        file.write(b'tail')
    site.read_again(image)


def flipped_byte(image, site):
    with open(image.path, 'r+b') as file:
        file.seek(image.size // 2)
        byte = file.read(1)[0]
        file.seek(image.size // 2)
        file.write(bytes([byte ^ 0x01]))
    site.read_again(image)


def directory_instead(image, site):
    no_file(image, site)
    image.path.mkdir()


def fifo_instead(image, site):
    no_file(image, site)
    os.mkfifo(image.path)


def _moved_outside(image, site):
    target = site.outside / image.id
    shutil.move(image.path, target)
    image.stored = None
    return target


def symlink_out(image, site):
    image.path.symlink_to(_moved_outside(image, site))


def symlink_to_nothing(image, site):
    no_file(image, site)
    image.path.symlink_to('no-such-file')


def symlink_inside(image, site):
    real = site.store / 'moved' / image.id
    real.parent.mkdir(exist_ok=True)
    image.path.rename(real)
    image.path.symlink_to(os.path.relpath(real, image.path.parent))


def outside_path(image, site):
    image.locations[0].value = 'file://%s' % _moved_outside(image, site)


def dotdot_path(image, site):
    target = _moved_outside(image, site)
    image.locations[0].value = 'file://%s/../outside/%s' % (site.store, target.name)


def in_cold_store(image, site):
    site.move_file(image, site.cold_store / image.id)


def path_in_store(name):
    """A file name that a reader must take as it stands, without percent-decoding it."""
    def change(image, site):
        site.move_file(image, site.store / name)
    return change


def path_cut_at(tail):
    """Glance reads file URIs by urlparse, which ends the path where a query or a fragment begins."""
    def change(image, site):
        image.locations[0].value += tail
    return change


# Locations

def locations(*uris):
    def change(image, site):
        no_file(image, site)
        image.locations = [Location(uri.format(id=image.id, secret=URL_SECRET)) for uri in uris]
    return change


def location_before(uri):
    """Another location in front of the one that works."""
    def change(image, site):
        value = uri.format(id=image.id, secret=URL_SECRET, store=site.store)
        image.locations.insert(0, Location(value))
    return change


def location_fields(**values):
    def change(image, site):
        for location in image.locations:
            for name, value in values.items():
                setattr(location, name, value)
    return change


def no_location(image, site):
    no_file(image, site)
    image.locations = []


def filesystem_scheme(image, site):
    image.locations[0].value = 'filesystem://%s' % image.path


def encrypted(image, site):
    for location in image.locations:
        location.value = site.encrypt(location.value)


def raw_location(make_value):
    """A location that is no URI. `make_value` gets the image and the site."""
    def change(image, site):
        image.locations[0].value = make_value(image, site)
        image.path.unlink()
        image.stored = None
    return change


def same_file_as_last(image, site):
    """The bytes of the image made just before."""
    no_file(image, site)
    other = site.last_image
    image.path, image.stored = other.path, other.stored
    image.size, image.checksum = other.size, other.checksum
    image.locations = [Location(location.value) for location in other.locations]


# Checksums, hashes and signatures

def uppercase_checksum(image, site):
    image.checksum = image.checksum.upper()


def hashed_before(algorithm='sha512'):
    def change(image, site):
        image.os_hash_algo, image.os_hash_value = algorithm, image.stored.sha512
    return change


def legacy_signature(**options):
    def change(image, site):
        signed = site.signer.legacy(image.checksum, **options)
        image.properties.update({name: Property(value) for name, value in signed.items()})
    return change


def new_signature(**options):
    def change(image, site):
        signed = site.signer.new(image.path.read_bytes(), **options)
        image.properties.update({name: Property(value) for name, value in signed.items()})
    return change
