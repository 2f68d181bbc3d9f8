# SPDX-License-Identifier: LGPL-2.1-or-later
"""RST in every state, where it counts and where it does not; and the resets that we send."""

import states
from peer import advance, pattern
from suite import case


def add_cases(state):
    name = state.__name__

    def exact(t):
        peer = state(t)
        peer.send('R')
        states.receive_none(peer, 'a RST is not answered')
        states.check_dead(peer)

    def in_window(t):
        peer = state(t)
        for offset in (1, 1000):
            states.expect_challenge(peer, 'a challenge ACK', 'R', seq=peer.snd_nxt + offset)
            states.check_alive(peer)

    def outside(t):
        peer = state(t)
        for offset in (-1, -1000, 1 << 30, 1 << 31):
            peer.send('R', seq=peer.snd_nxt + offset)
        states.receive_none(peer, 'a RST outside of the window is dropped')
        states.check_alive(peer)

    exact.__name__ = f'rst_exact_{name}'
    exact.__doc__ = f'In {name}: a RST at the left edge of the window ends the connection.'
    in_window.__name__ = f'rst_in_window_{name}'
    in_window.__doc__ = (f'In {name}: a RST elsewhere in the window is answered with a '
                         'challenge ACK.')
    outside.__name__ = f'rst_outside_{name}'
    outside.__doc__ = f'In {name}: a RST outside of the window is dropped without a word.'
    for function in (exact, in_window, outside):
        case('RFC 5961 3.2')(function)


for each in states.SYNCHRONIZED:
    add_cases(each)


@case('RFC 1337 3')
def rst_time_wait(t):
    """In TIME-WAIT a RST is ignored, wherever it is: the connection is not assassinated."""
    peer = states.time_wait(t)
    for offset in (0, 1, -1, 1000):
        peer.send('R', seq=peer.snd_nxt + offset)
        peer.send('RA', seq=peer.snd_nxt + offset)
    states.check_alive(peer)


@case('RFC 9293 3.10.7.4')
def rst_is_told(t):
    """The application hears of a reset, after the data that came before it."""
    peer = t.open()
    peer.command('read', 1)
    peer.send('R')
    peer.expect_error('read', 'broken-pipe')


@case('RFC 9293 3.5.3')
def rst_with_data(t):
    """A RST may carry data."""
    peer = t.open()
    peer.send('R', data=b'out of memory')
    states.check_dead(peer)


@case('RFC 9293 3.10.5')
def abort_sends_rst(t):
    """ABORT sends a RST with the next number."""
    peer = t.open()
    peer.command('abort')
    peer.expect_reset('RST', seq=peer.rcv_nxt)
    states.check_dead(peer)


@case('RFC 9293 3.10.5')
def abort_with_data(t):
    """ABORT drops what waits to be sent or acknowledged, and its RST is behind what was sent."""
    peer = t.open()
    peer.command('write', 0, 500)
    peer.expect('data', data=pattern(0, 500))
    peer.command('abort')
    peer.expect_reset('RST', seq=advance(peer.rcv_nxt, 500))


@case('RFC 9293 3.6.1')
def close_unread(t):
    """CLOSE with data that the application has not read sends a RST: the data was lost
    (RFC 2525 2.17)."""
    peer = t.open()
    peer.send('PA', data=b'unread')
    peer.expect_ack()
    peer.command('close')
    peer.expect_reset('RST', seq=peer.rcv_nxt)


@case('RFC 9293 3.6.1')
def data_after_close(t):
    """Data that comes after CLOSE is answered with a RST: nobody will read it."""
    peer = t.open()
    peer.command('close')
    peer.expect_fin()
    peer.send('A')
    peer.send('PA', data=b'late')
    peer.expect_reset('RST', seq=peer.rcv_nxt)


@case('RFC 9293 3.5.1')
def half_open_sender(t):
    """Who sends to a peer that has forgotten the connection is reset by it."""
    peer = t.open()
    peer.command('write', 0, 100)
    segment = peer.expect('data', data=pattern(0, 100))
    peer.send('R', seq=segment.ack)
    peer.command('read', 1)
    peer.expect_error('read', 'broken-pipe')


@case('RFC 9293 3.5.1')
def half_open_receiver(t):
    """A peer that has restarted and connects again is told where we are, and can reset us."""
    peer = t.open()
    peer.syn(seq=peer.iss + 500000)
    segment = peer.expect_ack('a challenge ACK')
    peer.send('R', seq=segment.ack)
    peer.syn(seq=peer.iss + 500000)
    peer.expect('SYN,ACK', flags='SA', ack=advance(peer.iss, 500001))
