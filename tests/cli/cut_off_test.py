#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A server from which nothing comes any more, not even an end of the connection: in a network of this test's own,
whose loopback it takes down, and by a proxy that lets nothing through."""

import contextlib
import fcntl
import os
import socket
import struct
import sys
import time

import program
from program import FAILED
import databases
import own_server
import sites
from proxy import Proxy

# 30 s without an acknowledgement, or 20 s without traffic and then three probes 5 s apart; and a loaded machine.
AT_MOST = 90
CONNECT_AT_MOST = 15


def enter_own_network():
    """Starts this test again in a network namespace, where it has the right to take the loopback down."""
    if os.environ.get('BACKGLANCE_TEST_NETWORK'):
        set_loopback(True)
        return
    os.environ['BACKGLANCE_TEST_NETWORK'] = 'own'
    as_whom = [] if os.geteuid() == 0 else ['--map-current-user', '--keep-caps']
    os.execvp('unshare', ['unshare', '--net', *as_whom, sys.executable, '-B', *sys.argv])


def set_loopback(up):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        set_flags, is_up = 0x8914, 1  # SIOCSIFFLAGS and IFF_UP, netdevice(7)
        fcntl.ioctl(any_socket, set_flags, struct.pack('16sH14x', b'lo', is_up if up else 0))


@contextlib.contextmanager
def no_network():
    set_loopback(False)
    try:
        yield
    finally:
        set_loopback(True)


class CutOffTest(sites.SmallSiteTest):
    @classmethod
    def setUpClass(cls):
        cls.server = own_server.get()

    def test_server_that_is_gone_in_mid_run_ends_a_statement(self):
        """expand does not wait for a server that comes back: what it did is found in the catalogue."""
        self.site.add(b'content')
        with contextlib.closing(databases.connect(self.site.database.name)) as glance:
            cursor = glance.cursor()
            cursor.execute('BEGIN')
            cursor.execute("UPDATE images SET name = 'locked'")
            process = program.start('expand', *self.site.options)
            self.addCleanup(sites._kill_if_alive, process)
            self.assertIn(b'is in use', process.stderr.readline())
            began = time.monotonic()
            with no_network():
                result = program.finish(process)
            took = time.monotonic() - began
        self.assert_code(result, FAILED)
        self.assertLess(took, AT_MOST)
        self.assertGreater(took, 5)
        self.on_site('expand')

    def test_server_that_cannot_be_reached_is_not_waited_for(self):
        with no_network():
            self.assert_is_said_within(CONNECT_AT_MOST, self.site.database.url)

    def test_server_that_says_nothing_is_not_waited_for(self):
        with Proxy(databases.engine(), self.server.port) as proxy:
            proxy.is_silent = True
            self.assert_is_said_within(CONNECT_AT_MOST, self.site.database.url.replace(
                ':%d/' % self.server.port, ':%d/' % proxy.port))

    def assert_is_said_within(self, seconds, url):
        began = time.monotonic()
        self.refused('status', '--database', url, '--store-dir', self.site.store, code=FAILED)
        self.assertLess(time.monotonic() - began, seconds)


if __name__ == '__main__':
    enter_own_network()
    program.main()
