# SPDX-License-Identifier: Apache-2.0
"""A private glance-api of Debian's on a free port of loopback, without Keystone: who asks is said by the headers of
each request. Its database and its store directories are those of a site of tests/cli/sites.py.

Needs Debian's glance-api; start no packaged service for it.
"""

import contextlib
import http.client
import itertools
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

PROGRAM = '/usr/bin/glance-api'
START_SECONDS = 60
PASTE = '''
[pipeline:glance-api]
pipeline = versionnegotiation context rootapp
[composite:rootapp]
paste.composite_factory = glance.api:root_app_factory
/: apiversions
/v2: apiv2app
[app:apiversions]
paste.app_factory = glance.api.versions:create_resource
[app:apiv2app]
paste.app_factory = glance.api.v2.router:API.factory
[filter:versionnegotiation]
paste.filter_factory = glance.api.middleware.version_negotiation:VersionNegotiationFilter.factory
[filter:context]
paste.filter_factory = glance.api.middleware.context:ContextMiddleware.factory
'''
AUTH_TOKEN = '''
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
'''
CONFIG = '''
[DEFAULT]
bind_host = 127.0.0.1
bind_port = {port}
workers = {workers}
show_multiple_locations = True
enabled_import_methods = [glance-direct,web-download,copy-image]
enabled_backends = fs1:file,fs2:file,web:http{backends}
[glance_store]
default_backend = fs1
[fs1]
filesystem_store_datadir = {fs1}
[fs2]
filesystem_store_datadir = {fs2}
[web]
[os_glance_staging_store]
filesystem_store_datadir = {home}/staging
[os_glance_tasks_store]
filesystem_store_datadir = {home}/tasks
[database]
connection = {database}
[paste_deploy]
config_file = {home}/paste.ini
flavor =
[oslo_concurrency]
lock_path = {home}
[task]
work_dir = {home}
[import_filtering_opts]
allowed_hosts = [127.0.0.1]
allowed_ports = []
'''
HEADERS = {'X-Identity-Status': 'Confirmed', 'X-User-Id': 'tester', 'X-Project-Id': 'someone',
           'X-Roles': 'admin,member'}
PATCH = 'application/openstack-images-v2.1-json-patch'


class Refused(Exception):
    def __init__(self, status, what, text):
        super().__init__('%s: %s %s' % (what, status, text[:300]))
        self.status = status


def sections(stores):
    """Of a configuration file: id -> type and the options of the driver."""
    return ''.join('[%s]\n%s\n' % (name, '\n'.join('%s = %s' % (option, str(value).replace('$', '$$'))
                                                  for option, value in options.items()))
                   for name, (_, options) in stores.items())


def free_port():
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return listener.getsockname()[1]


class GlanceApi:
    """A server on `database_url`. Everything of it lies below `home`; the stores are the directories fs1 and fs2
    there. `workers` 0 is one process for all. `anonymous`: no request has to say who asks; it may do everything.
    `keystone`: its section [keystone_authtoken], if a Keystone says who asks. `stores`: more backends, id -> type and
    the options of the driver."""

    def __init__(self, home, database_url, workers=0, anonymous=False, keystone='', stores=None):
        self.home = pathlib.Path(home)
        self.database_url = database_url
        self.workers = workers
        self.anonymous = anonymous
        self.keystone = keystone
        self.stores = stores or {}
        self.port = None
        self.config = self.home / 'glance-api.conf'
        self._process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        for name in ('fs1', 'fs2', 'staging', 'tasks'):
            (self.home / name).mkdir(parents=True, exist_ok=True)
        paste = PASTE
        if self.anonymous:
            paste = PASTE.replace(':ContextMiddleware', ':UnauthenticatedContextMiddleware')
        elif self.keystone:
            paste = PASTE.replace('versionnegotiation context', 'versionnegotiation authtoken context') + AUTH_TOKEN
        (self.home / 'paste.ini').write_text(paste)
        self.port = free_port()
        self.config.write_text(CONFIG.format(
            home=self.home, fs1=self.home / 'fs1', fs2=self.home / 'fs2', port=self.port,
            workers=self.workers, database=self.database_url.replace('$', '$$'),
            backends=''.join(',%s:%s' % (name, kind) for name, (kind, _) in self.stores.items()))
            + sections(self.stores) + self.keystone)
        with open(self.home / 'log', 'ab') as log:
            # A group of its own: with workers the server has children.
            self._process = subprocess.Popen(
                ['/usr/bin/python3', PROGRAM, '--config-file', str(self.config)], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
                env={'PATH': '/usr/bin:/bin', 'PYTHONDONTWRITEBYTECODE': '1'})
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError('glance-api did not start:\n' + self.log()[-3000:])
            time.sleep(0.1)

    def stop(self):
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def log(self):
        return (self.home / 'log').read_text(errors='replace')

    def _answers(self):
        try:
            with contextlib.closing(http.client.HTTPConnection('127.0.0.1', self.port, timeout=5)) as connection:
                connection.request('GET', '/versions')
                return connection.getresponse().status in (200, 300)
        except OSError:
            return False

    def client(self, headers=None):
        return Client(self.port, headers)


class Client:
    """One connection, for one thread at a time. Methods are named after what they ask the API for and raise Refused
    for any answer beyond 2xx."""

    def __init__(self, port, headers=None):
        self._headers = headers or HEADERS
        self._connection = http.client.HTTPConnection('127.0.0.1', port, timeout=120)

    def close(self):
        self._connection.close()

    def call(self, method, path, body=None, kind='application/json'):
        """The body of the answer, as bytes."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        for attempt in (1, 2):
            try:
                self._connection.request(method, '/v2' + path, body, dict(self._headers, **{'Content-Type': kind}))
                answer = self._connection.getresponse()
                data = answer.read()
                break
            except (http.client.RemoteDisconnected, ConnectionError):
                # An idle connection that the server has closed.
                self._connection.close()
                if attempt == 2:
                    raise
        if answer.status >= 300:
            raise Refused(answer.status, '%s %s' % (method, path), data.decode('utf-8', 'replace'))
        return data

    def json(self, *arguments, **options):
        return json.loads(self.call(*arguments, **options) or b'null')

    def create(self, **fields):
        return self.json('POST', '/images', {'name': 'an image', 'disk_format': 'raw', 'container_format': 'bare',
                                             'visibility': 'private', **fields})['id']

    def upload(self, image_id, data):
        self.call('PUT', '/images/%s/file' % image_id, data, 'application/octet-stream')

    def add(self, data, **fields):
        image_id = self.create(**fields)
        self.upload(image_id, data)
        return image_id

    def show(self, image_id):
        return self.json('GET', '/images/%s' % image_id)

    def list(self):
        return {image['id']: image for image in self.json('GET', '/images?limit=1000')['images']}

    def download(self, image_id):
        return self.call('GET', '/images/%s/file' % image_id)

    def patch(self, image_id, *changes):
        """Each change is (op, path, value), with no value where it is None."""
        return self.json('PATCH', '/images/%s' % image_id,
                         [{'op': op, 'path': path, **({} if value is None else {'value': value})}
                          for op, path, value in changes], PATCH)

    def stage(self, image_id, data):
        self.call('PUT', '/images/%s/stage' % image_id, data, 'application/octet-stream')

    def start_import(self, image_id, method, uri=None, **fields):
        how = {'name': method, 'uri': uri} if uri else {'name': method}
        self.call('POST', '/images/%s/import' % image_id, {'method': how, **fields})

    def action(self, image_id, name):
        self.call('POST', '/images/%s/actions/%s' % (image_id, name))

    def delete(self, image_id):
        self.call('DELETE', '/images/%s' % image_id)

    def wait_for(self, image_id, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            image = self.show(image_id)
            if condition(image):
                return image
            if time.monotonic() > deadline:
                raise AssertionError('waited %d s in vain: %s' % (seconds, image))
            time.sleep(0.05)


class Writers:
    """`clients` clients that change the images through the API without pause, each its own, until the end. What the
    API has confirmed last is kept, so that a write that was lost is found."""

    def __init__(self, api, image_ids, clients):
        self.writes = 0
        self.last = {}
        self.failures = []
        self._ended = threading.Event()
        self._lock = threading.Lock()
        clients = min(clients, len(image_ids))
        self._threads = [threading.Thread(target=self._write, args=(api.client(), image_ids[first::clients]))
                         for first in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _write(self, client, image_ids):
        for number in itertools.count(1):
            if self._ended.is_set():
                break
            image_id = image_ids[number % len(image_ids)]
            try:
                client.patch(image_id, ('replace', '/name', 'name %d' % number),
                             ('add', '/counter', str(number)))
            except (Refused, OSError) as error:
                # Whether it was written nobody knows.
                self.failures.append(str(error))
                self.last.pop(image_id, None)
                continue
            with self._lock:
                self.writes += 1
                self.last[image_id] = number
        client.close()

    def lost(self, client):
        """Images that do not show the last write that the API has confirmed."""
        shown = {image_id: client.show(image_id) for image_id in self.last}
        return [image_id for image_id, number in self.last.items()
                if (shown[image_id]['name'], shown[image_id]['counter']) != ('name %d' % number, str(number))]
