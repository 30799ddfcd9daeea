#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Garbage in every column that is read. One image each; the good ones among them fare as ever."""

import program
from program import DONE, FAILED, FINDINGS, MIGRATE_DUE
import sites

KEY = 'a key of 32 bytes, for locations'
MIB = 1 << 20

# As SQL, because Python would bind no text that is not UTF-8. A column's affinity may turn one kind into
# another; the rows are as SQLite leaves them.
VALUES = {
    'NULL': 'NULL',
    'empty': "''",
    'zero': '0',
    'one': '1',
    'minus one': '-1',
    'largest integer': '9223372036854775807',
    'smallest integer': '(-9223372036854775807 - 1)',
    'real': '1.5',
    'huge real': '1e300',
    'text': "'garbage'",
    'digits and more': "'12abc'",
    'wrong case': "'ACTIVE'",
    'no UTF-8': "CAST(x'fffe80e974e9' AS TEXT)",
    'NUL inside': "CAST(x'61006200' AS TEXT)",
    'blob': "x'00ff10'",
    'empty blob': "x''",
    'line ends': "'a' || char(10) || 'b' || char(13) || char(27) || '[31m'",
    'quotes': "'\"''; DROP TABLE images; --{true}:id'",
    '64 KiB': "replace(hex(zeroblob(32768)), '00', 'ab')",
    '1 MiB': "replace(hex(zeroblob(524288)), '00', 'ab')",
}
COLUMNS = {
    'images': ('id', 'name', 'size', 'status', 'checksum', 'owner', 'os_hash_algo', 'os_hash_value',
               'deleted', 'deleted_at', 'updated_at', 'created_at', 'visibility', 'os_hidden'),
    'image_locations': ('image_id', 'value', 'meta_data', 'status', 'deleted'),
    'image_properties': ('image_id', 'name', 'value', 'deleted', 'deleted_at', 'updated_at'),
}
# Whatever stands there, the image is as good as any other.
HARMLESS = {('images', column) for column in (
    'name', 'owner', 'deleted_at', 'updated_at', 'created_at', 'visibility', 'os_hidden')} | {
    ('image_locations', 'meta_data')} | {('image_properties', column) for column in (
        'value', 'deleted', 'deleted_at', 'updated_at')}


class Garbage(sites.SmallSiteTest):
    revision = 'rocky_contract02'

    def setUp(self):
        super().setUp()
        self.site.write_config('metadata_encryption_key = %s' % KEY)
        self.data = {}  # rowid in images -> bytes
        self.cases = {}
        self.refused_by_sqlite = set()
        with self.site.database.batch():
            for number in range(20):
                self.add('good %d' % number)
            for table, columns in COLUMNS.items():
                for column in columns:
                    for kind, value in VALUES.items():
                        self.add_case(table, column, kind, value)

    def add(self, text):
        data = text.encode()
        image_id = self.site.add(data)
        self.site.add_legacy_signature(image_id)
        rowid = self.site.database.value('SELECT rowid FROM images WHERE id = ?', image_id)
        self.data[rowid] = data
        return rowid

    def add_case(self, table, column, kind, value):
        rowid = self.add('%s.%s %s' % (table, column, kind))
        image_id = self.site.database.value('SELECT id FROM images WHERE rowid = ?', rowid)
        key = 'id' if table == 'images' else 'image_id'
        one = '' if table != 'image_properties' else " AND name = 'signature'"
        try:
            self.site.database.execute(
                'UPDATE %s SET %s = %s WHERE %s = ?%s' % (table, column, value, key, one), image_id)
        except sites.sqlite3.IntegrityError:  # NOT NULL, a CHECK of Glance's, an id that is taken
            self.refused_by_sqlite.add((table, column, kind))
        self.cases[rowid] = (table, column, kind)

    def rows(self):
        connection = self.site.database.connect()
        connection.text_factory = bytes
        try:
            return {row[0]: row[1:] for row in connection.execute(
                'SELECT rowid, * FROM images')}, [name[0].decode() for name in connection.execute(
                    "SELECT name FROM pragma_table_info('images')")]
        finally:
            connection.close()

    def run_all(self, command, *arguments, code):
        for json in ((), ('--json',)):
            result = self.on_site(command, *arguments, *json, code=code)
            if json:
                self.assertTrue(result.object)
            self.assertNotIn(KEY, result.out + result.err)

    def test_every_command_runs_to_its_end_and_good_images_are_hashed(self):
        # CHECK (deleted IN (0, 1)) keeps 16 of 20 out of two tables.
        self.assertLess(len(self.refused_by_sqlite), 60, self.refused_by_sqlite)
        before, names = self.rows()
        self.run_all('status', code=DONE)
        self.run_all('plan', code=DONE)
        self.on_site('expand')
        self.run_all('check', code=MIGRATE_DUE)
        self.run_all('migrate', '--grace', '0s', code=DONE)
        self.run_all('migrate', '--tag', 'old-signature', code=DONE)
        self.run_all('backfill', '--dry-run', code=DONE)
        backfill = self.on_site('backfill', '--json', code=FINDINGS).object
        self.assertEqual(backfill['end'], 'complete')
        # Nothing is postponed to be read again and again.
        self.assertEqual(backfill['left'], {'images': 0, 'bytes': 0})
        again = self.on_site('backfill', '--json').object
        self.assertEqual((again['bytes_read'], again['classes']), (0, {}))
        self.assert_hashes(before, names)

        self.run_all('backfill', '--sweep', code=DONE)
        self.run_all('backfill', '--retry-failed', code=FINDINGS)
        self.run_all('verify', code=FINDINGS)
        self.run_all('status', code=DONE)
        self.run_all('plan', code=DONE)
        for arguments in ((), ('--csv',), ('--csv=findings',),
                          ('--html', self.site.directory / 'page.html')):
            self.on_site('report', *arguments)
        self.run_all('report', code=DONE)
        self.run_all('contract', '--dry-run', code=FAILED)
        self.assert_hashes(before, names)
        # Images of a wrong size or checksum can be read and have no hash.
        self.on_site('contract', '--yes', code=FAILED)
        self.run_all('migrate', '--untag', 'old-signature', code=DONE)
        self.run_all('check', code=tuple(program.EXIT_CODES - {1, 2, 12, 130}))
        self.assertTrue(self.site.database.is_sound())

    def test_contract_and_its_revert_leave_the_properties_as_they_were(self):
        self.on_site('sync', '--grace', '0s', code=FINDINGS)
        # What the gate would refuse
        self.site.database.execute(
            "UPDATE images SET deleted = 1 WHERE os_hash_value IS NULL OR os_hash_value = ''")
        connection = self.site.database.connect()
        self.addCleanup(connection.close)
        connection.text_factory = bytes
        every = 'SELECT id, image_id, name, value, typeof(value), deleted, updated_at FROM image_properties'
        before = connection.execute(every).fetchall()
        connection.rollback()
        result = self.on_site('contract', '--yes', code=FINDINGS)
        # Their values are not text that a line of the archive could give back.
        self.assertIn('not removed: 2 images have', result.err)
        self.assertNotEqual(connection.execute(every).fetchall(), before)
        self.on_site('contract', '--revert')
        after = connection.execute(every).fetchall()
        changed = [(a, b) for a, b in zip(before, after) if a != b]
        self.assertEqual(len(before), len(after))
        self.assertEqual([(str(a)[:300], str(b)[:300]) for a, b in changed], [])

    def assert_hashes(self, before, names):
        after, _ = self.rows()
        self.assertEqual(before.keys(), after.keys())
        value_at, algorithm_at = names.index('os_hash_value'), names.index('os_hash_algo')
        for rowid, row in after.items():
            case = self.cases.get(rowid, 'good')
            with self.subTest(case):
                changed = {name for name, old, new in zip(names, before[rowid], row) if old != new}
                # The checksum is filled where there was none.
                allowed = {'os_hash_algo', 'os_hash_value'}
                if not before[rowid][names.index('checksum')]:
                    allowed.add('checksum')
                self.assertLessEqual(changed, allowed)
                if changed:
                    self.assertEqual(row[value_at], sites.sha512(self.data[rowid]).encode())
                    self.assertEqual(row[algorithm_at], b'sha512')
                if case == 'good' or case[:2] in HARMLESS:
                    self.assertEqual(row[value_at], sites.sha512(self.data[rowid]).encode())


if __name__ == '__main__':
    program.main()
