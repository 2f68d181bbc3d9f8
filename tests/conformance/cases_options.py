# SPDX-License-Identifier: LGPL-2.1-or-later
"""Options: the MSS, what we do not know, and what is malformed."""

from peer import MSS, pattern
from suite import case

DEFAULT_MSS = {4: 536, 6: 1220}
# which no peer can make us go below
SMALLEST = 64
NOP, EOL = b'\x01', b'\x00'


def raw_options(data):
    """The fields of a segment whose options are these bytes."""
    data += EOL * (-len(data) % 4)
    return {'dataofs': 5 + len(data) // 4, 'options': []}, data


def check_mss(peer, limit, size=10000):
    peer.command('write', 0, size)
    received, largest = b'', 0
    while len(received) < size:
        segment = peer.receive('data')
        largest = max(largest, segment.header - 20 + len(segment.data))
        if largest > limit:
            peer.fail(f'segments of at most {limit} bytes', str(segment))
        new = peer.take(segment)
        received += new
        if new:
            peer.send('A')
    if received != pattern(0, size):
        peer.fail('the data', 'other data')
    return largest


def open_raw(t, options):
    """Opens a connection with a SYN that has these options, as bytes."""
    peer = t.peer(t.listen())
    fields, data = raw_options(options)
    syn = peer.segment('S', data=data, **fields)
    peer.send_packet(syn)
    peer.snd_nxt = (peer.iss + 1) % (1 << 32)
    peer.expect_syn_ack()
    peer.send('A')
    return t.accepted(peer)


@case('RFC 9293 3.7.1')
def mss_sent(t):
    """Our SYN,ACK says the MTU without the headers (RFC 6691 2), whatever the peer says."""
    for mss in (1, 500, 1400, 65535):
        peer = t.peer(t.listen())
        peer.syn([('MSS', mss)])
        segment = peer.expect_syn_ack()
        if segment.option('MSS') != MSS[t.version]:
            peer.fail(f'MSS {MSS[t.version]}', str(segment))
        peer.send('R')


@case('RFC 9293 3.7.1')
def mss_absent(t):
    """Without an MSS option it is 536 for IPv4 and 1220 for IPv6 (MUST-15)."""
    peer = t.open([])
    largest = check_mss(peer, DEFAULT_MSS[t.version])
    if largest < 536:
        peer.fail('full segments', str(largest))


@case('RFC 9293 3.7.1')
def mss_absent_connect(t):
    """The same where we connect, and SYN,ACK has no option."""
    peer = t.connect([])
    check_mss(peer, DEFAULT_MSS[t.version])


@case('RFC 9293 3.7.1')
def mss_respected(t):
    """No segment is larger than the MSS of the peer (MUST-16)."""
    for mss in (88, 300, 1000):
        peer = t.open([('MSS', mss)])
        if check_mss(peer, mss) != mss:
            peer.fail(f'segments of {mss} bytes', 'smaller ones')


@case('RFC 9293 3.7.1')
def mss_connect(t):
    """The same where we connect."""
    peer = t.connect([('MSS', 700)])
    if check_mss(peer, 700) != 700:
        peer.fail('segments of 700 bytes', 'smaller ones')


@case('RFC 9293 3.7.1')
def mss_tiny(t):
    """An MSS of 0 or 1 cannot stop us: segments become small, but not absurdly so."""
    for mss in (0, 1):
        peer = t.open([('MSS', mss)])
        check_mss(peer, SMALLEST, 2000)


@case('RFC 9293 3.7.1')
def mss_huge(t):
    """With an MSS of 65535 the MTU decides."""
    peer = t.open([('MSS', 65535)])
    if check_mss(peer, MSS[t.version]) != MSS[t.version]:
        peer.fail(f'segments of {MSS[t.version]} bytes', 'smaller ones')


@case('RFC 6691 3')
def mss_and_options(t):
    """The options of a segment count in its size: the MSS does not take them into account."""
    peer = t.peer(t.listen(timestamps=1))
    peer.timestamp = (1000, 0)
    peer.open([('MSS', 1000), ('Timestamp', (1000, 0))])
    t.accepted(peer)
    check_mss(peer, 1000)


@case('RFC 9293 3.2')
def mss_late(t):
    """An MSS option counts only in a SYN."""
    peer = t.open([('MSS', 1000)])
    peer.send('PA', data=b'data', options=[('MSS', 100)])
    peer.read(b'data')
    if peer.info()['mss'] != 1000:
        peer.fail('MSS 1000', str(peer.info()))


@case('RFC 9293 3.1')
def options_unknown(t):
    """Unknown options are skipped (MUST-6): MD5, experiments, what nobody has defined."""
    for kind, length in ((19, 18), (253, 4), (254, 2), (69, 3), (200, 30)):
        unknown = bytes((kind, length)) + b'x' * (length - 2)
        peer = open_raw(t, unknown + bytes((2, 4, 2, 88)))
        if peer.info()['mss'] != 600:
            peer.fail('MSS 600', str(peer.info()))


@case('RFC 9293 3.1')
def options_padding(t):
    """NOP and end of options: what is behind the end does not count."""
    peer = open_raw(t, NOP * 5 + bytes((2, 4, 2, 88)) + NOP * 3)
    if peer.info()['mss'] != 600:
        peer.fail('MSS 600', str(peer.info()))
    for options in (NOP * 40, EOL * 40, EOL + NOP * 3 + bytes((2, 4, 2, 88))):
        peer = open_raw(t, options)
        if peer.info()['mss'] == 600:
            peer.fail('another MSS than 600', str(peer.info()))


@case('RFC 9293 3.1')
def options_bad_length(t):
    """An option of an impossible length ends the options, and does no harm (MUST-7)."""
    good = bytes((2, 4, 2, 88))
    for bad in (b'\xfd\x00', b'\xfd\x01', b'\x02\x00', b'\x02\x01', b'\x02\x03\x02',
                b'\x02\x05\x02\x02\x02', b'\x03\x00', b'\x03\x02', b'\x03\x04\x07\x07',
                b'\x04\x00', b'\x04\x03\x00', b'\x05\x02', b'\x05\x09' + b'x' * 7,
                b'\x08\x02', b'\x08\x09' + b'x' * 7,
                b'\x08\x0b' + b'x' * 9):
        peer = open_raw(t, bad)
        info = peer.info()
        if info['mss'] != DEFAULT_MSS[t.version] or info['sack'] or info['send-scale']:
            peer.fail('none of the options', str(info))
        peer = open_raw(t, good + bad)
        if peer.info()['mss'] != 600:
            peer.fail('MSS 600, which was in front', str(peer.info()))


@case('RFC 9293 3.1')
def options_truncated(t):
    """An option that does not fit in the header does not count (MUST-7)."""
    fill = NOP * 4
    for bad in (NOP * 3 + b'\x02', NOP * 2 + b'\x02\x04', NOP + b'\x02\x04\x02',
                NOP * 2 + b'\x03\x03', b'\x08\x0a\x00\x00', b'\xfd\xff\x00\x00',
                b'\x05\x12\x00\x00', NOP * 3 + b'\x04', NOP * 3 + b'\x08'):
        peer = open_raw(t, fill + bad)
        info = peer.info()
        if info['mss'] != DEFAULT_MSS[t.version] or info['sack'] or info['timestamps']:
            peer.fail('none of the options', str(info))


@case('RFC 9293 3.1')
def options_in_data(t):
    """Bad options in a segment with data: the data counts (MUST-5)."""
    peer = t.open([('MSS', 1000), ('SAckOK', b'')])
    received = b''
    for bad in (b'\x02\x00\x00\x00', b'\x05\x02\x01\x01', b'\x05\x0a' + b'\xff' * 4 + b'x' * 4,
                b'\xfd\x28' + b'x' * 38, b'\x08\x0a' + b'x' * 8, b'\x05\x22' + b'\xff' * 32,
                b'\xff' * 40, b'\x03\x03\x0e', b'\x04\x02', NOP * 3 + b'\x05'):
        fields, data = raw_options(bad)
        peer.send_packet(peer.segment('PA', data=data + b'good', **fields))
        peer.snd_nxt = (peer.snd_nxt + 4) % (1 << 32)
        received += b'good'
    peer.read(received)
    if peer.info()['mss'] != 1000:
        peer.fail('MSS 1000', str(peer.info()))


@case('RFC 2018 3')
def options_bad_sack(t):
    """SACK blocks of what was never sent, upside down or acknowledged already do no harm."""
    peer = t.open([('MSS', 1000), ('SAckOK', b'')])
    peer.command('write', 0, 5000)
    start = peer.rcv_nxt
    blocks = ((start + 100000, start + 101000), (start + 2000, start + 1000), (start, start),
              (start - 2000, start - 1000), (start, start + 5000), (start - 10, start + 10000000))
    peer.drain()
    for left, right in blocks:
        peer.send('A', options=[('NOP', None), ('NOP', None),
                                ('SAck', (left % (1 << 32), right % (1 << 32)))])
    peer.rcv_nxt = start
    # nothing of it was acknowledged, so all of it must come again
    peer.expect_data('all the data', pattern(0, 5000))


@case('RFC 9293 3.1')
def options_of_syn_ack(t):
    """Malformed options of SYN,ACK do not keep us from connecting."""
    for bad in (b'\x02\x00', b'\xfd\x01\x02\x04', b'\x08\x0a\x00', b'\x03', b'\xff' * 40):
        peer = t.begin_connect()
        fields, data = raw_options(bad)
        peer.send_packet(peer.segment('SA', data=data, **fields))
        peer.snd_nxt = (peer.snd_nxt + 1) % (1 << 32)
        peer.expect_ack()
        peer.event('connected')
        if peer.info()['mss'] != DEFAULT_MSS[t.version]:
            peer.fail(f'MSS {DEFAULT_MSS[t.version]}', str(peer.info()))
