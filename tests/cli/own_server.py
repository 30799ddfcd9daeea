# SPDX-License-Identifier: Apache-2.0
"""A private server that one test file may kill, restart and configure: no other uses it."""

import atexit
import functools
import os
import signal

import program
import databases
import servers

# What is committed outlives the process, if not the machine.
SETTINGS = {'postgresql': ('-c', 'synchronous_commit=on'),
            'mysql': ('--innodb-flush-log-at-trx-commit=2',)}


class OwnServer(servers.Server):
    more = ()  # settings of the next start

    def kill(self):
        """At once, without a word to its clients."""
        self.stop(signal.SIGKILL)

    def _command(self):
        return [*super()._command(), *SETTINGS[self.engine], *self.more]


@functools.cache
def get():
    """It is running when this returns, and the databases of `sites` are on it from now on."""
    directory = program.scratch() / 'servers'
    servers.make_directory_until_exit(directory)
    server = OwnServer(directory, os.environ.get('BACKGLANCE_TEST_PRODUCT') or databases.engine())
    if server.product:
        atexit.register(server.remove)
    server.start()
    atexit.register(server.stop)
    os.environ['BACKGLANCE_TEST_SERVERS'] = str(directory)
    return server
