/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the example l2fwd between taps, with raw sockets at the kernel's ends */
#include "net-fixture.h"
#include "net-kernel.h"
#include "net-program.h"

#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* IEEE 802 local experimental: nobody else sends this */
#define TYPE 0x88b5
#define N_FRAMES 500
#define MAX_TAPS 4

static const guint8 peer_mac[] = { 0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0xee };
static const guint8 far_mac[] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x55 };

typedef struct {
  DpdkTestProcess *program;
  guint n_taps;
  int sockets[MAX_TAPS];
} Forwarder;

static void
forwarder_start (Forwarder *self, guint n_taps, const char *options)
{
  g_autoptr (GString) arguments = g_string_new (options);

  *self = (Forwarder){ .n_taps = n_taps };
  /* the kernel shall send nothing of its own */
  net_run ("sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
  for (guint i = 0; i < n_taps; i++)
    g_string_append_printf (arguments, " net_tap%u,iface=dpdk%u", i, i);
  self->program = net_program_start ("l2fwd", arguments->str);
  net_program_wait_for_output (self->program, "forwarding\n");
  for (guint i = 0; i < n_taps; i++)
    {
      g_autofree char *interface = g_strdup_printf ("dpdk%u", i);

      self->sockets[i] = -1;
      if (if_nametoindex (interface) == 0)
        continue;
      net_run ("ip link set dev %s up", interface);
      self->sockets[i] = net_packet_open (interface);
    }
}

static void
close_sockets (Forwarder *self)
{
  for (guint i = 0; i < self->n_taps; i++)
    if (self->sockets[i] >= 0)
      close (self->sockets[i]);
}

static char *
forwarder_stop (Forwarder *self, int number)
{
  close_sockets (self);
  return net_program_stop (self->program, number);
}

static void
forwarder_kill (Forwarder *self)
{
  close_sockets (self);
  dpdk_test_process_kill (self->program, SIGKILL);
  dpdk_test_process_wait (self->program);
  g_clear_object (&self->program);
}

static gsize
make_frame (guint8 *frame, guint number)
{
  gsize size = ETH_ZLEN + number % (ETH_FRAME_LEN - ETH_ZLEN + 1);

  for (gsize i = 0; i < size; i++)
    frame[i] = (guint8) (i * 31 + number);
  memcpy (frame, far_mac, sizeof far_mac);
  memcpy (frame + ETH_ALEN, peer_mac, sizeof peer_mac);
  frame[2 * ETH_ALEN] = TYPE >> 8;
  frame[2 * ETH_ALEN + 1] = TYPE & 0xff;
  return size;
}

/* the next frame that came from the device */
static gsize
receive (int fd, guint8 *frame)
{
  gboolean is_from_us = FALSE;
  gssize n;

  DPDK_TEST_WAIT_UNTIL ((n = net_packet_receive (fd, frame, ETH_FRAME_LEN, &is_from_us)) > 0 &&
                        is_from_us);
  return (gsize) n;
}

/* one after the other, so that no queue overflows */
static void
check_frames (Forwarder *self, guint from, guint to, gboolean updates_macs)
{
  const guint8 far_end[ETH_ALEN] = { 0x02, 0, 0, 0, 0, (guint8) to };

  for (guint i = 0; i < N_FRAMES; i++)
    {
      guint8 sent[ETH_FRAME_LEN], received[ETH_FRAME_LEN];
      gsize size = make_frame (sent, i * 17);

      net_packet_send (self->sockets[from], sent, size);
      g_assert_cmpuint (receive (self->sockets[to], received), ==, size);
      if (updates_macs)
        {
          g_assert_cmpmem (received, ETH_ALEN, far_end, ETH_ALEN);
          /* not the sender's any more */
          g_assert_cmpint (memcmp (received + ETH_ALEN, peer_mac, ETH_ALEN), !=, 0);
        }
      else
        g_assert_cmpmem (received, 2 * ETH_ALEN, sent, 2 * ETH_ALEN);
      g_assert_cmpmem (received + 2 * ETH_ALEN, size - 2 * ETH_ALEN, sent + 2 * ETH_ALEN,
                       size - 2 * ETH_ALEN);
    }
}

/* the output has @lines in this order, with anything between them */
static void
check_order (const char *output, const char *const *lines)
{
  const char *at = output;

  for (; *lines != NULL; lines++)
    {
      at = strstr (at, *lines);
      if (at == NULL)
        g_error ("not there, or too early: %s\nin: %s", *lines, output);
      at += strlen (*lines);
    }
}

static void
test_pair (void)
{
  static const char *const lines[] = { "port 0: net_tap0,iface=dpdk0, MAC address ",
                                       "port 1: net_tap1,iface=dpdk1, MAC address ",
                                       "from port 0 to port 1\n",
                                       "from port 1 to port 0\n",
                                       "forwarding\n",
                                       "port 0: received 500, sent 500, dropped 0\n",
                                       "port 1: received 500, sent 500, dropped 0\n",
                                       "closing port 0: done\n",
                                       "closing port 1: done\n",
                                       "bye\n",
                                       NULL };
  g_autofree char *output = NULL;
  Forwarder forwarder;

  forwarder_start (&forwarder, 2, "");
  check_frames (&forwarder, 0, 1, TRUE);
  check_frames (&forwarder, 1, 0, TRUE);
  output = forwarder_stop (&forwarder, SIGINT);
  check_order (output, lines);
}

static void
test_no_mac_updating (void)
{
  g_autofree char *output = NULL;
  Forwarder forwarder;

  forwarder_start (&forwarder, 2, "--no-mac-updating --period=0");
  check_frames (&forwarder, 0, 1, FALSE);
  output = forwarder_stop (&forwarder, SIGTERM);
  g_assert_nonnull (strstr (output, "bye\n"));
}

/* two pairs are one too many for three ports */
static void
test_odd (void)
{
  g_autofree char *output = NULL;
  Forwarder forwarder;

  forwarder_start (&forwarder, 3, "");
  check_frames (&forwarder, 0, 1, TRUE);
  check_frames (&forwarder, 2, 2, TRUE);
  output = forwarder_stop (&forwarder, SIGINT);
  g_assert_nonnull (strstr (output, "from port 2 to port 2\n"));
}

static void
test_port_mask (void)
{
  g_autofree char *output = NULL;
  Forwarder forwarder;

  forwarder_start (&forwarder, 3, "--port-mask=0x5");
  g_assert_cmpint (forwarder.sockets[1], ==, -1);
  /* the second port of the program is the third device */
  for (guint i = 0; i < N_FRAMES; i++)
    {
      guint8 sent[ETH_FRAME_LEN], received[ETH_FRAME_LEN];
      gsize size = make_frame (sent, i);

      net_packet_send (forwarder.sockets[0], sent, size);
      g_assert_cmpuint (receive (forwarder.sockets[2], received), ==, size);
      g_assert_cmpuint (received[ETH_ALEN - 1], ==, 1);
    }
  output = forwarder_stop (&forwarder, SIGINT);
  g_assert_nonnull (strstr (output, "skipping net_tap1,iface=dpdk1\n"));
}

static guint
count_lines (const char *output, const char *line)
{
  guint n = 0;

  for (const char *at = strstr (output, line); at != NULL; at = strstr (at + 1, line))
    n++;
  return n;
}

static gboolean
has_statistics (DpdkTestProcess *program, guint n)
{
  g_autofree char *output = net_program_get_output (program, NULL);

  return count_lines (output, "port 0: received ") >= n;
}

static void
test_statistics (void)
{
  g_autofree char *output = NULL;
  Forwarder forwarder;

  forwarder_start (&forwarder, 2, "--period=1");
  DPDK_TEST_WAIT_UNTIL (has_statistics (forwarder.program, 3));
  output = forwarder_stop (&forwarder, SIGINT);
}

static void
test_killed (void)
{
  g_autofree char *output = NULL;
  Forwarder forwarder;

  forwarder_start (&forwarder, 2, "");
  check_frames (&forwarder, 0, 1, TRUE);
  forwarder_kill (&forwarder);
  forwarder_start (&forwarder, 2, "");
  check_frames (&forwarder, 1, 0, TRUE);
  output = forwarder_stop (&forwarder, SIGINT);
}

static void
check_refused (const char *arguments, const char *text)
{
  int wait_status;
  g_autofree char *output =
      net_run_for_output (&wait_status, "%s/l2fwd %s 2>&1", g_getenv ("NET_EXAMPLES"), arguments);

  g_assert_true (WIFEXITED (wait_status));
  g_assert_cmpint (WEXITSTATUS (wait_status), !=, 0);
  if (strstr (output, text) == NULL)
    g_error ("\"%s\" is not in: %s", text, output);
}

static void
test_errors (void)
{
  check_refused ("", "DEVICE");
  check_refused ("net_nosuch0", "net_nosuch0");
  check_refused ("--port-mask=8 net_null0 net_null1", "the port mask \"8\"");
  check_refused ("--port-mask=zz net_null0", "the port mask \"zz\"");
  check_refused ("--cores=0,x net_null0", "x");
  check_refused ("--cores=1000 net_null0", "core 1000");
  check_refused ("--eal-arg=--nosuch net_null0", "--nosuch");
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/l2fwd/pair", DPDK_TEST_FLAGS_NETWORK, test_pair);
  dpdk_test_add_func ("/l2fwd/no-mac-updating", DPDK_TEST_FLAGS_NETWORK, test_no_mac_updating);
  dpdk_test_add_func ("/l2fwd/odd", DPDK_TEST_FLAGS_NETWORK, test_odd);
  dpdk_test_add_func ("/l2fwd/port-mask", DPDK_TEST_FLAGS_NETWORK, test_port_mask);
  dpdk_test_add_func ("/l2fwd/statistics", DPDK_TEST_FLAGS_NETWORK, test_statistics);
  dpdk_test_add_func ("/l2fwd/killed", DPDK_TEST_FLAGS_NETWORK, test_killed);
  dpdk_test_add_func ("/l2fwd/errors", DPDK_TEST_FLAGS_NETWORK, test_errors);
  return g_test_run ();
}
