# SPDX-License-Identifier: LGPL-2.1-or-later
"""Timestamps, and protection against wrapped sequence numbers."""

import states
from peer import advance, distance, pattern
from suite import case


def open_with(t, value=1000, **options):
    """The peer's clock is at value."""
    peer = t.peer(t.listen(timestamps=1, **options))
    peer.timestamp = (value, 0)
    segment = peer.open([('MSS', 1000), ('NOP', None), ('NOP', None), ('Timestamp', (value, 0))])
    if not segment.has_option('Timestamp'):
        peer.fail('a timestamp', str(segment))
    return t.accepted(peer)


def stamped(value, peer):
    return [('NOP', None), ('NOP', None), ('Timestamp', (value % (1 << 32), peer.timestamp[1]))]


def expect_echo(peer, value, **fields):
    segment = peer.expect_ack(**fields)
    timestamp = segment.option('Timestamp')
    if timestamp is None or timestamp[1] != value % (1 << 32):
        peer.fail(f'an echo of {value}', str(segment))
    return timestamp[0]


@case('RFC 7323 3.2')
def timestamps_agreed(t):
    """Timestamps in the SYN are answered, and then are in each segment, with an echo."""
    peer = open_with(t)
    peer.send('PA', data=b'data', options=stamped(1001, peer))
    first = expect_echo(peer, 1001)
    peer.send('PA', data=b'data', options=stamped(1005, peer))
    second = expect_echo(peer, 1005)
    if distance(first, second) < 0:
        peer.fail('a clock that does not go back', f'{first}, {second}')
    peer.read(b'datadata')
    peer.command('write', 0, 3000)
    received = b''
    while len(received) < 3000:
        segment = peer.receive('data')
        if not segment.has_option('Timestamp'):
            peer.fail('a timestamp', str(segment))
        new = peer.take(segment)
        received += new
        peer.timestamp = (peer.timestamp[0] + 10, segment.option('Timestamp')[0])
        if new:
            peer.send('A')


@case('RFC 7323 3.2')
def timestamps_not_offered(t):
    """Without timestamps in the SYN there are none in the answer, nor later."""
    peer = t.peer(t.listen(timestamps=1))
    segment = peer.open([('MSS', 1000)])
    t.accepted(peer)
    peer.send('PA', data=b'data')
    for segment in (segment, peer.expect_ack()):
        if segment.has_option('Timestamp'):
            peer.fail('no timestamp', str(segment))
    peer.send('PA', data=b'more', options=[('Timestamp', (5, 6))])
    segment = peer.expect_ack()
    if segment.has_option('Timestamp'):
        peer.fail('no timestamp', str(segment))


@case('RFC 7323 3.2')
def timestamps_not_accepted(t):
    """Our SYN offers timestamps; without them in the answer none are sent."""
    peer = t.begin_connect(timestamps=1)
    offer = t.syn.option('Timestamp')
    if offer is None or offer[1] != 0:
        peer.fail('a timestamp, with an echo of 0', str(t.syn))
    peer.answer_syn([('MSS', 1000)])
    peer.event('connected')
    peer.send('PA', data=b'data')
    segment = peer.expect_ack()
    if segment.has_option('Timestamp'):
        peer.fail('no timestamp', str(segment))


@case('RFC 7323 3.2')
def timestamps_connect(t):
    """The same agreed on where we connect."""
    peer = t.peer()
    peer.timestamp = (7000, 0)
    t.begin_connect(peer=peer, timestamps=1)
    peer.answer_syn([('MSS', 1000), ('Timestamp', peer.timestamp)])
    peer.event('connected')
    peer.send('PA', data=b'data', options=stamped(7001, peer))
    expect_echo(peer, 7001)


@case('RFC 7323 5.3')
def paws_data(t):
    """A segment with an older timestamp is answered with an ACK and dropped, though it is in
    the window."""
    peer = open_with(t, 100000)
    start = peer.snd_nxt
    peer.send('PA', data=b'first', options=stamped(100010, peer))
    peer.read(b'first')
    while peer.receive('ACK').ack != peer.snd_nxt:
        pass
    for value in (100009, 1, 100010 - (1 << 31) + 1):
        segment = states.expect_challenge(peer, 'an ACK', 'PA', seq=start + 5, data=b'old',
                                          options=stamped(value, peer))
        if segment.option('Timestamp')[1] != 100010:
            peer.fail('an echo of 100010', str(segment))
    peer.send('PA', data=b'new', options=stamped(100010, peer))
    peer.read(b'new')


@case('RFC 7323 5.3')
def paws_ack(t):
    """An ACK with an older timestamp does not count, and is answered with an ACK."""
    peer = open_with(t, 100000)
    peer.command('write', 0, 500)
    peer.expect('data', data=pattern(0, 500))
    peer.send('A', ack=peer.rcv_nxt + 500, options=stamped(99000, peer))
    # the data comes again because its ACK does not count
    found_ack = False
    while True:
        segment = peer.receive('an ACK, and the data again', again=True)
        found_ack |= not segment.data
        if segment.data:
            break
    if not found_ack:
        found_ack = any(not segment.data for segment in peer.drain())
    if not found_ack:
        peer.fail('an ACK too', str(segment))
    peer.send('A', ack=peer.rcv_nxt + 500, options=stamped(100001, peer))
    peer.event('written')


@case('RFC 7323 3.2')
def paws_missing(t):
    """A segment without the timestamps that were agreed on is dropped, but for a RST."""
    peer = open_with(t)
    peer.send('PA', seq=peer.snd_nxt, data=b'without', options=[])
    peer.expect_nothing('it is dropped silently')
    peer.send('PA', data=b'with')
    peer.read(b'with')
    peer.send('R', options=[])
    peer.command('read', 1)
    peer.expect_error('read', 'broken-pipe')


@case('RFC 7323 5.2')
def paws_rst(t):
    """A RST counts whatever its timestamp is."""
    peer = open_with(t, 100000)
    peer.send('R', options=stamped(5, peer))
    states.check_dead(peer)


@case('RFC 7323 5.4')
def paws_wrap(t):
    """The clock of the peer goes on behind 2^32."""
    peer = open_with(t, 0xfffffff0)
    received = b''
    for value in (0xfffffff8, 0xffffffff, 0x100000000, 0x100000010):
        peer.send('PA', data=b'data', options=stamped(value, peer))
        received += b'data'
        expect_echo(peer, value)
    peer.send('PA', seq=peer.snd_nxt, data=b'old', options=stamped(0xffffffff, peer))
    peer.read(received)


@case('RFC 7323 4.3')
def echo_of_gap(t):
    """Segments behind a gap do not change what is echoed; the one that fills it does."""
    peer = open_with(t, rto_min=30000)
    start = peer.snd_nxt
    peer.send('PA', data=b'0123', options=stamped(1010, peer))
    expect_echo(peer, 1010)
    peer.send('PA', seq=start + 8, data=b'89ab', options=stamped(1020, peer))
    expect_echo(peer, 1010)
    peer.send('PA', seq=start + 4, data=b'4567', options=stamped(1015, peer))
    peer.snd_nxt = advance(start, 12)
    expect_echo(peer, 1015)
    peer.read(b'0123456789ab')


@case('RFC 7323 4.3')
def echo_of_first(t):
    """An ACK of two segments echoes the first one, because it was the delay of that one."""
    peer = open_with(t, ack_delay=500)
    peer.send('A', data=b'0' * 100, options=stamped(1010, peer))
    peer.send('A', data=b'1' * 100, options=stamped(1020, peer))
    while True:
        segment = peer.receive('ACK')
        if segment.ack == peer.snd_nxt:
            break
        # it was slow, and each was acknowledged for itself
        peer.timestamp = (1020, 0)
    if segment.option('Timestamp')[1] != (1010 if peer.timestamp[0] == 1000 else 1020):
        peer.fail('an echo of the first', str(segment))


@case('RFC 6191 2')
def time_wait_newer(t):
    """In TIME-WAIT a SYN with a newer timestamp opens a connection, though its number is lower."""
    peer = open_with(t)
    peer.command('finish')
    peer.expect_fin()
    peer.send('FA')
    peer.expect_ack()
    peer.snd_nxt = peer.iss = advance(peer.iss, -100000)
    peer.timestamp = (5000, 0)
    peer.open([('MSS', 1000), ('Timestamp', (5000, 0))])
    t.accepted(peer)


@case('RFC 6191 2')
def time_wait_older(t):
    """In TIME-WAIT a SYN with an older timestamp is answered with an ACK, though its number is
    higher."""
    peer = open_with(t)
    peer.command('finish')
    peer.expect_fin()
    peer.send('FA')
    peer.expect_ack()
    peer.syn([('MSS', 1000), ('Timestamp', (500, 0))], seq=peer.snd_nxt + 100000)
    peer.expect_ack()
