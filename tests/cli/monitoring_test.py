#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The metrics of runs and of the site in one file, and what is made of them: alert rules and a dashboard.

Prometheus's own promtool judges both; without it (scripts/install packaging) its part is skipped.
"""

import json
import re
import shutil
import subprocess
import unittest

import program
from program import FINDINGS, USAGE
import sites

PACKAGING = program.SOURCES / 'packaging'
RULES = PACKAGING / 'prometheus' / 'backglance.rules.yml'
PROMTOOL = shutil.which('promtool', path='/usr/bin:/usr/local/bin')


def samples(text):
    return dict(re.findall(r'(?m)^([^#\s][^\n]*) (\S+)$', text))


def names(text):
    return set(re.findall(r'\bbackglance_\w+', text))


class Monitoring(sites.SmallSiteTest):
    def setUp(self):
        super().setUp()
        self.file = self.site.directory / 'backglance.prom'
        self.images = [self.site.add(b'image %d' % number) for number in range(3)]
        self.lost = self.site.add(b'x', location='file://%s/none' % self.site.store)
        self.site.add_legacy_signature(self.images[0])

    def text(self):
        return self.file.read_text()

    def everything(self):
        """A site on which each family of metrics has a sample."""
        self.sync('--grace', '0s', code=FINDINGS, *('--metrics', self.file))
        self.site.path_of(self.images[1]).write_bytes(b'damaged')
        self.on_site('verify', '--metrics', self.file, code=FINDINGS)
        self.on_site('backfill', '--metrics', self.file)
        self.on_site('status', '--metrics', self.file)
        return self.text()

    def test_commands_share_a_file_and_the_site_has_its_figures(self):
        # Before expand too
        self.on_site('status', '--metrics', self.file)
        self.assertEqual(samples(self.text())['backglance_site_images_without_hash'], '4')
        self.assertEqual(samples(self.text())['backglance_site_due{command="expand"}'], '1')
        found = samples(self.everything())
        for command, code in (('sync', '10'), ('verify', '10'), ('backfill', '0')):
            self.assertEqual(found['backglance_exit_code{command="%s"}' % command], code)
            self.assertIn('backglance_last_success_timestamp_seconds{command="%s"}' % command, found)
        expected = {'images': '4', 'images_with_hash': '3', 'images_without_hash': '1',
                    'findings{by="backfill",result="missing"}': '1', 'findings{by="verify",result="missing"}': '1',
                    'findings{by="verify",result="checksum_differs"}': '1',
                    'findings{by="backfill",result="checksum_differs"}': '0', 'signatures_past_deadline': '1',
                    'signature_findings': '0',
                    # the one that is lost, and the one that is damaged although it was proved before
                    'images_never_proved': '2', 'store_images_without_hash{store="",type="file"}': '1',
                    'store_readable{store="",type="file"}': '1', 'paused': '0', 'runs': '0'}
        self.assertEqual({name: found.get('backglance_site_' + name) for name in expected}, expected)
        proved = self.site.database.value('SELECT min(verified_at) FROM backglance_verify WHERE result = ?', 'verified')
        self.assertEqual(int(found['backglance_site_oldest_proof_timestamp_seconds']), proved)
        # Writing again replaces, and doubles nothing.
        lines = self.text().splitlines()
        self.on_site('status', '--metrics', self.file)
        self.assertEqual(len(self.text().splitlines()), len(lines))
        series = re.findall(r'(?m)^([^#\s].*) \S+$', self.text())
        self.assertEqual(len(series), len(set(series)))

    def test_commands_that_write_at_the_same_time_lose_nothing(self):
        self.sync('--metrics', self.file, code=FINDINGS)
        running = [program.start(*command, *self.site.options, '--metrics', self.file, cwd=self.site.directory)
                   for command in (('verify',), ('backfill', '--retry-failed'), *[('status',)] * 4)]
        for process in running:
            self.assert_code(program.finish(process), (0, FINDINGS))
        found = samples(self.text())
        for command in ('sync', 'verify', 'backfill'):
            self.assertEqual(found['backglance_run_state{command="%s",state="findings"}' % command], '1')
        self.assertIn('backglance_site_update_timestamp_seconds', found)
        self.assertEqual(list(self.site.directory.glob('*.part-*')), [])

    def test_status_refuses_a_file_that_is_not_for_metrics(self):
        other = self.site.directory / 'other'
        other.write_text('mine\n')
        for file in (other, '-', self.site.config, self.site.store / 'x'):
            self.refused('status', *self.site.options, '--metrics', file, code=USAGE)
        self.assertEqual(other.read_text(), 'mine\n')
        self.refused('status', *self.site.options, '--metrics', self.site.directory / 'no' / 'x')

    def test_rules_and_dashboard_name_metrics_that_exist(self):
        there = names(self.everything())
        dashboard = (PACKAGING / 'grafana' / 'backglance.json').read_text()
        ids = [panel['id'] for panel in json.loads(dashboard)['panels']]
        self.assertEqual(len(ids), len(set(ids)))
        for text in (dashboard, RULES.read_text(), RULES.with_suffix('.test.yml').read_text()):
            self.assertGreater(len(names(text)), 5)
            self.assertEqual(names(text) - there, set())
        # What the documents list is what is written.
        page = (program.SOURCES / 'docs' / 'operations.md').read_text()
        self.assertEqual(there - names(page), set())

    @unittest.skipUnless(PROMTOOL, 'promtool is not installed')
    def test_promtool_accepts_the_metrics_and_the_rules(self):
        checked = subprocess.run([PROMTOOL, 'check', 'metrics'], input=self.everything(), stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
        self.assertEqual((checked.returncode, checked.stdout), (0, ''))
        for verb, file in (('check', RULES), ('test', RULES.with_suffix('.test.yml'))):
            done = subprocess.run([PROMTOOL, verb, 'rules', file], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True)
            self.assertEqual(done.returncode, 0, done.stdout)
        # Each alert is tried.
        alerts = set(re.findall(r'alert: (\w+)', RULES.read_text()))
        tried = set(re.findall(r'alertname: (\w+)\n', RULES.with_suffix('.test.yml').read_text()))
        self.assertEqual(alerts, tried)


program.main()
