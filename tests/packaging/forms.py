# SPDX-License-Identifier: Apache-2.0
"""The program as users get it: in an empty root directory, in a Debian without packages, in a container. Each form
here runs backglance with arguments, beside a site in a temporary directory that it sees under the same path."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
SOURCES = TESTS.parent
sys.path[:0] = [str(TESTS / 'docs')]

import document  # noqa: E402

# How long a run took depends on the machine.
DURATION = re.compile(r'(\b\d+ (h|min|s|ms)\b ?)+')
# crun refuses a host with both kinds of control groups, though it is told to use none: it sees one kind.
ONE_CGROUP = 'mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null || mount -t tmpfs none /sys/fs/cgroup; exec "$@"'
# What mounts, sees and executes within mounts of its own, which end with it.
ENTER = '''set -e
mkdir -p "$ROOT/proc" "$ROOT/dev" "$ROOT$SITE"
mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
mount --bind "$SITE" "$ROOT$SITE"
exec unshare --root="$ROOT" --wd=/ "$@"
'''


def run(*command, code=0, **options):
    done = subprocess.run([str(word) for word in command], check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=900, **options)
    if code is not None and done.returncode != code:
        raise AssertionError('%s: exit code %s\n%s\n%s' % (command, done.returncode, done.stdout, done.stderr))
    return done


def in_root(root, site, *command, code=0, environment=None):
    """Runs a command with another root directory, as root, with nothing of this environment."""
    return run('unshare', '--mount', '--propagation=private', 'sh', '-c', ENTER, 'sh', *command, code=code,
               env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'ROOT': str(root), 'SITE': str(site),
                    **(environment or {})})


def this_release():
    return re.search(r'(?m)^VERSION_CODENAME=(\w+)', pathlib.Path('/etc/os-release').read_text()).group(1)


def make_root(release, root, variant='essential', include=''):
    """A Debian with its essential packages only (variant apt: and apt), from the mirror that this host's apt uses."""
    uri = run('apt-get', 'indextargets', '--format', '$(REPO_URI)', 'Origin: Debian',
              'Created-By: Packages').stdout.split()
    mirror = sorted(name for name in set(uri) if 'security' not in name)[0]
    keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
    # Without mounts, so that it also runs where a container forbids them.
    run('mmdebstrap', '--mode=root', '--variant=%s' % variant,
        *(['--include=%s' % include] if include else []), '--keyring=%s' % keyring,
        '--aptopt=Acquire::Check-Valid-Until "false"', '--aptopt=Acquire::Retries "3"', release, root,
        'deb [signed-by=%s] %s %s main' % (keyring, mirror, release))


class Site:
    """The demo site, and what a finished run leaves in it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        run('/usr/bin/python3', '-B', TESTS / 'site' / 'make_site.py', self.folder)
        self.config = self.folder / 'glance-api.conf'
        self.database = self.folder / 'glance.sqlite'
        self.pristine = self.database.read_bytes()

    def reset(self, owner=0):
        for leftover in self.folder.glob('glance.sqlite-*'):
            leftover.unlink()
        self.database.write_bytes(self.pristine)
        run('chown', '-R', '%d:%d' % (owner, owner), self.folder)

    def main_job(self, execute):
        """Runs expand, migrate, backfill, report and check by execute(*arguments, code=...); gives the report
        and the last line of check, without what differs from run to run."""
        common = ('--config-file', self.config)
        execute(*common, 'expand')
        execute(*common, 'migrate')
        execute(*common, 'backfill', '--certificates', self.folder / 'certificates', code=10)
        said = execute(*common, 'report').stdout + execute(*common, 'check', code=4).stdout
        assert 'hashed' in said and 'checksum differs' in said, said
        for pattern, word in document.VARYING:
            said = pattern.sub(word, said)
        return DURATION.sub('<duration> ', said)


class Container:
    """An OCI image, unpacked once and run by crun."""

    def __init__(self, layout, tag, folder):
        self.folder = pathlib.Path(folder)
        run('umoci', 'unpack', '--image', '%s:%s' % (layout, tag), self.folder)
        self.config = json.loads((self.folder / 'config.json').read_text())
        self.number = 0

    def run(self, user, site, *arguments, code=0):
        """As user, with a read-only root and without capabilities; the site is the one directory that is written."""
        self.number += 1
        bundle = self.folder.with_name('%s-%d-%d' % (self.folder.name, os.getpid(), self.number))
        bundle.mkdir()
        config = json.loads(json.dumps(self.config))
        process = config['process']
        process['terminal'] = False
        process['user'] = {'uid': user, 'gid': user}
        process['args'] = ['/usr/bin/backglance', *map(str, arguments)]
        process['capabilities'] = {name: [] for name in ('bounding', 'effective', 'permitted')}
        process['noNewPrivileges'] = True
        process.pop('rlimits', None)
        # The report names the host of a run.
        config['hostname'] = os.uname().nodename
        config['root'] = {'path': str(self.folder / 'rootfs'), 'readonly': True}
        config['mounts'] = [mount for mount in config['mounts'] if mount['type'] != 'cgroup']
        config['mounts'].append({'destination': str(site), 'type': 'bind', 'source': str(site),
                                 'options': ['rbind', 'rw']})
        # Of this host's: a database server listens there.
        config['linux']['namespaces'] = [{'type': name} for name in ('pid', 'ipc', 'uts', 'mount')]
        config['linux'].pop('resources', None)
        config['linux'].pop('cgroupsPath', None)
        (bundle / 'config.json').write_text(json.dumps(config))
        try:
            return run('unshare', '--mount', '--propagation=private', 'sh', '-c', ONE_CGROUP, 'sh', 'crun', '--cgroup-manager=disabled', 'run', '--bundle', bundle, bundle.name, code=code)
        finally:
            shutil.rmtree(bundle)
