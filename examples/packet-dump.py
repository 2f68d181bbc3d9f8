#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints the packets that a device receives, as packet-dump.c does."""

import argparse
import datetime
import ipaddress
import signal
import struct
import sys

import gi

gi.require_version('Dpdk', '1.0')
from gi.repository import Dpdk, GLib  # noqa: E402

MEMPOOL_CAPACITY = 4096
MEMPOOL_CACHE_SIZE = 128
DATA_SIZE = 2048
DESCRIPTORS = 1024
BURST = 32
POLL_INTERVAL_MS = 1
SHUTDOWN_MS = 5000

PROTOCOLS = {1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6'}
WITH_PORTS = (6, 17)
WITH_TYPE = (1, 58)


def mac_text(mac):
    return mac.hex(':')


def address_text(data):
    return str(ipaddress.ip_address(bytes(data)))


def transport_text(protocol, data):
    text = PROTOCOLS.get(protocol, f'protocol {protocol}')
    if protocol in WITH_PORTS and len(data) >= 4:
        return text + ' port %u > %u' % struct.unpack_from('!HH', data)
    if protocol in WITH_TYPE and len(data) >= 2:
        return f'{text} type {data[0]} code {data[1]}'
    return text


def ipv4_text(data):
    if len(data) < 20:
        return ' truncated'
    size = (data[0] & 0xf) * 4
    text = f'{address_text(data[12:16])} > {address_text(data[16:20])}'
    if size < 20 or len(data) < size:
        return text + ' truncated'
    if struct.unpack_from('!H', data, 6)[0] & 0x1fff:
        return text + ': fragment'
    return f'{text}: {transport_text(data[9], data[size:])}'


def ipv6_text(data):
    if len(data) < 40:
        return ' truncated'
    ends = f'{address_text(data[8:24])} > {address_text(data[24:40])}'
    return f'{ends}: {transport_text(data[6], data[40:])}'


def arp_text(data):
    if len(data) < 28:
        return ' truncated'
    sender = address_text(data[14:18])
    if struct.unpack_from('!H', data, 6)[0] == 1:
        return f'who has {address_text(data[24:28])}? tell {sender}'
    return f'{sender} is at {mac_text(data[8:14])}'


PAYLOADS = {
    0x0800: ('IPv4', ipv4_text),
    0x0806: ('ARP', arp_text),
    0x86dd: ('IPv6', ipv6_text),
}


def frame_text(frame):
    if len(frame) < 14:
        return f'{len(frame)} bytes: truncated'
    text = f'{mac_text(frame[6:12])} > {mac_text(frame[:6])}, {len(frame)} bytes'
    kind = struct.unpack_from('!H', frame, 12)[0]
    data = frame[14:]
    if kind == 0x8100 and len(data) >= 4:
        tag, kind = struct.unpack_from('!HH', data)
        text += f', VLAN {tag & 0xfff}'
        data = data[4:]
    if kind not in PAYLOADS:
        return f'{text}, type 0x{kind:04x}'
    name, describe = PAYLOADS[kind]
    return f'{text}, {name}: {describe(data)}'


def print_packet(packet, with_bytes):
    frame = bytes(packet)
    print(datetime.datetime.now().strftime('%H:%M:%S.%f'), frame_text(frame))
    if with_bytes:
        for at in range(0, len(frame), 16):
            print(f'  {at:04x}  {frame[at:at + 16].hex(" ")}')


def dump(eal, options):
    pool = Dpdk.Mempool.new(eal, MEMPOOL_CAPACITY, MEMPOOL_CACHE_SIZE, DATA_SIZE, -1)
    port = Dpdk.Port.new(eal, options.device)
    port.configure(pool, 1, DESCRIPTORS)
    port.set_promiscuous(True)
    port.start()
    print(f'listening on {options.device}', flush=True)

    loop = GLib.MainLoop()
    n_printed = 0

    def on_poll():
        nonlocal n_printed
        for packet in port.receive(0, BURST):
            if n_printed == options.count:
                break
            print_packet(packet, options.hex)
            n_printed += 1
        if n_printed == options.count:
            loop.quit()
        return GLib.SOURCE_CONTINUE

    def on_signal():
        loop.quit()
        return GLib.SOURCE_CONTINUE

    sources = [GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, on_signal)
               for number in (signal.SIGINT, signal.SIGTERM)]
    sources.append(GLib.timeout_add(POLL_INTERVAL_MS, on_poll))
    loop.run()
    # a source holds its function, and that the port
    for source in sources:
        GLib.source_remove(source)
    print(f'{n_printed} packets')


def main():
    parser = argparse.ArgumentParser(description='Prints the packets that a device receives.')
    parser.add_argument('device', metavar='DEVICE', help='a PCI address or a virtual device, '
                        'such as net_tap0,iface=dpdk0')
    parser.add_argument('-c', '--count', metavar='N', type=int,
                        help='end after N packets (default: on SIGINT)')
    parser.add_argument('-x', '--hex', action='store_true',
                        help='print the bytes of each packet, too')
    options = parser.parse_args()
    try:
        eal = Dpdk.Eal.new(None)
        dump(eal, options)
        eal.shutdown(SHUTDOWN_MS)
    except GLib.Error as error:
        sys.exit(f'packet-dump.py: {error.message}')


if __name__ == '__main__':
    main()
