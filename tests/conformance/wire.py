# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel's end of the tap, without any address: all that answers there is this suite."""

import queue
import select
import subprocess
import threading

from scapy.arch.linux import L2Socket
from scapy.layers.inet import ICMP, IP, TCP, in4_chksum
from scapy.layers.inet6 import (ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS,
                                ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr, IPv6, in6_chksum)
from scapy.layers.l2 import ARP, Ether

INTERFACE = 'dpdk0'
KERNEL_MAC = '02:00:00:00:00:01'
PEER_MAC = '02:00:00:00:00:02'
TARGET_MAC = '02:c4:d3:48:bb:8f'
TARGET = {4: '198.18.0.2', 6: 'fde7:f17d:24::2'}
PEER = {4: '198.18.0.1', 6: 'fde7:f17d:24::1'}
PATIENCE_S = 90
TCP_NUMBER = 6


def run(*command):
    subprocess.run(command, check=True)


class Segment:
    """A TCP segment of the target's."""

    def __init__(self, packet, arrival):
        tcp = packet[TCP]
        self.ip = packet[IP] if IP in packet else packet[IPv6]
        self.arrival = arrival
        self.sport, self.dport = tcp.sport, tcp.dport
        self.seq, self.ack = tcp.seq, tcp.ack
        self.flags = str(tcp.flags)
        self.window = tcp.window
        self.urgent = tcp.urgptr
        self.options = tcp.options
        self.header = tcp.dataofs * 4
        # without what Ethernet pads short packets with
        size = (self.ip.len - self.ip.ihl * 4 if self.ip.version == 4 else self.ip.plen)
        self.raw = bytes(tcp)[:size]
        self.data = self.raw[self.header:]

    @property
    def length(self):
        """What it takes of the sequence numbers."""
        return len(self.data) + ('S' in self.flags) + ('F' in self.flags)

    @property
    def ecn(self):
        return (self.ip.tos if self.ip.version == 4 else self.ip.tc) & 3

    def option(self, name):
        return next((value for key, value in self.options if key == name), None)

    def has_option(self, name):
        return any(key == name for key, _ in self.options)

    def has_good_checksum(self):
        checksum = in4_chksum if self.ip.version == 4 else in6_chksum
        return checksum(TCP_NUMBER, self.ip, self.raw) == 0

    def __str__(self):
        return describe(self.flags, self.seq, self.ack, len(self.data), self.window, self.options)


def describe(flags, seq, ack, length, window, options):
    text = f'{flags or "-"} seq={seq} ack={ack} len={length} win={window}'
    return f'{text} {options}' if options else text


class Wire:
    """Hands each segment to whoever has its port, and answers for the neighbours."""

    def __init__(self):
        self.lock = threading.Lock()
        self.queues = {}
        self.bad_checksums = []
        self.n_pings = 0
        self.is_over = False
        with open(f'/proc/sys/net/ipv6/conf/{INTERFACE}/disable_ipv6', 'w') as file:
            file.write('1')
        run('ip', 'link', 'set', 'lo', 'up')
        run('ip', 'link', 'set', INTERFACE, 'address', KERNEL_MAC)
        run('ip', 'link', 'set', INTERFACE, 'up')
        self.socket = L2Socket(iface=INTERFACE, promisc=False)
        self.thread = threading.Thread(target=self._receive, name='wire')
        self.thread.start()

    def close(self):
        self.is_over = True
        self.thread.join()
        self.socket.close()

    def register(self, key):
        box = queue.Queue()
        with self.lock:
            assert key not in self.queues
            self.queues[key] = box
        return box

    def unregister(self, key):
        with self.lock:
            del self.queues[key]

    def send(self, packet):
        frame = bytes(Ether(src=PEER_MAC, dst=TARGET_MAC) / packet)
        with self.lock:
            self.socket.outs.send(frame)

    def ping(self, version):
        """Waits until the target has answered what was sent before."""
        with self.lock:
            self.n_pings += 1
            number = self.n_pings
        key = ('ping', number)
        box = self.register(key)
        ids = {'id': number >> 16, 'seq': number & 0xffff}
        echo = ICMP(type=8, **ids) if version == 4 else ICMPv6EchoRequest(**ids)
        self.send(self.address(version) / echo)
        try:
            box.get(timeout=PATIENCE_S)
        except queue.Empty:
            raise TimeoutError('the target does not answer pings') from None
        finally:
            self.unregister(key)

    @staticmethod
    def address(version, source=None):
        if version == 4:
            return IP(src=source or PEER[4], dst=TARGET[4])
        return IPv6(src=source or PEER[6], dst=TARGET[6])

    def _receive(self):
        poll = select.poll()
        poll.register(self.socket.ins, select.POLLIN)
        while not self.is_over:
            if not poll.poll(100):
                continue
            # the kernel's time, because we may be late
            kind, frame, arrival = self.socket.recv_raw()
            if frame is not None:
                self._dispatch(kind(frame), arrival)

    def _dispatch(self, packet, arrival):
        if TCP in packet:
            segment = Segment(packet, arrival)
            if not segment.has_good_checksum():
                self.bad_checksums.append(str(segment))
            self._deliver((segment.ip.version, segment.dport), segment)
        elif ARP in packet and packet[ARP].op == 1 and packet[ARP].pdst != TARGET[4]:
            self._answer_arp(packet[ARP])
        elif ICMPv6ND_NS in packet and packet[ICMPv6ND_NS].tgt == PEER[6]:
            self._answer_solicitation(packet)
        elif ICMP in packet and packet[ICMP].type == 0:
            self._deliver_ping(packet[ICMP])
        elif ICMPv6EchoReply in packet:
            self._deliver_ping(packet[ICMPv6EchoReply])

    def _deliver(self, key, what):
        with self.lock:
            box = self.queues.get(key)
        if box is not None:
            box.put(what)

    def _deliver_ping(self, echo):
        self._deliver(('ping', echo.id << 16 | echo.seq), echo)

    def _answer_arp(self, request):
        self.send(ARP(op=2, hwsrc=PEER_MAC, psrc=request.pdst, hwdst=request.hwsrc,
                      pdst=request.psrc))

    def _answer_solicitation(self, packet):
        target = packet[ICMPv6ND_NS].tgt
        self.send(IPv6(src=target, dst=packet[IPv6].src, hlim=255) /
                  ICMPv6ND_NA(tgt=target, R=0, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=PEER_MAC))

    def greet(self):
        """Makes the peer known, so that no case has to wait for that."""
        self.send(ARP(op=1, hwsrc=PEER_MAC, psrc=PEER[4], pdst=TARGET[4]))
        self.send(IPv6(src=PEER[6], dst=TARGET[6], hlim=255) / ICMPv6ND_NS(tgt=TARGET[6]) /
                  ICMPv6NDOptSrcLLAddr(lladdr=PEER_MAC))
        for version in (4, 6):
            self.ping(version)
