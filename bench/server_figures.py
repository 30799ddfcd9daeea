# SPDX-License-Identifier: Apache-2.0
"""What a server says of itself."""

import os
import pathlib
import statistics
import time

import databases

TICKS = os.sysconf('SC_CLK_TCK')
# InnoDB answers from a copy for 100 ms (information_schema.INNODB_TRX).
LOOK_SECONDS = 0.15
PATIENCE_SECONDS = 30

ROWS_READ = {
    'postgresql': 'SELECT COALESCE(SUM(seq_tup_read + COALESCE(idx_tup_fetch, 0)), 0) FROM pg_stat_user_tables',
    'mysql': 'SELECT SUM(variable_value) FROM information_schema.global_status'
             " WHERE variable_name LIKE 'HANDLER_READ_%'",
}
# Bytes of the log that a crash is mended from: WAL, InnoDB's redo log.
LOG_WRITTEN = {
    'postgresql': "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')",
    'mysql': "SELECT variable_value FROM information_schema.global_status"
             " WHERE variable_name = 'INNODB_OS_LOG_WRITTEN'",
}


def log_written():
    """By the server since it was made."""
    return int(databases.admin(LOG_WRITTEN[databases.engine()])[0][0])


def _process(pid):
    """(parent, CPU seconds of its own, CPU seconds of its ended children) or None."""
    try:
        fields = pathlib.Path('/proc/%d/stat' % pid).read_text().rpartition(')')[2].split()
    except OSError:
        return None
    own, children = (sum(int(field) for field in fields[at:at + 2]) / TICKS for at in (11, 13))
    return int(fields[1]), own, children


def cpu_seconds(servers, engine):
    """That the server has used so far, all its processes together."""
    server = servers.pid(engine)
    _, own, children = _process(server)
    total = own + children
    for name in os.listdir('/proc'):
        if name.isdigit():
            process = _process(int(name))
            if process and process[0] == server:
                total += process[1] + process[2]
    return total


def busiest_seconds(rows):
    """Of (second, count), in order: the median of the whole seconds between the first and the last."""
    counts = [count for _, count in rows[1:-1]] or [count for _, count in rows]
    return statistics.median(counts)


class RowsRead:
    """Rows that the server has read since this was made, whoever asked."""

    def __init__(self, name):
        self._name = name
        self._before = self._now()

    def _now(self):
        if databases.is_postgresql():
            time.sleep(1.2)  # sessions tell their counts once a second
            databases.rows(self._name, 'SELECT pg_stat_clear_snapshot()')
        return int(databases.rows(self._name, ROWS_READ[databases.engine()])[0][0])

    def since(self):
        return self._now() - self._before


# Any number that nothing else locks.
CLAIM_LOCK = 4711


def stop_claims(name):
    databases.rows(name, 'CREATE FUNCTION bench_wait() RETURNS trigger LANGUAGE plpgsql AS'
                         " 'BEGIN PERFORM pg_advisory_xact_lock_shared(%d); RETURN NULL; END'" % CLAIM_LOCK)
    databases.rows(name, 'CREATE TRIGGER bench_wait AFTER UPDATE OF lease_token ON backglance_item'
                         ' FOR EACH STATEMENT EXECUTE FUNCTION bench_wait()')


def let_claims_go(name):
    databases.rows(name, 'DROP TRIGGER bench_wait ON backglance_item')
    databases.rows(name, 'DROP FUNCTION bench_wait()')


def rows_locked_by_waiter(engine, name):
    """Of the transaction that waits for a row of backglance_item: the rows that it has locked or waits for."""
    if engine == 'postgresql':
        databases.rows(name, 'CREATE EXTENSION IF NOT EXISTS pgrowlocks')
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        if engine == 'postgresql':
            found = databases.rows(name, "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                                         " AND wait_event_type = 'Lock' AND query LIKE '%backglance_item%'")
            if found:
                return databases.rows(name, "SELECT COUNT(*) FROM pgrowlocks('backglance_item')"
                                                " WHERE %s = ANY (pids)", (found[0][0],))[0][0]
        else:
            found = databases.rows(name, "SELECT trx_rows_locked FROM information_schema.INNODB_TRX"
                                         " WHERE trx_state = 'LOCK WAIT' AND trx_query LIKE '%backglance_item%'")
            if found:
                return found[0][0]
    raise TimeoutError('no claim came to the row that was held')
