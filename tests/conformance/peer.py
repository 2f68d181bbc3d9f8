# SPDX-License-Identifier: LGPL-2.1-or-later
"""One end of a connection, which does nothing of itself."""

import queue
import random

from scapy.layers.inet import TCP
from scapy.packet import Raw

import wire

WRAP = 1 << 32
MSS = {4: 1460, 6: 1440}


class Mismatch(Exception):
    """The target did something else than what the RFC says."""


def pattern(offset, size):
    """What the target writes."""
    return bytes((offset + i) % 251 for i in range(size))


def advance(number, distance):
    return (number + distance) % WRAP


def distance(start, end):
    """How far end is from start, negative when it is before."""
    return (end - start + WRAP // 2) % WRAP - WRAP // 2


class Peer:
    """Numbers are those of the wire. What is not given is what a well-behaved TCP would send."""

    def __init__(self, case, port=None, own_port=None, iss=None):
        self.case = case
        self.version = case.version
        self.port = port
        self.own_port = own_port or case.suite.new_peer_port()
        self.iss = random.getrandbits(32) if iss is None else iss
        self.snd_nxt = self.iss
        self.irs = self.rcv_nxt = 0
        self.window = 65535
        self.send_scale = 0
        # with which each segment is sent once both ends have agreed on timestamps
        self.timestamp = None
        self.id = None
        self.log = []
        self.seen = set()
        # what came in front of its time
        self.held = {}
        self.key = (self.version, self.own_port)
        self.box = case.suite.wire.register(self.key)
        case.peers.append(self)

    def close(self):
        self.case.suite.wire.unregister(self.key)

    # sending

    def segment(self, flags, seq=None, ack=None, data=b'', window=None, options=None, **fields):
        if options is None:
            options = []
            if self.timestamp is not None:
                options = [('NOP', None), ('NOP', None), ('Timestamp', self.timestamp)]
        tcp = TCP(sport=self.own_port, dport=self.port, flags=flags,
                  seq=self.snd_nxt if seq is None else seq % WRAP,
                  ack=(self.rcv_nxt if 'A' in flags else 0) if ack is None else ack % WRAP,
                  window=self.window if window is None else window, options=options, **fields)
        return tcp / Raw(data) if data else tcp

    def send(self, flags, seq=None, ack=None, data=b'', ip=None, **fields):
        tcp = self.segment(flags, seq, ack, data, **fields)
        self.send_packet(tcp, ip)
        if seq is None:
            self.snd_nxt = advance(self.snd_nxt, len(data) + ('S' in flags) + ('F' in flags))

    def send_packet(self, tcp, ip=None):
        """A segment as it is, which says nothing about where we are."""
        self.log.append('> ' + wire.describe(str(tcp.flags), tcp.seq, tcp.ack,
                                             len(tcp.payload), tcp.window, tcp.options))
        self.case.suite.wire.send((ip or self.case.suite.wire.address(self.version)) / tcp)

    # receiving

    def fail(self, expected, got):
        raise Mismatch(f'expected: {expected}\ngot: {got}\n' + '\n'.join(self.log[-30:]))

    def wait(self, seconds):
        """Whether a segment has come by then, which is left for later."""
        with self.box.not_empty:
            return self.box.not_empty.wait_for(lambda: len(self.box.queue) > 0, seconds)

    def receive(self, what, patience=wire.PATIENCE_S, again=False):
        """The next segment; what the target sends again, because this machine was too slow to
        answer, only if asked for."""
        while True:
            try:
                segment = self.box.get(timeout=patience)
            except queue.Empty:
                self.fail(what, 'nothing')
            self.log.append(f'< {segment}')
            if self.port is not None and segment.sport != self.port:
                self.fail(what, f'a segment of port {segment.sport}: {segment}')
            if self._is_new(segment) or again:
                return segment

    def _is_new(self, segment):
        if segment.length == 0:
            return True
        key = (segment.flags.replace('P', ''), segment.seq, len(segment.data))
        is_new = key not in self.seen
        self.seen.add(key)
        return is_new

    def check(self, segment, what, flags=None, seq=None, ack=None, data=None, length=None,
              window=None):
        """PSH may be set in any segment."""
        wanted = (('seq', seq), ('ack', ack), ('data', data), ('window', window))
        wrong = [f'{name} is not {value!r:.80}' for name, value in wanted
                 if value is not None and getattr(segment, name) != value]
        if flags is not None and set(segment.flags) - {'P'} != set(flags) - {'P'}:
            wrong.append(f'flags are not {flags}')
        if length is not None and len(segment.data) != length:
            wrong.append(f'the length is not {length}')
        if wrong:
            self.fail(f'{what} ({"; ".join(wrong)})', str(segment))
        return segment

    def expect(self, what, patience=wire.PATIENCE_S, again=False, **fields):
        return self.check(self.receive(what, patience, again), what, **fields)

    def take(self, segment):
        """What is new and in order now; what was sent before may be in front."""
        if segment.data and distance(self.rcv_nxt, segment.seq) > 0:
            self.held[segment.seq] = segment.data
        new = b''
        old = distance(segment.seq, self.rcv_nxt)
        if 0 <= old < len(segment.data):
            new = segment.data[old:]
            self.rcv_nxt = advance(self.rcv_nxt, len(new))
        while self.rcv_nxt in self.held:
            data = self.held.pop(self.rcv_nxt)
            new += data
            self.rcv_nxt = advance(self.rcv_nxt, len(data))
        return new

    def expect_data(self, what, data, patience=wire.PATIENCE_S):
        """Acknowledges all of it, however it is cut; what was sent before is ignored."""
        received = b''
        while len(received) < len(data):
            new = self.take(self.receive(what, patience, again=True))
            received += new
            if new:
                self.send('A')
        if received != data:
            self.fail(what, f'other data: {received[:40]!r}')
        self.held.clear()

    def expect_ack(self, what='an ACK of all that was sent', **fields):
        wanted = {'flags': 'A', 'seq': self.rcv_nxt, 'ack': self.snd_nxt, 'length': 0}
        return self.expect(what, **{**wanted, **fields})

    def expect_fin(self, what='FIN', **fields):
        wanted = {'flags': 'FA', 'seq': self.rcv_nxt, 'ack': self.snd_nxt}
        segment = self.expect(what, **{**wanted, **fields})
        self.rcv_nxt = advance(self.rcv_nxt, segment.length)
        return segment

    def expect_reset(self, what, **fields):
        segment = self.receive(what)
        if 'R' not in segment.flags:
            self.fail(what, str(segment))
        return self.check(segment, what, **fields)

    def expect_nothing(self, what):
        """Until the target has seen all that was sent: no time decides it."""
        for segment in self.drain():
            self.fail(f'nothing, because {what}', str(segment))

    def drain(self, again=False):
        """What has come by now."""
        self.case.suite.wire.ping(self.version)
        segments = []
        while not self.box.empty():
            segment = self.box.get()
            self.log.append(f'< {segment}')
            if self._is_new(segment) or again:
                segments.append(segment)
        return segments

    # opening

    def syn(self, options=None, flags='S', **fields):
        if options is None:
            options = [('MSS', MSS[self.version])]
        self.send(flags, options=options, **fields)

    def expect_syn_ack(self, flags='SA', again=False, **fields):
        segment = self.expect('SYN,ACK', again=again, flags=flags,
                              **{'ack': self.snd_nxt, **fields})
        self.irs = segment.seq
        self.rcv_nxt = advance(segment.seq, 1)
        self._agree(segment)
        return segment

    def _agree(self, segment):
        timestamp = segment.option('Timestamp')
        if timestamp is not None and self.timestamp is not None:
            self.timestamp = (self.timestamp[0], timestamp[0])

    def open(self, options=None, **fields):
        """The three-way handshake with a listener."""
        self.syn(options, **fields)
        segment = self.expect_syn_ack()
        self.send('A')
        return segment

    def expect_syn(self, what='SYN', **fields):
        segment = self.expect(what, **{'flags': 'S', 'ack': 0, **fields})
        self.port = segment.sport
        self.irs = segment.seq
        self.rcv_nxt = advance(segment.seq, 1)
        self._agree(segment)
        return segment

    def answer_syn(self, options=None, **fields):
        """The rest of the handshake that the target has begun."""
        if options is None:
            options = [('MSS', MSS[self.version])]
        self.send('SA', options=options, **fields)
        self.expect_ack('the ACK of SYN,ACK')

    # what the application under test does and sees

    def command(self, name, *arguments):
        self.log.append(f'- {name} {" ".join(map(str, arguments))}')
        self.case.suite.target.command(name, self.id, *arguments)

    def event(self, *kinds):
        event = self.case.suite.target.event(self.id, *kinds, 'error')
        self.log.append('- ' + ' '.join(event)[:120])
        if event[0] not in kinds:
            self.fail(' or '.join(kinds), ' '.join(event))
        return event

    def read(self, data, is_end=False):
        """The application reads exactly this; with is_end nothing comes behind it."""
        self.command('read', len(data) + is_end)
        self.expect_read(data, is_end)

    def expect_read(self, data, is_end=False):
        event = self.event('data')
        got = bytes.fromhex(event[2])
        if got != data or (event[1] == 'end') != is_end:
            self.fail(f'{len(data)} bytes to read, end: {is_end}',
                      f'{len(got)} bytes ({event[1]}), the same up to '
                      f'{next((i for i, (a, b) in enumerate(zip(got, data)) if a != b), None)}')

    def expect_error(self, operation, code):
        event = self.event('error')
        if event[1:3] != [operation, code]:
            self.fail(f'{operation} to end with "{code}"', ' '.join(event))

    def info(self):
        self.command('info')
        return {name: int(value) for name, value in
                (word.split('=') for word in self.event('info')[1:])}
