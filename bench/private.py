# SPDX-License-Identifier: Apache-2.0
"""The private servers that everything is measured on, and copies of all that one holds."""

import os
import shutil
import subprocess

import servers

# images of a million rows and its indexes fit, as a production server would have it
CACHE_MIB = 2048


class Servers:
    """They run as long as the block, durable: each commit waits for the disk."""

    def __init__(self, directory, engines):
        self.directory = directory
        self._engines = engines

    def __enter__(self):
        os.environ['BACKGLANCE_TEST_SERVERS_DURABLE'] = '1'
        os.environ['BACKGLANCE_TEST_SERVERS_CACHE_MIB'] = str(CACHE_MIB)
        os.environ['BACKGLANCE_TEST_SERVERS'] = str(self.directory)
        self._call('start', *self._engines)
        return self

    def __exit__(self, *_):
        self._call('stop', *self._engines)

    def _call(self, verb, *engines):
        servers.main([verb, str(self.directory), *engines])

    def _server(self, engine):
        return servers.Server(self.directory, engine)

    def pid(self, engine):
        return self._server(engine).pid()

    def _saved(self, engine):
        return self._server(engine).home / 'saved'

    def save(self, engine):
        """Keeps what all its databases hold now. Made anew with a million rows they would take minutes."""
        self._call('stop', engine)
        shutil.rmtree(self._saved(engine), ignore_errors=True)
        _copy(self._server(engine).data, self._saved(engine))
        self._call('start', engine)

    def restore(self, engine):
        """They hold again what they held at save()."""
        self._call('stop', engine)
        shutil.rmtree(self._server(engine).data)
        _copy(self._saved(engine), self._server(engine).data)
        self._call('start', engine)

    def forget(self, engine):
        shutil.rmtree(self._saved(engine))


def _copy(source, target):
    """Owners and modes as well; on the disk before it is used, so that nothing is written back meanwhile."""
    subprocess.run(['cp', '--archive', '--reflink=auto', str(source), str(target)], check=True)
    os.sync()
