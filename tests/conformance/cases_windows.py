# SPDX-License-Identifier: LGPL-2.1-or-later
"""Windows of both ends: closed, probed, shrunk, scaled."""

from peer import advance, distance, pattern
from suite import case

BUFFER = 8192


def fill_window(peer, syn_ack_window):
    """Sends until the window is closed; what was sent, and the last ACK."""
    sent = b''
    start = peer.snd_nxt
    edge = advance(peer.snd_nxt, syn_ack_window)
    while True:
        room = distance(peer.snd_nxt, edge)
        if room <= 0:
            break
        data = pattern(len(sent), min(room, 1000))
        peer.send('PA', data=data)
        sent += data
        while True:
            segment = peer.receive('ACK')
            new_edge = advance(segment.ack, segment.window)
            if distance(edge, new_edge) < 0:
                peer.fail('a window that is not taken back (RFC 9293 3.8.6)', str(segment))
            edge = new_edge
            if segment.ack == peer.snd_nxt:
                break
    if segment.window != 0:
        peer.fail('a closed window', str(segment))
    assert advance(start, len(sent)) == peer.snd_nxt
    return sent


def open_full(t):
    peer = t.peer(t.listen(receive_buffer_size=BUFFER))
    syn_ack = peer.open()
    t.accepted(peer)
    return peer, fill_window(peer, syn_ack.window)


@case('RFC 9293 3.8.6')
def receive_window_closes(t):
    """The window closes when the application does not read, its right edge never goes back."""
    peer, sent = open_full(t)
    if len(sent) < BUFFER // 2:
        peer.fail(f'about {BUFFER} bytes', str(len(sent)))
    peer.read(sent)


@case('RFC 9293 3.8.6.1')
def receive_zero_window_probe(t):
    """A probe of a closed window is answered with an ACK, and not taken."""
    peer, sent = open_full(t)
    for _ in range(3):
        peer.send('A', seq=peer.snd_nxt, data=b'?')
        peer.expect_ack(window=0)
    # as a probe without new data
    peer.send('A', seq=peer.snd_nxt - 1)
    peer.expect_ack(window=0)
    peer.read(sent)


@case('RFC 9293 3.10.7.4')
def receive_zero_window_ack(t):
    """ACKs and RSTs are taken also when the window is closed."""
    peer, sent = open_full(t)
    peer.command('write', 0, 3000)
    peer.expect_data('data', pattern(0, 3000))
    peer.event('written')
    peer.drain()
    peer.send('R')
    peer.command('read', len(sent) + 1)
    peer.event('data', 'error')
    peer.send('A')
    peer.expect_reset('a RST, because there is no connection', flags='R')


@case('RFC 9293 3.8.6.2.2')
def receive_window_opens(t):
    """The window does not open by a few bytes (MUST-39), but when there is room for a segment."""
    peer, sent = open_full(t)
    peer.read(sent[:1])
    peer.read(sent[1:10])
    peer.expect_nothing('a few bytes are no reason for a window update')
    peer.read(sent[10:])
    segment = peer.receive('a window update')
    while segment.window < BUFFER // 4:
        if 0 < segment.window < 1000:
            peer.fail('no silly window', str(segment))
        segment = peer.receive('a window update')
    peer.send('PA', data=b'more')
    peer.read(b'more')


@case('RFC 9293 3.8.6.1')
def send_zero_window(t):
    """A closed window is probed again and again, less often, and never given up while the
    probes are answered (RFC 6429 3)."""
    peer = t.peer(t.listen(), iss=None)
    peer.window = 0
    peer.open()
    t.accepted(peer)
    peer.command('write', 0, 5000)
    probes = []
    for _ in range(3):
        segment = peer.receive('a window probe', again=True)
        if len(segment.data) > 1:
            peer.fail('at most one byte', str(segment))
        if segment.seq not in (peer.rcv_nxt, advance(peer.rcv_nxt, -1)):
            peer.fail('the next byte or the last one', str(segment))
        probes.append(segment.arrival)
        peer.send('A')
    # three and six seconds; a worker that was late makes one of them shorter
    if probes[2] - probes[0] < 5:
        peer.fail('probes at growing intervals', str([probe - probes[0] for probe in probes]))
    peer.window = 20000
    peer.send('A')
    peer.expect_data('all the data', pattern(0, 5000))


@case('RFC 9293 3.8.6.1')
def send_zero_window_byte(t):
    """A peer may take the byte of the probe while its window stays closed."""
    peer = t.peer(t.listen())
    peer.window = 0
    peer.open()
    t.accepted(peer)
    peer.command('write', 0, 3000)
    taken = 0
    for _ in range(2):
        taken += len(peer.take(peer.receive('a window probe', again=True)))
        peer.send('A')
    peer.window = 20000
    peer.send('A')
    peer.expect_data('the rest of the data', pattern(taken, 3000 - taken))


@case('RFC 9293 3.8.6.1')
def send_zero_window_late(t):
    """A window that closes in the middle of the data."""
    peer = t.open()
    peer.command('write', 0, 100000)
    received = b''
    while len(received) < 20000:
        received += peer.take(peer.receive('data'))
        peer.send('A')
    peer.send('A', window=0)
    edge = advance(peer.rcv_nxt, 65535)
    n_probes = 0
    while n_probes < 2:
        # what was on its way is taken and acknowledged, but the window stays closed
        segment = peer.receive('a window probe', again=True)
        if distance(edge, advance(segment.seq, len(segment.data))) > 1:
            peer.fail('nothing behind the window', str(segment))
        received += peer.take(segment)
        n_probes += len(segment.data) <= 1
        peer.send('A', window=0)
    peer.send('A')
    peer.expect_data('the rest', pattern(len(received), 100000 - len(received)))


@case('RFC 9293 3.8.6')
def send_window_shrinks(t):
    """A window that is taken back does no harm: nothing new is sent behind it (MUST-34)."""
    peer = t.open()
    peer.command('write', 0, 30000)
    first = peer.receive('data')
    peer.drain()
    # only the first segment, and room for one byte more
    peer.rcv_nxt = advance(first.seq, len(first.data))
    sent = max((distance(peer.rcv_nxt, advance(s.seq, len(s.data)))
                for s in [first] + peer.drain()), default=0)
    peer.send('A', window=1)
    for segment in peer.drain():
        if distance(peer.rcv_nxt, advance(segment.seq, len(segment.data))) > max(sent, 14600):
            peer.fail('nothing new behind the window', str(segment))
    peer.send('A', window=65535)
    peer.expect_data('the rest', pattern(len(first.data), 30000 - len(first.data)))


@case('RFC 9293 3.8.6')
def send_window_exact(t):
    """No more is sent than the window has room for."""
    peer = t.peer(t.listen())
    peer.window = 3000
    peer.open()
    t.accepted(peer)
    peer.command('write', 0, 20000)
    received = b''
    while len(received) < 20000:
        segment = peer.receive('data')
        if distance(peer.rcv_nxt, advance(segment.seq, len(segment.data))) > 3000:
            peer.fail('nothing behind the window', str(segment))
        new = peer.take(segment)
        received += new
        if new:
            peer.send('A')
    if received != pattern(0, 20000):
        peer.fail('the data', 'other data')


@case('RFC 9293 3.10.7.4')
def send_window_old_update(t):
    """An old segment does not change the window: SND.WL1 and SND.WL2 tell which is newer."""
    peer = t.peer(t.listen())
    peer.window = 0
    peer.open()
    t.accepted(peer)
    old = peer.snd_nxt
    peer.send('PA', data=b'one')
    peer.send('PA', data=b'two')
    peer.read(b'onetwo')
    # from before "two", as if the network had held it back
    peer.send('A', seq=old + 3, window=60000)
    peer.drain()
    peer.command('write', 0, 3000)
    segment = peer.receive('a window probe', again=True)
    while not segment.data and segment.seq == peer.rcv_nxt:
        segment = peer.receive('a window probe', again=True)
    if len(segment.data) > 1:
        peer.fail('a probe, because the window is closed', str(segment))
    peer.window = 60000
    peer.send('A')
    peer.expect_data('all the data', pattern(0, 3000))


@case('RFC 9293 3.8.6.2.1')
def send_silly_window(t):
    """A window with little room is not filled at once with a tiny segment (MUST-38)."""
    peer = t.peer(t.listen())
    peer.window = 5000
    peer.open([('MSS', 1000)])
    t.accepted(peer)
    peer.command('write', 0, 20000)
    received = b''
    while len(received) < 5000:
        received += peer.take(peer.receive('data'))
        peer.send('A', window=5000 - len(received))
    # the first of it is read: room for 10 bytes
    peer.send('A', window=10)
    for segment in peer.drain():
        if peer.take(segment) and len(segment.data) > 1:
            peer.fail('10 bytes of 20000 are not worth a segment yet', str(segment))
    peer.send('A', window=5000)
    start = distance(advance(peer.irs, 1), peer.rcv_nxt)
    peer.expect_data('the rest', pattern(start, 20000 - start))


@case('RFC 7323 2.2')
def scale_negotiated(t):
    """The window scale of the SYN is answered, and then counts in both directions."""
    peer = t.peer(t.listen())
    syn_ack = peer.open([('MSS', 1000), ('NOP', None), ('WScale', 7)])
    scale = syn_ack.option('WScale')
    if scale is None or scale > 14:
        peer.fail('a window scale', str(syn_ack))
    t.accepted(peer)
    peer.send('PA', data=b'data')
    segment = peer.expect_ack()
    if segment.window << scale < 65535:
        peer.fail('a window of 256 KiB', str(segment))
    # 20 times 128 bytes
    peer.window = 20
    peer.send('A')
    peer.command('write', 0, 20000)
    received = 0
    segments = [peer.receive('data')] + peer.drain()
    for segment in segments:
        received = max(received, distance(peer.rcv_nxt, advance(segment.seq, len(segment.data))))
    if not 1000 <= received <= 2560:
        peer.fail('at most 2560 bytes', str(received))
    peer.window = 1000
    peer.rcv_nxt = segments[0].seq
    peer.send('A')
    first = b''.join(s.data for s in segments)
    peer.rcv_nxt = advance(peer.rcv_nxt, len(first))
    peer.send('A')
    peer.expect_data('the rest', pattern(len(first), 20000 - len(first)))


@case('RFC 7323 2.2')
def scale_not_offered(t):
    """Without a window scale in the SYN there is none in the answer, and windows are as they
    are."""
    peer = t.peer(t.listen())
    syn_ack = peer.open([('MSS', 1000)])
    if syn_ack.has_option('WScale'):
        peer.fail('no window scale', str(syn_ack))
    t.accepted(peer)
    peer.send('PA', data=b'data')
    peer.read(b'data')
    segment = peer.receive('ACK')
    if segment.window < 32768:
        peer.fail('a large window that is not scaled', str(segment))


@case('RFC 7323 2.3')
def scale_too_large(t):
    """A scale above 14 counts as 14."""
    peer = t.open([('MSS', 1000), ('NOP', None), ('WScale', 200)])
    info = peer.info()
    if info['send-scale'] != 14:
        peer.fail('scale 14', str(info))


@case('RFC 7323 2.2')
def scale_of_syn(t):
    """The window of a SYN or SYN,ACK is not scaled."""
    peer = t.peer(t.listen())
    peer.window = 3000
    peer.syn([('MSS', 1000), ('NOP', None), ('WScale', 4)])
    syn_ack = peer.expect_syn_ack()
    if syn_ack.window < 16384:
        peer.fail('a window that is not scaled', str(syn_ack))
    peer.send('A', window=3000 >> 4)
    t.accepted(peer)
    if peer.info()['send-window'] not in (3000 >> 4 << 4, 3000):
        peer.fail('a window of 3000 bytes', str(peer.info()))


@case('RFC 7323 2.2')
def scale_connect(t):
    """Our SYN offers a scale; when the answer has none, it counts in neither direction."""
    peer = t.begin_connect()
    if not t.syn.has_option('WScale'):
        peer.fail('a window scale', str(t.syn))
    peer.answer_syn([('MSS', 1000)])
    peer.event('connected')
    peer.window = 3000
    peer.send('PA', data=b'data')
    segment = peer.expect_ack()
    if segment.window < 32768:
        peer.fail('a large window that is not scaled', str(segment))
    if peer.info()['send-window'] != 3000:
        peer.fail('a window of 3000 bytes', str(peer.info()))


@case('RFC 7323 2.2')
def scale_late(t):
    """A window scale counts only in a SYN."""
    peer = t.open([('MSS', 1000)])
    peer.send('PA', data=b'data', window=1000, options=[('WScale', 10), ('EOL', None)])
    peer.read(b'data')
    if peer.info()['send-window'] != 1000:
        peer.fail('a window of 1000 bytes', str(peer.info()))
