#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a database with Glance's real schema at any revision, by Glance's own alembic environment.

    /usr/bin/python3 tests/site/glance_schema.py sqlite:////abs/path/x.db queens_contract01

Row sets of a half-done upgrade are reached by going to one target after the other, so they are written
as targets joined by '+': queens_contract01+rocky_expand01. The name "head" stands for the newest
revisions of the installed Glance. Quiet unless something fails.

Only Debian's Python has the glance package: run this with /usr/bin/python3.
"""

import argparse
import contextlib
import logging
import subprocess
import sys

import alembic.command
from glance.db.sqlalchemy import alembic_migrations
from oslo_config import cfg
from oslo_db import options
import sqlalchemy


def make_schema(url, revision):
    """Upgrades the database at `url` to `revision`. One database per process: oslo.db's engine is
    made once."""
    # Glance's env.py sets its loggers up by itself; this threshold is above theirs.
    logging.disable(logging.INFO)
    cfg.CONF([], project='glance', prog='glance-schema', default_config_files=[],
             default_config_dirs=[])
    options.set_defaults(cfg.CONF)
    cfg.CONF.set_override('connection', url, group='database')
    config = alembic_migrations.get_alembic_config()
    for target in revision.split('+'):
        alembic.command.upgrade(config, 'heads' if target == 'head' else target)


def make_schema_in_subprocess(url, revision):
    """The same, for a caller that needs more than one database."""
    done = subprocess.run(['/usr/bin/python3', __file__, url, revision], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError('no schema at %s: %s' % (revision, done.stdout))


def revision_rows(url):
    """The rows of alembic_version, sorted."""
    engine = sqlalchemy.create_engine(url)
    with contextlib.closing(engine.connect()) as connection:
        rows = connection.execute(sqlalchemy.text('SELECT version_num FROM alembic_version'))
        found = sorted(row[0] for row in rows)
    engine.dispose()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('url', help='SQLAlchemy URL; sqlite:////abs/path has four slashes')
    parser.add_argument('revision', help='a revision of Glance, several joined by +, or "head"')
    arguments = parser.parse_args()
    make_schema(arguments.url, arguments.revision)
    return 0


if __name__ == '__main__':
    sys.exit(main())
