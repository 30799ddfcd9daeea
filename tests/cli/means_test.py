#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A host that lacks what a run needs: room on the database's disk, open files. What is for want of them is no finding
of an image, and no bytes are read for nothing."""

import os
import resource
import signal
import subprocess

import program
from program import DONE, FAILED, FINDINGS, INTERRUPTED
import sites

# While the file of the variable is there, no database file grows and no journal is written.
FULL_DISK = r'''
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
static int is_full(int fd) {
  const char *flag = getenv("FULL_WHILE");
  char name[64], path[4096];
  if (flag == NULL || access(flag, F_OK) != 0)
    return 0;
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(name, path, sizeof path - 1);
  if (length < 0)
    return 0;
  path[length] = 0;
  return strstr(path, ".sqlite") != NULL;
}
#define WRITER(name)                                                                   \
  ssize_t name(int fd, const void *data, size_t size, off_t offset) {                  \
    ssize_t (*const right)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, #name); \
    if (!is_full(fd))                                                                  \
      return right(fd, data, size, offset);                                            \
    errno = ENOSPC;                                                                    \
    return -1;                                                                         \
  }
WRITER(pwrite)
WRITER(pwrite64)
'''


class FullDisk(sites.SmallSiteTest):
    def setUp(self):
        super().setUp()
        self.on_site('expand')
        self.flag = self.site.directory / 'full'
        library = program.scratch() / 'full-disk.so'
        subprocess.run(['cc', '-shared', '-fPIC', '-x', 'c', '-', '-o', str(library), '-ldl'],
                       input=FULL_DISK, text=True, check=True)
        self.environment = dict(os.environ, LD_PRELOAD=str(library), FULL_WHILE=str(self.flag),
                                ASAN_OPTIONS=':'.join([os.environ.get('ASAN_OPTIONS', ''),
                                                       'verify_asan_link_order=0']).strip(':'))

    def start(self, command, *arguments):
        self.log = self.site.directory / 'events'
        process = program.start(command, *self.site.options, '--log', self.log, *arguments, env=self.environment)
        self.addCleanup(sites._kill_if_alive, process)
        return process

    def wait_for_event(self, word):
        program.wait_for(lambda: word in self.log.read_text())

    def start_and_fill(self, *arguments):
        """A run whose reads have begun, and a disk that is full from then on."""
        content = os.urandom(3 << 20)
        self.image = self.site.add(content)
        self.digest = sites.sha512(content)
        process = self.start('backfill', '--bandwidth', '1M', *arguments)
        program.wait_for(lambda: self.site.leased() == 1)
        self.flag.touch()
        return process

    def test_publication_waits_for_disk_space(self):
        process = self.start_and_fill()
        self.wait_for_event(' waiting ')
        self.assertIsNone(self.site.hashes()[self.image][1])
        self.flag.unlink()
        result = program.finish(process)
        self.assert_code(result, DONE)
        self.assertEqual(self.site.hashes()[self.image][1], self.digest)
        self.assertIn('waiting: the disk of the database is full', result.err)
        self.assertIn('continuing', result.err)
        self.assertIn(' resumed', self.log.read_text())

    def test_comparison_waits_for_disk_space(self):
        image = self.site.add(os.urandom(3 << 20))
        self.on_site('backfill')
        self.site.path_of(image).write_bytes(b'damaged' + os.urandom((3 << 20) - 7))
        process = self.start('verify', '--bandwidth', '1M')
        program.wait_for(lambda: self.site.database.value(
            "SELECT count(*) FROM backglance_run WHERE command = 'verify'") == 1)
        self.flag.touch()
        self.wait_for_event(' waiting ')
        self.flag.unlink()
        result = program.finish(process)
        self.assert_code(result, FINDINGS)
        self.assertIn('waiting: the disk of the database is full', result.err)
        self.assertIn('continuing', result.err)
        self.assertEqual(self.site.database.value('SELECT result FROM backglance_verify'), 'checksum_differs')

    def test_a_checkpoint_without_disk_space_gives_one_warning(self):
        process = self.start_and_fill('--checkpoint-every', '256K')
        self.wait_for_event(' warning ')
        self.flag.unlink()
        result = program.finish(process)
        self.assert_code(result, DONE)
        self.assertEqual(result.err.count('warning: a checkpoint could not be saved'), 1, str(result))
        self.assertEqual(self.site.hashes()[self.image][1], self.digest)

    def test_a_run_that_is_stopped_while_it_waits_does_not_continue(self):
        process = self.start_and_fill()
        self.wait_for_event(' waiting ')
        result = program.stop(process)
        self.assertIn(result.code, (FAILED, INTERRUPTED), str(result))
        self.assertNotIn('continuing', result.err)
        self.assertNotIn(' resumed', self.log.read_text())
        self.flag.unlink()
        self.on_site('backfill')
        self.assertEqual(self.site.hashes()[self.image][1], self.digest)


class FewFiles(sites.SmallSiteTest):
    def test_too_few_open_files_do_not_make_a_finding(self):
        with self.site.database.batch():
            images = [self.site.add(b'content %d' % number * 1000) for number in range(40)]
        self.on_site('expand')
        codes = []
        for most in range(6, 40, 3):
            with self.subTest(most):
                result = program.run('backfill', *self.site.options, '--streams-per-store', '32', preexec_fn=lambda:
                                     resource.setrlimit(resource.RLIMIT_NOFILE, (most, most)))
                codes.append(result.code)
                self.assertIn(result.code, (DONE, FAILED), str(result))
                self.assertEqual(self.site.database.value(
                    "SELECT count(*) FROM backglance_item WHERE state = 'failed'"), 0)
                self.assertEqual(self.site.leased(), 0)
        self.assertEqual(codes[0], FAILED)
        self.assertEqual(codes[-1], DONE)
        self.on_site('backfill')
        self.assertEqual({row[1] for image_id, row in self.site.hashes().items() if image_id in images},
                         {sites.sha512(b'content %d' % number * 1000) for number in range(40)})

    def test_reopening_an_image_does_not_make_a_finding(self):
        image = self.site.add(os.urandom(4 << 20))
        self.on_site('expand')
        process = program.start('backfill', *self.site.options, '--bandwidth', '1M', '--checkpoint-every', '256K')
        self.addCleanup(sites._kill_if_alive, process)  # pylint: disable=protected-access
        program.wait_for(lambda: self.site.database.value('SELECT count(*) FROM backglance_checkpoint') == 1)
        self.assert_code(program.stop(process, signal.SIGTERM), INTERRUPTED)
        os.utime(self.site.path_of(image))  # the checkpoint is of another file now
        for most in range(6, 80):
            result = program.run(
                'backfill', *self.site.options, '--checkpoint-every', '256K',
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most)))
            self.assertIn(result.code, (DONE, FAILED), str(result))
            self.assertEqual(self.site.database.value(
                "SELECT count(*) FROM backglance_item WHERE state = 'failed'"), 0)
            if result.code == DONE:
                break
        self.assertEqual(self.site.hashes()[image][1], sites.sha512(self.site.path_of(image).read_bytes()))


if __name__ == '__main__':
    program.main()
