#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A replica in the place of the primary, and accounts that lack one right: on a server of this test's own."""

import contextlib
import os
import shutil
import subprocess
import time

import program
from program import DONE, FAILED, FINDINGS, MIGRATE_DUE
import databases
import own_server
import servers
import sites

CHANGES = (('migrate',), ('backfill',), ('verify',), ('contract', '--yes'),
           ('contract', '--revert'), ('contract', '--uninstall', '--yes'), ('sync',))
LOOKS = (('status',), ('plan',), ('check',), ('report',), ('backfill', '--dry-run'), ('migrate', '--dry-run'))

# The right, on what, and a command that needs it. The role has all others.
POSTGRESQL_RIGHTS = (
    ('SELECT', 'alembic_version', ('status',)),
    ('SELECT', 'images', ('status',)),
    ('SELECT', 'image_properties', ('migrate',)),
    ('SELECT', 'image_tags', ('migrate', '--tag', 'old')),
    ('INSERT', 'image_tags', ('migrate', '--tag', 'old')),
    ('UPDATE', 'backglance_item', ('backfill',)),
    ('SELECT', 'image_locations', ('backfill',)),
    ('SELECT', 'tasks', ('backfill',)),
    ('UPDATE', 'images', ('backfill',)),
    ('DELETE', 'backglance_verify', ('verify',)),
    ('UPDATE', 'image_properties', ('contract', '--yes')),
)
MYSQL_RIGHTS = (
    ('SELECT', ('status',)), ('CREATE', ('expand',)), ('ALTER', ('expand',)), ('INSERT', ('migrate',)),
    ('UPDATE', ('backfill',)), ('DELETE', ('verify',)),
    ('DROP', ('contract', '--uninstall', '--yes')),
)
ROLE = 'limited'


class RightsTest(sites.SmallSiteTest):
    @classmethod
    def setUpClass(cls):
        cls.server = own_server.get()

    def setUp(self):
        super().setUp()
        for number in range(4):
            self.site.add_legacy_signature(self.site.add(b'content %d' % number))

    def url_of(self, user=ROLE, port=None):
        return self.site.database.url.replace('//tester:', '//%s:' % user).replace(
            ':%d/' % self.server.port, ':%d/' % (port or self.server.port))

    def options(self, url):
        return ('--database', url, '--store-dir', self.site.store)

    def make_role(self):
        if databases.is_postgresql():
            self.site.database.execute("CREATE ROLE %s LOGIN PASSWORD '%s'" % (ROLE, servers.PLAIN_PASSWORD))
            self.addCleanup(self._drop_role)
        else:
            self.site.database.execute("CREATE OR REPLACE USER %s@'127.0.0.1' IDENTIFIED BY '%s'"
                                       % (ROLE, servers.PLAIN_PASSWORD))

    def _drop_role(self):
        self.site.database.execute('REASSIGN OWNED BY %s TO tester' % ROLE)
        self.site.database.execute('DROP OWNED BY %s' % ROLE)
        self.site.database.execute('DROP ROLE %s' % ROLE)

    def refused_for(self, command, right, *words):
        result = self.refused(command[0], *self.options(self.url_of()), *command[1:], cwd=self.site.directory,
                              words=[right, '-- next: GRANT %s' % right, *words])
        self.assertNotIn(servers.PLAIN_PASSWORD, result.err)

    def finished(self):
        """A site with nothing left to do but to contract."""
        self.sync('--grace', '0s')
        self.site.database.execute('UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL')
        self.site.database.execute('DELETE FROM backglance_item')


class Replica(RightsTest):
    def test_replica_is_looked_at_and_not_changed(self):
        with self.replica() as url:
            self.refused_as_replica(url, 'expand')
            self.on_site('expand')
            program.wait_for(lambda: program.run('check', *self.options(url)).code == MIGRATE_DUE)
            for command in CHANGES:
                self.refused_as_replica(url, *command)
            for command in LOOKS:
                self.program(command[0], *self.options(url), *command[1:], code={DONE, FINDINGS, MIGRATE_DUE})
            self.assertIn('does not accept writes', self.program('plan', *self.options(url)).out)
            for command in ('backfill', 'migrate', 'stop'):
                self.assertRegex(self.program(command, '--dry-run', *self.options(url)).err,
                                 r'\Awarning: the run itself may fail: .* does not accept writes')
        self.assertEqual(self.site.database.rows('SELECT 1 FROM backglance_item'), [])
        self.assertEqual(self.site.database.rows("SELECT 1 FROM backglance_run WHERE command <> 'expand'"), [])

    def refused_as_replica(self, url, command, *arguments):
        self.refused(command, *self.options(url), *arguments, code=FAILED, cwd=self.site.directory,
                     words=['does not accept writes (is it a replica?)', '-- next: '])

    def replica(self):
        return self.standby() if databases.is_postgresql() else self.read_only()

    @contextlib.contextmanager
    def read_only(self):
        self.make_role()
        self.site.database.execute("GRANT ALL ON `%s`.* TO %s@'127.0.0.1'" % (self.site.database.name, ROLE))
        self.site.database.execute('SET GLOBAL read_only = 1')
        try:
            yield self.url_of()
        finally:
            self.site.database.execute('SET GLOBAL read_only = 0')

    @contextlib.contextmanager
    def standby(self):
        data = self.server.home.parent / 'standby'
        data.mkdir(mode=0o700)
        user = servers.user_for('postgresql')
        if user:
            shutil.chown(data, user, user)
        port = servers.free_port()
        as_user = servers.as_user('postgresql')
        subprocess.run([*as_user, servers.postgresql_program('pg_basebackup'), '-D', str(data), '-R', '-X',
                        'stream', '-c', 'fast', '-h', '127.0.0.1', '-U', 'tester', '-p', str(self.server.port)],
                       check=True, env=dict(os.environ, PGPASSWORD=servers.PLAIN_PASSWORD), cwd='/',
                       stdin=subprocess.DEVNULL)
        with open(data.parent / 'standby.log', 'wb') as log:
            process = subprocess.Popen(
                [*as_user, servers.postgresql_program('postgres'), '-D', str(data), '-c', 'port=%d' % port,
                 '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'fsync=off', '-c',
                 'max_connections=200'], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd='/')
        try:
            ready = [servers.postgresql_program('pg_isready'), '-q', '-h', '127.0.0.1', '-p', str(port)]
            program.wait_for(lambda: subprocess.run(ready, check=False).returncode == 0)
            yield self.url_of('tester', port)
        finally:
            process.terminate()
            process.wait()
            shutil.rmtree(data)


class OneRightMissing(RightsTest):
    def test_the_message_names_it_and_how_it_is_given(self):
        self.finished()
        self.make_role()
        if databases.is_postgresql():
            self.each_of_postgresql()
        else:
            self.each_of_mysql()

    def each_of_postgresql(self):
        execute = self.site.database.execute
        execute('GRANT ALL ON ALL TABLES IN SCHEMA public TO %s' % ROLE)
        execute('GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO %s' % ROLE)
        for right, table, command in POSTGRESQL_RIGHTS:
            with self.subTest(right=right, table=table):
                execute('REVOKE %s ON %s FROM %s' % (right, table, ROLE))
                if command[0] == 'contract':
                    self.on_site('backfill')  # or its gate is shut
                self.refused_for(command, '%s ON %s' % (right, table), 'TO %s' % ROLE)
                execute('GRANT %s ON %s TO %s' % (right, table, ROLE))

    def each_of_mysql(self):
        execute = self.site.database.execute
        here = '`%s`.*' % self.site.database.name
        for right, command in MYSQL_RIGHTS:
            with self.subTest(right=right):
                if command == ('expand',):
                    execute('DROP TABLE IF EXISTS backglance_verify')
                    for index in ('os_hidden_image_idx', 'os_hash_value_image_idx'):
                        execute('ALTER TABLE images DROP INDEX IF EXISTS %s' % index)
                    execute("DELETE FROM alembic_version WHERE version_num LIKE 'rocky%'")
                execute("GRANT ALL ON %s TO %s@'127.0.0.1'" % (here, ROLE))
                execute("REVOKE %s ON %s FROM %s@'127.0.0.1'" % (right, here, ROLE))
                self.refused_for(command, right)
                if command == ('expand',):
                    self.on_site('expand')

    def test_plan_names_the_rights_that_are_missing(self):
        self.make_role()
        execute = self.site.database.execute
        on_postgresql = databases.is_postgresql()
        if on_postgresql:
            execute('GRANT SELECT ON ALL TABLES IN SCHEMA public TO %s' % ROLE)
        else:
            execute("GRANT SELECT ON `%s`.* TO %s@'127.0.0.1'" % (self.site.database.name, ROLE))
        rights = self.missing_rights()
        for command in ('expand', 'migrate', 'backfill', 'sync'):
            warnings = self.program(command, '--dry-run', *self.options(self.url_of())).err
            self.assertIn('warning: the run itself may fail: this account lacks the right ', warnings)
            self.assertIn(' -- next: GRANT ', warnings)
        self.assertEqual(self.on_site('backfill', '--dry-run').err.count('may fail'), 0)
        if on_postgresql:
            # one statement for all tables that lack the same
            self.assertIn(('INSERT, UPDATE ON image_properties, image_tags',
                           'GRANT INSERT, UPDATE ON image_properties, image_tags TO limited'), rights)
            self.assertIn('the ownership of images', [right for right, _ in rights])
            execute('GRANT tester TO %s' % ROLE)
        else:
            self.assertEqual([right for right, _ in rights], ['INSERT', 'UPDATE', 'DELETE', 'CREATE', 'ALTER',
                                                             'INDEX'])
            for _, statement in rights:
                execute(statement)
        self.assertEqual(self.missing_rights(), [])
        self.assertNotIn('this account lacks', self.program('plan', *self.options(self.url_of())).out)
        self.program('expand', *self.options(self.url_of()))

    def test_plan_asks_for_no_right_that_no_planned_statement_needs(self):
        execute = self.site.database.execute
        self.on_site('expand')
        self.make_role()
        on_postgresql = databases.is_postgresql()
        if on_postgresql:
            execute('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %s' % ROLE)
            execute('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %s' % ROLE)
            create, own_images, own_ledger = ('CREATE ON SCHEMA public', 'the ownership of images',
                                              'the ownership of backglance')
        else:
            execute("GRANT SELECT, INSERT, UPDATE, DELETE ON `%s`.* TO %s@'127.0.0.1'"
                    % (self.site.database.name, ROLE))
        self.assertEqual(self.missing_rights(), [])
        self.asked('--guard', only=(create, 'TRIGGER ON images') if on_postgresql else ('TRIGGER',))
        self.on_site('expand', '--revert', '--guard')
        # Statements on Glance's table, on a new table of the ledger, and on tables of the ledger that are there.
        execute("DELETE FROM alembic_version WHERE version_num LIKE 'rocky%'")
        self.asked(only=())
        execute("DELETE FROM alembic_version WHERE version_num LIKE 'rocky%'")
        execute('ALTER TABLE images DROP COLUMN os_hidden')
        self.asked(only=(create, own_images) if on_postgresql else ('ALTER', 'CREATE'))
        execute('DROP TABLE backglance_verify')
        self.asked(only=(create,) if on_postgresql else ('CREATE',))
        execute('DELETE FROM backglance_ledger')
        execute('ALTER TABLE backglance_step DROP COLUMN program')
        self.asked(only=(own_ledger,) if on_postgresql else ('ALTER', 'CREATE'))
        execute('DROP INDEX backglance_item_state_idx' + ('' if on_postgresql else ' ON backglance_item'))
        self.refused('migrate', '--database', self.site.database.url,
                     words=['an index of the ledger', 'backglance expand'])
        self.asked(only=(create, own_ledger) if on_postgresql else ('INDEX',))

    def asked(self, *arguments, only):
        """Plan names a right for each beginning in `only` and no other; they are enough for expand."""
        rights = self.missing_rights(*arguments)
        self.assertEqual(len(rights), len(only), rights)
        for right, wanted in zip(sorted(right for right, _ in rights), sorted(only)):
            self.assertTrue(right.startswith(wanted), rights)
            self.assertFalse(wanted == 'the ownership of images' and 'backglance' in right, rights)
        grants = {statement.split(' (until')[0] for _, statement in rights}
        for grant in grants:
            self.site.database.execute(grant)
        self.program('expand', *self.options(self.url_of()), *arguments)
        for grant in grants:
            self.site.database.execute(grant.replace('GRANT', 'REVOKE').replace(' TO ', ' FROM '))

    def missing_rights(self, *arguments):
        plan = self.program('plan', *self.options(self.url_of()), *arguments)
        rights = [(one['right'], one['next'])
                  for one in self.program('plan', *self.options(self.url_of()), *arguments, '--json')
                  .object['missing_rights']]
        for right, statement in rights:
            self.assertIn('this account lacks %s -- next: %s' % (right, statement), plan.out)
        return rights

    def test_an_account_that_cannot_see_triggers_does_not_report_the_guard_as_missing(self):
        if databases.is_postgresql():
            return
        self.make_role()
        self.on_site('expand', '--guard')
        here = '`%s`.*' % self.site.database.name
        self.site.database.execute("GRANT ALL ON %s TO %s@'127.0.0.1'" % (here, ROLE))
        self.assertIn('guard installed', self.program('status', *self.options(self.url_of())).out)
        self.site.database.execute("REVOKE TRIGGER ON %s FROM %s@'127.0.0.1'" % (here, ROLE))
        self.assertIn('guard not visible without the privilege TRIGGER',
                      self.program('status', *self.options(self.url_of())).out)
        self.assertEqual(self.program('check', *self.options(self.url_of()), '--json', code=MIGRATE_DUE).object['guard'],
                         'hidden')
        self.refused('contract', *self.options(self.url_of()), '--uninstall', '--yes', cwd=self.site.directory,
                     words=['lacks the privilege TRIGGER; nothing was changed'])
        self.assertIn('guard installed', self.on_site('status').out)

    def test_postgresql_expand_needs_the_schema_and_the_table(self):
        if not databases.is_postgresql():
            return
        self.make_role()
        execute = self.site.database.execute
        execute('GRANT ALL ON ALL TABLES IN SCHEMA public TO %s' % ROLE)
        self.refused_for(('expand',), 'CREATE ON SCHEMA public')
        execute('GRANT CREATE ON SCHEMA public TO %s' % ROLE)
        result = self.refused('expand', *self.options(self.url_of()), words=['the ownership of images'])
        self.assertIn('-- next: GRANT tester TO %s' % ROLE, result.err)
        # what it has made until then is its own
        execute('GRANT %s TO tester' % ROLE)
        execute('REVOKE INSERT ON alembic_version FROM %s' % ROLE)
        execute('ALTER TABLE images OWNER TO %s' % ROLE)
        self.refused_for(('expand',), 'INSERT ON alembic_version')


class Limits(RightsTest):
    """What the server, the database or the role set for each session."""

    def test_limit_on_a_statement_does_not_end_expand(self):
        execute, name = self.site.database.execute, self.site.database.name
        if databases.is_postgresql():
            for setting in ("statement_timeout = '150ms'", "idle_session_timeout = '150ms'",
                            "default_transaction_isolation = 'serializable'", 'standard_conforming_strings = off',
                            'quote_all_identifiers = on'):
                execute('ALTER DATABASE %s SET %s' % (name, setting))
        else:
            for setting in ('max_statement_time = 0.15', 'wait_timeout = 1', 'idle_transaction_timeout = 1',
                            'sql_safe_updates = 1', 'sql_select_limit = 1', "sql_mode = 'ANSI_QUOTES'"):
                variable = setting.split()[0]
                before = self.site.database.value('SELECT @@GLOBAL.%s' % variable)
                self.addCleanup(execute, "SET GLOBAL %s = %s" % (variable, before if before != '' and not isinstance(
                    before, str) else repr(before)))
                execute('SET GLOBAL %s' % setting)
        reader = databases.connect(name)
        self.addCleanup(reader.close)
        if databases.is_postgresql():
            reader.set_session(isolation_level='REPEATABLE READ', autocommit=False)
            reader.cursor().execute('SELECT 1')  # an index build waits for its snapshot
        else:
            reader.autocommit(False)
            reader.cursor().execute('SELECT id FROM images LIMIT 1')
        expand = program.start('expand', *self.site.options)
        time.sleep(0.6)
        self.assertIsNone(expand.poll())
        reader.rollback()
        self.assert_code(program.finish(expand), DONE)
        self.sync('--grace', '0s')
        self.assertEqual(self.site.database.value('SELECT COUNT(os_hash_value) FROM images'), 4)

    def test_binary_log_of_statements(self):
        if databases.is_postgresql():
            return  # it has no such log
        self.server.stop()
        self.server.more = ('--log-bin=log', '--server-id=1', '--binlog-format=STATEMENT')
        self.addCleanup(self.with_settings, ())
        self.server.start()
        plan = self.on_site('plan', '--json').object
        self.assertNotIn('binlog_format', str(plan['notes']))
        self.make_role()
        self.site.database.execute("GRANT ALL ON `%s`.* TO %s@'127.0.0.1'" % (self.site.database.name, ROLE))
        site = self.options(self.url_of())
        plan = self.program('plan', '--json', *site).object
        self.assertIn('binlog_format = STATEMENT', str(plan['notes']))
        self.program('sync', *site, '--grace', '0s')
        self.program('contract', '--yes', *site, cwd=self.site.directory)
        for arguments in (('contract', '--uninstall', '--yes'), ('sync', '--grace', '0s')):
            self.on_site(*arguments, cwd=self.site.directory)
        self.assertEqual(sum(row[1] is not None for row in self.site.hashes().values()), 4)

    def with_settings(self, more):
        self.server.stop()
        self.server.more = more
        self.server.start()

    def test_plan_says_that_a_role_may_not_write(self):
        if not databases.is_postgresql():
            return
        self.site.database.execute('ALTER DATABASE %s SET default_transaction_read_only = on' %
                                   self.site.database.name)
        self.assertIn('default_transaction_read_only is on', self.on_site('plan').out)


# Each is a better match for a column of Glance than what PostgreSQL has.
PLANTED = """
CREATE TABLE {schema}.seen (application TEXT, name TEXT);
CREATE FUNCTION {schema}.note(name TEXT) RETURNS TEXT LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO {schema}.seen VALUES (current_setting('application_name'), name);
  RETURN name; END $$;
CREATE FUNCTION {schema}.lower(VARCHAR) RETURNS TEXT LANGUAGE plpgsql AS $$ BEGIN
  PERFORM {schema}.note('lower'); RETURN pg_catalog.lower($1); END $$;
CREATE FUNCTION {schema}.length(VARCHAR) RETURNS INTEGER LANGUAGE plpgsql AS $$ BEGIN
  PERFORM {schema}.note('length'); RETURN pg_catalog.length($1::text); END $$;
CREATE FUNCTION {schema}.is_equal(VARCHAR, VARCHAR) RETURNS BOOLEAN LANGUAGE plpgsql AS $$ BEGIN
  PERFORM {schema}.note('='); RETURN $1::text OPERATOR(pg_catalog.=) $2::text; END $$;
CREATE FUNCTION {schema}.differs(VARCHAR, VARCHAR) RETURNS BOOLEAN LANGUAGE plpgsql AS $$ BEGIN
  PERFORM {schema}.note('<>'); RETURN $1::text OPERATOR(pg_catalog.<>) $2::text; END $$;
CREATE OPERATOR {schema}.= (LEFTARG = VARCHAR, RIGHTARG = VARCHAR, FUNCTION = {schema}.is_equal);
CREATE OPERATOR {schema}.<> (LEFTARG = VARCHAR, RIGHTARG = VARCHAR, FUNCTION = {schema}.differs);
"""


class SearchPath(RightsTest):
    def test_functions_of_others_do_not_run_as_the_role(self):
        if not databases.is_postgresql():
            return
        execute, name = self.site.database.execute, self.site.database.name
        execute('ALTER SCHEMA public RENAME TO "Glance DB"')
        execute('CREATE SCHEMA public')
        # The planted ones come first.
        execute('ALTER DATABASE %s SET search_path = public, "Glance DB", pg_catalog' % name)
        for schema in ('"Glance DB"', 'public'):
            execute(PLANTED.replace('{schema}', schema))
        self.on_site('status')
        self.on_site('plan')
        self.on_site('expand', '--guard')
        self.on_site('expand', '--guard')
        self.sync('--grace', '0s')
        self.on_site('verify')
        self.on_site('report')
        self.on_site('contract', '--yes', cwd=self.site.directory)
        self.on_site('contract', '--revert', cwd=self.site.directory)
        execute('UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL')
        self.assertEqual(sum(row[1] is not None for row in self.site.hashes().values()), 4)
        for schema in ('"Glance DB"', 'public'):
            self.assertEqual(self.site.database.rows('SELECT * FROM %s.seen' % schema), [])
        tables = [row[0] for row in self.site.database.rows(
            "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'i', 'S') AND c.relname LIKE 'backglance%'")]
        self.assertEqual(set(tables), {'Glance DB'})
        # As an earlier version made it.
        execute('ALTER FUNCTION "Glance DB".backglance_guard() RESET ALL')
        self.assertEqual(self.on_site('plan', '--guard', '--json').object['guard'], 'there')
        execute('ALTER TABLE "Glance DB".backglance_run SET SCHEMA public')
        for command in ('status', 'expand'):
            self.refused(command, *self.site.options,
                         words=['tables are in schema public', 'SET SCHEMA Glance DB'])
        execute('ALTER TABLE public.backglance_run SET SCHEMA "Glance DB"')
        self.on_site('contract', '--uninstall', '--yes', cwd=self.site.directory)

    def test_trigger_that_needs_a_search_path_is_named_by_plan(self):
        if not databases.is_postgresql():
            return
        self.site.database.execute('CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW;'
                                   ' END $$')
        self.site.database.execute('CREATE TRIGGER audit BEFORE UPDATE ON images FOR EACH ROW EXECUTE FUNCTION audit()')
        self.assertIn('ALTER FUNCTION audit() SET search_path = public, pg_temp', self.on_site('plan').out)

    def test_second_host_of_a_url_is_tried_and_shown(self):
        if not databases.is_postgresql():
            return
        dead = servers.free_port()
        url = self.site.database.url.replace('127.0.0.1:%d' % self.server.port, '')
        query = '?host=127.0.0.1:%d&host=127.0.0.1:%d&target_session_attrs=read-write' % (dead, self.server.port)
        status = self.program('status', '--json', *self.options(url + query))
        self.assertIn('host=127.0.0.1,127.0.0.1&port=%d,%d' % (dead, self.server.port),
                      status.object['site']['database'])


if __name__ == '__main__':
    program.main()
