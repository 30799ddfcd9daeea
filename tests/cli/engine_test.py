#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A processor, or an OpenSSL, whose block functions err: noticed before the first byte is trusted to them."""

import os
import subprocess

import program
from program import DONE
import sites

# Errs for backglance, whose contexts lie on the calling thread's stack; those of EVP, which calls the same functions,
# lie on the heap. A thread's heap can begin right beside a stack, so being near a frame does not tell them apart.
ERRING = r'''
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
static int on_stack(const void *object) {
  pthread_attr_t attributes;
  void *lowest = NULL;
  size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0)
    return 0;
  pthread_attr_getstack(&attributes, &lowest, &size);
  pthread_attr_destroy(&attributes);
  return (const char *)object >= (const char *)__builtin_frame_address(0) &&
         (const char *)object < (const char *)lowest + size;
}
int %(name)s(void *context, const void *data, size_t size) {
  int (*const right)(void *, const void *, size_t) = dlsym(RTLD_NEXT, "%(name)s");
  const int done = right(context, data, size);
  if (on_stack(context))
    *(unsigned char *)context ^= 1;
  return done;
}
'''


def erring_library(name):
    library = program.scratch() / ('erring-%s.so' % name)
    subprocess.run(['cc', '-shared', '-fPIC', '-x', 'c', '-', '-o', str(library), '-ldl'],
                   input=ERRING % {'name': name}, text=True, check=True)
    return library


class EngineTest(sites.SmallSiteTest):
    def setUp(self):
        super().setUp()
        self.contents = {self.site.add(content): content
                         for content in (b'', b'a', b'b' * 127, b'c' * 128, b'd' * 100_000, b'e' * 1_000_000)}
        self.on_site('expand')
        self.on_site('migrate')

    def backfill(self, *arguments, preload=''):
        # libasan wants to be the first library, and need not be.
        environment = dict(os.environ, LD_PRELOAD=str(preload), ASAN_OPTIONS=':'.join(
            [os.environ.get('ASAN_OPTIONS', ''), 'verify_asan_link_order=0']).strip(':'))
        result = self.on_site('backfill', *arguments, env=environment)
        self.assert_code(result, DONE)
        self.assertEqual({image_id: row[1] for image_id, row in self.site.hashes().items()},
                         {image_id: sites.sha512(content) for image_id, content in self.contents.items()})
        return result

    def test_no_warning_is_printed_for_correct_lanes(self):
        for engine in ('auto', 'lanes', 'openssl'):
            with self.subTest(engine):
                self.assertNotIn('warning', self.backfill('--digest-engine', engine).err)
                self.site.database.execute('UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL')
                self.on_site('migrate')

    def test_a_digest_that_errs_is_computed_by_openssl_with_a_warning(self):
        for name, digest in (('MD5_Update', 'md5'), ('SHA512_Update', 'sha512')):
            with self.subTest(name):
                result = self.backfill('--digest-engine', 'lanes', preload=erring_library(name))
                self.assertEqual(result.err.count("warning"), 1, str(result))
                self.assertIn("warning: on this host backglance's own %s gives other results than OpenSSL's" % digest,
                              result.err)
                self.site.database.execute('UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL')
                self.on_site('migrate')

    def test_openssl_alone_is_not_compared_with_itself(self):
        result = self.backfill('--digest-engine', 'openssl', preload=erring_library('SHA512_Update'))
        self.assertNotIn('warning', result.err)


if __name__ == '__main__':
    program.main()
