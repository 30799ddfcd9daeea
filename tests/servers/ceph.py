#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A private Ceph for tests and demos: one monitor and one OSD on loopback, its data in memory, cephx switched on;
on request with a gateway (radosgw) for S3 and Swift. Debian's packages: scripts/install ceph.

    ceph.py start DIR [radosgw]          starts what is not running; writes DIR/ceph.json
    ceph.py stop DIR                     stops what start has started, by pid
    ceph.py suspend DIR mon|osd|radosgw  stops a daemon in the middle (SIGSTOP); `resume` continues it
    ceph.py resume DIR mon|osd|radosgw

DIR/ceph.json says where everything is: conf (a ceph.conf that finds each user's keyring), fsid, pool, writer (a cephx
user for Glance), reader (one that may only read), and for the gateway s3 {url, access_key, secret_key} and swift
{auth_url, user, key}. The path of DIR must be short: sockets lie in it.

An orderly stop keeps the objects, kill() loses them, because the OSD's store is memory.
"""

import base64
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid

import servers

START_SECONDS = 60
POOL = 'images'
WRITER = 'glance'
READER = 'backglance'
# What docs/store-rbd.md asks an operator for.
READER_CAPS = {'mon': 'allow r', 'osd': 'profile rbd-read-only pool=' + POOL}
CAPS = {
    'mon.': {'mon': 'allow *'},
    'osd.0': {'mon': 'allow profile osd', 'osd': 'allow *'},
    'client.admin': {'mon': 'allow *', 'osd': 'allow *', 'mgr': 'allow *'},
    'client.radosgw': {'mon': 'allow rw', 'osd': 'allow rwx'},
    'client.' + WRITER: {'mon': 'profile rbd', 'osd': 'profile rbd pool=' + POOL},
    'client.' + READER: READER_CAPS,
}
# With the characters that need care in a URL.
S3_ACCESS_KEY = 'BACKGLANCETESTS'
S3_SECRET_KEY = 'secret/of+tests/not=guessed'
SWIFT_USER = 'test:tester'
SWIFT_KEY = 'testing'
CONF = '''[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{port}/0
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
run dir = {home}
admin socket = {home}/$name.asok
log file = {home}/$name.log
log to stderr = false
err to stderr = false
debug rocksdb = 0
debug mon = 0
debug paxos = 0
paxos propose interval = 0.05
paxos min wait = 0.01
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon allow pool delete = true

[mon]
mon data = {home}/mon
keyring = {home}/keyring
auth allow insecure global id reclaim = false

[osd]
osd data = {home}/osd
keyring = {home}/keyring
osd objectstore = memstore
memstore device bytes = {bytes}
osd op num shards = 2
osd op num threads per shard = 1
osd fast shutdown = false

[client]
admin socket =
log file =
keyring = {home}/ceph.$name.keyring

[client.radosgw]
log file = {home}/radosgw.log
rgw frontends = beast endpoint=127.0.0.1:{gateway_port}
rgw data = {home}/radosgw
rgw thread pool size = 16
rgw enable usage log = false
rgw gc max objs = 8
rgw lc max objs = 4
rgw usage max shards = 1
rgw data log num shards = 1
rgw md log max shards = 1
rgw enable apis = s3, swift, swift_auth
rgw dns name = localhost
'''


def find(program):
    path = shutil.which(program, path='/usr/sbin:/usr/bin:/sbin:/bin')
    if not path:
        raise SystemExit('ceph: %s is not installed: scripts/install ceph' % program)
    return path


def new_key():
    """As ceph-authtool makes one: type 1 (AES), the time, and 16 bytes with their length."""
    return base64.b64encode(struct.pack('<hIIh', 1, int(time.time()), 0, 16) + os.urandom(16)).decode()


def keyring_text(name, key, caps=None):
    lines = ['[%s]' % name, 'key = ' + key]
    lines += ['caps %s = "%s"' % cap for cap in (caps or {}).items()]
    return '\n'.join(lines) + '\n'


class Ceph:
    def __init__(self, directory, pool_bytes=4 << 30):
        # Sockets cannot have long paths: the real folder, not a link to it.
        self.home = pathlib.Path(directory).resolve()
        self.conf = self.home / 'ceph.conf'
        self.pool_bytes = pool_bytes
        self.daemons = {}  # those that this process has started
        self.environment = {name: value for name, value in os.environ.items()
                            if name not in ('CEPH_ARGS', 'CEPH_CONF', 'CEPH_KEYRING')}

    @property
    def facts(self):
        return json.loads((self.home / 'ceph.json').read_text())

    @property
    def fsid(self):
        return self.facts['fsid']

    def keyring(self, user):
        return self.home / ('ceph.client.%s.keyring' % user)

    def start(self, radosgw=False):
        if not (self.home / 'ceph.json').exists():
            self._create()
        for daemon in ('mon', 'osd'):
            self.start_daemon(daemon)
        if POOL not in self.ceph('osd', 'pool', 'ls').split():
            self.make_pool(POOL)
        if radosgw:
            self._start_gateway()

    def stop(self):
        for daemon in ('radosgw', 'osd', 'mon'):
            self.stop_daemon(daemon)

    def pid(self, daemon):
        """Of the running daemon, or None."""
        try:
            pid = int((self.home / (daemon + '.pid')).read_text())
            words = pathlib.Path('/proc/%d/cmdline' % pid).read_bytes().decode()
            state = pathlib.Path('/proc/%d/stat' % pid).read_text().split(') ')[1][0]
        except (OSError, ValueError, IndexError):
            return None
        return pid if str(self.conf) in words and state != 'Z' else None

    def start_daemon(self, daemon):
        if self.pid(daemon):
            return
        command = {'mon': ['ceph-mon', '-i', 'a'], 'osd': ['ceph-osd', '-i', '0'],
                   'radosgw': ['radosgw', '-n', 'client.radosgw']}[daemon]
        with open(self.home / (daemon + '.out'), 'ab') as log:
            self.daemons[daemon] = subprocess.Popen(
                [find(command[0]), '-c', str(self.conf), '-f', *command[1:]], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True, cwd='/', env=self.environment)
        (self.home / (daemon + '.pid')).write_text(str(self.daemons[daemon].pid))

    def stop_daemon(self, daemon, number=signal.SIGTERM):
        pid = self.pid(daemon)
        if pid is None:
            return
        os.kill(pid, number)
        os.kill(pid, signal.SIGCONT)  # one that is suspended
        self._wait(lambda: self.pid(daemon) != pid, daemon + ' (to stop)')
        if daemon in self.daemons:
            self.daemons.pop(daemon).wait()

    def kill(self, daemon):
        self.stop_daemon(daemon, signal.SIGKILL)

    def suspend(self, daemon):
        os.kill(self.pid(daemon), signal.SIGSTOP)

    def resume(self, daemon):
        os.kill(self.pid(daemon), signal.SIGCONT)

    def ceph(self, *words, timeout=START_SECONDS):
        """Runs the command `ceph` as the administrator."""
        return self.run('ceph', '--connect-timeout', str(timeout), *words, timeout=timeout)

    def run(self, program, *words, timeout=START_SECONDS, data=None, user='admin'):
        """Runs a program of Ceph; `rbd`, for example."""
        command = [find(program), '-c', str(self.conf), '-n', 'client.' + user, *map(str, words)]
        done = subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              env=self.environment, cwd='/', timeout=timeout,
                              stdin=subprocess.DEVNULL if data is None else None)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr.decode())
        return done.stdout.decode()

    def make_pool(self, name):
        self.ceph('osd', 'pool', 'create', name, '4', '4', 'replicated', '--size', '1')
        self.run('rbd', 'pool', 'init', name)  # returns when its placement groups are active

    def add_user(self, name, caps):
        """A further cephx user; `caps` as in CAPS."""
        key = new_key()
        self.keyring(name).write_text(keyring_text('client.' + name, key, caps))
        self.ceph('auth', 'import', '-i', str(self.keyring(name)))

    def _create(self):
        for folder in ('mon', 'osd', 'radosgw'):
            shutil.rmtree(self.home / folder, ignore_errors=True)  # of a start that was killed
            (self.home / folder).mkdir(parents=True)
        fsid, port, gateway_port = str(uuid.uuid4()), servers.free_port(), servers.free_port()
        self.conf.write_text(CONF.format(home=self.home, fsid=fsid, port=port, bytes=self.pool_bytes,
                                         gateway_port=gateway_port))
        everybody = ''
        for name, caps in CAPS.items():
            key = new_key()
            everybody += keyring_text(name, key, caps)
            if name.startswith('client.'):
                (self.home / ('ceph.%s.keyring' % name)).write_text(keyring_text(name, key))
        (self.home / 'keyring').write_text(everybody)
        self._make('monmaptool', '--create', '--clobber', '--fsid', fsid, '--addv', 'a', '[v2:127.0.0.1:%d]' % port,
                   self.home / 'monmap')
        self._make('ceph-mon', '-c', self.conf, '-i', 'a', '--mkfs', '--monmap', self.home / 'monmap',
                   '--keyring', self.home / 'keyring')
        self.start_daemon('mon')
        osd = str(uuid.uuid4())
        # Its key is known already, from the keyring.
        self.ceph('osd', 'new', osd)
        self._make('ceph-osd', '-c', self.conf, '-i', '0', '--mkfs', '--osd-uuid', osd)
        self._write_facts({
            'conf': str(self.conf), 'fsid': fsid, 'pool': POOL, 'writer': WRITER, 'reader': READER,
            's3': {'url': 'http://127.0.0.1:%d' % gateway_port, 'access_key': S3_ACCESS_KEY,
                   'secret_key': S3_SECRET_KEY},
            'swift': {'auth_url': 'http://127.0.0.1:%d/auth/v1.0' % gateway_port, 'user': SWIFT_USER,
                      'key': SWIFT_KEY}})

    def _write_facts(self, facts):
        (self.home / 'ceph.json').write_text(json.dumps(facts, indent=1) + '\n')

    def _make(self, program, *words):
        subprocess.run([find(program), *map(str, words)], check=True, env=self.environment, cwd='/',
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=START_SECONDS)

    def _start_gateway(self):
        if self.pid('radosgw'):
            return
        self.start_daemon('radosgw')
        self._wait(self._gateway_answers, 'radosgw')
        try:
            self.run('radosgw-admin', 'user', 'info', '--uid', 'test', user='radosgw')
        except subprocess.CalledProcessError:
            self.run('radosgw-admin', 'user', 'create', '--uid', 'test', '--display-name', 'tests', '--access-key',
                     S3_ACCESS_KEY, '--secret-key', S3_SECRET_KEY, user='radosgw')
            self.run('radosgw-admin', 'subuser', 'create', '--uid', 'test', '--subuser', SWIFT_USER, '--access', 'full',
                     '--key-type', 'swift', '--secret-key', SWIFT_KEY, user='radosgw')

    def _gateway_answers(self):
        try:
            with urllib.request.urlopen(self.facts['s3']['url'], timeout=5):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def _wait(self, condition, what):
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise SystemExit('ceph: %s: no success in %d s, see %s' % (what, START_SECONDS, self.home))
            time.sleep(0.02)


def main(arguments):
    if len(arguments) < 2 or arguments[0] not in ('start', 'stop', 'suspend', 'resume'):
        raise SystemExit(__doc__)
    verb, directory = arguments[0], pathlib.Path(arguments[1]).absolute()
    if verb == 'start':
        servers.make_directory(directory)
    ceph = Ceph(directory)
    if verb == 'start':
        ceph.start(radosgw='radosgw' in arguments[2:])
    elif verb == 'stop':
        ceph.stop()
        servers.remove_from_memory(directory)
    else:
        getattr(ceph, verb)(arguments[2])
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
