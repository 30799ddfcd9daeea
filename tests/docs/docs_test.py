#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the commands of the documents, and holds the documents against the sources.

    /usr/bin/python3 tests/docs/docs_test.py [BINARY] [unittest's own arguments]

BINARY, else the variable BACKGLANCE, is the program. Needs Debian's glance-common and sqlite3. How a
document is written so that it can be run stands in document.py.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import document
from glance_host import GlanceHost

SOURCES = pathlib.Path(__file__).resolve().parent.parent.parent
DOCUMENTS = ('README.md', 'NEWS.md', 'CONTRIBUTING.md', 'SECURITY.md',
             *(str(path.relative_to(SOURCES)) for path in sorted(SOURCES.glob('docs/*.md'))))

binary = None


def read(name):
    return (SOURCES / name).read_text()


def ledger_schema():
    """Table -> (column, type) of what all schema steps together make of our tables, as SQLite has them."""
    schema = {}
    for step in sorted((SOURCES / 'sql').glob('0*_*')):
        files = [step / name for name in ('expand.sqlite.sql', 'expand.sql') if (step / name).exists()]
        text = files[0].read_text().replace('{auto_id}', 'INTEGER').replace('{wide_text}', 'TEXT')
        tables = re.findall(r'CREATE TABLE (\w+) \(\n(.*?)\n\)\{table_options\};', text, re.DOTALL)
        assert len(tables) == text.count('CREATE TABLE'), step
        for table, body in tables:
            schema[table] = [tuple(line.split()[:2]) for line in body.splitlines()
                             if not line.split()[0] == 'PRIMARY']
        for table, column, kind in re.findall(r'^ALTER TABLE (backglance_\w+) ADD COLUMN (\w+) ([\w()]+)', text,
                                              re.MULTILINE):
            schema[table].append((column, kind))
    return schema


class RunTest(unittest.TestCase):
    """Each document's commands, in order, on a fresh site."""

    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix='docs-test-')
        cls.addClassCleanup(scratch.cleanup)
        cls.host = GlanceHost(pathlib.Path(scratch.name) / 'host', binary)
        cls.fresh = pathlib.Path(scratch.name) / 'fresh'
        shutil.copytree(cls.host.directory, cls.fresh, symlinks=True)

    def setUp(self):
        shutil.rmtree(self.host.directory)
        shutil.copytree(self.fresh, self.host.directory, symlinks=True)

    def run_document(self, name):
        document.walk(self, self.host, name, read(name), fresh_site=self.setUp)

    def test_commands_of_readme(self):
        self.run_document('README.md')

    def test_commands_of_operations(self):
        self.run_document('docs/operations.md')

    def test_commands_of_design(self):
        self.run_document('docs/design.md')

    def test_commands_of_backfill(self):
        self.run_document('docs/backfill.md')

    def test_commands_of_ledger_and_its_invariants(self):
        self.run_document('docs/ledger.md')
        queries = re.findall(r'```sql\n(.*?)```', read('docs/ledger.md'), re.DOTALL)
        self.assertTrue(queries)
        for query in ''.join(queries).split(';'):
            if query.strip():
                with self.host.open() as db:
                    self.assertEqual(db.execute(query).fetchall(), [], query)

    def json_of(self, *arguments):
        done = subprocess.run([binary, *arguments, '--json'], check=False, timeout=600,
                              env=self.host.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertIn(done.returncode, (0, 1, 3, 4, 5, 10), done.stderr)
        return json.loads(done.stdout)

    def assert_members(self, heading, *objects):
        rows = document.table_rows(read('docs/json.md'), heading)
        named = {word for row in rows for word in document.code_words(row[0])}
        self.assertEqual(set().union(*objects), named, heading)

    def test_json_objects_have_the_members_that_json_md_names(self):
        run = self.json_of
        self.assert_members('error', run('report')['error'])
        self.assert_members('check', run('check'))
        self.assert_members('plan', run('plan'))
        dry_sync = run('sync', '--dry-run')
        dry_expand = run('expand', '--dry-run')
        self.assert_members('expand', run('expand'), dry_expand)
        self.assert_members('statements', *dry_expand['statements'])
        self.assert_members('migrate', run('migrate', '--dry-run'), run('migrate'))
        self.host.step('import-done')
        dry_backfill = run('backfill', '--dry-run')
        backfill = run('backfill')
        self.assert_members('backfill', backfill)
        self.assert_members('backfill --dry-run', dry_backfill)
        self.assert_members('verify --dry-run', run('verify', '--dry-run'))
        self.assertEqual(set(run('verify')), set(backfill))
        self.assert_members('sync', run('sync'), dry_sync)
        status = run('status')
        self.assert_members('status', status)
        self.assert_members('a run of status', *status['recent_runs'])
        self.assert_members('fleet', status['fleet'])
        for command in ('pause', 'resume', 'stop'):
            self.assert_members('pause, resume and stop', run(command))
        report = run('report')
        self.assert_members('report', report)
        self.assert_members('contract --dry-run', run('contract', '--dry-run'))
        self.host.step('time-passes')
        self.host.step("delete 'one byte flipped'")
        settled = run('contract', '--settled', '--dry-run')
        self.assertLess(set(settled), set(run('contract', '--dry-run')))
        contract = run('contract', '--yes', '--without-store', 'http', '--archive-dir',
                       str(self.host.directory))
        self.assert_members('contract', contract)
        self.assert_members('contract --revert', run('contract', '--revert'))
        self.assert_members('contract --revert --archive',
                            run('contract', '--revert', '--archive', contract['archive'], '--unsigned'))
        key = str(self.host.directory / 'key.pem')
        subprocess.run(['openssl', 'genpkey', '-algorithm', 'ed25519', '-out', key], check=True)
        public = str(self.host.directory / 'key.pub')
        subprocess.run(['openssl', 'pkey', '-in', key, '-pubout', '-out', public], check=True)
        statements = str(self.host.directory / 'statements.jsonl')
        run('verify', '--attest', key, '--attest-to', statements)
        self.assert_members('attest', run('attest', 'verify', statements, '--key', public))
        self.assert_members('attest missing', run('attest', 'missing', statements, '--key', public))
        self.assert_members('contract --uninstall', run('contract', '--uninstall', '--yes'))


class SourceTest(unittest.TestCase):
    """What the documents say of the sources."""

    def test_ledger_document_has_every_table_and_column_and_no_other(self):
        schema = ledger_schema()
        self.assertIn('backglance_step', schema)
        text = read('docs/ledger.md')
        documented = {}
        for table in re.findall(r'^## (backglance_\w+)$', text, re.MULTILINE):
            documented[table] = [(row[0].strip('`'), row[1].replace(' ', ''))
                                 for row in document.table_rows(text, table)]
        self.assertEqual(documented, {table: [(name, kind.rstrip(',')) for name, kind in columns]
                                      for table, columns in schema.items()})

    def test_every_hazard_of_a_store_names_tests_that_are_there(self):
        text = read('docs/store-hazards.md')
        for heading in ('Every store', 'http', 'swift', 's3', 'rbd', 'The Glance API'):
            for row in document.table_rows(text, heading):
                source, names = '', 0
                for word in document.code_words(row[2]):
                    if word.startswith('tests/'):
                        source = read(word)
                    else:
                        self.assertIn(word, source, row[0])
                        names += 1
                self.assertTrue(names, row[0])

    def test_page_of_what_is_supported_names_tests_that_exist(self):
        build = pathlib.Path(binary).resolve().parent.parent
        listed = subprocess.run(['ctest', '-N'], cwd=build, check=True, stdout=subprocess.PIPE, text=True).stdout
        tests = set(re.findall(r'^ *Test +#\d+: (\S+)$', listed, re.MULTILINE))
        lists = read('tests/CMakeLists.txt')
        products = set(re.findall(r'^backglance_product_tests\((\w+) ', lists, re.MULTILINE))

        def is_slow(name):
            """In the lists of tests that a build without the slow ones leaves out."""
            parts = re.split(r'[.-]', name)
            of_product = parts[1] in products and re.search(r'foreach\(_(?:tag|topic) .*\b%s\b' % parts[2], lists)
            return bool(of_product) or re.search(r'[ (]%s[ )\n]' % re.escape(name), lists)

        cells = [line.split('|')[2].strip() for line in read('docs/support.md').splitlines()
                 if line.startswith('| ') and line.split('|')[2].strip() != 'cell']
        self.assertGreater(len(cells), 15)
        for cell in cells:
            with self.subTest(cell):
                kind, name = re.fullmatch(r'(expected|tested by|slow:|refused:)(?: `([\w.-]+)`)?', cell).groups()
                self.assertEqual(name is None, kind == 'expected')
                if kind == 'tested by':
                    self.assertIn(name, tests)
                elif name:
                    self.assertTrue(name in tests or is_slow(name), name)

    def test_every_result_and_scheme_is_documented(self):
        ledger = read('docs/ledger.md')
        operations = read('docs/operations.md')
        names = set()
        for name, text in re.findall(r'ResultFacts\{ImageResult::\w+, "(\w+)", "([^"]+)"',
                                     read('base/image_result.h')):
            self.assertIn('| `%s` |' % text, operations)
            if name != text.replace(' ', '_').lower():
                self.assertIn('`%s` has another name there: `%s`' % (text, name), ' '.join(operations.split()))
            names.add(name)
        rows = document.table_rows(ledger, 'backglance_item', header='result')
        self.assertTrue(rows)
        for row in rows:
            self.assertLessEqual(set(document.code_words(row[0])), names)
        for name in re.findall(r'\{SignatureScheme::\w+, "(\w+)"',
                               read('glance/signature_properties.cpp')):
            self.assertIn('`%s`' % name, ledger)

    def test_exit_codes_are_those_of_the_program(self):
        codes = set(re.findall(r'= (\d+),', read('cli/exit_code.h')))
        for name in ('README.md', 'docs/operations.md'):
            rows = document.table_rows(read(name), 'Exit codes')
            self.assertEqual({row[0] for row in rows}, codes, name)

    def test_messages_of_the_troubleshooting_table_are_the_sources(self):
        sources = ' '.join(read(path.relative_to(SOURCES)) for path in sorted(SOURCES.rglob('*.cpp'))
                           if path.relative_to(SOURCES).parts[0] not in ('build', 'tests'))
        # a text that is written over several lines, and the placeholders of fmt
        sources = re.sub(r'"\s*\n\s*"', '', sources)
        rows = document.table_rows(read('docs/operations.md'), 'Troubleshooting')
        parts = [part.strip(' :;()') for row in rows for message in document.code_words(row[0])
                 for part in message.split('...')]
        self.assertEqual([part for part in parts if part not in sources], [])

    def test_options_of_operations_are_all_of_backfill(self):
        done = subprocess.run([binary, 'backfill', '--help'], check=True, stdout=subprocess.PIPE,
                              text=True)
        general = {'--help', '--config-file', '--config-dir', '--database', '--store-dir', '--allow-http', '--through-api',
                   '--through-api-unverified', '--json', '--dry-run', '--options'}
        options = set(re.findall(r'^\s+(?:-\w,)?(--[\w-]+)', done.stdout, re.MULTILINE)) - general
        rows = document.table_rows(read('docs/operations.md'), '5. backfill')
        self.assertEqual({document.code_words(row[0])[0].split()[0] for row in rows}, options)

    def test_links_lead_somewhere(self):
        broken = []
        for name in DOCUMENTS:
            for target, section in re.findall(r'\]\(([^)#\s]*)#?([^)\s]*)\)', read(name)):
                path = (SOURCES / name).parent / target if target else SOURCES / name
                if '://' not in target and not (path.exists() and
                                                (not section or section in document.sections(path.read_text()))):
                    broken.append('%s: %s#%s' % (name, target, section))
        self.assertEqual(broken, [])

    def test_paths_are_those_of_the_sources(self):
        broken = []
        for name in DOCUMENTS:
            for path in re.findall(r'`(\w+/[\w./-]+)`', read(name)):
                folder = path.split('/')[0]
                if folder not in ('build', 'dist') and (SOURCES / folder).is_dir() and not (SOURCES / path).exists():
                    broken.append('%s: %s' % (name, path))
        self.assertEqual(broken, [])

    def test_index_names_every_document(self):
        self.assertEqual([path.name for path in sorted(SOURCES.glob('docs/*.md'))
                          if path.name != 'README.md' and '(%s' % path.name not in read('docs/README.md')], [])

    def test_prose_is_wrapped(self):
        long = []
        for name in DOCUMENTS:
            block = False
            for number, line in enumerate(read(name).splitlines(), 1):
                block = block != line.startswith('```')
                if len(line) > 100 and not block and not line.startswith(('|', '```')):
                    long.append('%s:%d' % (name, number))
        self.assertEqual(long, [])


class MatchTest(unittest.TestCase):
    """That a document with wrong output would be found."""

    def test_lines_and_wildcards(self):
        differs = document.first_difference
        self.assertIsNone(differs(['a  b', '...', 'z'], ['a b', 'c', 'd', '', 'z']))
        self.assertIsNone(differs(['a ... z', '...'], ['a b z']))
        self.assertIsNone(differs(['at 2026-03-04 05:06:07'], ['at 2031-01-02 03:04:05']))
        self.assertIn('expected', differs(['a', 'b'], ['a']))
        self.assertIn('expected', differs(['...', 'b'], ['a', 'c']))
        self.assertIn('not expected', differs(['a'], ['a', 'b']))
        self.assertIn('expected', differs(['12 images'], ['13 images']))

    def test_sections_are_named_as_sites_name_them(self):
        self.assertEqual(document.sections('# A b\n## 1. `c`: d, e?\n```\n# no heading\n```\n### f_g-h\n## A b\n'),
                         ['a-b', '1-c-d-e', 'f_g-h', 'a-b-1'])

    def test_commands_exit_codes_and_cron_lines(self):
        found = document.parse('```console\n$ a b    # exit 10\nout\n$ c\n```\n'
                               '<!-- docs_test: delete x -->\n'
                               '```crontab\n# why\n1 2 * * 1-5 glance a --b\n```\n')
        self.assertEqual(found, [document.Command(2, 'a b', 10, ['out']),
                                 document.Command(4, 'c', 0, []), document.Step(6, 'delete x'),
                                 document.Command(9, 'a --b', 0, [])])


if __name__ == '__main__':
    given = len(sys.argv) > 1 and os.access(sys.argv[1], os.X_OK)
    binary = os.path.abspath(sys.argv.pop(1) if given else os.environ['BACKGLANCE'])
    unittest.main()
