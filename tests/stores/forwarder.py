# SPDX-License-Identifier: Apache-2.0
"""A TCP forwarder in front of a real server, for what no server does on demand: connections that break or stall, a
server that is away for a while, another address family, TLS with a certificate of the test's own, and single answers
that the server would not give."""

import contextlib
import select
import socket
import ssl
import subprocess
import threading


class Forwarder:
    """Listens on a free port of `address` and forwards to `target` (host, port).

    `cut_after`: the next connection that has carried so many bytes to the client is broken off, once.
    `stalled`: while it is set, nothing is forwarded to clients.
    `answers`: what the next requests get instead of being forwarded, whole answers of HTTP; None lets one pass.
    `requests`: the heads of all requests, as they came in. `accepted`: the number of connections.
    """

    def __init__(self, target, address='127.0.0.1', certificate=None):
        self.target = target
        self.address = address
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)
        self.port = 0
        self.cut_after = None
        self.stalled = False
        self.accepted = 0
        self.answers = []
        self.requests = []
        self._closing = threading.Event()
        self._threads = []

    def __enter__(self):
        self.open()
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def host(self):
        return '%s:%d' % ('[%s]' % self.address if ':' in self.address else self.address, self.port)

    def open(self):
        """Also after close(): on the same port."""
        self._closing.clear()
        self._listener = socket.socket(socket.AF_INET6 if ':' in self.address else socket.AF_INET)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((self.address, self.port))
        self._listener.listen(64)
        self._listener.settimeout(0.05)
        self.port = self._listener.getsockname()[1]
        self._start(self._accept, self._listener)

    def close(self):
        """Breaks all connections; new ones are refused."""
        self._closing.set()
        for thread in self._threads:
            thread.join()
        self._threads = []

    def _start(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener):
        with listener:
            while not self._closing.is_set():
                with contextlib.suppress(socket.timeout):
                    client, _ = listener.accept()
                    self.accepted += 1
                    self._start(self._forward, client)

    def _forward(self, client):
        with contextlib.suppress(OSError), contextlib.closing(client), \
                socket.create_connection(self.target) as server:
            client.settimeout(10)
            if self.context:
                with self.context.wrap_socket(client, server_side=True) as encrypted:
                    self._carry(encrypted, server)
            else:
                self._carry(client, server)

    def _carry(self, client, server):
        carried = 0
        while not self._closing.is_set():
            sources = [client] if self.stalled else [client, server]
            ready = select.select(sources, [], [], 0.05)[0]
            # Bytes that TLS has already decrypted do not wake select().
            if client in ready or (self.context and client.pending() > 0):
                data = client.recv(65536)
                if not data:
                    return
                self.requests.append(data.decode('latin-1'))
                answer = self.answers.pop(0) if self.answers else None
                if answer is not None:
                    client.sendall(answer)
                    return
                server.sendall(data)
            if server in ready:
                data = server.recv(65536)
                if not data:
                    return
                if self.cut_after is not None and carried + len(data) >= self.cut_after:
                    client.sendall(data[:self.cut_after - carried])
                    self.cut_after = None
                    return
                carried += len(data)
                client.sendall(data)


def make_certificate(path, address='127.0.0.1'):
    """A self-signed certificate and its key in one file. As an authority it accepts itself alone."""
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', str(path), '-out',
                    str(path) + '.crt', '-days', '2', '-subj', '/CN=test', '-addext',
                    'subjectAltName=IP:%s' % address], check=True, capture_output=True)
    with open(path, 'a', encoding='ascii') as file, open(str(path) + '.crt', encoding='ascii') as certificate:
        file.write(certificate.read())
    return str(path)


def answer(status, body=b'', **headers):
    """An answer of HTTP; a header's name has '_' for '-'."""
    lines = ['HTTP/1.1 %d Reason' % status, 'Content-Length: %d' % len(body), 'Connection: close']
    lines += ['%s: %s' % (name.replace('_', '-'), value) for name, value in headers.items()]
    return '\r\n'.join(lines).encode() + b'\r\n\r\n' + body


def s3_error(status, code, extra='', **headers):
    """What an S3 server says, with the texts that it puts beside the code."""
    return answer(status, ('<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>MESSAGE</Message>'
                           '<Resource>/images/RESOURCE</Resource>%s</Error>' % (code, extra)).encode(), **headers)
