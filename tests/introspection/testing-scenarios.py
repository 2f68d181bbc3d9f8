# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a Python program can do with the testing library."""

import gc
import os
import struct
import time
import weakref

import gi
import scenario
from scenario import Dpdk, Gio, GLib

gi.require_version('DpdkTesting', '1.0')
from gi.repository import DpdkTesting  # noqa: E402

# for two runtimes
EAL_ARGS = ['--no-huge', '--no-shconf', '-m', '256']
FAMILIES = (Gio.SocketFamily.IPV4, Gio.SocketFamily.IPV6)
DELAY_US = 20000
N_CAPTURED = 100000
ETHERNET_LENGTH = 14
# by the type in the Ethernet header: the length of what is before TCP, and where it names TCP
NETWORK = {0x0800: (20, 9), 0x86dd: (40, 6)}
TCP = 6
SYN = 0x02
PCAP_MAGIC = 0xa1b2c3d4


def start_link(impairment=None):
    return DpdkTesting.Link.new_impaired(Dpdk.Eal.new(EAL_ARGS), 1, impairment)


def get_tcp(frame):
    """The TCP header of a frame and what follows it, or None."""
    frame = bytes(frame)
    network = NETWORK.get(struct.unpack_from('!H', frame, 12)[0])
    if network is None or frame[ETHERNET_LENGTH + network[1]] != TCP:
        return None
    return frame[ETHERNET_LENGTH + network[0]:]


def is_syn(tcp):
    return tcp is not None and bool(tcp[13] & SYN)


def send_all(stream, data):
    """Writes and closes the output, each step an async call of GIO."""
    def on_written(output, result):
        n_written = output.write_bytes_finish(result)
        if n_written < len(data):
            send_all(stream, data[n_written:])
        else:
            stream.shutdown(False, True)

    stream.get_output_stream().write_bytes_async(GLib.Bytes.new(data), GLib.PRIORITY_DEFAULT, None,
                                                 on_written)


def receive_all(stream, on_end):
    received = bytearray()

    def on_read(source, result):
        data = source.read_bytes_finish(result).get_data()
        if data:
            received.extend(data)
            read()
        else:
            on_end(bytes(received))

    def read():
        stream.get_input_stream().read_bytes_async(65536, GLib.PRIORITY_DEFAULT, None, on_read)

    read()


def round_trip(client, server, data):
    """Sends the data to the server, which sends what it has got back; gives what returned."""
    returned = []
    receive_all(server, lambda received: send_all(server, received))
    receive_all(client, returned.append)
    send_all(client, data)
    scenario.iterate_until(lambda: returned)
    return returned[0]


def connect(pair, end, family):
    succeeded, client, server = pair.connect(end, family)
    assert succeeded
    for connection, peer in ((client, 1 - end), (server, end)):
        address = connection.get_remote_address().get_address().to_string()
        assert address == pair.get_address(peer, family), address
    return client, server


def finish(pair):
    """Both runtimes go, and nothing else holds them."""
    for end in range(2):
        pair.assert_shutdown(end)
        assert pair.get_runtime(end) is None


def impaired_pair():
    impairment = DpdkTesting.Impairment.new()
    impairment.set_delay(DELAY_US)
    pair = DpdkTesting.Pair.new(start_link(impairment))
    link = pair.get_link()
    assert [link.dup_impairment(end).get_delay() for end in range(2)] == [DELAY_US] * 2
    for family in FAMILIES:
        client, server = connect(pair, 0, family)
        start = time.monotonic()
        assert round_trip(client, server, b'over the link') == b'over the link'
        # once there, once back
        assert time.monotonic() - start >= 2 * DELAY_US / 1e6
        client.close()
        server.close()
    del client, server
    # each end has its own
    link.set_impairment(1, None)
    assert [link.dup_impairment(end).get_delay() for end in range(2)] == [DELAY_US, 0]
    finish(pair)


def lossy_link():
    impairment = DpdkTesting.Impairment.new()
    impairment.set_loss(0.05)
    impairment.set_seed(7)
    pair = DpdkTesting.Pair.new(start_link(impairment))
    data = os.urandom(256 * 1024)
    client, server = connect(pair, 1, Gio.SocketFamily.IPV4)
    assert round_trip(client, server, data) == data
    for end in range(2):
        statistics = pair.get_link().get_statistics(end)
        assert statistics.lost > 0, end
        assert (statistics.taken ==
                statistics.passed + statistics.lost + statistics.pending), end
    client.close()
    server.close()
    del client, server
    finish(pair)


def captures():
    pair = DpdkTesting.Pair.new(start_link())
    link = pair.get_link()
    capture = DpdkTesting.Capture.new(N_CAPTURED)

    # some versions of PyGObject pass the length too
    def keep_syn(frame, *_):
        return is_syn(get_tcp(frame))

    syns = DpdkTesting.Capture.new(N_CAPTURED, keep_syn)
    link.capture(0, capture)
    link.capture(0, syns)
    client, server = connect(pair, 0, Gio.SocketFamily.IPV6)
    assert round_trip(client, server, b'a needle') == b'a needle'
    capture.stop()
    syns.stop()

    frames = [capture.dup_packet(i).get_data() for i in range(capture.get_n_packets())]
    segments = [tcp for tcp in map(get_tcp, frames) if tcp is not None]
    assert is_syn(segments[0]) and any(b'a needle' in segment for segment in segments)
    assert struct.unpack_from('!HH', segments[0]) == (client.get_local_address().get_port(),
                                                      server.get_local_address().get_port())
    # those of the client only
    assert [syns.dup_packet(i).get_data() for i in range(syns.get_n_packets())] == \
        [frame for frame in frames if is_syn(get_tcp(frame))]
    assert syns.get_n_packets() >= 1 and syns.get_n_missed() == 0
    times = [capture.get_timestamp(i) for i in range(len(frames))]
    assert times == sorted(times) and times[0] > 0
    assert capture.dup_packet(len(frames)) is None

    capture.save('link.pcap')
    with open('link.pcap', 'rb') as file:
        saved = file.read()
    os.unlink('link.pcap')
    assert struct.unpack_from('=I', saved)[0] == PCAP_MAGIC
    assert len(saved) == 24 + sum(16 + len(frame) for frame in frames)
    message = scenario.expect_error(GLib.quark_from_string('g-file-error-quark'),
                                    GLib.FileError.NOENT, capture.save, 'missing/link.pcap')
    assert 'missing/link.pcap' in message, message
    client.close()
    server.close()
    del client, server
    finish(pair)
    # the filter goes with its capture
    filter_ref = weakref.ref(keep_syn)
    del keep_syn, syns, link, pair
    gc.collect()
    assert filter_ref() is None


def errors_of_a_link():
    eal = Dpdk.Eal.new(EAL_ARGS)
    scenario.expect_error(Dpdk.Error.quark(), Dpdk.Error.INVALID_ARGUMENT, DpdkTesting.Link.new,
                          eal, 0)
    direct = DpdkTesting.Link.new(eal, 2)
    assert direct.props.n_queues == direct.get_n_queues() == 2
    for function, argument in ((direct.set_impairment, DpdkTesting.Impairment.new()),
                               (direct.set_up, False),
                               (direct.capture, DpdkTesting.Capture.new(1))):
        scenario.expect_error(Dpdk.Error.quark(), Dpdk.Error.NOT_SUPPORTED, function, 0, argument)
    assert direct.get_port(0) != direct.get_port(1)


SCENARIOS = (impaired_pair, lossy_link, captures, errors_of_a_link)

if __name__ == '__main__':
    scenario.run_named({function.__name__: function for function in SCENARIOS})
