# SPDX-License-Identifier: LGPL-2.1-or-later
"""Retransmission, keepalive and user timeout. Where time is measured there are lower limits only,
because a machine that is slow makes things later."""

import states
from peer import advance, distance, pattern
from suite import case

# the clock of a worker that was late catches up
EARLY = 0.6


def gaps_of(times):
    return [b - a for a, b in zip(times, times[1:])]


def check_backoff(peer, times, first):
    """Each interval is twice the one before, the first one at least as long as said; what came
    late may make one interval shorter."""
    gaps = gaps_of(times)
    for number, gap in enumerate(gaps):
        if gap < min(first * 2 ** number * EARLY, gaps[number - 1] * 1.2 if number else first):
            peer.fail(f'intervals of {first} s, and then twice as long', str(gaps))


@case('RFC 6298 5.5')
def syn_backoff(t):
    """Our SYN is sent again after a second (RFC 6298 2.1), and then after twice the time."""
    peer = t.begin_connect()
    times = [t.syn.arrival]
    for _ in range(3):
        times.append(peer.expect('the SYN again', again=True, flags='S', seq=peer.irs).arrival)
    check_backoff(peer, times, 1)
    peer.answer_syn()
    peer.event('connected')


@case('RFC 6298 5.5')
def syn_ack_backoff(t):
    """SYN,ACK is sent again after twice the time each time."""
    peer = t.peer(t.listen())
    peer.syn()
    first = peer.expect_syn_ack()
    times = [first.arrival]
    for _ in range(2):
        times.append(peer.expect_syn_ack(again=True, seq=first.seq).arrival)
    check_backoff(peer, times, 1)
    peer.send('R')


@case('RFC 6298 5.7')
def syn_lost(t):
    """After a lost SYN the first timeout of data is three seconds, and the initial window one
    segment (RFC 5681 3.1)."""
    peer = t.begin_connect()
    peer.expect('the SYN again', again=True, flags='S', seq=peer.irs)
    peer.answer_syn([('MSS', 1000)])
    peer.event('connected')
    peer.command('write', 0, 5000)
    first = peer.receive('data')
    if any(segment.seq != first.seq for segment in peer.drain()):
        peer.fail('one segment', 'more')
    again = peer.expect('the data again', again=True, seq=first.seq)
    if again.arrival - first.arrival < 3 * EARLY:
        peer.fail('three seconds', f'{again.arrival - first.arrival:.3f} s')
    peer.take(first)
    peer.send('A')
    peer.expect_data('the rest', pattern(1000, 4000))


@case('RFC 6298 5.5')
def data_backoff(t):
    """Data that is not acknowledged is sent again after a time that doubles."""
    peer = t.open(rto_min=300)
    peer.command('write', 0, 500)
    first = peer.expect('data', data=pattern(0, 500))
    times = [first.arrival]
    for _ in range(3):
        segment = peer.expect('the data again', again=True, seq=first.seq, data=first.data)
        times.append(segment.arrival)
    check_backoff(peer, times, 0.3)
    peer.take(first)
    peer.send('A')
    peer.event('written')
    peer.expect_nothing('all was acknowledged')


@case('RFC 6298 5.1')
def data_first_only(t):
    """After a timeout the segment that was sent first is sent again, and the others as ACKs allow
    (RFC 5681 3.1)."""
    peer = t.open([('MSS', 1000)], rto_min=500)
    peer.command('write', 0, 5000)
    start = peer.rcv_nxt
    segments = [peer.receive('data') for _ in range(5)]
    if [distance(start, s.seq) for s in segments] != [0, 1000, 2000, 3000, 4000]:
        peer.fail('five segments in order', str([str(s) for s in segments]))
    again = peer.receive('the first one again', again=True)
    if again.seq != start:
        peer.fail('the first segment', str(again))
    if any(s.seq != start for s in peer.drain(again=True)):
        peer.fail('one segment', 'more')
    peer.expect_data('all of it', pattern(0, 5000))


@case('RFC 5681 3.2')
def fast_retransmit(t):
    """Three duplicate ACKs make the sender send again without waiting for the timer."""
    peer = t.open([('MSS', 1000)], rto_min=30000)
    peer.command('write', 0, 20000)
    start = peer.rcv_nxt
    segments = [peer.receive('data') for _ in range(5)]
    for _ in range(3):
        peer.send('A', ack=start)
    while True:
        segment = peer.receive('the first segment again', again=True)
        segments.append(segment)
        if segment.seq == start:
            break
    received = b''.join(peer.take(segment) for segment in segments)
    peer.send('A')
    peer.expect_data('the rest', pattern(len(received), 20000 - len(received)))


@case('RFC 2018 5')
def sack_retransmit(t):
    """What was SACKed is not sent again, the hole is, without waiting for the timer."""
    peer = t.open([('MSS', 1000), ('SAckOK', b'')], rto_min=30000)
    peer.command('write', 0, 6000)
    start = peer.rcv_nxt
    for _ in range(6):
        peer.receive('data')
    # the second one is lost
    for right in (3000, 4000, 5000, 6000):
        peer.send('A', ack=start + 1000,
                  options=[('NOP', None), ('NOP', None),
                           ('SAck', (advance(start, 2000), advance(start, right)))])
    # a probe of the end may have been sent before
    while peer.receive('the second segment again', again=True).seq != advance(start, 1000):
        pass
    for segment in peer.drain(again=True):
        if segment.data and segment.seq != advance(start, 1000):
            peer.fail('nothing that was SACKed', str(segment))
    peer.rcv_nxt = advance(start, 6000)
    peer.send('A')
    peer.event('written')


@case('RFC 2018 8')
def sack_reneged(t):
    """What was SACKed is not forgotten before it is acknowledged: after a timeout it can be
    sent again."""
    peer = t.open([('MSS', 1000), ('SAckOK', b'')], rto_min=300)
    peer.command('write', 0, 3000)
    start = peer.rcv_nxt
    for _ in range(3):
        peer.receive('data')
    peer.send('A', ack=start, options=[('NOP', None), ('NOP', None),
                                       ('SAck', (advance(start, 1000), advance(start, 3000)))])
    peer.expect_data('all of it again', pattern(0, 3000))


@case('RFC 9293 3.8.4')
def keepalive(t):
    """An idle connection is probed with the number before the next, goes on while that is
    answered, and ends when it is not."""
    peer = t.open(keepalive=1, keepalive_idle=1, keepalive_interval=1, keepalive_count=2)
    for _ in range(2):
        segment = peer.receive('a keepalive probe')
        peer.check(segment, 'a keepalive probe', flags='A', seq=advance(peer.rcv_nxt, -1),
                   ack=peer.snd_nxt)
        if len(segment.data) > 1:
            peer.fail('at most one byte', str(segment))
        peer.send('A')
    peer.command('read', 1)
    peer.expect_error('read', 'timed-out')
    states.check_dead(peer)


@case('RFC 9293 3.8.4')
def keepalive_answered(t):
    """Keepalive probes of the peer, with and without a byte, are answered with an ACK."""
    peer = t.open()
    peer.send('A', seq=peer.snd_nxt - 1)
    peer.expect_ack()
    peer.send('A', seq=peer.snd_nxt - 1, data=b'\0')
    peer.expect_ack()


@case('RFC 9293 3.9.1.2')
def user_timeout(t):
    """Data that is not acknowledged for the user timeout ends the connection, with a RST."""
    peer = t.open(user_timeout=1000)
    peer.command('write', 0, 500)
    first = peer.expect('data', data=pattern(0, 500))
    segment = peer.receive('a RST', again=True)
    while 'R' not in segment.flags:
        segment = peer.receive('a RST', again=True)
    if segment.arrival - first.arrival < EARLY:
        peer.fail('a second', f'{segment.arrival - first.arrival:.3f} s')
    peer.command('read', 1)
    peer.expect_error('read', 'timed-out')


@case('RFC 9293 3.9.1.2')
def user_timeout_window(t):
    """The user timeout also ends a connection behind a window that stays closed."""
    peer = t.open(user_timeout=2000)
    peer.send('A', window=0)
    peer.drain()
    peer.command('write', 0, 500)
    segment = peer.receive('a window probe, then a RST', again=True)
    while 'R' not in segment.flags:
        peer.take(segment)
        segment = peer.receive('a RST', again=True)
    peer.command('read', 1)
    peer.expect_error('read', 'timed-out')
