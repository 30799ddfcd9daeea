#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Private PostgreSQL and MariaDB servers for tests, demos and benchmarks: on loopback, on free ports, in a
scratch directory, with nothing of the machine's own servers touched.

    servers.py start DIR [postgresql] [mysql]    starts those that are not running; writes DIR/ENGINE.url
    servers.py stop DIR                          stops what start has started, by pid
    servers.py restart DIR ENGINE                an orderly restart; `kill` instead of it: at once, without a word
    servers.py kill DIR ENGINE
    servers.py url DIR ENGINE

ENGINE is postgresql or mysql (this host's MariaDB), or one of PRODUCTS: the server of another release of Debian, in
the directory that scripts/chroot makes and keeps. DIR then has the URL under the name of the engine.

The URL is SQLAlchemy's, of a role that may do everything, without a database: add "/name". Durability is off
unless BACKGLANCE_TEST_SERVERS_DURABLE is set: a test does not survive its machine. Then DIR lies in memory if there is
plenty, and is gone after `stop`: on a disk the files that schema statements make and remove take four times as long.
BACKGLANCE_TEST_SERVERS_CACHE_MIB is the memory that each keeps pages in, if not the little that tests need.
"""

import atexit
import functools
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PASSWORD = 'p%40ss'  # what it is in a URL
PLAIN_PASSWORD = 'p@ss'
CACHE_MIB = 192
START_SECONDS = 60
STOP_SECONDS = 60
ENGINES = ('postgresql', 'mysql')
# Of another release: its name, the packages there, and the engine whose statements the server takes.
PRODUCTS = {'mysql-9.7': ('sid', ('mysql-server-core',), 'mysql'),
            'mariadb-11.8': ('trixie', ('mariadb-server', 'mariadb-client'), 'mysql'),
            'postgresql-17': ('trixie', ('postgresql-17',), 'postgresql')}
CHROOT = pathlib.Path(__file__).resolve().parent.parent.parent / 'scripts' / 'chroot'
MEMORY = '/dev/shm'
PLENTY_BYTES = 6 << 30


def free_port():
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return listener.getsockname()[1]


def is_free(port):
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(('127.0.0.1', port))
        except OSError:
            return False
    return True


def postgresql_program(name):
    found = sorted(pathlib.Path('/usr/lib/postgresql').glob('*/bin/' + name),
                   key=lambda path: int(path.parts[-3]))
    if not found:
        raise SystemExit('servers: PostgreSQL is not installed: scripts/install servers')
    return str(found[-1])


def user_for(engine):
    """PostgreSQL refuses to run as root, and the packages make a user for each server."""
    if os.geteuid() != 0:
        return None
    return 'postgres' if engine == 'postgresql' else 'mysql'


def as_user(engine):
    user = user_for(engine)
    return ['setpriv', '--reuid', user, '--regid', user, '--init-groups'] if user else []


def is_durable():
    return bool(os.environ.get('BACKGLANCE_TEST_SERVERS_DURABLE'))


def has_plenty_of_memory():
    try:
        there = os.statvfs(MEMORY)
        lines = pathlib.Path('/proc/meminfo').read_text().splitlines()
    except OSError:
        return False
    available = [int(line.split()[1]) << 10 for line in lines if line.startswith('MemAvailable:')]
    return min([there.f_bavail * there.f_frsize, *available]) >= PLENTY_BYTES and os.access(MEMORY, os.W_OK)


def make_directory(directory):
    """The directory, or a link to one in memory."""
    if directory.is_symlink() and not directory.exists():
        directory.unlink()  # of before a boot
    if directory.exists() or is_durable() or not has_plenty_of_memory():
        directory.mkdir(parents=True, exist_ok=True)
        return
    directory.parent.mkdir(parents=True, exist_ok=True)
    there = pathlib.Path(tempfile.mkdtemp(prefix='backglance-', dir=MEMORY))
    there.chmod(0o755)  # the servers are other users
    directory.symlink_to(there)


def remove_from_memory(directory):
    """What make_directory put there; a directory on a disk stays."""
    if directory.is_symlink():
        shutil.rmtree(directory.resolve(), ignore_errors=True)
        directory.unlink()


def make_directory_until_exit(directory):
    """For servers that end with this process: what is registered after this is called before it goes."""
    if not directory.exists():
        make_directory(directory)
        atexit.register(remove_from_memory, directory)


@functools.cache
def root_of(product):
    """The directory with the release of Debian that has this server."""
    release, packages, _ = PRODUCTS[product]
    words = [word for package in packages for word in ('--with', package)]
    done = subprocess.run([str(CHROOT), *words, release], check=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True)
    return pathlib.Path(done.stdout.strip())


class Server:
    """`name` is an engine or one of PRODUCTS."""

    def __init__(self, directory, name):
        self.product = name if name in PRODUCTS else None
        self.engine = engine = PRODUCTS[name][2] if self.product else name
        self.home = directory / engine
        self.data = self.home / 'data'
        self.log = self.home / 'log'
        self.port_file = self.home / 'port'
        self.temporary = self.home / 'tmp'
        self.url_file = directory / (engine + '.url')

    @property
    def port(self):
        return int(self.port_file.read_text())

    def pid(self):
        """Of the running server, or None."""
        file = self.data / 'postmaster.pid' if self.engine == 'postgresql' else self.home / 'pid'
        try:
            pid = int(file.read_text().split()[0])
            words = pathlib.Path('/proc/%d/cmdline' % pid).read_bytes().decode()
        except (OSError, ValueError, IndexError):
            return None
        # Another server may have got the pid of one of ours that was killed.
        return pid if str(self.data) in words else None

    def start(self):
        launched = None if self.pid() else self._launch()
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                raise SystemExit('servers: %s did not start, see %s' % (self.engine, self.log))
            time.sleep(0.05)
            # One that was killed may hold its pid for a while yet, and PostgreSQL then does not start.
            if launched and launched.poll() is not None:
                time.sleep(0.5)
                launched = self._launch()
        if self.engine == 'mysql':
            self._grant()
        scheme = 'postgresql+psycopg2' if self.engine == 'postgresql' else 'mysql+pymysql'
        self.url_file.write_text('%s://tester:%s@127.0.0.1:%d' % (scheme, PASSWORD, self.port))

    def _launch(self):
        if not self.port_file.exists():
            self.remove()  # of a start that was killed
            self._create()
        if not is_free(self.port):
            self.port_file.write_text(str(free_port()))
        with open(self.log, 'ab') as log:
            return subprocess.Popen(self._as_user() + self._command(), stdin=subprocess.DEVNULL,
                                    stdout=log, stderr=log, start_new_session=True, cwd='/',
                                    env=self._environment())

    def remove(self):
        """Its files, if it does not run."""
        if self.home.is_symlink():
            shutil.rmtree(self.home.resolve(), ignore_errors=True)
            self.home.unlink()
        shutil.rmtree(self.home, ignore_errors=True)

    def _make_home(self):
        if not self.product:
            self.home.mkdir(parents=True, exist_ok=True)
            return
        # The link has the effect that a path below `home` means the same file in the chroot and outside of it.
        inside = pathlib.Path(str(root_of(self.product)) + str(self.home.absolute()))
        shutil.rmtree(inside, ignore_errors=True)
        inside.mkdir(parents=True)
        self.home.parent.mkdir(parents=True, exist_ok=True)
        self.home.symlink_to(inside)

    def _owner(self):
        """(user, group) of the server's process and files; None: this process's own."""
        user = user_for(self.engine)
        if not self.product or not user:
            return user and (user, user)
        for line in (root_of(self.product) / 'etc' / 'passwd').read_text().splitlines():
            name, _, uid, gid, *_ = line.split(':')
            if name == user:
                return int(uid), int(gid)
        entry = pwd.getpwnam('nobody')
        return entry.pw_uid, entry.pw_gid

    def _as_user(self):
        if not self.product:
            return as_user(self.engine)
        return ['chroot', '--userspec=+%d:+%d' % self._owner(), str(root_of(self.product))]

    def _environment(self):
        # A MariaDB that starts clears away what it finds of temporary tables, those of another too.
        return dict(os.environ, TMPDIR=str(self.temporary))

    def stop(self, number=None):
        pid = self.pid()
        if pid is None:
            return
        orderly = signal.SIGINT if self.engine == 'postgresql' else signal.SIGTERM
        if number == signal.SIGKILL and self.engine == 'postgresql':
            number = signal.SIGQUIT  # its own word for at once; KILL would leave its children behind
        os.kill(pid, number or orderly)
        deadline = time.monotonic() + STOP_SECONDS
        while os.path.exists('/proc/%d' % pid) and time.monotonic() < deadline:
            if pathlib.Path('/proc/%d/stat' % pid).read_text().split(') ')[1][0] == 'Z':
                break
            time.sleep(0.02)

    def _create(self):
        self._make_home()
        self.temporary.mkdir()
        owner = self._owner()
        if owner:
            shutil.chown(self.home, *owner)
            shutil.chown(self.temporary, *owner)
        as_owner = self._as_user()
        if self.engine == 'postgresql':
            password = self.home / 'password'
            password.write_text(PLAIN_PASSWORD)
            if owner:
                shutil.chown(password, *owner)
            command = [self._postgresql_program('initdb'), '-D', str(self.data), '-U', 'tester', '-A',
                       'scram-sha-256', '--pwfile', str(password), '-E', 'UTF8', '--locale=C',
                       '--no-sync']
        else:
            self.data.mkdir(exist_ok=True)
            if owner:
                shutil.chown(self.data, *owner)
            if self.is_mysql():
                command = ['/usr/sbin/mysqld', '--no-defaults', '--initialize-insecure',
                           '--datadir=%s' % self.data, '--secure-file-priv=NULL']
            else:
                # In a chroot, the user of this host is nobody: root has no password there.
                method = 'normal' if self.product else 'socket'
                command = ['mariadb-install-db', '--no-defaults', '--datadir=%s' % self.data,
                           '--auth-root-authentication-method=%s' % method, '--skip-test-db']
                if owner and not self.product:
                    command.append('--user=%s' % owner[0])
                    as_owner = []
        done = subprocess.run(as_owner + command,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, cwd='/', env=self._environment())
        if done.returncode:
            raise SystemExit('servers: %s\n%s' % (' '.join(command), done.stdout.decode()))
        self.port_file.write_text(str(free_port()))

    def is_mysql(self):
        """Oracle's MySQL, and not MariaDB."""
        return bool(self.product) and self.product.startswith('mysql')

    def _postgresql_program(self, name):
        if not self.product:
            return postgresql_program(name)
        return '/usr/lib/postgresql/%s/bin/%s' % (self.product.split('-')[1], name)

    def _mysql_command(self, cache_mib):
        words = ['/usr/sbin/mysqld', '--no-defaults', '--datadir=%s' % self.data, '--port=%d' % self.port,
                 '--bind-address=127.0.0.1', '--socket=%s' % (self.home / 'socket'),
                 '--pid-file=%s' % (self.home / 'pid'), '--max-connections=200', '--mysqlx=OFF',
                 '--secure-file-priv=NULL', '--innodb-buffer-pool-size=%dM' % cache_mib,
                 '--innodb-redo-log-capacity=512M', '--skip-name-resolve', '--skip-log-bin',
                 '--character-set-server=utf8mb4', '--tmpdir=%s' % self.temporary]
        return words if is_durable() else words + ['--innodb-flush-log-at-trx-commit=0',
                                                   '--innodb-doublewrite=OFF', '--innodb-flush-method=nosync']

    def _command(self):
        durable = is_durable()
        cache_mib = int(os.environ.get('BACKGLANCE_TEST_SERVERS_CACHE_MIB', CACHE_MIB))
        if self.engine == 'postgresql':
            settings = {'port': self.port, 'listen_addresses': '127.0.0.1',
                        'unix_socket_directories': self.home, 'fsync': 'on' if durable else 'off',
                        'max_connections': 200, 'shared_buffers': '%dMB' % cache_mib,
                        'max_wal_size': '4GB' if durable else '1GB', 'logging_collector': 'off',
                        'log_min_messages': 'fatal'}
            if not durable:
                settings.update(synchronous_commit='off', full_page_writes='off')
            words = [self._postgresql_program('postgres'), '-D', str(self.data)]
            for name, value in settings.items():
                words += ['-c', '%s=%s' % (name, value)]
            return words
        if self.is_mysql():
            return self._mysql_command(cache_mib)
        words = ['mariadbd', '--no-defaults', '--datadir=%s' % self.data, '--port=%d' % self.port,
                 '--bind-address=127.0.0.1', '--socket=%s' % (self.home / 'socket'),
                 '--pid-file=%s' % (self.home / 'pid'), '--skip-log-bin', '--max-connections=200',
                 '--innodb-buffer-pool-size=%dM' % cache_mib, '--innodb-log-file-size=256M',
                 '--skip-name-resolve', '--character-set-server=utf8mb4']
        return words if durable else words + ['--innodb-flush-log-at-trx-commit=0',
                                              '--innodb-doublewrite=0', '--sync-binlog=0',
                                              '--innodb-flush-method=nosync', '--debug-no-sync',
                                              '--skip-sync-frm']

    def _answers(self):
        if self.engine == 'postgresql':
            command = [postgresql_program('pg_isready'), '-q', '-h', '127.0.0.1', '-p', str(self.port)]
        else:
            command = ['mariadb-admin', '--no-defaults', '--socket=%s' % (self.home / 'socket'),
                       *self._root(), 'ping', '--silent']
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode == 0

    def _root(self):
        # By the socket: the root of the machine, else the user that made the data directory.
        if self.product:
            return ['--user=root']
        return ['--user=%s' % ('root' if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name)]

    def _grant(self):
        statements = ("CREATE USER IF NOT EXISTS tester@'127.0.0.1' IDENTIFIED BY '%s';"
                      "GRANT ALL ON *.* TO tester@'127.0.0.1' WITH GRANT OPTION;" % PLAIN_PASSWORD)
        subprocess.run(['mariadb', '--no-defaults', '--socket=%s' % (self.home / 'socket'),
                        *self._root(), '-e', statements], check=True)


def main(arguments):
    if len(arguments) < 2 or arguments[0] not in ('start', 'stop', 'restart', 'kill', 'url'):
        raise SystemExit(__doc__)
    verb, directory = arguments[0], pathlib.Path(arguments[1]).absolute()
    engines = arguments[2:] or ENGINES
    for engine in engines:
        if engine not in ENGINES and engine not in PRODUCTS:
            raise SystemExit('servers: no engine %s; there are: %s' % (engine, ' '.join((*ENGINES, *PRODUCTS))))
    os.environ['PATH'] = '/usr/sbin:/usr/bin:/sbin:/bin'
    if verb == 'start':
        make_directory(directory)
    for engine in engines:
        server = Server(directory, engine)
        if verb == 'url':
            print(server.url_file.read_text())
        if verb in ('stop', 'restart'):
            server.stop()
        if verb == 'stop' and server.product:
            server.remove()  # the chroot would keep its files for ever
        if verb == 'kill':
            server.stop(signal.SIGKILL)
        if verb in ('start', 'restart'):
            server.start()
    if verb == 'stop' and not any(Server(directory, engine).pid() for engine in ENGINES):
        remove_from_memory(directory)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
