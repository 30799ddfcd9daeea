#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of check_includes.py, each with a file that breaks it."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

import check_includes

LICENCE = '// SPDX-License-Identifier: Apache-2.0\n'


def faults(path, text):
    return list(check_includes.faults(pathlib.PurePath(path), LICENCE + text))


class IncludeTest(unittest.TestCase):
    def test_a_module_may_not_include_one_above_it(self):
        for path, header in (('base/text.cpp', 'glance/site.h'), ('sql/session.cpp', 'ledger/queue.h'),
                             ('ledger/queue.h', 'read/reader.h'), ('read/reader.h', 'backfill/backfill.h'),
                             ('store/stores.cpp', 'sql/images.h'), ('report/html.cpp', 'read/reader.h'),
                             ('backfill/backfill.cpp', 'verify/verify.h'), ('contract/contract.cpp', 'cli/json.h')):
            found = faults(path, '#include "%s"\n' % header)
            self.assertEqual(len(found), 1, path)
            self.assertIn('includes ' + header, found[0])

    def test_a_module_may_include_those_below_it(self):
        for path, header in (('glance/site.cpp', 'base/text.h'), ('ledger/queue.h', 'sql/session.h'),
                             ('verify/verify.cpp', 'read/reader.h'), ('contract/archive.cpp', 'attest/key.h'),
                             ('cli/job.cpp', 'backfill/backfill.h'), ('read/reader.cpp', 'read/pace/bandwidth.h')):
            self.assertEqual(faults(path, '#include "%s"\n' % header), [], path)

    def test_a_subfolder_has_a_stricter_rule_than_its_module(self):
        self.assertEqual(len(faults('read/pace/window.h', '#include "read/reader.h"\n')), 1)
        self.assertEqual(len(faults('read/pace/window.h', '#include "ledger/queue.h"\n')), 1)
        self.assertEqual(faults('store/file/file_store.cpp', '#include "store/source.h"\n'), [])
        self.assertEqual(len(faults('store/file/file_store.cpp', '#include "sql/session.h"\n')), 1)
        self.assertEqual(len(faults('read/reader.cpp', '#include "store/file/file_store.h"\n')), 1)
        self.assertEqual(faults('store/registry.cpp', '#include "store/file/file_store.h"\n'), [])

    def test_databases_are_for_sql_alone(self):
        self.assertEqual(len(faults('ledger/queue.cpp', '#include <soci/soci.h>\n')), 1)
        self.assertEqual(len(faults('sql/session.cpp', '#include <soci/soci.h>\n#include <sqlite3.h>\n')), 1)

    def test_only_the_console_prints(self):
        for text in ('fmt::print(stderr, "x");', 'std::cerr << x;', 'printf("x");'):
            self.assertEqual(len(faults('cli/job.cpp', text)), 1, text)
        self.assertEqual(faults('cli/job.cpp', 'print_err("x"); snprintf(a, 1, "x");'), [])

    def test_a_circle_is_found_through_headers_and_sources(self):
        texts = {pathlib.PurePath(path): text for path, text in {
            'base/a.h': '', 'base/a.cpp': '#include "base/b.h"\n',
            'base/b.h': '#include "base/c.h"\n', 'base/c.h': '', 'base/c.cpp': '#include "base/a.h"\n',
            'base/d.cpp': '#include "base/a.h"\n'}.items()}
        self.assertEqual(list(check_includes.circles(texts)), ['base/a -> base/b -> base/c -> base/a'])
        del texts[pathlib.PurePath('base/c.cpp')]
        self.assertEqual(list(check_includes.circles(texts)), [])

    def test_two_headers_may_not_define_one_type(self):
        texts = {pathlib.PurePath('base/a.h'): 'struct Opened {\n};\n',
                 pathlib.PurePath('store/b.h'): 'class Opened : public Base {\n};\nstruct Other;\n',
                 pathlib.PurePath('store/c.h'): 'struct Other;\n'}
        self.assertEqual(check_includes.twins(texts), ['Opened is defined in base/a.h and store/b.h'])

    def test_every_source_says_its_licence(self):
        self.assertEqual(len(list(check_includes.faults(pathlib.PurePath('base/a.cpp'), 'int x;\n'))), 1)


class SqlFilesTest(unittest.TestCase):
    """The build refuses files of SQL of which the program would silently use only one."""

    def embed(self, **texts):
        root = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, root)
        files = []
        for name, text in texts.items():
            file = root / name.replace('__', '/')
            file = file.with_name(file.name + '.sql')
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            files.append(str(file))
        made = subprocess.run(
            ['cmake', '-DOUTPUT=%s' % (root / 'made.cpp'), '-DFUNCTION=sql_files', '-DROOT=%s' % root,
             '-DINPUTS=%s' % ';'.join(files), '-P',
             str(pathlib.Path(__file__).resolve().parent.parent / 'cmake' / 'embed_text.cmake')],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding='utf-8', check=False)
        return made.returncode, ' '.join(made.stdout.split())

    def refused(self, words, **texts):
        code, told = self.embed(**texts)
        self.assertNotEqual(code, 0)
        self.assertIn(words, told)

    def test_a_topic_lies_in_one_folder(self):
        self.refused('sql/load.sql and read/load.sql', sql__load='', read__load='')
        self.refused('topic load', **{'sql__load.mysql': '', 'read__pace__load': ''})
        self.refused('topic load', **{'sql__load': '', 'sql__0007_x__load': ''})
        self.refused('only the files of a schema step', expand__expand='', sql__0007_x__expand='')
        self.refused('step number 0007', sql__0007_x__expand='', sql__0007_y__expand='')
        self.refused('0007_x', sql__0007_x__expand='', ledger__0007_x__uninstall='')

    def test_a_file_has_each_statement_once(self):
        self.refused('twice', sql__load='-- name: of\nSELECT 1;\n-- name: on\nSELECT 1;\n-- name: of\nSELECT 2;\n')

    def test_engines_and_steps_have_files_of_one_name(self):
        code, told = self.embed(**{
            'sql__load': '-- name: of\nSELECT 1;\n-- name: off\nSELECT 1;\n', 'sql__load.mysql': '-- name: of\nSELECT 2;\n',
            'sql__0007_x__expand': '', 'sql__0008_y__expand.sqlite': '', 'sql__0008_y__expand.mysql': '',
            'read__windows': ''})
        self.assertEqual(code, 0, told)


if __name__ == '__main__':
    unittest.main()
