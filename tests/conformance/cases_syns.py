# SPDX-License-Identifier: LGPL-2.1-or-later
"""SYN and FIN in every state."""

import states
from peer import advance
from suite import case


def add_syn_case(state):
    def syn(t):
        peer = state(t)
        for flags, offset in (('S', 0), ('S', -1), ('S', 1000), ('S', 1 << 30), ('SA', 0),
                              ('SA', 1000), ('SF', 0)):
            states.expect_challenge(peer, 'a challenge ACK', flags, seq=peer.snd_nxt + offset)
            states.check_alive(peer)

    syn.__name__ = f'syn_{state.__name__}'
    syn.__doc__ = f'In {state.__name__}: a SYN, wherever it is, is answered with a challenge ACK.'
    case('RFC 5961 4.2')(syn)


for each in states.SYNCHRONIZED:
    add_syn_case(each)


def add_fin_case(state):
    def fin(t):
        peer = state(t)
        # the one that was received, from before ours, and one behind it
        peer.send('FA', seq=peer.snd_nxt - 1, ack=peer.irs + 1)
        states.receive_ack(peer, 'the ACK of the FIN')
        peer.send('FA', seq=peer.snd_nxt, ack=peer.irs + 1, data=b'behind the end')
        for segment in peer.drain():
            if segment.ack != peer.snd_nxt or 'R' in segment.flags:
                peer.fail('no ACK of what is behind the end', str(segment))
        states.check_alive(peer)

    fin.__name__ = f'fin_{state.__name__}'
    fin.__doc__ = (f'In {state.__name__}: the FIN again is acknowledged again, '
                   'and nothing behind it counts.')
    case('RFC 9293 3.10.7.4')(fin)


# where a FIN was received already; those where it is new are with closing
for each in (states.close_wait, states.closing, states.last_ack, states.time_wait):
    add_fin_case(each)


@case('RFC 6191 2')
def syn_time_wait_new(t):
    """In TIME-WAIT a SYN with a higher number opens a new connection, with numbers above the
    old."""
    peer = states.time_wait(t)
    old = peer.rcv_nxt
    peer.snd_nxt = peer.iss = advance(peer.snd_nxt, 100000)
    peer.open()
    if not 0 < (peer.irs - old) % (1 << 32) < 1 << 31:
        peer.fail(f'a number above {old}', str(peer.irs))
    t.accepted(peer)
    peer.send('PA', data=b'new')
    peer.read(b'new')


@case('RFC 5961 4.2')
def syn_time_wait_old(t):
    """In TIME-WAIT an old SYN is answered with an ACK."""
    peer = states.time_wait(t)
    peer.syn(seq=peer.iss)
    states.receive_ack(peer, 'an ACK')
    states.check_alive(peer)


@case('RFC 1337 2')
def data_time_wait(t):
    """In TIME-WAIT old data is answered with an ACK, and delivered to nobody."""
    peer = states.time_wait(t)
    peer.send('PA', seq=peer.snd_nxt - 100, data=b'old')
    states.receive_ack(peer, 'an ACK')


@case('RFC 9293 3.10.7.4')
def ack_time_wait(t):
    """In TIME-WAIT an ACK needs no answer."""
    peer = states.time_wait(t)
    peer.send('A')
    peer.expect_nothing('the ACK is good')
