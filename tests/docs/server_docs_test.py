#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the commands of the document on an engine, on a private server of it (tests/servers/databases.py), or those
of the document on Galera where that is a cluster.

    /usr/bin/python3 tests/docs/server_docs_test.py [BINARY] [unittest's own arguments]
"""

import os
import pathlib
import sys
import tempfile
import unittest

import document
import galera_host
from server_host import ServerHost
import databases  # found by the line above

SOURCES = pathlib.Path(__file__).resolve().parent.parent.parent
DOCUMENTS = {'mysql': 'docs/mariadb.md', 'postgresql': 'docs/postgresql.md'}
GALERA = 'docs/galera.md'

binary = None


class ServerDocumentTest(unittest.TestCase):
    def test_commands_of_the_engines_document(self):
        cluster = bool(galera_host.node_files())
        name = GALERA if cluster else DOCUMENTS[databases.engine()]
        kind = galera_host.GaleraHost if cluster else ServerHost
        scratch = tempfile.TemporaryDirectory(prefix='docs-test-')
        self.addCleanup(scratch.cleanup)
        host = kind(pathlib.Path(scratch.name) / 'host', binary)
        self.addCleanup(host.close)
        document.walk(self, host, name, (SOURCES / name).read_text(), host.fresh_site)


if __name__ == '__main__':
    given = len(sys.argv) > 1 and os.access(sys.argv[1], os.X_OK)
    binary = os.path.abspath(sys.argv.pop(1) if given else os.environ['BACKGLANCE'])
    unittest.main()
