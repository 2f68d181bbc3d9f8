# SPDX-License-Identifier: LGPL-2.1-or-later
"""Receiving: order, overlaps, duplicates, what must not count, acknowledgements."""

from scapy.layers.inet import TCP
from scapy.packet import Raw

import states
from peer import advance, pattern
from suite import case

DATA = pattern(0, 1000)
# what is out of order is dropped after some such times
PATIENT = 30000


@case('RFC 9293 3.10.7.4')
def in_order(t):
    """Segments in order reach the application in order, and are all acknowledged."""
    peer = t.open()
    for start in range(0, 1000, 100):
        peer.send('PA', data=DATA[start:start + 100])
    peer.read(DATA)
    while peer.receive('ACK of all').ack != peer.snd_nxt:
        pass


@case('RFC 9293 3.10.7.4')
def out_of_order(t):
    """Each segment out of order is acknowledged at once (RFC 5681 4.2), and none is lost."""
    peer = t.open(ack_delay=500, rto_min=PATIENT)
    start = peer.snd_nxt
    for at in (800, 400, 600, 200):
        peer.send('PA', seq=start + at, data=DATA[at:at + 200])
        peer.expect_ack('a duplicate ACK', ack=start)
    peer.send('PA', seq=start, data=DATA[:200])
    peer.snd_nxt = advance(start, 1000)
    peer.read(DATA)


@case('RFC 5681 4.2')
def gap_filled(t):
    """A segment that fills a gap, all of it or in part, is acknowledged at once."""
    peer = t.open(ack_delay=500, rto_min=PATIENT)
    start = peer.snd_nxt
    for at in (300, 500):
        peer.send('PA', seq=start + at, data=DATA[at:at + 100])
    peer.send('PA', seq=start, data=DATA[:300])
    peer.send('PA', seq=start + 400, data=DATA[400:500])
    acks = [segment.ack for segment in peer.drain()]
    wanted = [start, start, advance(start, 400), advance(start, 600)]
    if acks != wanted:
        peer.fail(f'ACKs at once of {wanted}', str(acks))
    peer.snd_nxt = advance(start, 600)
    peer.read(DATA[:600])


@case('RFC 9293 3.8.6.3')
def acks_are_delayed(t):
    """At least each second full segment is acknowledged at once, a last one within half a
    second."""
    peer = t.open(ack_delay=500)
    data = pattern(0, 5 * 1460)
    size = 1440 if t.version == 6 else 1460
    peer.send('A', data=data[:size])
    peer.send('A', data=data[size:2 * size])
    acks = [segment.ack for segment in peer.drain()]
    if advance(peer.snd_nxt, 0) not in acks:
        peer.fail(f'an ACK of {peer.snd_nxt} at once', str(acks))
    peer.send('A', data=data[2 * size:3 * size])
    peer.expect_ack()
    peer.read(data[:3 * size])


@case('RFC 9293 3.10.7.4')
def overlap_left(t):
    """Of a segment that begins with old data only the new data counts."""
    peer = t.open()
    start = peer.snd_nxt
    peer.send('PA', data=DATA[:300])
    peer.send('PA', seq=start + 100, data=DATA[100:500])
    peer.snd_nxt = advance(start, 500)
    peer.read(DATA[:500])
    while peer.receive('ACK of all').ack != peer.snd_nxt:
        pass


@case('RFC 9293 3.10.7.4')
def overlap_out_of_order(t):
    """Segments out of order that overlap in every way make one stream."""
    peer = t.open(rto_min=PATIENT)
    start = peer.snd_nxt
    for first, last in ((300, 400), (350, 500), (250, 320), (600, 700), (550, 800), (620, 640),
                        (200, 900), (900, 1000), (100, 250)):
        peer.send('PA', seq=start + first, data=DATA[first:last])
    peer.send('PA', seq=start, data=DATA[:150])
    peer.snd_nxt = advance(start, 1000)
    peer.read(DATA)


@case('RFC 9293 3.10.7.4')
def overlap_conflict(t):
    """Of two versions of the same data one counts, and the rest of the stream is not shifted."""
    peer = t.open(rto_min=PATIENT)
    start = peer.snd_nxt
    peer.send('PA', seq=start + 100, data=b'A' * 100)
    peer.send('PA', seq=start + 150, data=b'B' * 100)
    peer.send('PA', seq=start, data=b'C' * 120)
    peer.snd_nxt = advance(start, 250)
    peer.command('read', 250)
    data = bytes.fromhex(peer.event('data')[2])
    allowed = ['C'] * 100 + ['CA'] * 20 + ['A'] * 30 + ['AB'] * 50 + ['B'] * 50
    if any(chr(byte) not in letters for byte, letters in zip(data, allowed)):
        peer.fail('each byte from a segment that had it', str(data))


@case('RFC 9293 3.10.7.4')
def duplicate(t):
    """A segment that was received already is acknowledged at once and not delivered again."""
    peer = t.open(ack_delay=500)
    start = peer.snd_nxt
    peer.send('PA', data=DATA[:100])
    peer.drain()
    for _ in range(3):
        peer.send('PA', seq=start, data=DATA[:100])
        peer.expect_ack()
    peer.send('PA', data=DATA[100:200])
    peer.read(DATA[:200])


@case('RFC 9293 3.4')
def sequence_wrap(t):
    """Numbers go on behind 2^32, also out of order."""
    peer = t.peer(t.listen(rto_min=PATIENT), iss=(1 << 32) - 300)
    peer.open()
    t.accepted(peer)
    start = peer.snd_nxt
    peer.send('PA', seq=start + 500, data=DATA[500:])
    peer.expect_ack('a duplicate ACK', ack=start)
    peer.send('PA', data=DATA[:500])
    peer.snd_nxt = advance(start, 1000)
    peer.read(DATA)
    peer.send('R', seq=start)
    peer.send('PA', data=b'more')
    peer.read(b'more')


@case('RFC 9293 3.10.7.4')
def old_segment(t):
    """A segment wholly before the window is answered with an ACK and does not count, nor does
    its ACK."""
    peer = t.open()
    peer.send('PA', data=DATA[:100])
    peer.read(DATA[:100])
    while peer.receive('ACK').ack != peer.snd_nxt:
        pass
    peer.command('write', 0, 100)
    segment = peer.expect('data', data=pattern(0, 100))
    peer.rcv_nxt = advance(peer.rcv_nxt, 100)
    peer.send('PA', seq=segment.ack - 1000, ack=segment.seq, data=b'old')
    peer.expect_ack()
    peer.send('A')


@case('RFC 9293 3.10.7.4')
def beyond_window(t):
    """A segment behind the window is answered with an ACK, and of one at its edge only what
    fits counts."""
    peer = t.open(receive_buffer_size=4096)
    start = peer.snd_nxt
    peer.send('PA', seq=start + 5000, data=b'beyond')
    peer.expect_ack('an ACK', ack=start)
    data = pattern(0, 5000)
    for at in range(0, 4000, 1000):
        peer.send('A', data=data[at:at + 1000])
    peer.drain()
    peer.send('A', seq=start + 4000, data=data[4000:4200])
    peer.snd_nxt = advance(start, 4096)
    while peer.receive('an ACK of no more than the window').ack != peer.snd_nxt:
        pass
    peer.read(data[:4096])


@case('RFC 9293 3.10.7.4')
def no_ack_flag(t):
    """Data without ACK is dropped, whatever other flags there are."""
    peer = t.open()
    start = peer.snd_nxt
    for flags in ('', 'P', 'F', 'FPU', 'U'):
        peer.send(flags, seq=start, data=b'no ack')
    peer.expect_nothing('without ACK it is dropped')
    peer.send('PA', data=b'good')
    peer.read(b'good')
    peer.expect_ack()


@case('RFC 9293 3.10.7.4')
def ack_of_unsent(t):
    """A segment that acknowledges what was not sent is answered with an ACK and dropped."""
    peer = t.open()
    start = peer.snd_nxt
    for ack in (peer.rcv_nxt + 1, peer.rcv_nxt + 100000, peer.rcv_nxt + (1 << 31) - 1):
        states.expect_challenge(peer, 'an ACK', 'PA', seq=start, ack=ack, data=b'bad ack')
    peer.send('PA', data=b'good')
    peer.read(b'good')


@case('RFC 5961 5.2')
def ack_too_old(t):
    """A segment whose ACK is older than the largest window is answered with an ACK and dropped."""
    peer = t.open()
    peer.send('PA', ack=peer.rcv_nxt - 70000, seq=peer.snd_nxt, data=b'bad ack')
    peer.expect_ack()
    # one in the window that was acknowledged before is no harm
    peer.send('PA', ack=peer.rcv_nxt - 1000, data=b'good')
    peer.read(b'good')


@case('RFC 9293 3.1')
def bad_checksum(t):
    """A segment with a wrong checksum is dropped without a word (MUST-3)."""
    peer = t.open()
    good = peer.segment('PA', data=b'data')
    ip = t.suite.wire.address(t.version)
    built = type(ip)(bytes(ip / good))
    for change in (1, 0x100, 0x8000):
        bad = peer.segment('PA', data=b'data')
        bad.chksum = built[TCP].chksum ^ change
        peer.send_packet(bad)
    bad.chksum = 0
    peer.send_packet(bad)
    peer.expect_nothing('the checksum is wrong')
    peer.send('PA', data=b'data')
    peer.read(b'data')
    peer.expect_ack()


@case('RFC 9293 3.1')
def bad_syn_checksum(t):
    """A SYN with a wrong checksum is dropped without a word (MUST-3)."""
    peer = t.peer(t.listen())
    bad = peer.segment('S')
    bad.chksum = 0x1234
    peer.send_packet(bad)
    peer.expect_nothing('the checksum is wrong')


@case('RFC 9293 3.1')
def bad_data_offset(t):
    """A header that is too short or longer than the segment drops the segment."""
    peer = t.open()
    start = peer.snd_nxt
    for offset in (0, 1, 4, 15):
        peer.send('PA', seq=start, data=b'1234', dataofs=offset)
    peer.expect_nothing('the data offset is wrong')
    peer.send('PA', data=b'good')
    peer.read(b'good')


@case('RFC 9293 3.1')
def short_header(t):
    """A packet that ends in the middle of the header is dropped."""
    peer = t.open()
    whole = bytes(peer.segment('PA', data=b'data'))
    for size in (0, 4, 8, 19):
        ip = t.suite.wire.address(t.version)
        if t.version == 4:
            ip.proto = 6
        else:
            ip.nh = 6
        t.suite.wire.send(ip / Raw(whole[:size]))
    peer.expect_nothing('there is no header')
    peer.send('PA', data=b'good')
    peer.read(b'good')


@case('RFC 9293 3.1')
def reserved_bits(t):
    """Reserved bits do not matter."""
    peer = t.open()
    peer.send('PA', data=b'reserved', reserved=7)
    peer.read(b'reserved')
    peer.expect_ack()


@case('RFC 9293 3.8.5')
def urgent(t):
    """Urgent data stays in the stream (RFC 6093 6), wherever the pointer points."""
    peer = t.open()
    received = b''
    for pointer, data in ((1, b'one'), (3, b'two'), (0, b'three'), (1000, b'four'),
                          (65535, b'five')):
        peer.send('PAU', data=data, urgptr=pointer)
        received += data
    peer.send('AU', urgptr=1)
    # without the flag it has no meaning
    peer.send('PA', data=b'six', urgptr=2)
    peer.read(received + b'six')


@case('RFC 9293 3.9.1.2')
def pushed_or_not(t):
    """Data without PSH reaches the application too."""
    peer = t.open()
    peer.send('A', data=b'not pushed')
    peer.read(b'not pushed')
    peer.expect_ack()


@case('RFC 2018 4')
def sack_blocks(t):
    """The first block is of the segment that has just come, then those told most recently."""
    peer = t.open([('MSS', 1000), ('SAckOK', b'')], rto_min=PATIENT)
    start = peer.snd_nxt
    told = []
    for at in (200, 600, 400, 800):
        peer.send('PA', seq=start + at, data=DATA[at:at + 100])
        told.insert(0, (advance(start, at), advance(start, at + 100)))
        segment = peer.expect_ack('an ACK with SACK', ack=start)
        blocks = segment.option('SAck') or ()
        blocks = list(zip(blocks[::2], blocks[1::2]))
        if blocks != told[:4] and blocks != told[:3]:
            peer.fail(f'SACK {told}', str(segment))
    # the blocks grow together, and the new one is in the first
    peer.send('PA', seq=start + 500, data=DATA[500:600])
    segment = peer.expect_ack('an ACK with SACK', ack=start)
    if (segment.option('SAck') or ())[:2] != (advance(start, 400), advance(start, 700)):
        peer.fail('the first block from 400 to 700', str(segment))
    peer.send('PA', seq=start, data=DATA[:200])
    segment = peer.expect_ack('an ACK with SACK', ack=advance(start, 300))
    peer.send('PA', seq=start + 300, data=DATA[300:400])
    peer.send('PA', seq=start + 700, data=DATA[700:800])
    peer.snd_nxt = advance(start, 900)
    while True:
        segment = peer.receive('an ACK of all without SACK')
        if segment.ack == peer.snd_nxt:
            break
    if segment.has_option('SAck'):
        peer.fail('no SACK when nothing is missing', str(segment))
    peer.read(DATA[:900])


@case('RFC 2018 2')
def sack_not_permitted(t):
    """Without SACK-permitted in the SYN there is none in the answer, and no SACK."""
    peer = t.peer(t.listen())
    syn_ack = peer.open([('MSS', 1000)])
    if syn_ack.has_option('SAckOK'):
        peer.fail('no SACK-permitted', str(syn_ack))
    t.accepted(peer)
    start = peer.snd_nxt
    peer.send('PA', seq=start + 100, data=DATA[100:200])
    segment = peer.expect_ack(ack=start)
    if segment.has_option('SAck'):
        peer.fail('no SACK', str(segment))


@case('RFC 2018 2')
def sack_permitted_late(t):
    """SACK-permitted counts only in a SYN."""
    peer = t.open([('MSS', 1000)])
    start = peer.snd_nxt
    peer.send('A', options=[('SAckOK', b''), ('EOL', None)])
    peer.send('PA', seq=start + 100, data=DATA[100:200])
    segment = peer.expect_ack(ack=start)
    if segment.has_option('SAck'):
        peer.fail('no SACK', str(segment))
