# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy in front of a private server, which understands enough of both protocols to know the statements, and
does to the connection what a test tells it.

    with Proxy('postgresql', port) as proxy:
        proxy.port                              what clients connect to
        proxy.fault(Fault.cut_before, 'COMMIT', 3)   at the third statement that is COMMIT
        proxy.fault(Fault.cut_after, None, 7)   at the seventh statement, whatever it is
        proxy.statements                        what was run so far, over all connections
        proxy.is_silent = True                  connections are taken, and nothing goes through them

Of MariaDB's protocol it can also do what ProxySQL does:
        proxy.handshake = '8.0.11'              the version that clients are told, whatever is behind
        proxy.refusal = lambda text: (9001, 'Max connect timeout reached')   or None: this one is answered by the server
        proxy.rewrite = lambda text: other      what reaches the server

Unencrypted connections alone: a server without TLS. Texts are as the client prepared them (PostgreSQL) or sent them
(MariaDB).
"""

import enum
import socket
import struct
import threading


class Fault(enum.Enum):
    cut_before = 'the statement does not reach the server'
    cut_after = 'the statement is run and its answer does not reach the client'
    silent = 'nothing goes through any more, either way, and nobody is told'


class PostgresqlStatements:
    """The texts of executed statements in what a client sends (PostgreSQL 15 manual, 55.7)."""

    def __init__(self):
        self.buffer = b''
        self.started = False
        self.prepared = {}

    def feed(self, data):
        self.buffer += data
        found = []
        while True:
            head = 5 if self.started else 4
            if len(self.buffer) < head:
                return found
            length = struct.unpack('!I', self.buffer[head - 4:head])[0] + head - 4
            if len(self.buffer) < length:
                return found
            kind, body = self.buffer[:1], self.buffer[head:length]
            self.buffer = self.buffer[length:]
            if not self.started:
                # The requests for TLS and for GSS encryption come before the real start.
                self.started = struct.unpack('!I', body[:4])[0] >> 16 == 3
            elif kind == b'Q':
                found.append(body.rstrip(b'\0').decode())
            elif kind == b'P':
                name, text = body.split(b'\0')[:2]
                self.prepared[name] = text.decode()
            elif kind == b'B':
                found.append(self.prepared.get(body.split(b'\0')[1], '?'))


class MysqlStatements:
    """Likewise of MariaDB's protocol: COM_QUERY is 3, the first packet of a command has the number 0."""

    def __init__(self):
        self.buffer = b''

    def feed(self, data):
        self.buffer += data
        found = []
        while len(self.buffer) >= 4:
            length = int.from_bytes(self.buffer[:3], 'little')
            if len(self.buffer) < 4 + length:
                break
            number, body = self.buffer[3], self.buffer[4:4 + length]
            self.buffer = self.buffer[4 + length:]
            if number == 0 and body[:1] == b'\x03':
                found.append(body[1:].decode())
        return found


STATEMENTS = {'postgresql': PostgresqlStatements, 'mysql': MysqlStatements}


class Connection:
    def __init__(self, proxy, client):
        self.proxy = proxy
        self.client = client
        self.server = socket.create_connection(('127.0.0.1', proxy.server_port))
        self.parser = STATEMENTS[proxy.engine]()
        self.cut_at_answer = False
        self.silent = proxy.is_silent
        for pump in (self._to_server, self._to_client):
            threading.Thread(target=pump, daemon=True).start()

    def _to_server(self):
        for data in self._chunks(self.client):
            fault = None
            for text in self.parser.feed(data):
                fault = self.proxy.seen(text) or fault
            if fault is Fault.cut_before:
                break
            if fault is Fault.silent:
                self.silent = True
            self.cut_at_answer = fault is Fault.cut_after
            if not self.silent:
                self._forward(data)
        self.close()

    def _forward(self, data):
        """To the server, or an answer in its place. MariaDB's clients send a command and then wait."""
        is_query = self.proxy.engine == 'mysql' and data[3:5] == b'\0\x03' and (
            len(data) == 4 + int.from_bytes(data[:3], 'little'))
        if not is_query:
            self._send(self.server, data)
            return
        text = data[5:].decode()
        refusal = self.proxy.refusal and self.proxy.refusal(text)
        if refusal:
            body = b'\xff' + refusal[0].to_bytes(2, 'little') + b'#HY000' + refusal[1].encode()
            self._send(self.client, len(body).to_bytes(3, 'little') + b'\1' + body)
            return
        if self.proxy.rewrite:
            body = b'\x03' + self.proxy.rewrite(text).encode()
            data = len(body).to_bytes(3, 'little') + b'\0' + body
        self._send(self.server, data)

    def _with_handshake(self, data):
        """The first packet of the server: a byte, and the version up to a zero byte."""
        rest = data[5:].split(b'\0', 1)[1]
        body = data[4:5] + self.proxy.handshake.encode() + b'\0' + rest
        return len(body).to_bytes(3, 'little') + data[3:4] + body

    def _to_client(self):
        is_first = True
        for data in self._chunks(self.server):
            if is_first and self.proxy.handshake:
                data = self._with_handshake(data)
            is_first = False
            if self.cut_at_answer:
                break
            if not self.silent:
                self._send(self.client, data)
        self.close()

    @staticmethod
    def _chunks(source):
        while True:
            try:
                data = source.recv(1 << 16)
            except OSError:
                return
            if not data:
                return
            yield data

    @staticmethod
    def _send(to, data):
        try:
            to.sendall(data)
        except OSError:
            pass  # the reading side sees it too, and closes both

    def close(self):
        for one in (self.client, self.server):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()


class Proxy:
    def __init__(self, engine, server_port):
        self.engine = engine
        self.server_port = server_port
        self.statements = []
        self.hits = 0  # of faults
        self.is_silent = False
        self.handshake = None
        self.refusal = None
        self.rewrite = None
        self._lock = threading.Lock()
        self._fault = None
        self._connections = []
        self._listener = socket.create_server(('127.0.0.1', 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)  # ends an accept() that waits
        self._listener.close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.close()

    def fault(self, fault, word, number):
        """At the number-th statement from now on that begins with `word`, from 1; once."""
        with self._lock:
            self._fault = [fault, word, number]

    def clear(self):
        """Nothing befalls what comes from now on: of a fault that is still to come too."""
        with self._lock:
            self._fault = None

    def seen(self, text):
        """Called by connections for each statement. Returns the Fault that is to befall it, or None."""
        with self._lock:
            self.statements.append(text)
            if self._fault is None:
                return None
            fault, word, number = self._fault
            if word is not None and not text.lstrip().startswith(word):
                return None
            if number > 1:
                self._fault[2] -= 1
                return None
            self._fault = None
            self.hits += 1
            return fault

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                connection = Connection(self, client)
            except OSError:  # the server is away
                client.close()
                continue
            with self._lock:
                self._connections.append(connection)
