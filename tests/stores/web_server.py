# SPDX-License-Identifier: Apache-2.0
"""Real web servers for http locations: nginx, and Python's http.server, which knows neither Range nor ETag."""

import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.request

from servers import free_port

START_SECONDS = 20


class _WebServer:
    """Serves the files of `directory`; port 0: any free one."""

    def __init__(self, directory, scratch):
        self.directory, self.scratch = pathlib.Path(directory), pathlib.Path(scratch)
        self.port = free_port()
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def command(self):
        raise NotImplementedError

    def start(self):
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with urllib.request.urlopen(self.url('/'), timeout=5):
                    return
            except urllib.error.HTTPError:
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.05)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()

    def url(self, path, user=''):
        return 'http://%s127.0.0.1:%d%s' % (user + '@' if user else '', self.port, path)


class Nginx(_WebServer):
    def command(self):
        configuration = self.scratch / 'nginx.conf'
        paths = '\n'.join('%s_temp_path %s;' % (word, self.scratch / word)
                          for word in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
        configuration.write_text('''
daemon off;
%s
pid %s/nginx.pid;
error_log %s/error.log;
events {}
http {
  log_format asked '$request_method $uri $status $http_range';
  access_log %s/access.log asked;
  %s
  server { listen 127.0.0.1:%d; root %s; location = /favicon.ico { return 204; } }
}
''' % ('user root;' if os.geteuid() == 0 else '', self.scratch, self.scratch, self.scratch, paths, self.port,
            self.directory))
        return ['/usr/sbin/nginx', '-e', str(self.scratch / 'error.log'), '-c', str(configuration)]

    def asked(self):
        return (self.scratch / 'access.log').read_text().splitlines()


class PythonServer(_WebServer):
    def command(self):
        return [sys.executable, '-m', 'http.server', '--bind', '127.0.0.1', '--directory', str(self.directory),
                str(self.port)]
