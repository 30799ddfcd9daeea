#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A private Swift of Debian's packages: on loopback, on free ports, with its files in a scratch directory. Proxy,
account, container and object server with one device, and a memcached.

    swift.py start DIR      starts it if it is not running; writes DIR/swift.json: auth_url, storage_url, users, ...
    swift.py stop DIR       stops what start has started, by pid
    swift.py kill DIR       the same at once (SIGKILL)
    swift.py restart DIR

The proxy has tempauth, s3api (also with the access key S3_KEY, which has no colon), slo and dlo with Swift's default
rate limits, and versioned writes. Segments may have any size. DIR/logs/proxy.requests has a line of JSON for each
request that clients sent: method, path, query, status, and the headers range, if_match and x_newest.

With `keystone`, a second proxy before the same data asks this Keystone for the rights of a token (keystoneauth).

DIR lies in memory if there is plenty, and is gone after `stop` (see servers.py): Swift needs extended attributes, which
a tmpfs has only since Linux 6.6. On older kernels name a directory of a disk, and set BACKGLANCE_TEST_SERVERS_DURABLE.
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from servers import free_port, make_directory, remove_from_memory  # noqa: E402  (found by the line above)

START_SECONDS = 60
STOP_SECONDS = 10
# account:user, key and groups. The third has what a URL, an ini file and a colon need quotes for.
USERS = {'admin:admin': ('administering', '.admin .reseller_admin'), 'test:tester': ('testing', '.admin'),
         'glance:store': ('k%y/w@th:signs+', '.admin'), 'test:reader': ('reading', '')}
S3_KEY, S3_USER = 'testerkey', 'test:tester'

SWIFT = '''
[swift-hash]
swift_hash_path_suffix = backglance
swift_hash_path_prefix = backglance
[storage-policy:0]
name = only
default = yes
'''
COMMON = '''
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
swift_dir = {home}/etc
devices = {home}/devices
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
log_directory = {home}/logs
log_name = {name}
log_custom_handlers = swift_serve.log_to_file
log_level = INFO
user = {user}
'''
BACKEND = COMMON + '''
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
replication_concurrency = 0
log_requests = false
'''
PROXY = COMMON + '''
[pipeline:main]
pipeline = catch_errors gatekeeper requests cache listing_formats {auth} copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
recheck_account_existence = 1
recheck_container_existence = 1
node_timeout = 30
recoverable_node_timeout = 30
conn_timeout = 5
error_suppression_limit = 1000000
[filter:tempauth]
paste.filter_factory = swift_serve:tempauth
s3_alias = {alias}
token_life = {token_life}
{users}
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
check_bucket_owner = false
min_segment_size = 1
storage_domain = localhost
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = {keystone}
auth_url = {keystone}
auth_type = password
username = {service_user}
password = {service_password}
user_domain_name = Default
project_name = admin
project_domain_name = Default
delay_auth_decision = true
token_cache_time = -1
[filter:keystoneauth]
use = egg:swift#keystoneauth
operator_roles = admin, member
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{memcached}
connect_timeout = 5
io_timeout = 10
error_suppression_limit = 1000000
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:copy]
use = egg:swift#copy
[filter:symlink]
use = egg:swift#symlink
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
[filter:requests]
paste.filter_factory = swift_serve:log_requests
file = {home}/logs/{name}.requests
'''


def check_installed():
    if not pathlib.Path('/usr/bin/swift-proxy-server').exists() or not pathlib.Path('/usr/bin/memcached').exists():
        raise SystemExit('swift: Swift is not installed: scripts/install swift')


class NotStarted(Exception):
    pass


class Swift:
    """One Swift in `home`. `keystone`: auth_url (with /v3), user and password of an admin, for the second proxy;
    `token_life`: of tempauth's tokens, in seconds."""

    BACKENDS = ('account', 'container', 'object')

    def __init__(self, home, keystone=None, token_life=86400):
        self.home = pathlib.Path(home)
        self.keystone = keystone
        self.token_life = token_life
        self.state_file = self.home / 'swift.json'
        self.processes = {}
        self.ports = {}
        with contextlib.suppress(OSError, ValueError):
            self.ports = json.loads(self.state_file.read_text())['ports']

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def names(self):
        return ('memcached', *self.BACKENDS, 'proxy', *(['keystone-proxy'] if 'keystone-proxy' in self.ports else []))

    @property
    def url(self):
        return 'http://127.0.0.1:%d' % self.ports['proxy']

    @property
    def auth_url(self):
        """For v1 (tempauth): X-Auth-User and X-Auth-Key."""
        return self.url + '/auth/v1.0'

    def storage_url(self, account='test'):
        return '%s/v1/AUTH_%s' % (self.url, account)

    @property
    def keystone_url(self):
        """The object-store endpoint of a catalog; %(tenant_id)s stands for the project."""
        return 'http://127.0.0.1:%d/v1/AUTH_%%(tenant_id)s' % self.ports['keystone-proxy']

    def requests(self, proxy='proxy'):
        """What clients have asked a proxy for, oldest first; see log_requests() in swift_serve.py."""
        file = self.home / 'logs' / (proxy + '.requests')
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def start(self):
        """Starts what is not running. After stop() or kill(): on the same ports, with the same data."""
        check_installed()
        # A port that was free may be taken before our server has it.
        tries = 1 if self.ports else 3
        for left in reversed(range(tries)):
            if not self.ports:
                self._make()
            try:
                self._start_all()
                return
            except NotStarted as error:
                self.stop(signal.SIGKILL)
                if not left:
                    raise SystemExit('swift: %s' % error) from None
                shutil.rmtree(self.home / 'etc')
                self.ports = {}

    def _start_all(self):
        for name in self.names:
            self.start_one(name)
        deadline = time.monotonic() + START_SECONDS
        for name in self.names:
            while not self._listens(name):
                if time.monotonic() > deadline or not self.pid(name):
                    out = self.home / (name + '.out')
                    raise NotStarted('%s did not start: %s' % (name, out.read_text()[-1000:]))
                time.sleep(0.05)

    def start_one(self, name):
        if self.pid(name):
            return
        if name == 'memcached':
            command = ['/usr/bin/memcached', '-l', '127.0.0.1', '-p', str(self.ports[name]), '-U', '0', '-m', '32',
                       '-P', str(self.home / 'memcached.pid'), *(['-u', 'root'] if os.geteuid() == 0 else [])]
        else:
            kind = 'proxy' if name == 'keystone-proxy' else name
            command = ['/usr/bin/python3', '-B', str(HERE / 'swift_serve.py'), kind + '-server',
                       str(self.home / 'etc'), str(self.home / 'etc' / (name + '.conf'))]
        with open(self.home / (name + '.out'), 'ab') as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd='/',
                                       start_new_session=True, env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin'})
        self.processes[name] = process
        (self.home / (name + '.ours')).write_text(str(process.pid))

    def pid(self, name):
        """Of the running server, or None."""
        ours = self.processes.get(name)
        if ours:  # its command line is empty for a moment
            return ours.pid if ours.poll() is None else None
        try:
            pid = int((self.home / (name + '.ours')).read_text())
            words = pathlib.Path('/proc/%d/cmdline' % pid).read_bytes().decode()
        except (OSError, ValueError):
            return None
        # Another process may have got the pid of one of ours that was killed.
        return pid if str(self.home) in words else None

    def stop(self, how=signal.SIGTERM):
        for name in reversed(self.names):
            self.stop_one(name, how)

    def stop_one(self, name, how=signal.SIGTERM):
        pid = self.pid(name)
        if not pid:
            return
        deadline = time.monotonic() + STOP_SECONDS
        os.kill(pid, how)
        while self.pid(name) == pid:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)

    def forget_tokens(self):
        """All tokens of tempauth end now."""
        with socket.create_connection(('127.0.0.1', self.ports['memcached']), timeout=5) as connection:
            connection.sendall(b'flush_all\r\n')
            assert connection.recv(100) == b'OK\r\n'

    def token(self, user='test:tester'):
        """The token and the storage URL of a user of USERS."""
        status, headers, _ = self.request('GET', self.auth_url,
                                          headers={'X-Auth-User': user, 'X-Auth-Key': USERS[user][0]})
        if status != 200:
            raise SystemExit('swift: no token for %s: HTTP %d' % (user, status))
        return headers['X-Auth-Token'], headers['X-Storage-Url']

    def call(self, method, path, body=None, headers=(), user='test:tester'):
        """One request for CONTAINER[/OBJECT][?QUERY] of the user's account: status, headers, body. The path is sent as
        it is: quote it."""
        token, storage = self.token(user)
        return self.request(method, storage + '/' + path, body, {'X-Auth-Token': token, **dict(headers)})

    @staticmethod
    def request(method, url, body=None, headers=()):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, dict(headers), method=method),
                                        timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()
        except OSError as error:
            return 0, {}, str(error).encode()

    def _listens(self, name):
        with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', self.ports[name]), timeout=5):
            return True
        return False

    def _make(self):
        for name in ('etc', 'logs', 'devices/d1'):
            (self.home / name).mkdir(parents=True, exist_ok=True)
        self.ports = {name: free_port() for name in
                      ('memcached', *self.BACKENDS, 'proxy', *(['keystone-proxy'] if self.keystone else []))}
        etc = self.home / 'etc'
        (etc / 'swift.conf').write_text(SWIFT)
        common = {'home': self.home, 'user': pathlib.Path('/proc/self').owner()}
        for kind in self.BACKENDS:
            (etc / (kind + '.conf')).write_text(BACKEND.format(kind=kind, name=kind, port=self.ports[kind], **common))
            self._make_ring(kind)
        users = '\n'.join('user_%s = %s %s' % (user.replace(':', '_'), key, groups)
                          for user, (key, groups) in USERS.items())
        url, service_user, password = self.keystone or ('http://127.0.0.1:1/v3', 'nobody', 'nothing')
        for name, auth in (('proxy', 's3api tempauth'), ('keystone-proxy', 'authtoken keystoneauth')):
            if name in self.ports:
                (etc / (name + '.conf')).write_text(PROXY.format(
                    auth=auth, name=name, port=self.ports[name], users=users, memcached=self.ports['memcached'],
                    token_life=self.token_life, alias='%s %s' % (S3_KEY, S3_USER), keystone=url,
                    service_user=service_user, service_password=password, **common))
        self.state_file.write_text(json.dumps({
            'ports': self.ports, 'auth_url': self.auth_url, 'url': self.url, 'storage_url': self.storage_url(),
            'users': {user: key for user, (key, _) in USERS.items()}, 's3_key': S3_KEY,
            's3_secret': USERS[S3_USER][0]}, indent=1))

    def _make_ring(self, kind):
        builder = self.home / 'etc' / (kind + '.builder')
        for words in (['create', '4', '1', '0'],
                      ['add', 'r1z1-127.0.0.1:%d/d1' % self.ports[kind], '1'], ['rebalance']):
            subprocess.run(['/usr/bin/swift-ring-builder', str(builder), *words], check=True, capture_output=True)


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in ('start', 'stop', 'kill', 'restart'):
        raise SystemExit(__doc__)
    verb, directory = arguments[0], pathlib.Path(arguments[1]).absolute()
    if verb == 'start':
        make_directory(directory)
    swift = Swift(directory)
    if verb in ('stop', 'restart'):
        swift.stop()
    if verb == 'kill':
        swift.stop(signal.SIGKILL)
    if verb in ('start', 'restart'):
        swift.start()
    if verb == 'stop':
        remove_from_memory(directory)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
