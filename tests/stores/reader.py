# SPDX-License-Identifier: Apache-2.0
"""Drives store_reader (tests/stores/store_reader.cpp), which reads locations as backfill does."""

import hashlib
import json
import os
import signal
import subprocess


class _Globals:
    binary = None


def set_binary(path):
    _Globals.binary = os.path.abspath(path)


def binary():
    return _Globals.binary


class Reader:
    """One store_reader with one configuration. `said` is everything that it has written."""

    def __init__(self, config_file, *arguments, before=()):
        self.said = ''
        self.process = subprocess.Popen([*before, _Globals.binary, str(config_file), *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.said += self.process.stdout.read()
        self.process.stdout.close()
        self.process.wait()

    def _answer(self):
        line = self.process.stdout.readline()
        self.said += line
        try:
            return json.loads(line)
        except ValueError:
            self.process.stdin.close()  # else it waits for us
            self.said += self.process.stdout.read()
            raise AssertionError('store_reader says: ' + self.said) from None

    def _send(self, text):
        self.process.stdin.write(text + '\n')
        self.process.stdin.flush()

    def read(self, value, meta_data='', **more):
        self._send(json.dumps({'value': value, 'meta_data': meta_data, **more}))
        return self._answer()

    def begin(self, value, pause_after, meta_data=''):
        """Reads so many bytes; end() reads the rest."""
        answer = self.read(value, meta_data, pause_after=pause_after)
        if answer != {'paused': True}:
            raise AssertionError('not paused: %s' % answer)

    def send(self, asked):
        """Asks, and does not wait for the answer()."""
        self._send(json.dumps(asked))

    def answer(self):
        return self._answer()

    def begin_to_end(self):
        """Lets the read go on, and does not wait for it."""
        self._send('')

    def end(self):
        self._send('')
        return self._answer()

    def survey(self):
        """Of each place of the configuration why it is away; '' if it is there."""
        self._send(json.dumps({'survey': True}))
        return {place['place']: place['away'] for place in self._answer()['survey']}

    def ask_to_stop(self):
        self.process.send_signal(signal.SIGTERM)


def digests(data):
    return {'md5': hashlib.md5(data).hexdigest(), 'sha512': hashlib.sha512(data).hexdigest(), 'bytes': len(data),
            'length': len(data)}
