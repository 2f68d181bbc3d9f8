# SPDX-License-Identifier: LGPL-2.1-or-later
"""Opening a connection, in both roles, and what is no connection."""

import wire
from peer import MSS, advance, pattern
from suite import case


@case('RFC 9293 3.5')
def handshake(t):
    """SYN, SYN,ACK and ACK open a connection over which data goes both ways."""
    peer = t.peer(t.listen('echo'))
    peer.open()
    peer.send('PA', data=b'hello')
    peer.expect_data('the echo', b'hello')


@case('RFC 9293 3.10.7.1')
def closed_syn(t):
    """A SYN for a port without listener is reset, with the number 0 and an ACK."""
    peer = t.peer(t.suite.new_port())
    peer.syn()
    peer.expect_reset('RST,ACK', flags='RA', seq=0, ack=peer.snd_nxt)


@case('RFC 9293 3.10.7.1')
def closed_data(t):
    """A segment without ACK for a port without listener: all that it has is acknowledged."""
    peer = t.peer(t.suite.new_port())
    peer.send('F', data=b'12345', ack=77)
    peer.expect_reset('RST,ACK', flags='RA', seq=0, ack=peer.snd_nxt)


@case('RFC 9293 3.10.7.1')
def closed_ack(t):
    """A segment with ACK for a port without listener is reset with the number that it
    acknowledges."""
    peer = t.peer(t.suite.new_port())
    peer.send('A', ack=0x12345678, data=b'12345')
    peer.expect_reset('RST', flags='R', seq=0x12345678)


@case('RFC 9293 3.10.7.1')
def closed_rst(t):
    """A RST for a port without listener is not answered."""
    peer = t.peer(t.suite.new_port())
    peer.send('R')
    peer.send('RA', ack=5)
    peer.expect_nothing('a RST is never answered')


@case('RFC 9293 3.10.7.2')
def listen_rst(t):
    """A RST for a listener is ignored."""
    peer = t.peer(t.listen())
    peer.send('R')
    peer.send('RA', ack=5)
    peer.expect_nothing('a RST is ignored in LISTEN')


@case('RFC 9293 3.10.7.2')
def listen_ack(t):
    """An ACK for a listener is reset."""
    peer = t.peer(t.listen())
    peer.send('A', ack=0x12345678)
    peer.expect_reset('RST', flags='R', seq=0x12345678)
    peer.send('SA', ack=0x23456789)
    peer.expect_reset('RST', flags='R', seq=0x23456789)


@case('RFC 9293 3.10.7.2')
def listen_others(t):
    """Neither a FIN, nor data, nor a segment without any flag is answered by a listener."""
    peer = t.peer(t.listen())
    peer.send('F')
    peer.send('', data=b'data')
    peer.send('PU', data=b'data')
    peer.expect_nothing('other segments are dropped in LISTEN')


@case('RFC 9293 3.10.7.2')
def listen_syn_data(t):
    """Data that came with the SYN reaches the application once."""
    peer = t.peer(t.listen())
    peer.send('S', data=b'early', options=[('MSS', 1000)])
    syn_ack = peer.receive('SYN,ACK')
    start = advance(peer.iss, 1)
    if syn_ack.ack not in (start, advance(start, 5)):
        peer.fail('the ACK of the SYN or of the data too', str(syn_ack))
    peer.rcv_nxt = advance(syn_ack.seq, 1)
    peer.send('A', seq=start, data=b'early')
    t.accepted(peer).read(b'early')
    peer.send('PA', data=b'late')
    peer.read(b'late')


@case('RFC 9293 3.9.2.3')
def listen_bad_source(t):
    """A SYN from a multicast, broadcast or own address is dropped without a word."""
    sources = (('224.0.0.1', '255.255.255.255', '198.18.0.255', '127.0.0.1', wire.TARGET[4])
               if t.version == 4 else ('ff02::1', 'ff0e::5', '::', '::1', wire.TARGET[6]))
    peer = t.peer(t.listen())
    for source in sources:
        peer.syn(ip=t.suite.wire.address(t.version, source))
    peer.expect_nothing('such a SYN is discarded')


@case('RFC 9293 3.9.2.3', versions=(4,))
def listen_broadcast(t):
    """A SYN to a multicast or broadcast address is dropped without a word."""
    peer = t.peer(t.listen())
    for address in ('198.18.0.255', '255.255.255.255', '224.0.0.1'):
        ip = t.suite.wire.address(t.version)
        ip.dst = address
        peer.syn(ip=ip)
    peer.expect_nothing('such a SYN is discarded')


@case('RFC 9293 3.8.1')
def syn_received_retransmission(t):
    """The SYN,ACK is sent again, the same one, when no ACK comes for a second (RFC 6298 2.1)."""
    peer = t.peer(t.listen())
    peer.syn()
    first = peer.expect_syn_ack()
    second = peer.expect_syn_ack(again=True, seq=first.seq)
    if second.arrival - first.arrival < 0.6:
        peer.fail('no retransmission within a second', f'one after '
                  f'{second.arrival - first.arrival:.3f} s')
    peer.send('A')
    t.accepted(peer)


@case('RFC 9293 3.10.7.4')
def syn_received_duplicate_syn(t):
    """The same SYN again is answered by the same SYN,ACK or an ACK."""
    peer = t.peer(t.listen())
    peer.syn()
    first = peer.expect_syn_ack()
    peer.syn(seq=peer.iss)
    segment = peer.expect('SYN,ACK or ACK', again=True, ack=peer.snd_nxt)
    if segment.flags not in ('SA', 'A') or ('S' in segment.flags and segment.seq != first.seq):
        peer.fail('the same SYN,ACK or an ACK', str(segment))
    peer.send('A')
    t.accepted(peer)


@case('RFC 9293 3.10.7.4')
def syn_received_new_syn(t):
    """Another SYN in the window brings a passive open back to LISTEN: the next one is a new one."""
    peer = t.peer(t.listen())
    peer.syn()
    peer.expect_syn_ack()
    peer.syn(seq=peer.snd_nxt + 100)
    peer.drain()
    peer.snd_nxt = advance(peer.iss, 50000)
    peer.open()
    t.accepted(peer)


@case('RFC 9293 3.10.7.4')
def syn_received_bad_ack(t):
    """An ACK of what was not sent is reset, and the connection can still be opened."""
    peer = t.peer(t.listen())
    peer.syn()
    peer.expect_syn_ack()
    for ack in (peer.rcv_nxt + 1, peer.rcv_nxt - 1, peer.rcv_nxt + 100000):
        peer.send('A', ack=ack)
        peer.expect_reset('RST', flags='R', seq=advance(ack, 0))
    peer.send('A')
    t.accepted(peer)


@case('RFC 9293 3.10.7.4')
def syn_received_outside(t):
    """An ACK outside of the window does not open the connection, but is answered with an ACK."""
    peer = t.peer(t.listen())
    peer.syn()
    peer.expect_syn_ack()
    for seq in (peer.snd_nxt - 100, peer.snd_nxt + 10000000):
        peer.send('A', seq=seq, data=b'x')
        peer.expect_ack()
        if t.suite.target.has_event(f'port {peer.own_port}', 'accepted'):
            peer.fail('no connection', 'accepted')
    peer.send('A')
    t.accepted(peer)


@case('RFC 9293 3.10.7.4')
def syn_received_rst(t):
    """A RST at the right place ends it without a word to the application; the port can be used
    again."""
    peer = t.peer(t.listen())
    peer.syn()
    peer.expect_syn_ack()
    peer.send('R')
    peer.expect_nothing('a RST is not answered')
    peer.send('A')
    peer.expect_reset('a RST, because there is no connection', flags='R', seq=peer.rcv_nxt)
    peer.snd_nxt = advance(peer.iss, 50000)
    peer.open()
    t.accepted(peer)


@case('RFC 9293 3.10.7.4')
def syn_received_rst_elsewhere(t):
    """A RST in the window but not at its edge is challenged, one outside is dropped."""
    peer = t.peer(t.listen())
    peer.syn()
    peer.expect_syn_ack()
    peer.send('R', seq=peer.snd_nxt - 10)
    peer.expect_nothing('a RST outside of the window is dropped')
    peer.send('R', seq=peer.snd_nxt + 10)
    peer.expect_ack('a challenge ACK')
    peer.send('A')
    t.accepted(peer)


@case('RFC 9293 3.10.7.4')
def syn_received_fin(t):
    """The ACK that opens the connection may end it too."""
    peer = t.peer(t.listen())
    peer.syn()
    peer.expect_syn_ack()
    peer.send('FA')
    peer.expect_ack()
    t.accepted(peer).read(b'', is_end=True)
    peer.command('close')
    peer.expect_fin()


@case('RFC 9293 3.10.7.4')
def syn_received_data(t):
    """The ACK that opens the connection may carry data."""
    peer = t.peer(t.listen())
    peer.syn()
    peer.expect_syn_ack()
    peer.send('PA', data=b'first')
    t.accepted(peer).read(b'first')


@case('RFC 9293 3.4.1')
def initial_numbers(t):
    """Initial numbers of other connections tell nothing, and those of the same grow (RFC 6528
    3)."""
    port = t.listen()
    numbers = []
    for _ in range(6):
        peer = t.peer(port)
        peer.syn()
        numbers.append(peer.expect_syn_ack().seq)
        peer.send('R')
    differences = [(b - a) % (1 << 32) for a, b in zip(numbers, numbers[1:])]
    if min(min(d, (1 << 32) - d) for d in differences) < 1000 or len(set(differences)) == 1:
        peer.fail('numbers without a pattern', str(numbers))
    peer.syn(seq=advance(peer.snd_nxt, 1000))
    again = peer.receive('SYN,ACK').seq
    if not 0 < (again - numbers[-1]) % (1 << 32) < 1 << 31:
        peer.fail(f'a number above {numbers[-1]}', str(again))


@case('RFC 9293 3.10.7.3')
def connect_handshake(t):
    """Our SYN has the MSS, and no ACK; the answer is acknowledged and data goes both ways."""
    peer = t.connect()
    if t.syn.option('MSS') != MSS[t.version]:
        peer.fail(f'MSS {MSS[t.version]}', str(t.syn))
    peer.command('write', 0, 10)
    peer.expect_data('what was written', pattern(0, 10))
    peer.send('PA', data=b'answer')
    peer.read(b'answer')


@case('RFC 9293 3.10.7.3')
def connect_refused(t):
    """RST,ACK of our SYN refuses the connection."""
    peer = t.begin_connect()
    peer.send('RA', seq=0)
    peer.expect_error('connect', 'connection-refused')


@case('RFC 9293 3.10.7.3')
def connect_forged_rst(t):
    """A RST that does not acknowledge our SYN is dropped, also when only its ACK bit is missing."""
    peer = t.begin_connect()
    peer.send('RA', ack=peer.irs, seq=0)
    peer.send('RA', ack=peer.rcv_nxt + 1, seq=0)
    peer.send('R', seq=0)
    peer.send('R', seq=0, ack=peer.rcv_nxt)
    peer.expect_nothing('a RST is not answered')
    peer.answer_syn()
    peer.event('connected')


@case('RFC 9293 3.10.7.3')
def connect_bad_ack(t):
    """SYN,ACK with an ACK of something else is reset, and the right one still opens the
    connection."""
    peer = t.begin_connect()
    for ack in (peer.irs, peer.rcv_nxt + 1):
        peer.send('SA', seq=peer.iss, ack=ack)
        segment = peer.receive('RST')
        while 'S' in segment.flags:
            segment = peer.receive('RST')
        peer.check(segment, 'RST', flags='R', seq=advance(ack, 0))
    peer.drain()
    peer.answer_syn()
    peer.event('connected')


@case('RFC 9293 3.10.7.3')
def connect_ack_only(t):
    """An acceptable ACK without SYN, or a FIN, is dropped in SYN-SENT."""
    peer = t.begin_connect()
    peer.send('A', seq=peer.iss)
    peer.send('FA', seq=peer.iss)
    peer.send('F', seq=peer.iss)
    peer.send('', seq=peer.iss, data=b'data')
    peer.expect_nothing('without SYN and RST it is dropped')
    peer.answer_syn()
    peer.event('connected')


@case('RFC 9293 3.5')
def connect_simultaneous(t):
    """Two SYNs that cross open one connection (MUST-10)."""
    peer = t.begin_connect()
    peer.syn()
    peer.expect('SYN,ACK', flags='SA', seq=peer.irs, ack=peer.snd_nxt)
    peer.send('SA', seq=peer.iss, options=[('MSS', 1000)])
    peer.event('connected')
    peer.drain()
    peer.send('PA', data=b'crossed')
    peer.read(b'crossed')
    peer.command('write', 0, 3000)
    peer.expect_data('what was written', pattern(0, 3000))
    peer.send('FA')
    peer.read(b'', is_end=True)
    peer.command('close')
    while 'F' not in peer.receive('FIN').flags:
        pass


@case('RFC 9293 3.5')
def connect_simultaneous_ack(t):
    """Two SYNs that cross, and an ACK alone of our SYN,ACK."""
    peer = t.begin_connect()
    peer.syn()
    peer.expect('SYN,ACK', flags='SA', seq=peer.irs, ack=peer.snd_nxt)
    peer.send('PA', data=b'crossed')
    peer.event('connected')
    peer.read(b'crossed')


@case('RFC 9293 3.10.7.4')
def connect_simultaneous_rst(t):
    """A RST after two SYNs have crossed refuses the connection."""
    peer = t.begin_connect()
    peer.syn()
    peer.expect('SYN,ACK', flags='SA', seq=peer.irs, ack=peer.snd_nxt)
    peer.send('R')
    peer.expect_error('connect', 'connection-refused')


@case('RFC 9293 3.10.7.3')
def connect_data_in_syn_ack(t):
    """Data that came with SYN,ACK reaches the application once."""
    peer = t.begin_connect()
    peer.send('SA', data=b'early', options=[('MSS', 1000)])
    segment = peer.expect('ACK', flags='A', seq=peer.rcv_nxt)
    start = advance(peer.iss, 1)
    if segment.ack not in (start, advance(start, 5)):
        peer.fail('the ACK of the SYN or of the data too', str(segment))
    peer.event('connected')
    peer.send('PA', seq=start, data=b'early')
    peer.read(b'early')


@case('RFC 9293 3.10.7.4')
def connect_duplicate_syn_ack(t):
    """SYN,ACK again, because our ACK was lost, is acknowledged again."""
    peer = t.connect()
    peer.send('SA', seq=peer.iss, options=[('MSS', 1000)])
    peer.expect_ack()


@case('RFC 6056 3.3')
def connect_ports(t):
    """Ports of our choice are no row."""
    ports = [t.begin_connect().port for _ in range(8)]
    steps = [b - a for a, b in zip(ports, ports[1:])]
    if len(set(ports)) != len(ports) or sum(abs(step) <= 2 for step in steps) > 1:
        t.peers[-1].fail('random ports', str(ports))
    if min(ports) < 1024:
        t.peers[-1].fail('no port below 1024', str(ports))
