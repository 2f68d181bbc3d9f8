# SPDX-License-Identifier: LGPL-2.1-or-later
"""Explicit congestion notification."""

from peer import advance, distance, pattern
from suite import case

NOT_ECT, ECT_0, CE = 0, 2, 3
OPTIONS = [('MSS', 1000)]


def ip_with(t, ecn):
    ip = t.suite.wire.address(t.version)
    if t.version == 4:
        ip.tos = ecn
    else:
        ip.tc = ecn
    return ip


def open_with(t, **options):
    peer = t.peer(t.listen(ecn=1, **options))
    peer.syn(OPTIONS, flags='SEC')
    peer.expect_syn_ack(flags='SAE')
    peer.send('A')
    return t.accepted(peer)


@case('RFC 3168 6.1.1')
def ecn_accepted(t):
    """A SYN with ECE and CWR is answered by SYN,ACK with ECE only, which is not marked."""
    peer = t.peer(t.listen(ecn=1))
    peer.syn(OPTIONS, flags='SEC')
    segment = peer.expect_syn_ack(flags='SAE')
    if segment.ecn != NOT_ECT:
        peer.fail('no ECT', str(segment))
    peer.send('A')
    t.accepted(peer)
    if not peer.info()['ecn']:
        peer.fail('ECN', str(peer.info()))


@case('RFC 3168 6.1.1')
def ecn_declined(t):
    """Without the option a SYN with ECE and CWR is answered by a plain SYN,ACK."""
    peer = t.peer(t.listen())
    peer.syn(OPTIONS, flags='SEC')
    peer.expect_syn_ack(flags='SA')


@case('RFC 3168 6.1.1')
def ecn_not_offered(t):
    """A SYN with neither or only one of the flags is answered by a plain SYN,ACK."""
    port = t.listen(ecn=1)
    for flags in ('S', 'SE', 'SC'):
        peer = t.peer(port)
        peer.syn(OPTIONS, flags=flags)
        peer.expect_syn_ack(flags='SA')
        peer.send('A')
        t.accepted(peer)
        peer.command('write', 0, 100)
        segment = peer.expect('data', data=pattern(0, 100))
        if segment.ecn != NOT_ECT:
            peer.fail('no ECT', str(segment))


@case('RFC 3168 6.1.1')
def ecn_connect(t):
    """Our SYN offers it; SYN,ACK with ECE accepts."""
    peer = t.begin_connect(flags='SEC', ecn=1)
    if t.syn.ecn != NOT_ECT:
        peer.fail('no ECT', str(t.syn))
    peer.send('SAE', options=OPTIONS)
    peer.expect_ack()
    peer.event('connected')
    peer.command('write', 0, 100)
    segment = peer.expect('data', data=pattern(0, 100))
    if segment.ecn != ECT_0:
        peer.fail('ECT(0)', str(segment))


@case('RFC 3168 6.1.1')
def ecn_reflected(t):
    """SYN,ACK with both flags comes from a host that sends back what it gets: no ECN."""
    peer = t.begin_connect(flags='SEC', ecn=1)
    peer.send('SAEC', options=OPTIONS)
    peer.expect_ack()
    peer.event('connected')
    peer.command('write', 0, 100)
    segment = peer.expect('data', data=pattern(0, 100))
    if segment.ecn != NOT_ECT:
        peer.fail('no ECT', str(segment))


@case('RFC 3168 6.1.2')
def ecn_data(t):
    """New data is ECT, an ACK alone (6.1.4) and what is sent again (6.1.5) are not."""
    peer = open_with(t, rto_min=300)
    peer.command('write', 0, 500)
    first = peer.expect('data', data=pattern(0, 500))
    if first.ecn != ECT_0:
        peer.fail('ECT(0)', str(first))
    again = peer.expect('the data again', again=True, seq=first.seq)
    if again.ecn != NOT_ECT:
        peer.fail('no ECT', str(again))
    peer.take(first)
    peer.send('PA', data=b'data')
    segment = peer.receive('ACK')
    while segment.data:
        segment = peer.receive('ACK')
    if segment.ecn != NOT_ECT:
        peer.fail('no ECT', str(segment))


@case('RFC 3168 6.1.3')
def ecn_echo(t):
    """A mark is echoed in each ACK until the peer says CWR."""
    peer = open_with(t)
    peer.send('PA', data=b'marked', ip=ip_with(t, CE))
    peer.expect_ack(flags='AE')
    peer.send('PA', data=b'data', ip=ip_with(t, ECT_0))
    peer.expect_ack(flags='AE')
    peer.send('PAC', data=b'data', ip=ip_with(t, ECT_0))
    peer.expect_ack(flags='A')
    peer.read(b'markeddatadata')


@case('RFC 3168 6.1.2')
def ecn_reduces(t):
    """ECE makes the sender slow down once for each window, and say so with CWR in new data."""
    peer = open_with(t, rto_min=30000)
    peer.command('write', 0, 100000)
    start = peer.rcv_nxt
    sent = 0
    while sent < 10000:
        segment = peer.receive('data')
        sent = max(sent, distance(start, advance(segment.seq, len(segment.data))))
    before = peer.info()['cwnd']
    peer.rcv_nxt = advance(start, 10000)
    peer.send('AE')
    segment = peer.receive('new data')
    while distance(peer.rcv_nxt, segment.seq) < 0:
        segment = peer.receive('new data')
    if 'C' not in segment.flags:
        peer.fail('CWR', str(segment))
    after = peer.info()['cwnd']
    if after >= before:
        peer.fail(f'a smaller window than {before}', str(after))
    # the same window again
    peer.send('AE')
    peer.drain()
    if peer.info()['cwnd'] < after:
        peer.fail(f'{after}, as before', str(peer.info()))
