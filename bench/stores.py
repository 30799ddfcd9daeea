# SPDX-License-Identifier: Apache-2.0
"""(10) Network stores: backfill beside the store's own tool, on the same objects, in turn.

Program, tool and servers share the machine. Rates are compared within a round; the medians are of these ratios.
"""

import contextlib
import shutil
import sqlite3
import statistics
import uuid

import digests
import glance_schema
import hashers
import store_servers
import workers

MIB = 1 << 20
GIB = 1 << 30
MOMENT = '2018-01-02 03:04:05.000006'
# The most streams that backfill chooses by itself for a place of a network store (PlaceTraits).
STREAMS = 8
DIGEST_MIB = 64


class Stores:
    needs_servers = False
    rounds = 5

    def __init__(self, bench):
        self.bench = bench
        self.images, self.mib = (8, 16) if bench.quick else (24, 64)
        self.segment_mib = 1 if bench.quick else 4
        self.title = '10  network stores: %d images of %d MiB, 2 cores' % (self.images, self.mib)
        self.directory = bench.scratch / 'stores'

    def run(self, table):
        self.directory.mkdir()
        try:
            for make in (store_servers.Rbd, store_servers.Swift, store_servers.S3, store_servers.Http):
                with make() as store:
                    store.fill(self.images, self.mib * MIB)
                    self.compare(store, STREAMS, table)
            with store_servers.SwiftLarge() as store:
                store.fill(1, store_servers.SEGMENTS * self.segment_mib * MIB)
                self.compare(store, 1, table)
        finally:
            shutil.rmtree(self.directory)

    def site(self, store):
        """A site that is expanded and migrated, with the objects in its rows; each run gets a copy."""
        database = self.directory / 'site.sqlite'
        database.unlink(missing_ok=True)
        url = 'sqlite:///%s' % database
        glance_schema.make_schema_in_subprocess(url, 'queens_contract01')
        with contextlib.closing(sqlite3.connect(database)) as db, db:
            for one in store.stored:
                image = str(uuid.uuid4())
                db.execute('INSERT INTO images (id, name, size, status, owner, visibility, deleted, min_disk, min_ram,'
                           " protected, created_at, updated_at) VALUES (?, 'image', ?, 'active', 'owner', 'private',"
                           ' 0, 0, 0, 0, ?, ?)', (image, one.size, MOMENT, MOMENT))
                db.execute('INSERT INTO image_locations (image_id, value, meta_data, status, created_at, deleted)'
                           " VALUES (?, ?, ?, 'active', ?, 0)",
                           (image, one.location, '{"store": "%s"}' % store_servers.STORE, MOMENT))
        for command in ('expand', 'migrate'):
            self.bench.program.run(command, url)
        return database

    def backfill(self, store, template):
        """All images, at default settings; every digest is checked."""
        database = self.directory / 'run.sqlite'
        shutil.copy(template, database)
        url = 'sqlite:///%s' % database
        conf = self.directory / 'glance-api.conf'
        store.write_conf(conf, url)
        run = self.bench.program.run('backfill', url, '--config-file', str(conf), '--priority', 'normal',
                                     *store.arguments)
        with contextlib.closing(sqlite3.connect(database)) as db:
            found = dict(db.execute('SELECT l.value, i.os_hash_value FROM images i JOIN image_locations l'
                                    ' ON l.image_id = i.id'))
        if found != {one.location: one.sha512 for one in store.stored}:
            raise workers.Failed('%s: not every image got the right hash' % store.name)
        return run

    def compare(self, store, streams, table):
        total = sum(one.size for one in store.stored)
        template = self.site(store)
        ours, tools, digested, plain = [], [], [], []
        for _ in range(self.bench.rounds):
            run = self.backfill(store, template)
            ours.append((run.ended - run.began, run.cpu, run.peak))
            tools.append(hashers.run(store.tool(streams)))
            digested.append(hashers.run(store.tool_and_digests(streams))[0])
            # Of as many images as there are streams: lanes that are not full cost as much as full ones.
            alone = digests.speed(self.bench, streams, DIGEST_MIB, 1)
            plain.append(alone['ours_cpu'] * total / alone['bytes'])
        self.show(store, total, ours, tools, digested, plain, table)

    def show(self, store, total, ours, tools, digested, plain, table):
        def median(values):
            return statistics.median(list(values))

        is_large = isinstance(store, store_servers.SwiftLarge)
        table.here(self, '%s: ours, %s, the same through md5sum and sha512sum: MiB/s' % (store.name, store.tool_name),
                   tuple(total / MIB / median(walls) for walls in ([wall for wall, _, _ in ours],
                                                                   [wall for wall, _ in tools], digested)),
                   '%.0f, %.0f, %.0f')
        table.here(self, '%s: ours, times the tool' % store.name,
                   median(tool[0] / our[0] for our, tool in zip(ours, tools)), '%.2f', '>= 3' if is_large else '>= 0.9')
        table.here(self, '%s: ours, times the tool through md5sum and sha512sum' % store.name,
                   median(other / our[0] for our, other in zip(ours, digested)), '%.2f')
        table.here(self, '%s: CPU s for 1 GiB: ours, the tool, digests alone' % store.name,
                   tuple(median(values) * GIB / total for values in ([cpu for _, cpu, _ in ours],
                                                                     [cpu for _, cpu in tools], plain)),
                   '%.2f, %.2f, %.2f')
        table.here(self, '%s: CPU over digests and the tool' % store.name,
                   median(our[1] / (tool[1] + digest) for our, tool, digest in zip(ours, tools, plain)), '%.2f',
                   '<= 1.25')
        limit = 64 + 32 * STREAMS if store.kind == 'rbd' else 128
        table.here(self, '%s: peak memory, MiB' % store.name, max(peak for _, _, peak in ours) / MIB, '%.0f',
                   '<= %d' % limit)
