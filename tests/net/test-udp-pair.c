/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UDP between two runtimes of one process, over good links and bad ones */
#include "net-udp.h"

#include <string.h>

#define PORT 7000
/* that wait on the way at the same time */
#define WINDOW 8

/* what those who are lost, or late, are given */
#define LOSS_US (20 * G_TIME_SPAN_MILLISECOND)

static const GSocketFamily families[] = { G_SOCKET_FAMILY_IPV4, G_SOCKET_FAMILY_IPV6 };
/* the largest that either family can have, less the number */
static const gsize sizes[] = { 0, 1, 100, 1468, 1469, 4000, 20000, 65483 };
/* of these the first, which fit into a frame */
#define N_WHOLE 4

static DpdkTestPair *
start (const DpdkTestImpairment *impairment)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkEal) eal = dpdk_eal_new (NULL, &error);
  g_autoptr (DpdkTestLink) link = NULL;
  DpdkTestPair *pair;

  g_assert_no_error (error);
  link = impairment == NULL ? dpdk_test_link_new (eal, 1, &error)
                            : dpdk_test_link_new_impaired (eal, 1, impairment, &error);
  g_assert_no_error (error);
  pair = dpdk_test_pair_new (link, &error);
  g_assert_no_error (error);
  return pair;
}

static void
finish (DpdkTestPair *pair)
{
  for (guint end = 0; end < 2; end++)
    dpdk_test_pair_assert_shutdown (pair, end);
  dpdk_test_assert_finalize (pair);
  dpdk_test_assert_eal_dead ();
}

/* one socket at each end, connected to each other */
static void
open_sockets (DpdkTestPair *pair, GSocketFamily family, DpdkUdpSocket *sockets[2])
{
  for (guint end = 0; end < 2; end++)
    sockets[end] = net_udp_new (dpdk_test_pair_get_runtime (pair, end),
                                dpdk_test_pair_get_address (pair, end, family), PORT);
  for (guint end = 0; end < 2; end++)
    {
      g_autoptr (GSocketAddress) peer =
          net_address (dpdk_test_pair_get_address (pair, 1 - end, family), PORT);
      g_autoptr (GError) error = NULL;

      dpdk_udp_socket_connect (sockets[end], peer, &error);
      g_assert_no_error (error);
    }
}

/* of datagram @number, behind its number */
static gsize
get_rest (guint32 number, guint n_sizes)
{
  return sizes[number % n_sizes];
}

/* a datagram has its number in front; there is none if the time is over */
static void
receive_one (DpdkUdpSocket *socket, gint64 timeout_us, guint8 *seen, guint n, guint n_sizes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = dpdk_udp_socket_receive_bytes (socket, NULL, timeout_us, NULL, &error);
  const guint8 *data;
  guint32 number;
  gsize size;

  if (bytes == NULL)
    return;
  data = g_bytes_get_data (bytes, &size);
  g_assert_cmpuint (size, >=, sizeof number);
  memcpy (&number, data, sizeof number);
  g_assert_cmpuint (number, <, n);
  g_assert_cmpmem (data + sizeof number, size - sizeof number, net_pattern (number),
                   get_rest (number, n_sizes));
  seen[number] = MIN (seen[number] + 1, G_MAXUINT8);
}

static guint
count (const guint8 *seen, guint n, gboolean more_than_once)
{
  guint found = 0;

  for (guint i = 0; i < n; i++)
    found += seen[i] > (more_than_once ? 1 : 0);
  return found;
}

/* what arrives is what was sent, whole or not at all */
static void
exchange (DpdkTestPair *pair, GSocketFamily family, guint n, guint n_sizes, gboolean is_lossy,
          guint8 *seen)
{
  g_autofree guint8 *data = g_malloc (NET_UDP_MAX);
  DpdkUdpSocket *sockets[2];

  open_sockets (pair, family, sockets);
  for (guint32 i = 0; i < n; i++)
    {
      guint from = i / WINDOW % 2;

      memcpy (data, &i, sizeof i);
      memcpy (data + sizeof i, net_pattern (i), get_rest (i, n_sizes));
      net_udp_send (sockets[from], NULL, 0, data, sizeof i + get_rest (i, n_sizes));
      if (i % WINDOW != WINDOW - 1)
        continue;
      if (!is_lossy)
        while (count (seen, i + 1, FALSE) < i + 1)
          receive_one (sockets[1 - from], net_udp_get_patience (), seen, n, n_sizes);
      else
        for (guint j = 0; j < WINDOW; j++)
          receive_one (sockets[1 - from], LOSS_US, seen, n, n_sizes);
    }
  for (guint end = 0; end < 2; end++)
    net_release (sockets[end]);
}

static void
test_clean (void)
{
  const guint n = MAX (dpdk_test_scale (400) / (2 * WINDOW), 2) * 2 * WINDOW;
  DpdkTestPair *pair = start (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      g_autofree guint8 *seen = g_malloc0 (n);

      exchange (pair, families[i], n, G_N_ELEMENTS (sizes), FALSE, seen);
      g_assert_cmpuint (count (seen, n, FALSE), ==, n);
      g_assert_cmpuint (count (seen, n, TRUE), ==, 0);
    }
  finish (pair);
}

/* fragments that are lost, come twice, or late, are never put together wrongly */
static void
test_impaired (void)
{
  const guint n = MAX (dpdk_test_scale (400) / (2 * WINDOW), 4) * 2 * WINDOW;
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  DpdkTestPair *pair;

  dpdk_test_impairment_set_loss (impairment, 0.02);
  dpdk_test_impairment_set_reorder (impairment, 0.05);
  dpdk_test_impairment_set_duplicate (impairment, 0.05);
  pair = start (impairment);
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      g_autofree guint8 *seen = g_malloc0 (n);

      exchange (pair, families[i], n, G_N_ELEMENTS (sizes), TRUE, seen);
      g_test_message ("of %u: %u arrived, %u more than once", n, count (seen, n, FALSE),
                      count (seen, n, TRUE));
      g_assert_cmpuint (count (seen, n, FALSE), >, n / 3);
    }
  finish (pair);
}

/* a checksum finds each single bit; of a datagram in fragments several may be wrong, and not found */
static void
test_corrupt (void)
{
  const guint n = MAX (dpdk_test_scale (400) / (2 * WINDOW), 4) * 2 * WINDOW;
  g_autoptr (DpdkTestImpairment) clean = dpdk_test_impairment_new ();
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  DpdkTestPair *pair = start (clean);

  dpdk_test_impairment_set_corrupt (impairment, 0.1);
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      g_autofree guint8 *seen = g_malloc0 (n);
      g_autoptr (GError) error = NULL;

      /* the neighbours know each other first: what they say has no checksum */
      for (guint round = 0; round < 2; round++)
        {
          for (guint end = 0; end < 2; end++)
            {
              dpdk_test_link_set_impairment (dpdk_test_pair_get_link (pair), end,
                                             round == 0 ? clean : impairment, &error);
              g_assert_no_error (error);
            }
          memset (seen, 0, n);
          exchange (pair, families[i], n, N_WHOLE, round != 0, seen);
        }
      g_test_message ("of %u: %u arrived", n, count (seen, n, FALSE));
      g_assert_cmpuint (count (seen, n, FALSE), >, n / 2);
      g_assert_cmpuint (count (seen, n, FALSE), <, n);
    }
  finish (pair);
}

/* a peer that has no socket there says so */
static void
test_refused (void)
{
  DpdkTestPair *pair = start (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      DpdkUdpSocket *sockets[2];
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = NULL;

      open_sockets (pair, families[i], sockets);
      net_release (sockets[1]);
      net_udp_send (sockets[0], NULL, 0, "x", 1);
      bytes =
          dpdk_udp_socket_receive_bytes (sockets[0], NULL, net_udp_get_patience (), NULL, &error);
      g_assert_null (bytes);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
      g_assert_nonnull (strstr (error->message, dpdk_test_pair_get_address (pair, 1, families[i])));
      net_release (sockets[0]);
    }
  finish (pair);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/udp-pair/clean", DPDK_TEST_FLAGS_NONE, test_clean);
  dpdk_test_add_func ("/net/udp-pair/impaired", DPDK_TEST_FLAGS_NONE, test_impaired);
  dpdk_test_add_func ("/net/udp-pair/corrupt", DPDK_TEST_FLAGS_NONE, test_corrupt);
  dpdk_test_add_func ("/net/udp-pair/refused", DPDK_TEST_FLAGS_NONE, test_refused);
  return g_test_run ();
}
