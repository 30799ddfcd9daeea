# SPDX-License-Identifier: Apache-2.0
"""The host of server_host.py with its database on a private cluster (tests/servers/galera.py). The documents call its
nodes db1.example.org, db2.example.org; what they call the server is the first of them."""

import pathlib
import urllib.parse

from server_host import ServerHost
import databases  # found by the line above

# Sends the client to the node whose name it is given, as a resolver would that knows ports.
CLIENT = """#!/bin/bash
words=()
for word; do
  case $word in
%s
    *) words+=("$word") ;;
  esac
done
exec /usr/bin/mariadb "${words[@]}"
"""


def node_files():
    """The URL file of each node; none where the servers are single ones."""
    return sorted(databases.directory().glob('node-*.url'))


class GaleraHost(ServerHost):
    def __init__(self, directory, binary):
        # Ocata's expand makes triggers, which a node takes from an account with SUPER alone unless told so.
        databases.admin('SET GLOBAL log_bin_trust_function_creators = ON')
        try:
            super().__init__(directory, binary)
        finally:
            databases.admin('SET GLOBAL log_bin_trust_function_creators = OFF')
        cases = []
        for number, file in enumerate(node_files(), 1):
            node = urllib.parse.urlsplit(file.read_text().strip())
            cases.append('    db%d.example.org) words+=(%s --port=%d) ;;' % (number, node.hostname, node.port))
        client = pathlib.Path(directory) / 'bin' / 'mariadb'
        client.parent.mkdir()
        client.write_text(CLIENT % '\n'.join(cases))
        client.chmod(0o755)
        self.environment['PATH'] = '%s:%s' % (client.parent, self.environment['PATH'])
