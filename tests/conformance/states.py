# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ways into each state of a connection that both ends know of."""

import wire
from peer import advance

N_TRIES = 1000


def established(t):
    return t.open()


def established_connected(t):
    return t.connect()


def close_wait(t):
    peer = t.open()
    peer.send('FA')
    peer.expect_ack()
    return peer


def fin_wait_1(t):
    peer = t.open()
    peer.command('finish')
    # not acknowledged yet
    peer.expect_fin()
    return peer


def fin_wait_2(t):
    peer = fin_wait_1(t)
    peer.send('A')
    return peer


def closing(t):
    peer = t.open()
    peer.command('finish')
    fin = peer.expect_fin()
    peer.send('FA', ack=fin.seq)
    peer.expect_ack('the ACK of the FIN', seq=advance(fin.seq, 1))
    return peer


def last_ack(t):
    peer = close_wait(t)
    peer.command('finish')
    peer.expect_fin()
    return peer


def time_wait(t):
    peer = fin_wait_2(t)
    peer.send('FA')
    peer.expect_ack()
    return peer


# those that only the timer and a reset end
SYNCHRONIZED = (established, established_connected, close_wait, fin_wait_1, fin_wait_2, closing,
                last_ack)
ALL = SYNCHRONIZED + (time_wait,)


def receive_ack(peer, what, **fields):
    """What the target sends again in between because nobody acknowledges it does not matter."""
    while True:
        segment = peer.receive(what)
        if 'F' not in segment.flags:
            return peer.check(segment, what, flags='A', ack=peer.snd_nxt, **fields)


def expect_challenge(peer, what, *arguments, **fields):
    """Sends this until it is answered, because challenge ACKs are limited to one in some time."""
    for _ in range(N_TRIES):
        peer.send(*arguments, **fields)
        for segment in peer.drain():
            if 'F' not in segment.flags or 'R' in segment.flags:
                return peer.check(segment, what, flags='A', ack=peer.snd_nxt)
    peer.fail(what, 'nothing')


def receive_none(peer, what):
    """Nothing but what is sent again because nobody acknowledges it."""
    for segment in peer.drain():
        if 'F' not in segment.flags or 'R' in segment.flags:
            peer.fail(f'nothing, because {what}', str(segment))


def check_alive(peer):
    """An old segment is answered with an ACK by a connection, and with RST where there is none."""
    # in the tick of another answer there is none
    for _ in range(wire.PATIENCE_S):
        peer.send('A', seq=peer.snd_nxt - 1, ack=peer.irs + 1, data=b'?')
        if peer.wait(1):
            break
    receive_ack(peer, 'an ACK, because the connection lives')


def check_dead(peer):
    peer.send('A')
    # a connection would not answer
    while 'R' not in peer.receive('a RST, because there is no connection').flags:
        pass
