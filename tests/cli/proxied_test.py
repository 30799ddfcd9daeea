#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Behind a proxy that does what ProxySQL does: another version in the handshake, errors of its own while no server can
be reached, variables of a session that it drops; and a primary that takes no writes for a while."""

import re
import urllib.parse

import program
from program import DONE, FAILED
import databases
import proxy
import sites

MAX_CONNECT = (9001, 'Max connect timeout reached while reaching hostgroup 10 after 10000ms')
READ_ONLY = (1290, 'The MariaDB server is running with the --read-only option so it cannot execute this statement')
WRITES = ('INSERT', 'UPDATE', 'DELETE')


def first_variable(text):
    """Drops all variables but the first of a SET, as a proxy that does not understand the others."""
    return re.split(r', SESSION|/\*', text)[0] if text.startswith('SET SESSION') else text


class ProxiedTest(sites.SmallSiteTest):
    def setUp(self):
        super().setUp()
        port = urllib.parse.urlsplit(databases.server_url()).port
        self.proxy = proxy.Proxy('mysql', port)
        self.addCleanup(self.proxy.__exit__)

    def here(self):
        url = self.site.database.url
        return ('--database', url.replace(':%d/' % self.proxy.server_port, ':%d/' % self.proxy.port),
                '--store-dir', self.site.store)

    def test_handshake_is_not_believed(self):
        """WAIT 1 is what MariaDB alone understands, and what keeps writers from waiting for long."""
        self.proxy.handshake = '8.0.11'
        self.assertIn('WAIT 1', self.program('plan', *self.here(), code={0, 3}).out)

    def test_variables_that_are_dropped_are_set_again(self):
        self.proxy.rewrite = first_variable
        self.program('status', *self.here())
        self.assertIn('SET SESSION idle_transaction_timeout = 60', self.proxy.statements)

    def test_variable_that_cannot_be_set_is_said(self):
        self.proxy.rewrite = lambda text: 'DO 0' if text.startswith('SET SESSION lock_wait') else text
        self.refused('status', *self.here(), code=FAILED, words=['lock_wait_timeout', 'proxy'])

    def backfill_over(self, refusal):
        self.big_site(8, 64 * 1024)
        self.on_site('expand')
        self.on_site('migrate')
        process = program.start('backfill', *self.here(), '--bandwidth', '128K')
        program.wait_for(lambda: any(row[1] for row in self.site.hashes().values()))
        refused = []

        def refuse(text):
            answer = refusal(text)
            if answer:
                refused.append(text)
            return answer
        self.proxy.refusal = refuse
        program.wait_for(lambda: len(refused) > 5)
        self.proxy.refusal = None
        self.assert_code(program.finish(process), DONE)
        self.assertEqual(sum(row[1] is not None for row in self.site.hashes().values()), 8)

    def test_proxy_without_a_server_is_waited_for(self):
        self.backfill_over(lambda text: MAX_CONNECT)

    def test_primary_that_takes_no_writes_is_waited_for(self):
        self.backfill_over(lambda text: text.lstrip().startswith(WRITES) and READ_ONLY)


if __name__ == '__main__':
    program.main()
