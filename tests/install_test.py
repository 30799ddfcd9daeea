#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What scripts/install does with the administrator's own policy-rc.d.

The script is run in mounts of its own, with an empty /usr/sbin and an apt-get that does what each test
tells it to: no package is installed.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / 'scripts' / 'install'
THEIRS = '#!/bin/sh\nexit 104\n'

# Says "installed" once apt-get has ended.
DPKG_QUERY = '#!/bin/sh\n[ ! -e "$STATE/installed" ] || printf installed\n'
# Waits as long as there is a file "wait", and notes the policy under which it installs.
APT_GET = '''#!/bin/sh
[ "$*" != "${*%install*}" ] || exit 0
touch "$STATE/at-work"
while [ -e "$STATE/wait" ]; do sleep 0.05; done
cat /usr/sbin/policy-rc.d >>"$STATE/policies"
touch "$STATE/installed"
'''


class Install(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix='backglance-install-'))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        for name in ('bin', 'sbin', 'state'):
            (self.directory / name).mkdir()
        for name, text in (('dpkg-query', DPKG_QUERY), ('apt-get', APT_GET)):
            path = self.directory / 'bin' / name
            path.write_text(text)
            path.chmod(0o755)
        self.state = self.directory / 'state'
        self.policy = self.directory / 'sbin' / 'policy-rc.d'
        self.wait = self.state / 'wait'

    def start(self):
        user = () if os.getuid() == 0 else ('--map-root-user',)
        inside = 'mount --bind "$1" /usr/sbin && shift && exec "$@"'
        return subprocess.Popen(
            ['unshare', '--mount', *user, 'sh', '-c', inside, 'sh', str(self.directory / 'sbin'),
             'bash', str(SCRIPT), 'build'],
            env=dict(os.environ, STATE=str(self.state),
                     PATH='%s:/usr/bin:/bin:/usr/sbin:/sbin' % (self.directory / 'bin')),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish(self, process, code=0):
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, code, out + err)

    def wait_for(self, condition):
        end = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), end, 'waited in vain')
            time.sleep(0.02)

    def start_and_wait(self):
        self.wait.touch()
        process = self.start()
        self.wait_for((self.state / 'at-work').exists)
        return process

    def killed(self):
        process = self.start_and_wait()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        process.stderr.close()
        self.wait.unlink()

    def left(self):
        return {path.name: path.read_text() for path in self.policy.parent.iterdir()}

    def test_services_are_held_back_and_nothing_is_left(self):
        self.finish(self.start())
        self.assertIn('exit 101', (self.state / 'policies').read_text())
        self.assertEqual(self.left(), {})

    def test_the_administrators_own_is_put_back(self):
        self.policy.write_text(THEIRS)
        self.finish(self.start())
        self.assertIn('exit 101', (self.state / 'policies').read_text())
        self.assertEqual(self.left(), {'policy-rc.d': THEIRS})

    def test_the_run_after_one_that_was_killed_puts_it_back(self):
        self.policy.write_text(THEIRS)
        self.killed()
        self.assertNotEqual(self.left(), {'policy-rc.d': THEIRS})
        # apt-get has gone on by itself, so that nothing is missing any more
        self.finish(self.start())
        self.assertEqual(self.left(), {'policy-rc.d': THEIRS})

    def test_it_is_put_back_even_if_packages_are_still_missing(self):
        self.policy.write_text(THEIRS)
        self.killed()
        self.wait_for((self.state / 'installed').exists)
        (self.state / 'installed').unlink()
        self.finish(self.start())
        self.assertEqual(self.left(), {'policy-rc.d': THEIRS})

    def test_only_our_own_file_is_removed_after_a_kill(self):
        self.killed()
        self.finish(self.start())
        self.assertEqual(self.left(), {})

    def test_a_file_that_was_made_since_is_not_overwritten(self):
        self.policy.write_text(THEIRS)
        self.killed()
        self.wait_for((self.state / 'installed').exists)
        self.policy.write_text('#!/bin/sh\nexit 0\n')
        self.finish(self.start(), code=1)
        self.assertEqual(sorted(self.left().values()), ['#!/bin/sh\nexit 0\n', THEIRS])

    def test_two_runs_at_a_time_go_one_after_the_other(self):
        self.policy.write_text(THEIRS)
        first = self.start_and_wait()
        second = self.start()
        time.sleep(0.5)
        self.assertIsNone(second.poll())
        self.wait.unlink()
        self.finish(first)
        self.finish(second)
        self.assertEqual(self.left(), {'policy-rc.d': THEIRS})
        self.assertEqual((self.state / 'policies').read_text().count('exit 101'), 1)


if __name__ == '__main__':
    unittest.main()
