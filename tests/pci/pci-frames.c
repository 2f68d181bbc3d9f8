/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pci-frames.h"

#include "net-kernel.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <string.h>
#include <unistd.h>

#define BURST 32
#define MIN_SIZE 60
#define MAX_SIZE 1514
/* IEEE 802: for experiments */
#define TYPE 0x88b5

typedef struct {
  struct ether_header header;
  guint8 payload[MAX_SIZE - sizeof (struct ether_header)];
} Frame;

static gsize
get_size (guint i)
{
  return MIN_SIZE + (gsize) i * (MAX_SIZE - MIN_SIZE) / (PCI_N_FRAMES - 1);
}

guint64
pci_frames_get_size (void)
{
  guint64 size = 0;

  for (guint i = 0; i < PCI_N_FRAMES; i++)
    size += get_size (i);
  return size;
}

static void
parse_mac (const char *text, guint8 mac[ETH_ALEN])
{
  for (guint i = 0; i < ETH_ALEN; i++)
    mac[i] = (guint8) g_ascii_strtoull (text + 3 * i, NULL, 16);
}

static gsize
fill (Frame *frame, guint i, const char *from, const char *to)
{
  gsize size = get_size (i);

  parse_mac (to, frame->header.ether_dhost);
  parse_mac (from, frame->header.ether_shost);
  frame->header.ether_type = htons (TYPE);
  memcpy (frame->payload, net_pattern (i), sizeof frame->payload);
  return size;
}

static gboolean
is_ours (const void *data, gsize size)
{
  return size >= MIN_SIZE && ((const Frame *) data)->header.ether_type == htons (TYPE);
}

static void
send_to_socket (int fd, const char *from, const char *to, guint i)
{
  Frame frame;

  net_packet_send (fd, &frame, fill (&frame, i, from, to));
}

static gboolean
receive_from_socket (int fd, const char *from, const char *to, guint i)
{
  Frame frame, expected;
  gboolean is_received;
  gssize n = net_packet_receive (fd, &frame, sizeof frame, &is_received);

  if (n <= 0 || !is_received || !is_ours (&frame, (gsize) n))
    return FALSE;
  g_assert_cmpmem (&frame, n, &expected, fill (&expected, i, from, to));
  return TRUE;
}

static guint
check_received (DpdkPacket *packet, const char *from, const char *to, guint i)
{
  g_autoptr (GBytes) bytes = dpdk_packet_to_bytes (packet);
  Frame expected;
  gsize size;
  const void *data = g_bytes_get_data (bytes, &size);

  dpdk_packet_unref (packet);
  if (!is_ours (data, size))
    return 0;
  g_assert_cmpmem (data, size, &expected, fill (&expected, i, from, to));
  return 1;
}

static guint
receive (DpdkPort *port, const char *from, const char *to, guint i)
{
  DpdkPacket *burst[BURST];
  guint n = dpdk_port_rx_burst (port, 0, burst, BURST), n_ours = 0;

  for (guint j = 0; j < n; j++)
    n_ours += check_received (burst[j], from, to, i + n_ours);
  return n_ours;
}

static void
send_packet (DpdkPort *port, DpdkMempool *pool, const char *from, const char *to, guint i)
{
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet = dpdk_mempool_acquire (pool, &error);
  Frame frame;
  gsize size = fill (&frame, i, from, to);

  g_assert_no_error (error);
  dpdk_packet_append (packet, (const guint8 *) &frame, size, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (dpdk_port_tx_burst (port, 0, &packet, 1) == 1);
}

void
pci_frames_exchange (DpdkPort *port, DpdkMempool *pool, const PciNic *nic)
{
  const char *mac = dpdk_port_get_mac (port);
  g_autofree char *peer = pci_nic_dup_peer (nic);
  int fd;

  net_run ("ip link set %s up", peer);
  fd = net_packet_open (peer);
  for (guint n_sent = 0, n_received = 0; n_sent < PCI_N_FRAMES;)
    {
      for (guint j = 0; j < BURST && n_sent < PCI_N_FRAMES; j++)
        send_to_socket (fd, nic->peer_mac, mac, n_sent++);
      DPDK_TEST_WAIT_UNTIL ((n_received += receive (port, nic->peer_mac, mac, n_received)) ==
                            n_sent);
    }
  for (guint i = 0; i < PCI_N_FRAMES; i++)
    {
      send_packet (port, pool, mac, nic->peer_mac, i);
      DPDK_TEST_WAIT_UNTIL (receive_from_socket (fd, mac, nic->peer_mac, i));
    }
  close (fd);
}

static gboolean
has_carrier (const char *interface)
{
  g_autofree char *path = g_build_filename ("/sys/class/net", interface, "carrier", NULL);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) && text[0] == '1';
}

void
pci_frames_exchange_kernel (const PciNic *nic)
{
  g_autofree char *interface = pci_nic_dup_interface (nic);
  g_autofree char *peer = pci_nic_dup_peer (nic);
  int fd, peer_fd;

  net_run ("ip link set %s up; ip link set %s up", peer, interface);
  DPDK_TEST_WAIT_UNTIL (has_carrier (interface));
  fd = net_packet_open (interface);
  peer_fd = net_packet_open (peer);
  for (guint i = 0; i < PCI_N_FRAMES; i += 10)
    {
      send_to_socket (fd, nic->mac, nic->peer_mac, i);
      DPDK_TEST_WAIT_UNTIL (receive_from_socket (peer_fd, nic->mac, nic->peer_mac, i));
      send_to_socket (peer_fd, nic->peer_mac, nic->mac, i);
      DPDK_TEST_WAIT_UNTIL (receive_from_socket (fd, nic->peer_mac, nic->mac, i));
    }
  close (fd);
  close (peer_fd);
}
