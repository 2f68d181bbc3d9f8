#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients of the example nbd-server: nbd-cases.py HOST PORT FILE CASE [SEED]

FILE is what the server serves, and belongs to the case alone. Each case ends with what it did, as
lines "figure: number" that the server's own statistics must have too.
"""
import ctypes
import errno
import os
import random
import socket
import struct
import subprocess
import sys

import nbd

HOST, PORT, FILE, CASE = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
RANDOM = random.Random(int(sys.argv[5]) if len(sys.argv) > 5 else 1)
with open(FILE, 'rb') as served:
    SIZE = served.seek(0, os.SEEK_END)
BLOCK = 32768
MAX_PAYLOAD = 32 * 1024 * 1024

done = {figure: 0 for figure in (
    'reads', 'writes', 'flushes', 'trims', 'caches', 'zeroes', 'statuses', 'errors', 'read-bytes',
    'written-bytes', 'trimmed-bytes', 'zeroed-bytes')}
plus = {}


def count(figure, size_figure=None, size=0):
    done[figure] += 1
    if size_figure:
        done[size_figure] += size


class Client:
    """A handle of libnbd that counts what it asks for."""

    def __init__(self, structured=True, strict=True, export='', context=False, handshake=None):
        self.nbd = nbd.NBD()
        self.nbd.set_export_name(export)
        self.nbd.set_request_structured_replies(structured)
        if not strict:
            self.nbd.set_strict_mode(0)
        if context:
            self.nbd.add_meta_context('base:allocation')
        if handshake is not None:
            self.nbd.set_handshake_flags(handshake)
        self.nbd.connect_tcp(HOST, str(PORT))

    def read(self, size, offset):
        data = self.nbd.pread(size, offset)
        count('reads', 'read-bytes', size)
        return bytes(data)

    def chunks(self, size, offset, flags=0):
        found = []

        def on_chunk(data, at, status, error):
            found.append((status, at, len(data), bytes(data)))

        self.nbd.pread_structured(size, offset, on_chunk, flags)
        count('reads', 'read-bytes', size)
        return found

    def write(self, data, offset, flags=0):
        self.nbd.pwrite(data, offset, flags)
        count('writes', 'written-bytes', len(data))

    def zero(self, size, offset, flags=0):
        self.nbd.zero(size, offset, flags)
        count('zeroes', 'zeroed-bytes', size)

    def trim(self, size, offset, flags=0):
        self.nbd.trim(size, offset, flags)
        count('trims', 'trimmed-bytes', size)

    def flush(self):
        self.nbd.flush()
        count('flushes')

    def cache(self, size, offset):
        self.nbd.cache(size, offset)
        count('caches')

    def fails(self, error, function, *arguments):
        try:
            function(*arguments)
        except nbd.Error as got:
            assert got.errnum == error, (errno.errorcode.get(got.errnum), got.string)
            count('errors')
        else:
            raise AssertionError('%s%r has not failed' % (function.__name__, arguments))

    def end(self):
        self.nbd.shutdown()


def file_bytes():
    with open(FILE, 'rb') as file:
        return file.read()


def count_dirty(offset, size):
    """Pages of the file that are not on the disk, or None where the kernel cannot tell."""
    number_of_cachestat = 451
    span = (ctypes.c_uint64 * 2)(offset, size)
    told = (ctypes.c_uint64 * 5)()
    with open(FILE, 'rb') as file:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syscall(number_of_cachestat, file.fileno(), span, told, 0) != 0:
            return None
    return told[1] + told[2]


def case_info():
    client = Client(export='disk')
    handle = client.nbd
    assert handle.get_size() == SIZE
    assert handle.get_structured_replies_negotiated()
    assert handle.get_protocol() == 'newstyle-fixed'
    for name in ('cache', 'df', 'fast_zero', 'flush', 'fua', 'multi_conn', 'trim', 'zero'):
        assert getattr(handle, 'can_' + name)(), name
    assert not handle.is_read_only() and not handle.is_rotational()
    assert [handle.get_block_size(i) for i in range(3)] == [1, 4096, MAX_PAYLOAD]
    client.end()
    # without structured replies nothing may be in several chunks
    client = Client(structured=False)
    assert not client.nbd.can_df()
    client.end()
    # each form of the handshake, down to the one that knows the option EXPORT_NAME only
    for flags in (0, nbd.HANDSHAKE_FLAG_NO_ZEROES, nbd.HANDSHAKE_FLAG_FIXED_NEWSTYLE):
        client = Client(export='disk', handshake=flags)
        assert client.nbd.get_size() == SIZE
        client.read(10, 0)
        client.end()
    handle = nbd.NBD()
    handle.set_opt_mode(True)
    handle.set_full_info(True)
    handle.connect_tcp(HOST, str(PORT))
    names = []
    assert handle.opt_list(lambda name, description: names.append(name)) == 2
    assert names == ['disk', 'other'], names
    handle.opt_info()
    assert handle.get_canonical_export_name() == 'disk'
    assert handle.get_export_description() == os.path.basename(FILE)
    handle.set_export_name('no such thing')
    try:
        handle.opt_go()
        raise AssertionError('there is no such export')
    except nbd.Error as error:
        assert error.errnum == errno.ENOENT
    handle.set_export_name('other')
    handle.opt_go()
    assert handle.get_size() == 12345
    assert bytes(handle.pread(12345, 0)) == b'o' * 12345
    count('reads', 'read-bytes', 12345)
    handle.shutdown()
    handle = nbd.NBD()
    handle.set_opt_mode(True)
    handle.connect_tcp(HOST, str(PORT))
    handle.opt_abort()


def case_io():
    """All that reads and writes, anywhere, against a copy in memory."""
    shadow = bytearray(file_bytes())
    clients = [Client(), Client(structured=False), Client()]
    for step in range(400):
        client = RANDOM.choice(clients)
        size = RANDOM.choice((1, 511, 512, 4096, 5000, BLOCK, BLOCK + 1, 100000, 400000))
        size = RANDOM.randrange(1, size + 1) if RANDOM.random() < 0.5 else size
        offset = RANDOM.randrange(0, SIZE - size + 1)
        if RANDOM.random() < 0.4:
            offset -= offset % 4096
        flags = nbd.CMD_FLAG_FUA if RANDOM.random() < 0.05 else 0
        action = RANDOM.randrange(8)
        if action < 3:
            assert client.read(size, offset) == shadow[offset:offset + size], (step, offset, size)
        elif action < 6:
            data = RANDOM.randbytes(size)
            client.write(data, offset, flags)
            shadow[offset:offset + size] = data
        else:
            if action == 6 and RANDOM.random() < 0.5:
                flags |= nbd.CMD_FLAG_NO_HOLE
            if action == 6:
                client.zero(size, offset, flags)
            else:
                client.trim(size, offset, flags)
            shadow[offset:offset + size] = bytes(size)
        if step % 100 == 0:
            client.flush()
    client.cache(SIZE, 0)
    for client in clients:
        assert client.read(SIZE, 0) == shadow
        client.end()
    assert file_bytes() == shadow


def case_errors():
    for structured in (True, False):
        client = Client(structured=structured, strict=False)
        handle = client.nbd
        huge = (1 << 63) - 1
        client.fails(errno.EINVAL, handle.pread, 1, SIZE)
        client.fails(errno.EINVAL, handle.pread, 512, SIZE - 511)
        client.fails(errno.EINVAL, handle.pread, 512, huge)
        client.fails(errno.EINVAL, handle.pread, 512, (1 << 64) - 100)
        client.fails(errno.ENOSPC, handle.pwrite, b'x' * 512, SIZE - 511)
        client.fails(errno.ENOSPC, handle.pwrite, b'x' * 512, (1 << 64) - 100)
        client.fails(errno.ENOSPC, handle.zero, 512, SIZE - 511)
        client.fails(errno.EINVAL, handle.trim, 512, SIZE - 511)
        client.fails(errno.EINVAL, handle.cache, 512, SIZE - 511)
        # flags that are another command's, and none's
        client.fails(errno.EINVAL, handle.pwrite, b'x', 0, nbd.CMD_FLAG_NO_HOLE)
        client.fails(errno.EINVAL, handle.trim, 512, 0, nbd.CMD_FLAG_FAST_ZERO)
        client.fails(errno.EINVAL, handle.flush, nbd.CMD_FLAG_REQ_ONE)
        client.fails(errno.EINVAL, handle.zero, 512, 0, 1 << 7)
        # too much data is read over, and what follows is served
        client.fails(errno.EINVAL, handle.pread, MAX_PAYLOAD + 1, 0)
        if structured:
            client.fails(errno.EINVAL, handle.pwrite, bytes(MAX_PAYLOAD + 1), 0)
            client.fails(errno.EOVERFLOW, handle.pread_structured, MAX_PAYLOAD + 1, 0,
                         lambda *chunk: None, nbd.CMD_FLAG_DF)
        else:
            client.fails(errno.EINVAL, handle.pread_structured, 512, 0, lambda *chunk: None,
                         nbd.CMD_FLAG_DF)
        # nothing at all is not an error
        client.write(b'', 0)
        assert client.read(0, SIZE) == b''
        assert client.read(1000, 0) == file_bytes()[:1000]
        client.end()


def case_read_only():
    before = file_bytes()
    for structured in (True, False):
        client = Client(structured=structured, strict=False)
        handle = client.nbd
        assert handle.is_read_only()
        assert not handle.can_trim() and not handle.can_zero()
        client.fails(errno.EPERM, handle.pwrite, b'x' * 100000, 0)
        client.fails(errno.EPERM, handle.zero, 512, 0)
        client.fails(errno.EPERM, handle.trim, 512, 0)
        client.flush()
        assert client.read(SIZE, 0) == before
        client.end()
    assert file_bytes() == before


def case_full():
    """The server may not write beyond 64 KiB."""
    for structured in (True, False):
        client = Client(structured=structured)
        client.write(b'a' * 4096, 0)
        client.fails(errno.ENOSPC, client.nbd.pwrite, b'b' * 4096, 1024 * 1024)
        # a part of it has room, and is there
        client.fails(errno.ENOSPC, client.nbd.pwrite, b'c' * BLOCK, 65536 - 4096)
        assert client.read(BLOCK, 65536 - 4096)[:4096] == b'c' * 4096
        client.end()


def case_truncated():
    """A file that becomes shorter under the server."""
    simple, structured = Client(structured=False), Client()
    kept = 1000 * BLOCK // 100
    os.truncate(FILE, kept)
    simple.fails(errno.EIO, simple.nbd.pread, 10 * BLOCK, kept - BLOCK)
    found = []

    def on_chunk(data, at, status, error):
        found.append((status, at, len(data), error.value))

    structured.fails(errno.EIO, structured.nbd.pread_structured, 10 * BLOCK, kept - 2 * BLOCK,
                     on_chunk, nbd.CMD_FLAG_DF)
    errors = [chunk for chunk in found if chunk[0] == nbd.READ_ERROR]
    assert len(errors) == 1 and errors[0][1] >= kept - BLOCK and errors[0][1] <= kept, found
    # a short read fails in the cache, and is not kept there
    for _ in range(3):
        simple.fails(errno.EIO, simple.nbd.pread, 100, kept + 10 * BLOCK)
    os.truncate(FILE, SIZE)
    assert simple.read(100, kept + 10 * BLOCK) == bytes(100)
    assert structured.read(SIZE - kept, kept) == bytes(SIZE - kept)
    simple.end()
    structured.end()


def case_sparse():
    """What is a hole is told of as one, unless it must not be."""
    client = Client(context=True)
    client.zero(SIZE, 0)
    client.write(b'd' * 65536, 65536)
    client.write(b'e' * 65536, 1024 * 1024)
    client.flush()
    found = client.chunks(SIZE, 0)
    data = [(at, size) for status, at, size, _ in found if status == nbd.READ_DATA]
    holes = [chunk for chunk in found if chunk[0] == nbd.READ_HOLE]
    assert data == [(65536, 65536), (1024 * 1024, 65536)], data
    assert len(holes) == 3
    found = client.chunks(SIZE, 0, nbd.CMD_FLAG_DF)
    assert len(found) == 1 and found[0][0] == nbd.READ_DATA and found[0][3] == file_bytes()
    entries = []
    client.nbd.block_status(SIZE, 0, lambda name, at, told, error: entries.extend(told))
    count('statuses')
    assert entries == [65536, 3, 65536, 0, 1024 * 1024 - 131072, 3, 65536, 0,
                       SIZE - 1024 * 1024 - 65536, 3], entries
    entries = []
    client.nbd.block_status(SIZE - 70000, 70000,
                            lambda name, at, told, error: entries.extend(told),
                            nbd.CMD_FLAG_REQ_ONE)
    count('statuses')
    assert entries == [131072 - 70000, 0], entries
    # a trim makes one; zeroes that must be no hole do not
    client.trim(65536, 65536)
    client.zero(65536, 0, nbd.CMD_FLAG_NO_HOLE)
    assert client.chunks(131072, 0, nbd.CMD_FLAG_DF)[0][3] == bytes(131072)
    client.zero(65536, 1024 * 1024, nbd.CMD_FLAG_FAST_ZERO)
    assert client.read(65536, 1024 * 1024) == bytes(65536)
    assert os.stat(FILE).st_blocks * 512 < 1024 * 1024
    client.end()


def case_device():
    """A block device, which frees and zeroes whole sectors only, and is on the disk when it is flushed."""
    settings = '/sys/block/%s/' % os.path.basename(FILE)
    with open(settings + 'loop/backing_file') as file:
        disk = file.read().strip()
    with open(settings + 'queue/logical_block_size') as file:
        sector = int(file.read())
    with open(settings + 'queue/write_zeroes_max_bytes') as file:
        frees = int(file.read()) > 0
    shadow = bytearray(file_bytes())
    clients = [Client(export='disk', strict=False), Client(structured=False)]
    assert clients[0].nbd.get_size() == SIZE == os.stat(disk).st_size
    for step in range(300):
        client = RANDOM.choice(clients)
        size = RANDOM.randrange(1, RANDOM.choice((10, 2 * sector, 5000, BLOCK + 2, 300000)))
        offset = RANDOM.randrange(0, SIZE - size + 1)
        is_whole = RANDOM.random() < 0.6
        if is_whole:
            offset -= offset % sector
            size = min(size + -size % sector, SIZE - offset)
        flags = nbd.CMD_FLAG_FUA if RANDOM.random() < 0.05 else 0
        action = RANDOM.randrange(6)
        if action < 2:
            assert client.read(size, offset) == shadow[offset:offset + size], (step, offset, size)
        elif action < 4:
            data = RANDOM.randbytes(size)
            client.write(data, offset, flags)
            shadow[offset:offset + size] = data
        elif action == 4:
            client.zero(size, offset, flags | RANDOM.choice((0, nbd.CMD_FLAG_NO_HOLE)))
            shadow[offset:offset + size] = bytes(size)
        else:
            client.trim(size, offset, flags)
            # of a part of a sector it is a hint that is not taken
            if is_whole and frees:
                shadow[offset:offset + size] = bytes(size)
        if flags and action >= 2:
            with open(disk, 'rb') as file:
                file.seek(offset)
                assert file.read(size) == shadow[offset:offset + size], (step, offset, size)
    clients[0].fails(errno.ENOTSUP, clients[0].nbd.zero, sector, 1, nbd.CMD_FLAG_FAST_ZERO)
    clients[0].fails(errno.ENOSPC, clients[0].nbd.pwrite, b'x' * sector, SIZE - sector + 1)
    clients[0].fails(errno.EINVAL, clients[0].nbd.pread, sector, SIZE - sector + 1)
    clients[1].flush()
    with open(disk, 'rb') as file:
        assert file.read() == shadow
    client = Client(context=True)
    entries = []
    client.nbd.block_status(SIZE, 0, lambda name, at, told, error: entries.extend(told))
    count('statuses')
    assert entries == [SIZE, 0], entries
    assert [chunk[0] for chunk in client.chunks(SIZE, 0, nbd.CMD_FLAG_DF)] == [nbd.READ_DATA]
    assert client.read(SIZE, 0) == shadow
    for client in clients + [client]:
        client.end()


def case_flight():
    """Many requests at once on several connections; the answers come in any order."""
    shadow = bytearray(file_bytes())
    clients = [Client(structured=i % 2 == 0) for i in range(4)]
    n_rounds, size = 3, 10000
    for _ in range(n_rounds):
        places = list(range(0, SIZE - size, 40000))
        RANDOM.shuffle(places)
        cookies, buffers = [], []
        for i, at in enumerate(places):
            client = clients[i % len(clients)].nbd
            data = RANDOM.randbytes(size)
            shadow[at:at + size] = data
            cookies.append((client, client.aio_pwrite(nbd.Buffer.from_bytearray(data), at)))
            count('writes', 'written-bytes', size)
        wait_for(clients, cookies)
        cookies = []
        for i, at in enumerate(places):
            # another client than the one that has written it
            client = clients[(i + 1) % len(clients)].nbd
            buffer = nbd.Buffer(size)
            buffers.append((at, buffer))
            cookies.append((client, client.aio_pread(buffer, at)))
            count('reads', 'read-bytes', size)
        wait_for(clients, cookies)
        for at, buffer in buffers:
            assert buffer.to_bytearray() == shadow[at:at + size], at
    for client in clients:
        client.end()
    assert file_bytes() == shadow


def wait_for(clients, cookies):
    while any(client.nbd.aio_in_flight() > 0 for client in clients):
        for client in clients:
            if client.nbd.aio_in_flight() > 0:
                client.nbd.poll(10000)
    for client, cookie in cookies:
        assert client.aio_command_completed(cookie)


def case_flush():
    """Who flushes does so for all, and FUA is a flush of its own."""
    first, second = Client(), Client(structured=False)
    first.write(b'1' * 1000000, 0)
    if count_dirty(0, SIZE) is None:
        print('the kernel cannot tell what is on the disk')
    first.write(b'2' * 1000000, 1000000)
    second.flush()
    assert not count_dirty(0, SIZE)
    assert second.read(1000, 1500000) == b'2' * 1000
    for client in (first, second):
        client.write(b'3' * 100000, 50000, nbd.CMD_FLAG_FUA)
        assert not count_dirty(0, SIZE)
        client.zero(100000, 50000, nbd.CMD_FLAG_FUA | nbd.CMD_FLAG_NO_HOLE)
        assert not count_dirty(0, SIZE)
        client.trim(100000, 50000, nbd.CMD_FLAG_FUA)
        assert not count_dirty(0, SIZE)
    first.end()
    second.end()


def case_cache():
    """A block is read once, until it is changed."""
    data = file_bytes()
    first, second = Client(), Client(structured=False)
    for client in (first, second):
        for i in range(50):
            at = i * 601
            assert client.read(600, at) == data[at:at + 600]
    # one block, which the first read has brought in
    plus.update({'cache-misses': 1, 'cache-hits': 99, 'cache-blocks': 1})
    # two blocks, one of which is there
    assert first.read(1000, BLOCK - 500) == data[BLOCK - 500:BLOCK + 500]
    plus['cache-misses'] += 1
    plus['cache-hits'] += 1
    # a long read goes past the cache
    assert first.read(10 * BLOCK, 0) == data[:10 * BLOCK]
    changes = (lambda: second.write(b'w' * 100, 100), lambda: first.zero(100, 300),
               lambda: second.trim(100, 500), lambda: first.zero(100, 700, nbd.CMD_FLAG_NO_HOLE))
    for change in changes:
        change()
        for client in (first, second):
            assert client.read(1000, 0) == file_bytes()[:1000]
        plus['cache-misses'] += 1
        plus['cache-hits'] += 1
    # what is held stays within its limit: half of the buffers, shared by two exports
    limit = 1024 * 1024 // BLOCK // 2 // 2
    for block in range(SIZE // BLOCK):
        first.read(10, block * BLOCK)
        plus['cache-hits' if block == 1 else 'cache-misses'] += 1
    # the current generation of block 0 was there as well
    plus['cache-misses'] -= 1
    plus['cache-hits'] += 1
    plus['cache-blocks'] = limit
    first.end()
    second.end()


# the wire, for what libnbd would not send

OPTION_REPLY = 0x3e889045565a9


def read_exactly(stream, size):
    data = b''
    while len(data) < size:
        part = stream.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def connect(flags=3):
    stream = socket.create_connection((HOST, PORT), 60)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    assert read_exactly(stream, 18) == b'NBDMAGICIHAVEOPT\x00\x03'
    stream.sendall(struct.pack('>I', flags))
    return stream


def option(kind, data=b''):
    return b'IHAVEOPT' + struct.pack('>II', kind, len(data)) + data


def read_option_reply(stream):
    magic, kind, reply, size = struct.unpack('>QIII', read_exactly(stream, 20))
    assert magic == OPTION_REPLY
    return kind, reply, read_exactly(stream, size)


def request(kind, offset=0, length=0, cookie=1, flags=0, data=b'', magic=0x25609513):
    return struct.pack('>IHHQQI', magic, flags, kind, cookie, offset, length) + data


def read_simple_reply(stream, size=0):
    magic, error, cookie = struct.unpack('>IIQ', read_exactly(stream, 16))
    assert magic == 0x67446698
    return error, cookie, read_exactly(stream, size if error == 0 else 0)


def go(stream, structured=False, name=b'disk'):
    if structured:
        stream.sendall(option(8))
        assert read_option_reply(stream) == (8, 1, b'')
    stream.sendall(option(7, struct.pack('>I', len(name)) + name + b'\0\0'))
    assert read_option_reply(stream)[1] == 3
    assert read_option_reply(stream) == (7, 1, b'')


def assert_at_end(stream):
    try:
        assert stream.recv(1) == b''
    except ConnectionResetError:
        pass
    stream.close()


def case_options():
    stream = connect()
    unknown = struct.pack('>I', 7) + b'unknown' + b'\0\0'
    for kind, data, error in ((4, b'', 1), (5, b'', 1), (11, b'', 1), (99, b'data', 1),
                              (3, b'x', 3), (7, b'x', 3), (7, unknown, 6), (6, unknown, 6),
                              (10, b'', 3), (6, bytes(20000), 9)):
        stream.sendall(option(kind, data))
        got, reply, message = read_option_reply(stream)
        assert (got, reply) == (kind, 0x80000000 + error), (kind, reply)
        assert message.decode()
    # byte by byte
    for byte in option(3):
        stream.sendall(bytes((byte,)))
    assert [read_option_reply(stream)[1] for _ in range(3)] == [2, 2, 1]
    stream.sendall(option(2))
    assert read_option_reply(stream) == (2, 1, b'')
    assert_at_end(stream)
    # what has no answer ends the connection
    for data in (option(1, b'unknown'), option(3)[:-4] + b'\xff\xff\xff\xff', b'IHAVEOPS' + bytes(8),
                 option(1, bytes(5000))):
        stream = connect()
        stream.sendall(data)
        assert_at_end(stream)
    assert_at_end(connect(flags=4))
    # the reserved zeroes
    for flags, size in ((1, 134), (3, 10), (0, 134)):
        stream = connect(flags)
        stream.sendall(option(1, b'disk'))
        head = read_exactly(stream, size)
        assert struct.unpack('>Q', head[:8])[0] == SIZE and head[10:] == bytes(size - 10)
        stream.sendall(request(0, 0, 10))
        assert read_simple_reply(stream, 10)[0] == 0
        count('reads', 'read-bytes', 10)
        stream.sendall(request(2))
        assert_at_end(stream)
    plus['violations'] = 5


def case_wire():
    """Every byte in both directions is accounted for."""
    stream = connect()
    go(stream)
    sent = 4 + 16 + 4 + 4 + 2
    received = 18 + 20 + 12 + 20
    messages = [request(1, 5000, 3, 1, 0, b'abc'), request(0, 5000, 3, 2), request(3, 0, 0, 3),
                request(4, 0, 4096, 4), request(6, 0, 4096, 5), request(5, 0, 4096, 6),
                request(0, SIZE, 1, 7), request(77, 0, 0, 8), request(7, 0, 512, 9)]
    expected = [(0, 0), (0, 3), (0, 0), (0, 0), (0, 0), (0, 0), (22, 0), (22, 0), (22, 0)]
    for i, (message, (error, size)) in enumerate(zip(messages, expected)):
        for at in range(0, len(message), 5):
            stream.sendall(message[at:at + 5])
        assert read_simple_reply(stream, size)[:2] == (error, i + 1)
        sent += len(message)
        received += 16 + size
    stream.sendall(request(2))
    assert_at_end(stream)
    sent += 28
    done.update({'reads': 1, 'writes': 1, 'flushes': 1, 'trims': 1, 'zeroes': 1, 'caches': 1,
                 'errors': 3, 'read-bytes': 3, 'written-bytes': 3, 'trimmed-bytes': 4096,
                 'zeroed-bytes': 4096})
    plus.update({'bytes-in': sent, 'bytes-out': received, 'connections': 1, 'violations': 0,
                 'max-outstanding': 1, 'abandoned': 0})


def case_pressure():
    """A client that asks for much and takes nothing waits, and is served when it takes it."""
    stream = connect()
    go(stream)
    data = file_bytes()
    n, size = 200, 60000
    places = [RANDOM.randrange(0, SIZE - size) for _ in range(n)]
    stream.sendall(b''.join(request(0, at, size, i) for i, at in enumerate(places)))
    cookies = set()
    for _ in range(n):
        error, cookie, got = read_simple_reply(stream, size)
        assert error == 0 and got == data[places[cookie]:places[cookie] + size]
        cookies.add(cookie)
        count('reads', 'read-bytes', size)
    assert len(cookies) == n
    # two that are too much together: one has to wait for the other
    most = MAX_PAYLOAD // 2 + 65536
    stream.sendall(b''.join(request(0, 0, most, i) for i in range(2)))
    for i in range(2):
        assert read_simple_reply(stream, most) == (0, i, data[:most])
        count('reads', 'read-bytes', most)
    # what was asked for before the disconnect request, or before the end, is still answered
    stream.sendall(request(0, 0, 1000, 1) + request(1, 0, 3, 2, 0, b'new') + request(2))
    replies = sorted([stream_reply(stream, 1, 1000) for _ in range(2)])
    assert [reply[0] for reply in replies] == [1, 2]
    count('reads', 'read-bytes', 1000)
    count('writes', 'written-bytes', 3)
    assert_at_end(stream)
    stream = connect()
    go(stream)
    stream.sendall(request(0, 4096, 1000, 5) + request(1, 0, 1000, 6, 0, b'not all of it'))
    stream.shutdown(socket.SHUT_WR)
    assert read_simple_reply(stream, 1000) == (0, 5, data[4096:5096])
    count('reads', 'read-bytes', 1000)
    assert_at_end(stream)
    assert file_bytes()[:3] == b'new'
    plus.update({'max-outstanding': 64, 'abandoned': 1, 'violations': 0})


def stream_reply(stream, read_cookie, size):
    magic, error, cookie = struct.unpack('>IIQ', read_exactly(stream, 16))
    assert magic == 0x67446698 and error == 0
    return cookie, read_exactly(stream, size if cookie == read_cookie else 0)


def case_hostile():
    """Whatever is sent, others are served."""
    name = struct.pack('>I', 4) + b'disk'
    start = struct.pack('>I', 3) + option(8) + option(9, name + bytes(4)) + \
        option(7, name + b'\0\1\0\3')
    valid = start + request(0, 0, 5000) + request(1, 100, 600, 2, 1, b'w' * 600) + \
        request(6, 4096, 4096, 3) + request(4, 0, 512, 4) + request(3) + request(7, 0, 9, 5) + \
        request(0, 100, 100000, 6, 4)
    for i in range(150):
        data = bytearray(valid)
        kind = RANDOM.randrange(4)
        low = RANDOM.choice((0, len(start)))
        for _ in range(RANDOM.randrange(1, 5)):
            at = RANDOM.randrange(low, len(data))
            if kind == 0:
                data[at] ^= 1 << RANDOM.randrange(8)
            elif kind == 1:
                data[at] = RANDOM.choice((0, 255, 127, 128))
            elif kind == 2:
                del data[at:at + RANDOM.randrange(1, 30)]
            else:
                data[at:at] = RANDOM.randbytes(RANDOM.randrange(1, 30))
        stream = socket.create_connection((HOST, PORT), 60)
        try:
            stream.sendall(data)
            if RANDOM.random() < 0.5:
                stream.shutdown(socket.SHUT_WR)
                while stream.recv(65536):
                    pass
            elif RANDOM.random() < 0.5:
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        except OSError as error:
            # the server has closed it, as it should
            assert error.errno in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN), error
        stream.close()
        if i % 50 == 0:
            client = Client()
            client.read(1000, 0)
            client.end()
    client = Client()
    client.write(b'still there', 77)
    assert client.read(11, 77) == b'still there'
    client.end()
    done.clear()


def case_killed():
    """Clients that go away in the middle: by a signal, by a reset, and without a word."""
    source = FILE + '.source'
    with open(source, 'wb') as file:
        for _ in range(SIZE // 65536):
            file.write(RANDOM.randbytes(65536))
    uri = 'nbd://%s:%d/disk' % ('[%s]' % HOST if ':' in HOST else HOST, PORT)
    for arguments in ((source, uri), (uri, FILE + '.copy')):
        process = subprocess.Popen(('nbdcopy', '--requests=16', '--progress=2') + arguments,
                                   stderr=subprocess.PIPE, text=True)
        # it has begun
        while process.poll() is None and not process.stderr.readline().strip().startswith('1/'):
            pass
        process.kill()
        process.wait()
        process.stderr.close()
    for i in range(20):
        stream = connect()
        go(stream, structured=i % 2 == 0)
        stream.sendall(b''.join(request(0, j * 4096, 500000, j) for j in range(20)))
        stream.sendall(request(1, 0, 1000000, 99, 0, bytes(500000)))
        if i % 4 == 0:
            read_exactly(stream, 1000)
        if i % 3 == 0:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        stream.close()
    client = Client()
    client.write(b'still there', 77)
    assert client.read(11, 77) == b'still there'
    client.end()
    done.clear()


globals()['case_' + CASE]()
for figure, number in {**done, **plus}.items():
    print('%s: %d' % (figure, number))
