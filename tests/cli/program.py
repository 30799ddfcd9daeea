# SPDX-License-Identifier: Apache-2.0
"""Runs the program as a user does, and looks at what it leaves.

Each test file here ends with `program.main()` and is called

    /usr/bin/python3 tests/cli/<topic>_test.py [BINARY] [unittest's own arguments]

BINARY, else the variable BACKGLANCE, is the program. Needs Debian's glance-common, for Glance's schema.
"""

import atexit
import fcntl
import hashlib
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
SOURCES = TESTS.parent
sys.path[:0] = [str(TESTS / 'site'), str(TESTS / 'servers')]

# The exit codes that README and --help promise.
DONE, FAILED, USAGE, EXPAND_DUE, MIGRATE_DUE, CONTRACT_DUE = range(6)
FINDINGS, LOCKED, INTERRUPTED = 10, 11, 130
EXIT_CODES = {0, 1, 2, 3, 4, 5, 10, 11, 12, 130}
COMMANDS = ('status', 'plan', 'expand', 'migrate', 'backfill', 'verify', 'report', 'contract', 'sync',
            'pause', 'resume', 'stop', 'check')
CHANGING = ('expand', 'migrate', 'backfill', 'verify', 'contract', 'sync', 'pause', 'resume', 'stop')

# Generous: the suite also runs under sanitizers, on busy machines.
TIMEOUT = 300


class _Globals:
    binary = None
    scratch = None


def binary():
    return _Globals.binary


def set_binary(path):
    _Globals.binary = os.path.abspath(path)


def scratch():
    """A directory of this process, removed when it ends. Other users may look into it."""
    if _Globals.scratch is None:
        directory = tempfile.mkdtemp(prefix='backglance-test-')
        os.chmod(directory, 0o755)
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        _Globals.scratch = pathlib.Path(directory)
    return _Globals.scratch


class Result:
    def __init__(self, arguments, code, out, err):
        self.arguments = [str(argument) for argument in arguments]
        self.code = code
        self.out = out
        self.err = err

    def __str__(self):
        return '%s: exit code %s\n--- stdout\n%s\n--- stderr\n%s' % (
            ' '.join(self.arguments), self.code, self.out[-4000:], self.err[-4000:])

    @property
    def object(self):
        """Standard output as the one JSON object that it must be, and nothing else."""
        value = json.loads(self.out)
        if not isinstance(value, dict):
            raise AssertionError('not an object: %s' % self)
        return value


def _text(data):
    return data.decode('utf-8', 'surrogateescape')


def start(*arguments, prefix=(), **options):
    """Starts the program; its output goes to pipes unless `options` say otherwise."""
    options.setdefault('stdin', subprocess.DEVNULL)
    options.setdefault('stdout', subprocess.PIPE)
    options.setdefault('stderr', subprocess.PIPE)
    return subprocess.Popen([*prefix, binary(), *map(str, arguments)], **options)


def finish(process, *, timeout=TIMEOUT):
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AssertionError('still running after %d s: %s' % (timeout, process.args)) from None
    return Result(process.args, process.returncode, _text(out or b''), _text(err or b''))


def run(*arguments, prefix=(), timeout=TIMEOUT, **options):
    return finish(start(*arguments, prefix=prefix, **options), timeout=timeout)


class Terminal:
    """A pseudo-terminal: `slave` is for the program, `text` is what it has written so far."""

    def __init__(self, columns=120):
        self.master, self.slave = pty.openpty()
        size = struct.pack('HHHH', 40, columns, 0, 0)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, size)
        self.text = ''

    def read(self, seconds):
        """Reads what comes within so many seconds; False at the end."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:  # EIO: the other side is closed
            return False
        self.text += _text(data)
        return bool(data)

    def read_until(self, word, seconds=TIMEOUT):
        end = time.monotonic() + seconds
        while word not in self.text:
            if time.monotonic() > end or not self.read(0.1):
                raise AssertionError('no %r in %r' % (word, self.text))

    def read_all(self):
        """What is left once the program has ended."""
        os.close(self.slave)
        while self.read(5):
            pass

    def write(self, text):
        os.write(self.master, text.encode())

    def close(self):
        for fd in (self.master, self.slave):
            try:
                os.close(fd)
            except OSError:
                pass


def stop(process, number=signal.SIGINT):
    process.send_signal(number)
    return finish(process)


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError('waited %d s in vain' % seconds)
        time.sleep(0.01)


def file_digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def tree_digest(directory):
    """Of the names and bytes of every regular file below the directory."""
    digest = hashlib.sha256()
    for path in sorted(pathlib.Path(directory).rglob('*')):
        if path.is_file() and not path.is_symlink():
            digest.update(os.fsencode(path) + b'\0' + path.read_bytes())
    return digest.hexdigest()


class ProgramTest(unittest.TestCase):
    maxDiff = None

    def scratch(self):
        """A new empty directory, removed after the test."""
        directory = pathlib.Path(tempfile.mkdtemp(dir=scratch()))
        os.chmod(directory, 0o755)
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        return directory

    def program(self, *arguments, code=DONE, **options):
        """Runs the program and holds it to its exit code."""
        result = run(*arguments, **options)
        self.assert_code(result, code)
        return result

    def assert_code(self, result, code):
        codes = code if isinstance(code, (tuple, set)) else (code,)
        self.assertIn(result.code, codes, str(result))
        self.assertNotIn('internal error', result.err, str(result))

    def refused(self, *arguments, code=FAILED, words=(), **options):
        """Runs the program, which must say in one line on standard error why it does not go on."""
        result = self.program(*arguments, code=code, **options)
        self.assert_one_line(result, words)
        return result

    def assert_one_line(self, result, words=()):
        lines = result.err.splitlines()
        self.assertEqual(len(lines), 1, str(result))
        self.assertTrue(lines[0].startswith('backglance: '), str(result))
        self.assertLess(len(lines[0]), 1000, str(result))
        for word in words:
            self.assertIn(word, lines[0], str(result))


def main():
    arguments = sys.argv[1:]
    path = os.environ.get('BACKGLANCE')
    if arguments and not arguments[0].startswith('-') and os.access(arguments[0], os.X_OK):
        path = arguments.pop(0)
    if not path:
        sys.exit('%s: give the program as first argument or in BACKGLANCE' % sys.argv[0])
    set_binary(path)
    unittest.main(argv=[sys.argv[0], *arguments])
