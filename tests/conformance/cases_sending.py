# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sending: Nagle, PSH, how much at first, and how it grows."""

from peer import advance, distance, pattern
from suite import case


@case('RFC 9293 3.7.4')
def nagle(t):
    """A small segment waits while another one is not acknowledged, a full one does not."""
    peer = t.open([('MSS', 1000)], rto_min=30000)
    peer.command('write', 0, 10)
    peer.event('written')
    first = peer.expect('the first write', data=pattern(0, 10))
    for number in range(3):
        peer.command('write', 10 + number * 10, 10)
        peer.event('written')
    if any(segment.seq != first.seq for segment in peer.drain()):
        peer.fail('nothing new before the ACK', 'more')
    peer.take(first)
    peer.send('A')
    segment = peer.receive('the others, together')
    while segment.seq == first.seq:
        segment = peer.receive('the others, together')
    peer.check(segment, 'the others, together', data=pattern(10, 30))
    # with it unacknowledged
    peer.command('write', 40, 1500)
    segment = peer.receive('a full segment')
    while not segment.seq == advance(first.seq, 40):
        segment = peer.receive('a full segment')
    peer.check(segment, 'a full segment', data=pattern(40, 1000))


@case('RFC 9293 3.7.4')
def nagle_off(t):
    """Without the Nagle algorithm each write is sent at once (MUST-17)."""
    peer = t.open(rto_min=30000)
    peer.command('nodelay', 1)
    for number in range(3):
        peer.command('write', number * 10, 10)
        peer.event('written')
        segment = peer.receive('each write')
        while distance(peer.rcv_nxt, segment.seq) < number * 10:
            segment = peer.receive('each write')
        peer.check(segment, 'each write', data=pattern(number * 10, 10))


@case('RFC 9293 3.9.1.2')
def push(t):
    """The last segment of what was written has PSH (MUST-60)."""
    peer = t.open([('MSS', 1000)])
    for size in (10, 1000, 2500):
        peer.command('write', 0, size)
        received = b''
        while len(received) < size:
            segment = peer.receive('data')
            new = peer.take(segment)
            received += new
            if new:
                peer.send('A')
        if 'P' not in segment.flags:
            peer.fail('PSH', str(segment))


@case('RFC 5681 3.1')
def initial_window(t):
    """Before the first ACK no more is sent than ten segments, or 14600 bytes (RFC 6928 2)."""
    for mss, limit in ((1460, 14600), (1000, 10000), (500, 5000)):
        peer = t.open([('MSS', mss)], rto_min=30000)
        peer.command('write', 0, 60000)
        peer.receive('data')
        last = max([distance(peer.rcv_nxt, advance(s.seq, len(s.data))) for s in peer.drain()],
                   default=0)
        if last > limit:
            peer.fail(f'at most {limit} bytes', str(last))
        peer.send('R')


@case('RFC 5681 3.1')
def slow_start(t):
    """An ACK of new data lets as much go again, and at most as much more."""
    peer = t.open([('MSS', 1000)], rto_min=30000)
    peer.command('write', 0, 60000)
    start = peer.rcv_nxt
    sent = 0
    while sent < 10000:
        segment = peer.receive('data')
        sent = max(sent, distance(start, advance(segment.seq, len(segment.data))))
    if sent > 10000:
        peer.fail('ten segments', str(sent))
    peer.send('A', ack=start + 2000)
    peer.receive('more data')
    for segment in peer.drain():
        sent = max(sent, distance(start, advance(segment.seq, len(segment.data))))
    # two went out for those that arrived, and up to two because the window grows
    if sent > 14000:
        peer.fail('at most 14000 bytes', str(sent))
    peer.send('R')


@case('RFC 9293 3.10.7.4')
def ack_of_part(t):
    """An ACK of part of a segment is taken; the rest comes again."""
    peer = t.open([('MSS', 1000)], rto_min=300)
    peer.command('write', 0, 1000)
    segment = peer.expect('data', data=pattern(0, 1000))
    peer.rcv_nxt = advance(segment.seq, 400)
    peer.send('A')
    peer.expect_data('the rest again', pattern(400, 600))
    peer.event('written')


@case('RFC 5961 7')
def acks_do_not_loop(t):
    """Two ends that disagree do not answer each other for ever: challenge ACKs are limited."""
    peer = t.open()
    for _ in range(200):
        peer.send('A', ack=peer.rcv_nxt + 100000)
    n_answers = len(peer.drain())
    if n_answers > 150:
        peer.fail('fewer answers than segments', str(n_answers))
