# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is around a segment of an established connection: IP, and what the link adds."""

from scapy.layers.inet import IP, IPOption_NOP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, fragment6
from scapy.packet import Padding

import wire
from peer import advance, pattern
from suite import case

DATA = pattern(0, 1000)


def send_as(t, peer, make_packets):
    """The next data, in other packets than the usual one."""
    tcp = peer.segment('PA', data=DATA)
    for packet in make_packets(t.suite.wire.address(t.version), tcp):
        t.suite.wire.send(packet)


def follow(peer):
    """What was sent has arrived; so does what comes behind it in the usual way."""
    peer.snd_nxt = advance(peer.snd_nxt, len(DATA))
    peer.read(DATA)
    peer.send('PA', data=DATA)
    peer.read(DATA)


def retry(peer):
    """What was sent has not arrived, and has done no harm."""
    peer.expect_nothing('the packet is dropped')
    peer.send('PA', data=DATA)
    peer.read(DATA)


@case('RFC 1122 3.3.2')
def fragments(t):
    """A segment whose packet was cut on the way is put together again (RFC 8200 4.5)."""
    def cut(ip, tcp):
        if t.version == 4:
            return fragment(ip / tcp, fragsize=400)
        ip.nh = 44
        return fragment6(ip / IPv6ExtHdrFragment(id=t.suite.new_peer_port()) / tcp, 600)
    peer = t.open()
    send_as(t, peer, cut)
    follow(peer)


@case('RFC 1122 3.2.1.8')
def options_of_ip(t):
    """IP options and extension headers that ask for nothing change nothing (RFC 8200 4.2)."""
    peer = t.open()
    send_as(t, peer, lambda ip, tcp:
            [IP(src=ip.src, dst=ip.dst, options=[IPOption_NOP()] * 4) / tcp if t.version == 4 else
             ip / IPv6ExtHdrDestOpt() / tcp])
    follow(peer)


@case('RFC 894')
def padding(t):
    """What is in the frame behind the packet is not data."""
    peer = t.open()
    send_as(t, peer, lambda ip, tcp: [ip / tcp / Padding(b'behind')])
    follow(peer)


@case('RFC 1122 3.2.1.2', versions=(4,))
def header_checksum(t):
    """A packet whose header has a wrong checksum is dropped."""
    peer = t.open()
    send_as(t, peer, lambda ip, tcp: [IP(src=ip.src, dst=ip.dst, chksum=0x1234) / tcp])
    retry(peer)


@case('RFC 1122 3.2.1')
def longer_than_the_frame(t):
    """A packet that says it is longer than what came is dropped."""
    def lengthen(ip, tcp):
        size = len(bytes(tcp)) + 100
        return [IP(src=ip.src, dst=ip.dst, len=20 + size) / tcp if t.version == 4 else
                IPv6(src=ip.src, dst=ip.dst, plen=size) / tcp]
    peer = t.open()
    send_as(t, peer, lengthen)
    retry(peer)


@case('RFC 9293 3.9.2.3')
def own_source(t):
    """What claims to be from an address of ours does not belong to a connection with another."""
    peer = t.open()
    peer.send('RA', ip=t.suite.wire.address(t.version, wire.TARGET[t.version]))
    peer.snd_nxt = advance(peer.iss, 1)
    retry(peer)


@case('RFC 1122 3.3.4.3')
def same_header(t):
    """What IP says is the same in the first segment of a connection and in later ones (RFC 8200 3)."""
    def fields(segment):
        ip = segment.ip
        if t.version == 4:
            return ip.src, ip.dst, ip.ihl, ip.tos, ip.ttl, int(ip.flags), ip.frag, ip.proto
        return ip.src, ip.dst, ip.tc, ip.fl, ip.hlim, ip.nh
    peer = t.peer(t.listen())
    first = fields(peer.open())
    t.accepted(peer)
    for _ in range(3):
        peer.send('PA', data=DATA)
        peer.read(DATA)
        peer.command('write', 0, 100)
        new = b''
        while not new:
            segment = peer.receive('an answer', again=True)
            if fields(segment) != first:
                peer.fail(f'a header like {first}', str(fields(segment)))
            new = peer.take(segment)
        peer.send('A')
