#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs that give way to what else a database server has to do, on private PostgreSQL and MariaDB servers."""

import atexit
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid

import psycopg2
import pymysql

import program
from program import DONE, FAILED, USAGE
import glance_schema

sys.path.insert(0, str(program.TESTS / 'servers'))
import servers  # noqa: E402

MOMENT = '2018-01-02 03:04:05'
IMAGES = 4
KIB = 1024
# A look of the watcher takes place every 2 s, and three calm ones end a wait.
SOON = 60


class Engine:
    """A private server with a Glance of the Queens release."""

    made = {}

    def __init__(self, name, user='tester', password=servers.PLAIN_PASSWORD):
        self.name = name
        self.user, self.password = user, password
        directory = program.scratch() / 'servers'
        servers.make_directory_until_exit(directory)
        self.server = servers.Server(directory, name)
        self.server.start()
        atexit.register(self.server.stop)
        self.url = self.server.url_file.read_text()
        self.execute('CREATE DATABASE glance', database=None)
        glance_schema.make_schema_in_subprocess(self.url + '/glance', 'queens_contract01')
        self.store = program.scratch() / ('store-' + name)
        self.store.mkdir()
        for number in range(IMAGES):
            self.add(number.to_bytes(4, 'big') * (32 * KIB))

    @classmethod
    def get(cls, name):
        if name not in cls.made:
            cls.made[name] = cls(name)
        return cls.made[name]

    def connect(self, database='glance', port=None):
        port = port or self.server.port
        if self.name == 'postgresql':
            connection = psycopg2.connect(host='127.0.0.1', port=port, user=self.user,
                                          password=self.password, dbname=database or 'postgres')
            connection.autocommit = True
            return connection
        return pymysql.connect(host='127.0.0.1', port=port, user=self.user, password=self.password,
                               database=database, autocommit=True)

    def execute(self, statement, values=(), database='glance', port=None):
        connection = self.connect(database, port)
        try:
            cursor = connection.cursor()
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()

    def add(self, data):
        image_id = str(uuid.uuid4())
        path = self.store / image_id
        path.write_bytes(data)
        self.execute(
            'INSERT INTO images (id, name, size, status, visibility, disk_format, container_format,'
            ' checksum, owner, created_at, updated_at, deleted, min_disk, min_ram, protected) VALUES'
            " (%s, 'an image', %s, 'active', 'private', 'raw', 'bare', %s, 'someone', %s, %s, false, 0, 0,"
            ' false)', (image_id, len(data), hashlib.md5(data).hexdigest(), MOMENT, MOMENT))
        self.execute(
            'INSERT INTO image_locations (image_id, value, meta_data, status, created_at, updated_at,'
            " deleted) VALUES (%s, %s, '{}', 'active', %s, %s, false)",
            (image_id, 'file://%s' % path, MOMENT, MOMENT))

    @property
    def options(self):
        return ('--database', self.url + '/glance', '--store-dir', self.store)


class Busy:
    """Sessions at work on the server, until the end of the block."""

    def __init__(self, engine, sessions):
        self.engine = engine
        self.connections = [engine.connect() for _ in range(sessions)]
        self.sleep = 'SELECT pg_sleep(300)' if engine.name == 'postgresql' else 'SELECT SLEEP(300)'
        self.threads = [threading.Thread(target=self._work, args=(connection,))
                        for connection in self.connections]

    def _work(self, connection):
        try:
            connection.cursor().execute(self.sleep)
        except (psycopg2.Error, pymysql.Error):
            pass

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        time.sleep(0.5)
        return self

    def __exit__(self, *_):
        if self.engine.name == 'postgresql':
            self.engine.execute('SELECT pg_terminate_backend(pid) FROM pg_stat_activity'
                                " WHERE query = '%s'" % self.sleep)
        else:
            for connection in self.connections:
                self.engine.execute('KILL %d' % connection.thread_id())
        for thread in self.threads:
            thread.join()


class ThrottleTest(program.ProgramTest):
    engine_name = None

    def setUp(self):
        if self.engine_name is None:
            self.skipTest('of one engine')
        self.engine = Engine.get(self.engine_name)

    def start(self, *arguments):
        process = program.start(*arguments[:1], *self.engine.options, *arguments[1:])
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.communicate()))
        return process

    def read_until(self, process, word, seconds=SOON):
        """What standard error says until it says `word`."""
        said = b''
        os.set_blocking(process.stderr.fileno(), False)
        end = time.monotonic() + seconds
        while word.encode() not in said:
            self.assertLess(time.monotonic(), end, said.decode())
            said += process.stderr.read() or b''
            time.sleep(0.05)
        os.set_blocking(process.stderr.fileno(), True)
        return said.decode()


class Servers:
    """What holds of each engine."""

    def test_run_waits_while_the_server_is_busy_and_goes_on_when_it_is_not(self):
        with Busy(self.engine, 3):
            process = self.start('sync', '--max-load', '1')
            self.read_until(process, 'waiting: database load 3, --max-load is 1')
        said = self.read_until(process, 'continuing')
        result = program.finish(process)
        self.assert_code(result, DONE)
        self.assertNotIn('waiting', said)
        hashed = self.engine.execute('SELECT count(*) FROM images WHERE os_hash_value IS NOT NULL')
        self.assertEqual(hashed[0][0], IMAGES)

    def test_an_idle_server_delays_nothing(self):
        result = self.program('verify', *self.engine.options, '--max-load', '2') \
            if self.expanded() else self.program('sync', *self.engine.options, '--max-load', '2')
        self.assertNotIn('waiting', result.err)
        self.assertNotIn('warning', result.err)

    def expanded(self):
        return bool(self.engine.execute(
            "SELECT 1 FROM information_schema.tables WHERE table_name = 'backglance_item'"))

    def test_a_watcher_whose_session_breaks_warns_and_reconnects(self):
        self.program('sync', *self.engine.options)
        with Busy(self.engine, 2):
            process = self.start('verify', '--max-load', '1')
            self.read_until(process, 'waiting: database load')
            self.break_sessions()
            said = self.read_until(process, 'answers again')
            self.assertIn('warning: throttle: no answer', said)
            self.assertNotIn('continuing', said)
            program.stop(process)


class Postgresql(Servers, ThrottleTest):
    engine_name = 'postgresql'

    def break_sessions(self):
        self.engine.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                            " WHERE query LIKE '%%FROM   pg_catalog.pg_stat_activity a%%'"
                            ' AND pid <> pg_backend_pid()')

    def test_run_waits_for_a_replica_that_is_behind(self):
        self.program('sync', *self.engine.options)
        port, stop_replica = self.start_replica()
        replica = self.engine.url.rsplit(':', 1)[0] + ':%d/glance' % port
        self.engine.execute('SELECT pg_wal_replay_pause()', port=port)
        program.wait_for(lambda: self.engine.execute('SELECT pg_get_wal_replay_pause_state()', port=port)
                         == [('paused',)])
        self.engine.execute('CREATE TABLE something AS SELECT 1')
        time.sleep(2.5)
        for more in ((), ('--lag-database', replica)):
            process = self.start('verify', '--max-lag', '1s', '--bandwidth', '32K', *more)
            said = self.read_until(process, '--max-lag is 1 s')
            self.assertIn('waiting: ', said)
            # a replica that never replayed a transaction cannot say since when
            self.assertRegex(said, 'behind|has stopped')
            self.assertNotIn(urllib.parse.unquote(servers.PASSWORD), said)
            program.stop(process)
        process = self.start('verify', '--max-lag', '1s', '--lag-database', replica)
        self.read_until(process, '--max-lag is 1 s')
        self.engine.execute('SELECT pg_wal_replay_resume()', port=port)
        self.assert_code(program.finish(process), DONE)
        # The session of the run before may outlive it by a moment.
        (began,), = self.engine.execute('SELECT clock_timestamp()')
        process = self.start('verify', '--max-lag', '1h', '--bandwidth', '32K')
        program.wait_for(lambda: self.engine.execute(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE %s AND state = 'idle' AND backend_start > %s",
            ('%pg_stat_replication r%', began)))
        stop_replica()
        self.read_until(process, 'is no longer connected, and backglance no longer waits for it')
        program.stop(process)

    def test_role_that_may_not_see_the_lag_is_told_so(self):
        self.program('sync', *self.engine.options)
        self.engine.execute("CREATE ROLE blind LOGIN PASSWORD 'b'")
        self.engine.execute('GRANT ALL ON ALL TABLES IN SCHEMA public TO blind')
        url = 'postgresql://blind:b@127.0.0.1:%d/glance' % self.engine.server.port
        options = ('--database', url, '--store-dir', self.engine.store)
        self.refused('verify', *options, '--max-lag', '10s', code=FAILED, words=['GRANT pg_read_all_stats'])
        self.engine.execute('GRANT pg_read_all_stats TO blind')
        self.assert_code(self.program('verify', *options, '--max-lag', '10s'), DONE)

    def start_replica(self):
        data = program.scratch() / 'servers' / 'replica'
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(data, 'postgres', 'postgres')
        port = servers.free_port()
        environment = dict(os.environ, PGPASSWORD=servers.PLAIN_PASSWORD)
        as_user = servers.as_user('postgresql')
        subprocess.run(as_user + [servers.postgresql_program('pg_basebackup'), '-D', str(data), '-R', '-X',
                                  'stream', '-c', 'fast', '-h', '127.0.0.1', '-U', 'tester', '-p',
                                  str(self.engine.server.port)],
                       check=True, env=environment, cwd='/', stdin=subprocess.DEVNULL)
        log = open(data.parent / 'replica.log', 'wb')
        self.addCleanup(log.close)
        process = subprocess.Popen(
            as_user + [servers.postgresql_program('postgres'), '-D', str(data), '-c', 'port=%d' % port, '-c',
                       'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'fsync=off',
                       '-c', 'max_connections=200'],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd='/')

        def stop():
            process.send_signal(signal.SIGINT)
            process.wait()
        self.addCleanup(stop)

        def answers():
            try:
                return self.engine.execute('SELECT 1', port=port)
            except psycopg2.Error:
                return None
        program.wait_for(answers)
        program.wait_for(lambda: self.engine.execute('SELECT 1 FROM pg_stat_replication'))
        return port, stop


class Mariadb(Servers, ThrottleTest):
    engine_name = 'mysql'

    def break_sessions(self):
        # The watcher's and the heartbeat's, which ask every 2 s: the other sessions of a run that waits have
        # rested for longer.
        time.sleep(3)
        for (watcher,) in self.engine.execute("SELECT id FROM information_schema.processlist"
                                              " WHERE command = 'Sleep' AND time_ms < 2500"):
            self.engine.execute('KILL %d' % watcher)

    def test_replicas_must_be_named_where_the_primary_does_not_know_them(self):
        self.refused('verify', *self.engine.options, '--max-lag', '10s', code=USAGE,
                     words=['--lag-database'])

    def test_a_server_that_is_not_a_replica_is_reported_and_a_stopped_replica_is_waited_for(self):
        self.program('sync', *self.engine.options)
        named = ('--max-lag', '10s', '--lag-database', self.engine.url + '/glance')
        result = self.program('verify', *self.engine.options, *named)
        self.assertIn('this server is not a replica', result.err)
        self.engine.execute("CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = 1,"
                            " MASTER_USER = 'nobody'")
        try:
            process = self.start('verify', *named)
            said = self.read_until(process, 'waiting: replication has stopped on ')
            self.assertNotIn(servers.PASSWORD, said)
        finally:
            self.engine.execute('RESET SLAVE ALL')
        self.assert_code(program.finish(process), DONE)

    def test_the_lag_is_read_from_the_right_column(self):
        self.engine.execute("CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = 1,"
                            " MASTER_USER = 'nobody'")
        connection = self.engine.connect()
        try:
            cursor = connection.cursor()
            cursor.execute('SHOW REPLICA STATUS')
            self.assertEqual([column[0] for column in cursor.description].index('Seconds_Behind_Master'),
                             32)
        finally:
            connection.close()
            self.engine.execute('RESET SLAVE ALL')

    def test_replica_that_does_not_answer_at_the_start_ends_the_run(self):
        self.refused('verify', *self.engine.options, '--max-lag', '10s', '--lag-database',
                     'mysql://nobody:secret@127.0.0.1:1/glance', code=FAILED)


if __name__ == '__main__':
    program.main()
