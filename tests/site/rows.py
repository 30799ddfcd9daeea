# SPDX-License-Identifier: Apache-2.0
"""Writes images into Glance's tables through SQLAlchemy, so that any engine can hold the site."""

import datetime

import sqlalchemy

FIRST_UPLOAD = datetime.datetime(2017, 3, 1, 8, 0, 0, 250000)
BATCH = 1000


class Database:
    def __init__(self, url):
        self._engine = sqlalchemy.create_engine(url)
        metadata = sqlalchemy.MetaData()
        metadata.reflect(self._engine, only=['images', 'image_locations', 'image_properties',
                                             'image_tags', 'image_members', 'tasks'])
        self._tables = metadata.tables
        self._pending = {name: [] for name in self._tables}
        self._raw = []
        self._images = 0

    @property
    def image_columns(self):
        return set(self._tables['images'].columns.keys())

    def takes(self, image):
        """False for what the engine's own types refuse: bytes that are no UTF-8 on servers, and on MariaDB, whose
        tables of Glance's are utf8mb3, characters of four bytes and texts of 64 KiB."""
        engine = self._engine.dialect.name
        if engine == 'sqlite':
            return True
        if image.raw:
            return False
        texts = [image.name, *(location.value for location in image.locations),
                 *(property_.value for property_ in image.properties.values())]
        return engine != 'mysql' or all(
            len(text.encode()) < 1 << 16 and max(text, default='') <= '\uffff'
            for text in texts if text is not None)

    def add(self, image):
        self._images += 1
        created = FIRST_UPLOAD + datetime.timedelta(hours=7 * (self._images % 8000),
                                                    microseconds=self._images)
        times = {'created_at': created, 'updated_at': created + datetime.timedelta(minutes=3)}
        self._add('images', image.deleted, times, id=image.id, name=image.name, owner=image.owner,
                  size=image.size, status=image.status, checksum=image.checksum,
                  visibility=image.visibility, disk_format='raw', container_format='bare',
                  min_disk=0, min_ram=0, protected=False, virtual_size=None,
                  os_hidden=image.hidden, os_hash_algo=image.os_hash_algo,
                  os_hash_value=image.os_hash_value)
        for location in image.locations:
            self._add('image_locations', location.deleted, times, image_id=image.id,
                      value=location.value, meta_data=location.meta_data, status=location.status)
        now = datetime.datetime.utcnow()
        just_now = {'created_at': now, 'updated_at': now}
        for name, property_ in image.properties.items():
            # What Glance marks its own work by is of today.
            self._add('image_properties', property_.deleted or image.deleted,
                      just_now if name.startswith('os_glance_') else times,
                      image_id=image.id, name=name, value=property_.value)
        if image.import_task:
            self._add('tasks', False, just_now, id=image.import_task, type='api_image_import',
                      status='processing', owner='glance')
        for tag in image.tags:
            self._add('image_tags', image.deleted, times, image_id=image.id, value=tag)
        if image.visibility == 'shared':
            self._add('image_members', image.deleted, times, image_id=image.id,
                      member='9d0c1f4f7c8e4d56a3b2c1d0e9f8a709', can_share=False,
                      status='accepted')
        self._raw += [(image.id, column, value) for column, value in image.raw.items()]
        if len(self._pending['images']) >= BATCH:
            self.flush()

    def _add(self, table, deleted, times, **values):
        columns = self._tables[table].columns.keys()
        row = {name: value for name, value in values.items() if name in columns}
        row.update(times, deleted=deleted, deleted_at=times['updated_at'] if deleted else None)
        self._pending[table].append(row)

    def flush(self):
        with self._engine.begin() as connection:
            # images first, for the foreign keys
            for name in sorted(self._pending, key=lambda name: name != 'images'):
                if self._pending[name]:
                    connection.execute(self._tables[name].insert(), self._pending[name])
                    self._pending[name] = []
            for image_id, column, value in self._raw:
                self._write_raw(connection, image_id, column, value)
            self._raw = []

    def _write_raw(self, connection, image_id, column, value):
        if column == 'location':
            statement = 'UPDATE image_locations SET value = CAST(:value AS TEXT) WHERE image_id = :id'
        else:
            statement = 'UPDATE images SET %s = CAST(:value AS TEXT) WHERE id = :id' % column
        connection.execute(sqlalchemy.text(statement), {'value': value, 'id': image_id})

    def close(self):
        self.flush()
        self._engine.dispose()
