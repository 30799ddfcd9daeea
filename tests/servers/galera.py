#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A private Galera cluster of MariaDB servers on loopback, as servers.py starts single ones.

    galera.py start DIR [NODES]    two nodes if not said otherwise; whatever was there of an earlier one goes
    galera.py stop DIR

DIR/mysql.url is the URL of the first node, so that tests find it where they look for a server; DIR/node-N.url that of
each. Needs galera-4 and rsync, which Debian's mariadb-server brings along.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import time

import servers

PROVIDER = pathlib.Path('/usr/lib/galera/libgalera_smm.so')
PORTS = ('group', 'ist', 'sst')


class Node(servers.Server):
    def __init__(self, directory, number):
        super().__init__(directory, 'mysql')
        self.number = number
        self.home = directory / ('node-%d' % number)
        self.data = self.home / 'data'
        self.log = self.home / 'log'
        self.port_file = self.home / 'port'
        self.temporary = self.home / 'tmp'
        self.url_file = directory / ('node-%d.url' % number)
        self.peers = ()  # empty: it begins a cluster

    def address(self, name):
        """Of one of PORTS; the first call chooses the port."""
        file = self.home / (name + '.port')
        if not file.exists():
            file.write_text(str(servers.free_port()))
        return '127.0.0.1:' + file.read_text()

    def _command(self):
        options = ';'.join(('base_host=127.0.0.1', 'gmcast.listen_addr=tcp://' + self.address('group'),
                            'ist.recv_addr=' + self.address('ist'), 'gcache.size=64M', 'socket.ssl=NO',
                            # A node whose processor is busy elsewhere is not a dead one.
                            'evs.suspect_timeout=PT30S', 'evs.inactive_timeout=PT60S'))
        words = [word for word in super()._command() if not word.startswith('--innodb-buffer-pool-size')]
        return words + [
            '--innodb-buffer-pool-size=128M', '--binlog-format=ROW', '--innodb-autoinc-lock-mode=2',
            '--wsrep-on=ON', '--wsrep-provider=%s' % PROVIDER, '--wsrep-cluster-name=backglance-tests',
            '--wsrep-node-name=node-%d' % self.number, '--wsrep-node-address=' + self.address('group'),
            '--wsrep-sst-method=rsync', '--wsrep-sst-receive-address=' + self.address('sst'),
            '--wsrep-provider-options=' + options,
            '--wsrep-cluster-address=gcomm://' + ','.join(peer.address('group') for peer in self.peers)]

    def _answers(self):
        # A node that joins talks before it lets anybody work.
        return super()._answers() and self.status('wsrep_ready') == 'ON'

    def wait_until_synced(self):
        deadline = time.monotonic() + servers.START_SECONDS
        while self.status('wsrep_local_state_comment') != 'Synced':
            if time.monotonic() > deadline:
                raise SystemExit('galera: node %d did not join, see %s' % (self.number, self.log))
            time.sleep(0.05)

    def status(self, name):
        done = subprocess.run(
            ['mariadb', '--no-defaults', '--socket=%s' % (self.home / 'socket'), *self._root(), '-Ne',
             "SHOW GLOBAL STATUS LIKE '%s'" % name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, check=False, text=True)
        return done.stdout.split('\t')[-1].strip()


def nodes_in(directory):
    numbers = sorted(int(path.name.split('-')[1]) for path in directory.glob('node-*') if path.is_dir())
    return [Node(directory, number) for number in numbers]


def stop(directory):
    for node in reversed(nodes_in(directory)):
        node.stop()
    servers.remove_from_memory(directory)


def start(directory, count):
    if not PROVIDER.exists():
        raise SystemExit('galera: %s is not installed: scripts/install servers' % PROVIDER)
    stop(directory)
    shutil.rmtree(directory, ignore_errors=True)
    servers.make_directory(directory)
    first, *others = nodes = [Node(directory, number) for number in range(1, count + 1)]
    first.start()
    first.stop()  # its state is whole, so that the others may begin as copies of it
    for node in others:
        subprocess.run(['cp', '-a', str(first.home), str(node.home)], check=True)
        for port in node.home.glob('*port'):
            port.write_text(str(servers.free_port()))
    first.start()
    for node in others:
        node.peers = nodes
        node.start()
        node.wait_until_synced()
    shutil.copy(first.url_file, directory / 'mysql.url')


def main(arguments):
    if len(arguments) < 2 or arguments[0] not in ('start', 'stop'):
        raise SystemExit(__doc__)
    os.environ['PATH'] = '/usr/sbin:/usr/bin:/sbin:/bin'
    directory = pathlib.Path(arguments[1]).absolute()
    if arguments[0] == 'stop':
        stop(directory)
    else:
        start(directory, int(arguments[2]) if len(arguments) > 2 else 2)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
