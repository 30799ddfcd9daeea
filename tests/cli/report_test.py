#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The report in its four forms, and verify, whose results it shows."""

import csv
import html.parser
import io

import program
from program import DONE, FAILED, FINDINGS, USAGE
import sites

VOID = {'area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'source', 'track',
        'wbr'}


class Page(html.parser.HTMLParser):
    """Checks that every element is closed where it ought to be, and gathers what the page loads."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open = []
        self.faults = []
        self.loaded = []
        self.elements = []
        self.text = []
        self.feed(text)
        self.close()
        self.faults += ['not closed: %s' % name for name in self.open]

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        for name, value in attrs:
            if name in ('src', 'href', 'xlink:href', 'srcset', 'data', 'action'):
                self.loaded.append(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append('closed out of turn: %s at %s' % (tag, self.getpos()))

    def handle_data(self, data):
        self.text.append(data)


class Report(sites.MadeSiteTest):
    make_options = ('--hostile', '--seed', 'report')

    def setUp(self):
        super().setUp()
        self.on_site('sync', '--grace', '10d', code=FINDINGS)
        self.findings = {image_id for image_id, image in self.images.items() if image['finding']}
        self.signed = {image_id: image['scheme'] for image_id, image in self.images.items()
                       if image['scheme'] != 'none'}

    def test_json_has_every_finding_and_every_signature(self):
        report = self.on_site('report', '--json').object
        self.assertEqual({one['image_id'] for one in report['backfill']['findings']}, self.findings)
        self.assertEqual({one['image_id']: one['scheme'] for one in report['signatures']['images']},
                         self.signed)
        for one in report['backfill']['findings']:
            self.assertEqual(one['class'], self.images[one['image_id']]['result'])
            self.assertTrue(one['reason'])

    def test_lists_and_the_figures_of_the_site_agree_with_the_report(self):
        self.assertEqual(set(self.on_site('list', 'findings').out.split()), self.findings)
        report = self.on_site('report', '--json').object
        file = self.directory / 'backglance-site.prom'
        self.on_site('status', '--metrics', file)
        text = file.read_text()
        for one in report['backfill']['classes']:
            listed = self.on_site('list', one['class'], '--json').object['images']
            self.assertEqual(len(listed), one['images'], one)
            if one['finding']:
                self.assertIn('backglance_site_findings{by="backfill",result="%s"} %d\n' % (
                    one['class'], one['images']), text)
        proved = len(self.on_site('list', 'hashed').out.split())
        self.assertIn('backglance_site_images_never_proved %d\n' % (report['coverage']['images'] - proved), text)
        self.assertRegex(text, r'backglance_site_oldest_proof_timestamp_seconds \d+\n')

    def test_csv_has_a_line_for_every_signature(self):
        result = self.on_site('report', '--csv')
        self.assertEqual(result.out, self.on_site('report', '--csv=signatures').out)
        rows = list(csv.DictReader(io.StringIO(result.out, newline='')))
        self.assertEqual({row['image_id']: row['scheme'] for row in rows}, self.signed)
        self.assert_no_formula(rows)

    def test_csv_has_a_line_for_every_finding(self):
        rows = list(csv.DictReader(io.StringIO(self.on_site('report', '--csv=findings').out,
                                               newline='')))
        self.assertEqual({row['image_id'] for row in rows}, self.findings)
        self.assert_no_formula(rows)

    def assert_no_formula(self, rows):
        """A spreadsheet would run such a cell."""
        for row in rows:
            for value in row.values():
                self.assertFalse((value or '').startswith(('=', '+', '@', '\t', '\r')), row)

    def test_text_names_every_finding_and_no_control_character_gets_through(self):
        result = self.on_site('report')
        for image_id in self.findings | {
                image_id for image_id, scheme in self.signed.items() if scheme.startswith('legacy')}:
            self.assertIn(image_id, result.out)
        self.assertNotRegex(result.out, r'[\x00-\x09\x0b-\x1f\x7f]')

    def test_html_is_one_whole_page_that_loads_nothing(self):
        path = self.directory / 'report.html'
        self.on_site('report', '--html', path)
        text = path.read_text(encoding='utf-8')
        page = Page(text)
        self.assertEqual(page.faults, [])
        self.assertTrue(text.lower().startswith('<!doctype html>'))
        for address in page.loaded:
            self.assertRegex(address, r'^(#|data:)', 'the page loads %s' % address)
        for word in ('@import', 'url(http', 'url("http', "url('http", 'fetch(', 'XMLHttpRequest'):
            self.assertNotIn(word, text)
        self.assertNotIn('<script>alert', text)
        self.assertIn('svg', page.elements)
        shown = ''.join(page.text)
        for image_id in self.findings:
            self.assertIn(image_id, shown)
        self.assert_no_secret(text, 'the HTML page')

    def test_html_and_json_can_be_written_together(self):
        path = self.directory / 'both.html'
        result = self.on_site('report', '--json', '--html', path)
        self.assertIn('signatures', result.object)
        self.assertEqual(Page(path.read_text()).faults, [])

    def test_html_into_a_directory_that_is_not_there_is_refused(self):
        result = self.on_site('report', '--html', self.directory / 'no' / 'such.html', code=FAILED)
        self.assert_one_line(result, ['such.html'])

    def test_html_leaves_the_old_page_if_it_cannot_write_the_new_one(self):
        path = self.directory / 'taken'
        path.mkdir(exist_ok=True)
        result = self.on_site('report', '--html', path, code=FAILED)
        self.assert_one_line(result, ['taken'])
        self.assertEqual([other.name for other in self.directory.glob('*.part')], [])

    def test_unknown_form_of_csv_is_refused(self):
        self.assert_one_line(self.on_site('report', '--csv=everything', code=USAGE), ['--csv'])


class Owners(sites.MadeSiteTest):
    """report --owners: what each owner has to do. Its commands are run by tests/glance_api/owners_test.py."""

    make_options = ('--hostile', '--seed', 'report')

    def setUp(self):
        super().setUp()
        self.on_site('sync', '--grace', '10d', '--certificates', self.directory / 'certificates', code=FINDINGS)
        self.target = self.scratch() / 'owners'

    def write(self, *arguments, **options):
        return self.on_site('report', '--owners', self.target, *arguments, **options)

    def rows(self, name):
        with open(self.target / name, newline='', encoding='utf-8') as file:
            return list(csv.DictReader(file))

    def files(self):
        return {path.name for path in self.target.iterdir()}

    def wanted(self):
        """Whose images have to do with it, by the report itself."""
        wanted = {}
        for image in self.on_site('report', '--json').object['signatures']['images']:
            broken = image['verdict'] in ('invalid', 'malformed', 'partial', 'key_disagrees', 'valid_other_salt',
                                          'invalid_inherited')
            if not image['deleted'] and (image['deprecated'] or broken):
                wanted.setdefault(image['owner'], set()).add(image['image_id'])
        return wanted

    def test_each_owner_has_a_page_and_a_csv_with_all_that_is_to_be_done(self):
        result = self.write()
        wanted = self.wanted()
        self.assertGreater(len(wanted), 3)
        index = self.rows('index.csv')
        self.assertEqual({row['owner'] for row in index}, set(wanted))
        self.assertEqual(self.files(), {'index.html', 'index.csv'} | {
            row[kind] for row in index for kind in ('page', 'csv')})
        self.assertEqual(result.out, 'wrote %s/index.html and the pages of %d owners with %d images\n' % (
            self.target, len(wanted), sum(map(len, wanted.values()))))
        pages = {'index.html': set(wanted)}
        for row in index:
            ids = {one['image_id'] for one in self.rows(row['csv'])}
            self.assertEqual(ids, wanted[row['owner']])
            self.assertEqual(int(row['images']), len(ids))
            pages[row['page']] = ids | {row['owner']}
        for name, words in pages.items():
            text = (self.target / name).read_text(encoding='utf-8')
            page = Page(text)
            self.assertEqual(page.faults, [], name)
            for word in words:
                self.assertIn(word, ''.join(page.text))
            for address in page.loaded:
                self.assertTrue(address.startswith(('#', 'data:')) or address in self.files(), address)
            self.assert_no_secret(text, name)
        self.assertEqual(self.target.stat().st_mode & 0o777, 0o750)
        for path in self.target.iterdir():
            self.assertEqual(path.stat().st_mode & 0o777, 0o640)

    def test_an_image_without_an_owner_is_on_no_owners_page(self):
        self.database.execute('UPDATE images SET owner = NULL')
        self.write()
        self.assertEqual(self.files(), {'index.html', 'index.csv', 'no-owner.html', 'no-owner.csv'})
        self.assertEqual([row['owner'] for row in self.rows('index.csv')], [''])

    def test_pages_of_owners_with_nothing_to_do_any_more_go_and_nothing_else(self):
        self.write()
        before = self.files()
        gone = self.rows('index.csv')[0]
        others = {'owner-of-another-program.html', 'owner-notes.csv', 'notes.html'}
        for name in others:
            (self.target / name).write_text('<html>not ours</html>')
        (self.target / gone['page']).chmod(0o644)
        kept = self.rows('index.csv')[1]
        (self.target / kept['page']).chmod(0o644)
        self.database.execute('UPDATE image_properties SET deleted = ? WHERE image_id IN'
                              ' (SELECT id FROM images WHERE owner = ?)', True, gone['owner'])
        self.on_site('migrate')
        result = self.write()
        self.assertIn('; removed 1 page of an earlier report', result.out)
        self.assertEqual(self.files(), (before | others) - {gone['page'], gone['csv']})
        # Whoever could read the page that was there still can.
        self.assertEqual((self.target / kept['page']).stat().st_mode & 0o777, 0o644)

    def test_a_table_of_somebody_else_beside_a_page_that_goes_stays(self):
        self.write()
        gone = self.rows('index.csv')[0]
        (self.target / gone['csv']).write_text('notes,of another\n')
        self.database.execute('UPDATE image_properties SET deleted = ? WHERE image_id IN'
                              ' (SELECT id FROM images WHERE owner = ?)', True, gone['owner'])
        self.on_site('migrate')
        self.write()
        self.assertFalse((self.target / gone['page']).exists())
        self.assertEqual((self.target / gone['csv']).read_text(), 'notes,of another\n')

    def test_a_site_with_nothing_to_do_has_an_index_that_says_so(self):
        self.database.execute('UPDATE image_properties SET deleted = ?', True)
        self.on_site('migrate')
        self.write()
        self.assertEqual(self.files(), {'index.html', 'index.csv'})
        self.assertIn('No owner has anything to do', (self.target / 'index.html').read_text())

    def test_owner_pages_and_other_formats_can_be_written_together(self):
        result = self.write('--json')
        self.assertIn('signatures', result.object)
        self.assertIn('wrote', result.err)
        page = self.write('--html', '-')
        self.assertEqual(Page(page.out).faults, [])
        self.assertTrue((self.target / 'index.html').exists())

    def test_an_impossible_directory_is_refused(self):
        self.target.write_text('a file')
        self.assert_one_line(self.write(code=FAILED), [str(self.target)])
        self.assertEqual(self.target.read_text(), 'a file')
        result = self.on_site('report', '--owners', self.target.parent / 'no' / 'such', code=FAILED)
        self.assert_one_line(result, ['no/such'])


class ReportBeforeExpand(sites.SmallSiteTest):
    def test_report_names_the_first_thing_to_do(self):
        self.assert_one_line(self.on_site('report', code=FAILED), ['backglance expand'])


class Verify(sites.SmallSiteTest):
    def setUp(self):
        super().setUp()
        self.ids = [self.site.add(b'image %d' % number * 1000) for number in range(5)]
        self.sync()

    def verify(self, *arguments, code=DONE):
        return self.on_site('verify', '--json', *arguments, code=code).object['classes']

    def flip(self, image_id):
        path = self.site.path_of(image_id)
        data = bytearray(path.read_bytes())
        data[100] ^= 1
        path.write_bytes(data)

    def test_whole_images_are_verified(self):
        self.assertEqual(self.verify(), {'verified': {'images': 5, 'bytes': 35000}})

    def test_a_bit_flipped_after_the_backfill_is_found(self):
        self.flip(self.ids[2])
        classes = self.verify(code=FINDINGS)
        self.assertEqual(classes['verified']['images'], 4)
        self.assertEqual(classes['checksum_differs']['images'], 1)
        report = self.on_site('report', '--json').object
        self.assertEqual([one['image_id'] for one in report['verify']['findings']], [self.ids[2]])

    def test_a_hash_that_is_not_that_of_the_bytes_is_found(self):
        self.site.database.execute("UPDATE images SET os_hash_value = ? WHERE id = ?", 'ab' * 64,
                                   self.ids[4])
        self.assertEqual(self.verify(code=FINDINGS)['hash_differs']['images'], 1)

    def test_without_a_hash_the_checksum_is_compared(self):
        self.site.database.execute('UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL')
        self.assertEqual(self.verify(), {'verified': {'images': 5, 'bytes': 35000}})
        self.flip(self.ids[0])
        self.assertEqual(self.verify(code=FINDINGS)['checksum_differs']['images'], 1)

    def test_hash_in_upper_case_is_the_same_hash(self):
        self.site.database.execute('UPDATE images SET os_hash_value = upper(os_hash_value)')
        self.assertEqual(self.verify()['verified']['images'], 5)

    def test_verify_writes_nothing_into_the_tables_of_glance(self):
        before = self.site.database.rows('SELECT * FROM images ORDER BY id')
        self.flip(self.ids[1])
        self.verify(code=FINDINGS)
        self.assertEqual(self.site.database.rows('SELECT * FROM images ORDER BY id'), before)

    def test_one_image_can_be_named(self):
        self.assertEqual(self.verify('--image', self.ids[3])['verified']['images'], 1)

    def test_limits_hold(self):
        self.assertEqual(self.verify('--limit', '2')['verified']['images'], 2)
        self.assertEqual(self.verify('--max-bytes', '14000B')['verified']['images'], 2)


class Gone(sites.SmallSiteTest):
    def test_what_was_found_of_images_that_are_gone_is_no_finding_in_any_form(self):
        images = [self.site.add(b'%d' % number) for number in range(6)]
        self.sync()
        lost = [self.site.add(b'lost %d' % number) for number in range(5)]
        for image_id in images + lost:
            self.site.path_of(image_id).unlink()
        images.append(self.site.add(b'whole'))
        self.on_site('backfill', code=FINDINGS)
        self.on_site('verify', code=FINDINGS)
        # As --retry-failed leaves those that it has not read yet.
        self.site.database.execute("UPDATE backglance_item SET state = 'queued' WHERE image_id IN (?, ?)", *lost[:2])
        for purged in (images[0], lost[0], lost[2]):
            for table in ('image_locations', 'image_properties', 'images'):
                self.site.database.execute('DELETE FROM %s WHERE %s = ?' % (
                    table, 'id' if table == 'images' else 'image_id'), purged)
        for deleted in (images[1], lost[1], lost[3]):
            self.site.database.execute("UPDATE images SET deleted = 1, status = 'deleted' WHERE id = ?", deleted)
        self.site.database.execute("UPDATE images SET status = 'killed' WHERE id = ?", images[2])

        report = self.on_site('report', '--json').object
        counts = {}
        for part in ('backfill', 'verify'):
            listed = {}
            for one in report[part]['findings']:
                listed[one['class']] = listed.get(one['class'], 0) + 1
            classes = {one['class']: one['images'] for one in report[part]['classes']}
            self.assertEqual({one['class']: one['images'] for one in report[part]['classes'] if one['finding']}, listed)
            counts[part] = classes
        # Seven are gone: three are purged, three deleted, and one is not served.
        self.assertEqual(counts, {'backfill': {'hashed': 4, 'missing': 1, 'gone': 7},
                                  'verify': {'verified': 1, 'missing': 4, 'gone': 7}})
        text = self.on_site('report').out
        self.assertRegex(text, r'(?m)^  missing +1 +0 B +finding$')
        self.assertIn('Verify: missing, 4 images', text)
        self.assertEqual(len(self.on_site('report', '--csv=findings').out.splitlines()), 1 + 1 + 4)
        self.on_site('report', '--html', self.site.directory / 'report.html')
        page = ' '.join(''.join(Page((self.site.directory / 'report.html').read_text()).text).split())
        self.assertIn('4 images have findings', page)
        self.assertIn('verify has findings for 4 images (4 missing)', self.on_site('check', code=FINDINGS).out)
        status = self.on_site('status').out
        self.assertIn('to read: 0 images, 0 B; could not be hashed: 1 image', status)
        # The purged and the deleted one are still in the queue, and no run counts them as left.
        self.assertEqual(self.on_site('backfill', '--sweep', '--json').object['left'], {'images': 0, 'bytes': 0})


class NotOverTheSite(sites.SmallSiteTest):
    def test_no_output_replaces_the_sites_own_files(self):
        image = self.site.path_of(self.site.add(b'content'))
        link = self.site.directory / 'link'
        link.symlink_to(image)
        files = [image, link, self.site.config, *([] if sites.ON_SERVER else [self.site.database.path])]
        before = [file.read_bytes() for file in files]
        for file in files:
            for words in (('report', '--html', file), ('backfill', '--metrics', file), ('backfill', '--log', file),
                          ('sync', '--log', file)):
                with self.subTest(words):
                    self.refused(*words, *self.site.options, code=USAGE, words=[words[1]])
        self.refused('report', '--owners', self.site.store, *self.site.options, code=USAGE)
        self.refused('report', '--html', '', *self.site.options, code=USAGE)
        self.refused('report', '--csv', '--json', *self.site.options, code=USAGE)
        self.assertEqual([file.read_bytes() for file in files], before)


if __name__ == '__main__':
    program.main()
