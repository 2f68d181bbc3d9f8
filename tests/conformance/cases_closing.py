# SPDX-License-Identifier: LGPL-2.1-or-later
"""Closing: either side first, both at once, with data, in pieces."""

import states
from peer import advance, pattern
from suite import case


@case('RFC 9293 3.6')
def close_passive(t):
    """The peer closes first: CLOSE-WAIT, LAST-ACK, and nothing is left."""
    peer = t.open()
    peer.send('FA')
    peer.expect_ack()
    peer.read(b'', is_end=True)
    peer.command('close')
    peer.expect_fin()
    peer.send('A')
    peer.event('closed')
    states.check_dead(peer)


@case('RFC 9293 3.6')
def close_active(t):
    """We close first: FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT, in which the FIN is acknowledged again."""
    peer = t.open()
    peer.command('close')
    peer.expect_fin()
    peer.send('A')
    peer.send('FA')
    peer.expect_ack()
    peer.send('FA', seq=peer.snd_nxt - 1)
    peer.expect_ack()


@case('RFC 9293 3.6')
def close_active_connected(t):
    """The end that has connected closes first, and waits."""
    peer = t.connect()
    peer.command('close')
    peer.expect_fin()
    peer.send('FA')
    peer.expect_ack()
    states.check_alive(peer)


@case('RFC 9293 3.6')
def close_simultaneous(t):
    """Two FINs that cross: CLOSING, then TIME-WAIT."""
    peer = states.closing(t)
    peer.send('A')
    peer.expect_nothing('both ends are closed')
    states.check_alive(peer)
    peer.send('R')
    # TIME-WAIT, as only in it a RST is ignored
    states.check_alive(peer)


@case('RFC 9293 3.10.7.4')
def close_wrong_ack(t):
    """In CLOSING and LAST-ACK only the ACK of the FIN counts."""
    for state in (states.closing, states.last_ack):
        peer = state(t)
        peer.send('A', ack=peer.rcv_nxt - 1)
        states.check_alive(peer)
        peer.send('R')
        states.check_dead(peer)


@case('RFC 9293 3.6')
def half_close_ours(t):
    """After our FIN the peer may send for as long as it likes (FIN-WAIT-1 and FIN-WAIT-2)."""
    peer = t.open()
    peer.command('finish')
    fin = peer.expect_fin()
    peer.send('PA', ack=fin.seq, data=b'fin-wait-1,')
    peer.send('PA', data=b'fin-wait-2')
    peer.read(b'fin-wait-1,fin-wait-2')
    peer.send('FA', data=b', the end')
    peer.read(b', the end', is_end=True)
    while peer.receive('the ACK of the FIN').ack != peer.snd_nxt:
        pass
    states.check_alive(peer)


@case('RFC 9293 3.6')
def half_close_theirs(t):
    """After the FIN of the peer the application may send for as long as it likes (CLOSE-WAIT)."""
    peer = states.close_wait(t)
    peer.read(b'', is_end=True)
    peer.command('write', 0, 5000)
    peer.expect_data('data in CLOSE-WAIT', pattern(0, 5000))
    peer.event('written')
    peer.command('close')
    peer.expect_fin()
    peer.send('A')
    states.check_dead(peer)


@case('RFC 9293 3.10.7.4')
def fin_with_data(t):
    """A FIN may carry data, which comes before the end."""
    peer = t.open()
    peer.send('FPA', data=b'the end')
    peer.expect_ack()
    peer.read(b'the end', is_end=True)


@case('RFC 9293 3.10.7.4')
def fin_out_of_order(t):
    """A FIN that comes before the data in front of it counts when that has come."""
    peer = t.open(rto_min=30000)
    start = peer.snd_nxt
    peer.send('FA', seq=start + 10)
    peer.expect_ack('a duplicate ACK', ack=start)
    peer.send('FPA', seq=start + 5, data=b'world')
    peer.expect_ack('a duplicate ACK', ack=start)
    peer.send('PA', data=b'hello')
    peer.snd_nxt = advance(start, 11)
    peer.expect_ack()
    peer.read(b'helloworld', is_end=True)


@case('RFC 9293 3.10.7.4')
def fin_outside(t):
    """A FIN before or behind the window is not taken, but answered with an ACK."""
    peer = t.open()
    for offset in (-10, 10000000):
        peer.send('FA', seq=peer.snd_nxt + offset)
        peer.expect_ack()
    peer.send('PA', data=b'still open')
    peer.read(b'still open')


@case('RFC 9293 3.8.1')
def fin_retransmission(t):
    """A FIN that is not acknowledged is sent again."""
    peer = t.open()
    peer.command('close')
    fin = peer.expect_fin()
    peer.expect('the FIN again', again=True, flags='FA', seq=fin.seq)
    peer.send('A')


@case('RFC 9293 3.10.4')
def close_after_data(t):
    """CLOSE sends what is queued, also through a small window, and then FIN."""
    peer = t.peer(t.listen())
    peer.window = 2000
    peer.open()
    t.accepted(peer)
    peer.command('write', 0, 10000)
    peer.event('written')
    peer.command('close')
    received = b''
    while True:
        segment = peer.receive('data and FIN')
        if segment.seq != peer.rcv_nxt:
            continue
        received += segment.data
        peer.rcv_nxt = advance(peer.rcv_nxt, segment.length)
        peer.send('A')
        if 'F' in segment.flags:
            break
    if received != pattern(0, 10000):
        peer.fail('all of the data', f'{len(received)} bytes')


@case('RFC 9293 3.10.7.4')
def fin_of_both_with_ack(t):
    """A FIN that acknowledges ours brings us from FIN-WAIT-1 to TIME-WAIT."""
    peer = states.fin_wait_1(t)
    peer.send('FA')
    peer.expect_ack()
    peer.send('R')
    states.check_alive(peer)


@case('RFC 9293 3.8.6.1')
def fin_through_zero_window(t):
    """A FIN of ours waits for no window, or is probed through a closed one."""
    peer = t.open()
    peer.send('A', window=0)
    peer.drain()
    peer.command('finish')
    segment = peer.receive('FIN')
    while 'F' not in segment.flags:
        segment = peer.receive('FIN')
    peer.rcv_nxt = advance(segment.seq, 1)
    peer.send('A', window=0)
    peer.send('FA', window=0)
    peer.read(b'', is_end=True)
