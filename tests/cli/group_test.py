#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A group of MySQL's Group Replication with one member, first in multi-primary mode and then with a single primary."""

import program
from program import DONE, FAILED, FINDINGS
import databases
import own_server
import servers
import sites

GROUP = '5f1d5bd2-0c4c-4f5e-9f0f-1b0d7a3c2e11'


def settings():
    return ('--log-bin=binlog', '--server-id=1', '--gtid-mode=ON', '--enforce-gtid-consistency=ON',
            '--log-bin-trust-function-creators=ON', '--plugin-load-add=group_replication.so',
            '--group-replication-group-name=' + GROUP, '--group-replication-start-on-boot=OFF',
            '--group-replication-local-address=127.0.0.1:%d' % servers.free_port(),
            '--group-replication-single-primary-mode=OFF',
            '--group-replication-enforce-update-everywhere-checks=ON')


class GroupTest(sites.SmallSiteTest):
    @classmethod
    def setUpClass(cls):
        cls.server = own_server.get()
        cls.server.stop()
        cls.server.more = settings()
        cls.server.start()
        for statement in ('SET GLOBAL group_replication_bootstrap_group = ON',
                          "START GROUP_REPLICATION USER = 'tester', PASSWORD = '%s'" % servers.PLAIN_PASSWORD):
            databases.admin(statement)
        super().setUpClass()

    def test_each_member_may_write(self):
        self.assertIn('Group Replication, multi-primary', self.on_site('status').out)
        before = self.site.database.tables()
        result = self.refused('expand', *self.site.options, code=FAILED, words=['multi-primary'])
        self.assertIn('switch_to_single_primary_mode', result.err)
        self.assertEqual(self.site.database.tables(), before)

        databases.admin('SELECT group_replication_switch_to_single_primary_mode()')
        status = self.on_site('status').out
        self.assertIn('member of a cluster (Group Replication)', status)
        self.site.add(b'image' * 1000)
        self.on_site('expand')
        self.on_site('migrate')
        self.on_site('backfill', code={DONE, FINDINGS})
        self.assertTrue(all(row[1] for row in self.site.hashes().values()))


if __name__ == '__main__':
    program.main()
