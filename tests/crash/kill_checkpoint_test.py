#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kills a backfill in the middle of one large image: the next one goes on at the last checkpoint, if the file is still
the same. On SQLite, or on the private server that the environment names (tests/servers/databases.py)."""

import os
import pathlib
import random
import signal
import sys

from cryptography.hazmat.primitives.asymmetric import ec

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'cli'))
import program  # noqa: E402
from program import DONE  # noqa: E402
import signing  # noqa: E402
import sites  # noqa: E402

MIB = 1 << 20
IMAGE_BYTES = 96 * MIB
INTERVAL = 8 * MIB
# Of the block before the checkpoint, which is read again to know the file by.
TAIL_BYTES = MIB


class KillCheckpoint(sites.SmallSiteTest):
    def setUp(self):
        super().setUp()
        content = random.Random(1).randbytes(IMAGE_BYTES)
        certificates = self.site.directory / 'certificates'
        certificates.mkdir()
        # Over a digest that is neither MD5 nor the site's.
        signer = signing.Signer(certificates, 'ECC_SECP384R1', ec.generate_private_key(ec.SECP384R1()))
        self.options = ('--certificates', certificates)
        self.digest = sites.sha512(content)
        self.image = self.site.add(content)
        for name, value in zip(signing.NAMES, signer.values(content, 'SHA-224')):
            self.site.add_property(self.image, 'img_' + name, value)
        self.on_site('expand')
        self.on_site('migrate')

    def offset(self):
        rows = self.site.database.rows('SELECT offset_bytes FROM backglance_checkpoint')
        return rows[0][0] if rows else 0

    def kill_beyond(self, offset):
        """Returns where the checkpoint stands when the run is dead: beyond `offset`."""
        process = program.start('backfill', *self.site.options, '--bandwidth', '32M', '--checkpoint-every', '%dB' % INTERVAL,
                                *self.options, cwd=self.site.directory)
        self.addCleanup(sites._kill_if_alive, process)
        program.wait_for(lambda: self.offset() > offset or process.poll() is not None)
        process.kill()
        result = program.finish(process)
        self.assertEqual(result.code, -signal.SIGKILL, str(result))
        return self.offset()

    def finish(self):
        result = self.on_site('backfill', '--json', *self.options)
        self.assert_code(result, DONE)
        self.assertEqual(self.site.hashes()[self.image][:2], ('sha512', self.digest))
        self.assertEqual(self.site.database.value('SELECT count(*) FROM backglance_checkpoint'), 0)
        self.assertEqual(result.object['signatures'], {'valid': 1})
        return result.object['bytes_read']

    def test_next_run_goes_on_behind_the_last_checkpoint(self):
        offset = 0
        for _ in range(4):
            further = self.kill_beyond(offset)
            self.assertGreater(further, offset)
            offset = further
        self.assertGreaterEqual(offset, 4 * INTERVAL)
        self.assertLessEqual(self.finish(), IMAGE_BYTES - offset + TAIL_BYTES)

    def test_file_that_was_written_to_is_read_from_its_start(self):
        self.kill_beyond(INTERVAL)
        os.utime(self.site.path_of(self.image))
        self.assertGreaterEqual(self.finish(), IMAGE_BYTES)


if __name__ == '__main__':
    program.main()
