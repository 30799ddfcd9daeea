#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A store directory whose server is gone, so that no system call returns. As root, with /dev/fuse."""

import ctypes
import os
import unittest
import uuid

import program
from program import FAILED, INTERRUPTED
import sites


class DeadMount:
    """A file system whose server never answers: FUSE, and nobody serves it."""

    def __init__(self, path):
        self.path = path
        self.libc = ctypes.CDLL(None, use_errno=True)
        try:
            self.device = os.open('/dev/fuse', os.O_RDWR)
        except OSError as error:
            raise unittest.SkipTest('no /dev/fuse: %s' % error)
        options = b'fd=%d,rootmode=40000,user_id=%d,group_id=%d' % (self.device, os.getuid(), os.getgid())
        if self.libc.mount(b'dead', bytes(path), b'fuse', 0, options):
            os.close(self.device)
            raise unittest.SkipTest('may not mount: %s' % os.strerror(ctypes.get_errno()))

    def end(self):
        detach = 2
        self.libc.umount2(bytes(self.path), detach)
        os.close(self.device)


class DeadMountTest(sites.SmallSiteTest):
    """Two store directories; the server of one is gone."""

    def setUp(self):
        super().setUp()
        self.dead = self.site.directory / 'dead'
        self.dead.mkdir()
        self.site.config.write_text(
            '[DEFAULT]\nenabled_backends = here:file, dead:file\n[database]\nconnection = %s\n'
            '[here]\nfilesystem_store_datadir = %s\n[dead]\nfilesystem_store_datadir = %s\n'
            % (self.site.database.url, self.site.store, self.dead))
        self.here = self.site.add(b'here')
        self.there = str(uuid.uuid4())
        self.site.add(b'there', id=self.there, location='file://%s/%s' % (self.dead, self.there))
        self.on_site('sync', code=FAILED)
        self.assertIsNotNone(self.site.hashes()[self.here][1])

    def test_a_directory_that_does_not_answer_is_away_and_stops_no_other(self):
        mount = DeadMount(self.dead)
        self.addCleanup(mount.end)
        second = self.site.add(b'second')
        self.on_site('migrate')
        result = self.on_site('backfill', code=FAILED)
        self.assertIn('does not answer', result.err)
        self.assertIn(str(self.dead), result.err)
        self.assertIsNotNone(self.site.hashes()[second][1])
        self.assertEqual(self.site.database.value('SELECT state FROM backglance_item WHERE image_id = ?', self.there),
                         'queued')
        self.assertIn('does not answer', self.on_site('status').out)

    def test_a_run_that_waits_for_a_dead_directory_says_so_and_can_be_stopped(self):
        # Below the store directory, which itself answers.
        below = self.site.store / 'below'
        below.mkdir()
        self.site.database.execute('UPDATE image_locations SET value = ? WHERE image_id = ?',
                                   'file://%s/%s' % (below, self.there), self.there)
        mount = DeadMount(below)
        self.addCleanup(mount.end)
        process = program.start('backfill', *self.site.options)
        line = process.stderr.readline().decode()
        self.assertIn('has not answered for', line)
        self.assertIn(str(self.site.store), line)
        process.terminate()
        self.assertEqual(process.wait(timeout=60), INTERRUPTED)
        self.assertIn('ends without it', process.stderr.read().decode())
        process.stderr.close()
        if process.stdout is not None:
            process.stdout.close()


if __name__ == '__main__':
    program.main()
