#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many ends of TLS connections in one thread: tls-peers.py ROLE HOST PORT N PEM

ROLE is "client" or "server"; PEM has the certificate that both ends know. Each connection sends back
what it gets. A client begins no second step of a handshake before all connections have made the first,
which it tells with the line "begun"; a server tells its port with the line "port: NUMBER". The last
line, "at once: NUMBER", says how many handshakes were under way at the most.
"""
import resource
import selectors
import socket
import ssl
import sys

ROLE, HOST, PORT, N, PEM = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
TIMEOUT = 240
AT_A_TIME = 100


class Peers:
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.is_server = ROLE == 'server'
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if self.is_server
                                      else ssl.PROTOCOL_TLS_CLIENT)
        if self.is_server:
            self.context.load_cert_chain(PEM)
        else:
            self.context.load_verify_locations(PEM)
        self.n_under_way = self.most_under_way = self.n_open = 0

    def begin(self):
        self.n_under_way += 1
        self.most_under_way = max(self.most_under_way, self.n_under_way)

    def run(self):
        while self.n_open > 0:
            ready = self.selector.select(TIMEOUT)
            assert ready, 'nothing comes any more'
            for key, _ in ready:
                key.data()


class Connection:
    def __init__(self, peers, stream):
        self.peers, self.stream = peers, stream
        self.input, self.output = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = peers.context.wrap_bio(self.input, self.output, peers.is_server,
                                          None if peers.is_server else HOST)
        self.unsent = b''
        self.has_begun = self.is_ready = self.is_over = False
        stream.setblocking(False)
        peers.n_open += 1

    def begin(self):
        """What a client says first."""
        self.has_begun = True
        self.peers.begin()
        self.advance()

    def watch(self):
        self.peers.selector.register(self.stream, selectors.EVENT_READ, self.look)

    def look(self):
        try:
            data = self.stream.recv(65536)
        except BlockingIOError:
            data = None
        if data:
            if not self.has_begun:
                self.has_begun = True
                self.peers.begin()
            self.input.write(data)
        elif data is not None:
            self.input.write_eof()
        self.advance()

    def advance(self):
        try:
            if not self.is_ready:
                self.tls.do_handshake()
                self.is_ready = True
                self.peers.n_under_way -= 1
            while not self.is_over:
                data = self.tls.read(65536)
                if data:
                    self.tls.write(data)
                else:
                    self.is_over = True
        except ssl.SSLWantReadError:
            pass
        self.flush()

    def flush(self):
        self.unsent += self.output.read()
        try:
            while self.unsent:
                self.unsent = self.unsent[self.stream.send(self.unsent):]
        except BlockingIOError:
            pass
        except (BrokenPipeError, ConnectionResetError):
            # the answer to the end of who has closed already
            assert self.is_over
            self.unsent = b''
        if self.is_over and not self.unsent:
            self.close()
        elif self.is_watched():
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.unsent else 0)
            self.peers.selector.modify(self.stream, events, self.look)

    def is_watched(self):
        return self.stream.fileno() in self.peers.selector.get_map()

    def close(self):
        self.peers.selector.unregister(self.stream)
        self.stream.close()
        self.peers.n_open -= 1


def connect(n):
    """Some at a time, because one after the other takes long on a busy machine."""
    streams = []
    waiting = selectors.DefaultSelector()
    for _ in range(n):
        stream = socket.socket()
        stream.setblocking(False)
        stream.connect_ex((HOST, PORT))
        waiting.register(stream, selectors.EVENT_WRITE)
    while len(streams) < n:
        ready = waiting.select(TIMEOUT)
        assert ready, 'only %d of %d connections are there' % (len(streams), n)
        for key, _ in ready:
            assert key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
            waiting.unregister(key.fileobj)
            streams.append(key.fileobj)
    return streams


def be_clients(peers):
    connections = []
    while len(connections) < N:
        for stream in connect(min(AT_A_TIME, N - len(connections))):
            connections.append(Connection(peers, stream))
    for connection in connections:
        connection.begin()
    print('begun', flush=True)
    for connection in connections:
        connection.watch()


def be_servers(peers):
    with socket.create_server((HOST, PORT), backlog=N) as listener:
        print('port: %d' % listener.getsockname()[1], flush=True)
        listener.settimeout(TIMEOUT)
        for _ in range(N):
            Connection(peers, listener.accept()[0]).watch()


resource.setrlimit(resource.RLIMIT_NOFILE, (2 * N + 100, max(2 * N + 100, resource.getrlimit(
    resource.RLIMIT_NOFILE)[1])))
everybody = Peers()
(be_servers if everybody.is_server else be_clients)(everybody)
everybody.run()
print('at once: %d' % everybody.most_under_way)
