#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A key manager that answers as it is told, until it is killed. A process of its own, because the clients of OpenStack
turn threads into something else.

    damaged.py ANSWERS SECONDS [CERTIFICATE KEY]

ANSWERS is a JSON file: status, type and body (base64) for each of `list`, `secret` and `payload`, and for secrets of
their own by their ids. A payload comes after so many seconds. Prints its port, and a line for each request.
"""

import base64
import contextlib
import http.server
import json
import pathlib
import ssl
import sys
import time


def main(answers, seconds, *tls):
    told = json.loads(pathlib.Path(answers).read_text())

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # pylint: disable=invalid-name
            kind = 'list' if 'limit=' in self.path else 'payload' if self.path.endswith('/payload') else 'secret'
            print(kind, flush=True)
            if kind == 'payload':
                time.sleep(float(seconds))
            status, content_type, body = told.get(self.path.split('/')[-1], told[kind])
            body = base64.b64decode(body)
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header('Content-Type', content_type)
                self.send_header('Content-Length', str(len(body)))
                self.send_header('Location', 'http://127.0.0.1:1/')
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_):  # pylint: disable=arguments-differ
            pass
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == '__main__':
    main(*sys.argv[1:])
