#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A small HTTP server of ours for what no real server answers on demand: broken, slow, lying and malicious answers.
On loopback, one thread for each connection. Each path has a list of answers: a request takes the next one, and the
last one stays.

In Python:

    with FaultServer() as server:
        server.on('/image', {'size': 1000, 'cut': 500}, {'size': 1000})
        server.url('/image'); server.seen('/image')

By another program:

    faults.py serve [--tls DIR]     prints one line of JSON: the ports, and the file of the authority; serves until
                                    its standard input ends
    POST /_script  {"path": ..., "answers": [...]}
    GET /_seen?/image               the requests for the path, as JSON
    POST /_reset                    forgets both

An answer is a dictionary:

    status       200
    headers      {name: value}; a list of values makes several headers
    body         a text; or size: so many bytes of pattern(size, seed)
    seed         0
    etag         with the quotes; modified: Unix seconds, or a text; date: likewise
    framing      'length', 'chunked', 'close' (neither; the end of the connection is the end), 'endless'
    length       what Content-Length says instead of the truth
    ranges       'honour', 'ignore', 'shifted' (a byte too late), 'total' (another length of the whole),
                 'unknown' (no length of the whole)
    most         bytes of a range, even if more are asked for
    conditions   True: If-Match and If-Unmodified-Since are honoured
    cut          bytes of the body after which the connection breaks; reset: with RST
    stall        bytes of the body after which nothing more comes until the client goes; -1: not even a head
    piece, pause bytes for each send, and seconds between
    raw          sent instead of all this, as Latin-1
    methods      ['GET']: requests of another method do not take it; a HEAD never takes one, and is answered by the
                 headers of the next one, unless an answer names it
"""

import argparse
import contextlib
import email.utils
import functools
import http.server
import json
import pathlib
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
import urllib.parse

PATTERN_PERIOD = 65521
PIECE = 1 << 16
STALL_SECONDS = 60


@functools.lru_cache(maxsize=8)
def _period(seed):
    return bytes((j * 131 + (j >> 8) * 17 + seed) & 255 for j in range(PATTERN_PERIOD))


def pattern(size, seed=0):
    """Bytes that differ at each offset of a range, and that another program can compute."""
    return (_period(seed) * (size // PATTERN_PERIOD + 1))[:size]


def http_date(when):
    return when if isinstance(when, str) else email.utils.formatdate(when, usegmt=True)


class Broken(Exception):
    """The connection is to end here, without a word."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.connection_number = self.server.owner.count_connection()

    def log_message(self, *_):
        pass

    def handle(self):
        with contextlib.suppress(ConnectionError, ssl.SSLError, Broken, TimeoutError):
            super().handle()

    def finish(self):
        with contextlib.suppress(OSError):
            super().finish()

    def answer(self):
        length = int(self.headers.get('Content-Length') or 0)
        body = self.rfile.read(length)
        if self.path.startswith('/_'):
            return self._control(body)
        owner = self.server.owner
        answer = owner.take(self.path, self.command, {
            'method': self.command, 'path': self.path, 'connection': self.connection_number,
            'body': body.decode('latin-1'),
            'headers': {name.lower(): value for name, value in self.headers.items()}})
        if answer is None:
            answer = {'status': 404, 'body': 'no such path\n'}
        return self._give(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer

    def _control(self, body):
        owner = self.server.owner
        text = {}
        if self.path == '/_script':
            script = json.loads(body)
            owner.on(script['path'], *script['answers'])
        elif self.path == '/_reset':
            owner.reset()
        else:
            text = owner.seen(urllib.parse.unquote(self.path.partition('?')[2]))
        self._send_whole(200, json.dumps(text).encode())

    def _send_whole(self, status, body):
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _give(self, answer):
        if answer.get('stall') == -1:
            self._stall()
        if 'raw' in answer:
            self.wfile.write(answer['raw'].encode('latin-1'))
            raise Broken
        whole = answer['body'].encode() if 'body' in answer else pattern(
            answer.get('size', 0), answer.get('seed', 0))
        status, headers, body = self._part(answer, whole)
        headers = dict(answer.get('headers', {}), **headers)
        framing = answer.get('framing', 'length')
        if framing == 'length':
            headers['Content-Length'] = answer.get('length', len(body))
        elif framing == 'chunked':
            headers['Transfer-Encoding'] = 'chunked'
        else:
            self.close_connection = True
            headers['Connection'] = 'close'
        self.send_response_only(status)
        headers.setdefault('Date', http_date(answer['date']) if 'date' in answer else self.date_time_string())
        for name, value in headers.items():
            for one in value if isinstance(value, list) else [value]:
                self.send_header(name, str(one))
        self.end_headers()
        if self.command != 'HEAD' and status not in (204, 304):
            self._send_body(answer, body, framing)

    def _part(self, answer, whole):
        """Status, headers and body for what the request asks for."""
        headers = {}
        if 'etag' in answer:
            headers['ETag'] = answer['etag']
        if 'modified' in answer:
            headers['Last-Modified'] = http_date(answer['modified'])
        status = answer.get('status', 200)
        if answer.get('conditions') and not self._conditions_hold(headers):
            return 412, headers, b''
        asked = re.fullmatch(r'bytes=(\d+)-(\d*)', self.headers.get('Range') or '')
        ranges = answer.get('ranges', 'honour')
        if status != 200 or not asked or ranges == 'ignore' or self.command == 'HEAD':
            return status, headers, whole
        first = int(asked[1]) + (ranges == 'shifted')
        last = min(int(asked[2] or len(whole)), len(whole) - 1)
        last = min(last, first + answer.get('most', len(whole)) - 1)
        total = len(whole) + (ranges == 'total')
        if first > last:
            return 416, dict(headers, **{'Content-Range': 'bytes */%d' % total}), b''
        headers['Content-Range'] = 'bytes %d-%d/%s' % (first, last, '*' if ranges == 'unknown' else total)
        return 206, headers, whole[first:last + 1]

    def _conditions_hold(self, headers):
        wanted = self.headers.get('If-Match')
        if wanted and wanted != '*' and wanted != headers.get('ETag'):
            return False
        since = self.headers.get('If-Unmodified-Since')
        return not since or since == headers.get('Last-Modified')

    def _send_body(self, answer, body, framing):
        end = min(answer.get(word, len(body)) for word in ('cut', 'stall'))
        sent, piece = 0, answer.get('piece', PIECE)
        while framing == 'endless':
            self._send_piece(pattern(PATTERN_PERIOD), framing)
        while sent < end:
            self._send_piece(body[sent:min(sent + piece, end)], framing)
            sent = min(sent + piece, end)
            if answer.get('pause') and self._is_left(answer['pause']):
                raise Broken
        if 'stall' in answer:
            self._stall()
        if 'cut' in answer:
            if answer.get('reset'):
                # SO_LINGER with no time: the close sends RST.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            raise Broken
        if framing == 'chunked':
            self.wfile.write(b'0\r\n\r\n')

    def _send_piece(self, piece, framing):
        self.wfile.write(b'%x\r\n%s\r\n' % (len(piece), piece) if framing == 'chunked' else piece)

    def _stall(self):
        self._is_left(STALL_SECONDS)
        raise Broken

    def _is_left(self, seconds):
        """Whether the client closes the connection within this time."""
        self.connection.settimeout(seconds)
        try:
            return not self.connection.recv(1)
        except TimeoutError:
            return False
        finally:
            self.connection.settimeout(None)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, owner, context):
        self.owner = owner
        self.context = context
        super().__init__(('127.0.0.1', 0), _Handler)

    def finish_request(self, request, client_address):
        # In the connection's own thread: a client that never shakes hands must not stop the others.
        if self.context:
            try:
                request = self.context.wrap_socket(request, server_side=True)
            except (OSError, ssl.SSLError):
                return
        with contextlib.closing(request):
            super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        pass


class FaultServer:
    """`context`: an ssl.SSLContext of a server; none: plain HTTP."""

    def __init__(self, context=None):
        self._lock = threading.Lock()
        self._answers, self._seen, self._connections = {}, [], 0
        self._server = _Server(self, context)
        self.port = self._server.server_address[1]
        self._scheme = 'https' if context else 'http'
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path, host='127.0.0.1', user=''):
        return '%s://%s%s:%d%s' % (self._scheme, user + '@' if user else '', host, self.port, path)

    def on(self, path, *answers):
        with self._lock:
            self._answers[path] = list(answers)

    def reset(self):
        with self._lock:
            self._answers, self._seen = {}, []

    def seen(self, path=''):
        """The requests for the path without its query, or all of them."""
        with self._lock:
            return [one for one in self._seen if not path or one['path'].partition('?')[0] == path]

    def connections(self, path=''):
        return len({one['connection'] for one in self.seen(path)})

    def count_connection(self):
        with self._lock:
            self._connections += 1
            return self._connections

    def take(self, path, method, request):
        """The answer for a request, which is written down."""
        with self._lock:
            self._seen.append(request)
            answers = self._answers.get(path.partition('?')[0])
            if not answers:
                return None
            fitting = [one for one in answers if method in one.get('methods', [method])]
            if not fitting:
                return {'status': 405}
            answer = fitting[0]
            takes = method != 'HEAD' or 'methods' in answer
            if takes and len(fitting) > 1:
                answers.remove(answer)
            return answer


def make_authority(directory, name='authority'):
    """A certificate authority; the path of its certificate."""
    return _certificate(pathlib.Path(directory), name, ['-x509', '-addext', 'basicConstraints=critical,CA:TRUE'])


def make_certificate(directory, name, host, authority='authority'):
    """The path of a file with the key and the certificate of `host`, which the authority has signed."""
    directory = pathlib.Path(directory)
    kind = 'IP' if re.fullmatch(r'[0-9.]+|.*:.*', host) else 'DNS'
    path = _certificate(directory, name, [
        '-x509', '-CA', str(directory / (authority + '.pem')), '-CAkey', str(directory / (authority + '.key')),
        '-addext', 'subjectAltName=%s:%s' % (kind, host), '-addext', 'basicConstraints=critical,CA:FALSE'])
    both = directory / (name + '.both')
    both.write_bytes((directory / (name + '.key')).read_bytes() + path.read_bytes())
    return both


def _certificate(directory, name, options):
    path = directory / (name + '.pem')
    subprocess.run(['openssl', 'req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
                    '-days', '2', '-subj', '/CN=backglance test ' + name,
                    '-keyout', str(directory / (name + '.key')), '-out', str(path), *options],
                   check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return path


def server_context(both):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(both))
    return context


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('verb', choices=['serve'])
    parser.add_argument('--tls', type=pathlib.Path)
    arguments = parser.parse_args()
    plain = FaultServer()
    ports = {'port': plain.port}
    if arguments.tls:
        ports['authority'] = str(make_authority(arguments.tls))
        for word, host in (('right', 'localhost'), ('wrong', 'images.example.org')):
            ports[word] = FaultServer(server_context(make_certificate(arguments.tls, word, host))).port
    print(json.dumps(ports), flush=True)
    sys.stdin.read()


if __name__ == '__main__':
    main()
