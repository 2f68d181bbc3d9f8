/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the examples packet-dump, of which one is in Python, with a raw socket at the kernel's end of a tap */
#include "net-fixture.h"
#include "net-frames.h"
#include "net-kernel.h"
#include "net-program.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define DEVICE "net_tap0,iface=dpdk0"
#define ETHERNET                                                                                   \
  "020000000002"                                                                                   \
  "020000000001"
#define MACS "02:00:00:00:00:01 > 02:00:00:00:00:02, "

typedef struct {
  const char *name;
  const char *bytes;
  const char *text;
} Frame;

static const Frame frames[] = {
  { "ARP request",
    ETHERNET "0806"
             "0001080006040001"
             "020000000001c6120001"
             "000000000000c6120002",
    MACS "42 bytes, ARP: who has 198.18.0.2? tell 198.18.0.1" },
  { "ARP reply",
    ETHERNET "0806"
             "0001080006040002"
             "020000000001c6120001"
             "020000000002c6120002",
    MACS "42 bytes, ARP: 198.18.0.1 is at 02:00:00:00:00:01" },
  { "IPv4 UDP",
    ETHERNET "0800"
             "4500001c0000000040110000c6120001c6120002"
             "1388003500080000",
    MACS "42 bytes, IPv4: 198.18.0.1 > 198.18.0.2: UDP port 5000 > 53" },
  { "IPv4 TCP with options",
    ETHERNET "0800"
             "4600002c0000000040060000c6120001c612000201010100"
             "c3500050000000010000000050020400000000000000",
    MACS "60 bytes, IPv4: 198.18.0.1 > 198.18.0.2: TCP port 50000 > 80" },
  { "IPv4 ICMP",
    ETHERNET "0800"
             "4500001c0000000040010000c6120001c6120002"
             "0800f7ff00000000",
    MACS "42 bytes, IPv4: 198.18.0.1 > 198.18.0.2: ICMP type 8 code 0" },
  { "IPv4 fragment",
    ETHERNET "0800"
             "4500001c0000200140110000c6120001c6120002"
             "0000000000000000",
    MACS "42 bytes, IPv4: 198.18.0.1 > 198.18.0.2: fragment" },
  { "IPv4 of another protocol",
    ETHERNET "0800"
             "450000140000000040590000c6120001c6120002",
    MACS "34 bytes, IPv4: 198.18.0.1 > 198.18.0.2: protocol 89" },
  { "IPv4 cut off",
    ETHERNET "0800"
             "4500001c00000000",
    MACS "22 bytes, IPv4:  truncated" },
  { "IPv4 with a header of 8 bytes",
    ETHERNET "0800"
             "420000140000000040110000c6120001c6120002",
    MACS "34 bytes, IPv4: 198.18.0.1 > 198.18.0.2 truncated" },
  { "IPv6 ICMP",
    ETHERNET "86dd"
             "6000000000083a40"
             "fde7f17d002400000000000000000001"
             "fde7f17d002400000000000000000002"
             "8000000000000000",
    MACS "62 bytes, IPv6: fde7:f17d:24::1 > fde7:f17d:24::2: ICMPv6 type 128 code 0" },
  { "IPv6 cut off",
    ETHERNET "86dd"
             "6000000000083a40",
    MACS "22 bytes, IPv6:  truncated" },
  { "VLAN",
    ETHERNET "8100"
             "6064"
             "0800"
             "4500001c0000000040110000c6120001c6120002"
             "1388003500080000",
    MACS "46 bytes, VLAN 100, IPv4: 198.18.0.1 > 198.18.0.2: UDP port 5000 > 53" },
  { "local experiment",
    ETHERNET "88b5"
             "00",
    MACS "15 bytes, type 0x88b5" },
};

static gsize
parse_hex (const char *text, guint8 *bytes)
{
  gsize n = strlen (text) / 2;

  for (gsize i = 0; i < n; i++)
    bytes[i] =
        (guint8) (g_ascii_xdigit_value (text[2 * i]) << 4 | g_ascii_xdigit_value (text[2 * i + 1]));
  return n;
}

static DpdkTestProcess *
start (const char *program, const char *options)
{
  g_autofree char *arguments = g_strdup_printf ("%s " DEVICE, options);
  DpdkTestProcess *self;

  /* the kernel shall send nothing of its own */
  net_run ("sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
  self = net_program_start (program, arguments);
  net_program_wait_for_output (self, "listening on " DEVICE "\n");
  net_run ("ip link set dev dpdk0 up");
  return self;
}

static void
test_frames (gconstpointer data)
{
  const char *program = data;
  g_autofree char *options = g_strdup_printf ("--count=%u", (guint) G_N_ELEMENTS (frames));
  g_autofree char *sum = g_strdup_printf ("%u packets", (guint) G_N_ELEMENTS (frames));
  DpdkTestProcess *process = start (program, options);
  int fd = net_packet_open ("dpdk0");
  g_autofree char *output = NULL;
  g_auto (GStrv) lines = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (frames); i++)
    {
      guint8 bytes[NET_FRAME_MAX];
      gsize size = parse_hex (frames[i].bytes, bytes);

      g_test_message ("%s", frames[i].name);
      net_packet_send (fd, bytes, size);
    }
  net_kernel_close (fd);
  /* it ends when it has them all */
  output = net_program_wait (process, NULL);
  lines = g_strsplit (output, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, G_N_ELEMENTS (frames) + 3);
  for (guint i = 0; i < G_N_ELEMENTS (frames); i++)
    {
      /* after the time */
      const char *text = strchr (lines[1 + i], ' ');

      g_assert_nonnull (text);
      g_assert_cmpstr (text + 1, ==, frames[i].text);
    }
  g_assert_cmpstr (lines[1 + G_N_ELEMENTS (frames)], ==, sum);
}

static void
test_hex (gconstpointer data)
{
  const char *program = data;
  DpdkTestProcess *process = start (program, "--hex");
  int fd = net_packet_open ("dpdk0");
  g_autofree char *output = NULL;
  guint8 bytes[NET_FRAME_MAX];

  net_packet_send (fd, bytes, parse_hex (frames[0].bytes, bytes));
  net_program_wait_for_output (process, "tell 198.18.0.1\n");
  net_kernel_close (fd);
  output = net_program_stop (process, SIGINT);
  g_assert_nonnull (strstr (output, "\n"
                                    "  0000  02 00 00 00 00 02 02 00 00 00 00 01 08 06 00 01\n"
                                    "  0010  08 00 06 04 00 01 02 00 00 00 00 01 c6 12 00 01\n"
                                    "  0020  00 00 00 00 00 00 c6 12 00 02\n"
                                    "1 packets\n"));
}

static void
check_refused (const char *program, const char *arguments, const char *text)
{
  int wait_status;
  g_autofree char *output = net_run_for_output (&wait_status, "%s/%s %s 2>&1",
                                                g_getenv ("NET_EXAMPLES"), program, arguments);

  g_assert_true (WIFEXITED (wait_status));
  g_assert_cmpint (WEXITSTATUS (wait_status), !=, 0);
  if (strstr (output, text) == NULL)
    g_error ("\"%s\" is not in: %s", text, output);
}

static void
test_errors (gconstpointer data)
{
  const char *program = data;

  check_refused (program, "", "DEVICE");
  check_refused (program, "net_nosuch0", "net_nosuch0");
  check_refused (program, "--count=x net_null0", "x");
}

int
main (int argc, char **argv)
{
  /* the one in Python is there when the introspection is */
  const char *const programs[] = { "packet-dump", g_getenv ("NET_PACKET_DUMP_PYTHON") };

  dpdk_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (programs) && programs[i] != NULL; i++)
    {
      g_autofree char *of_frames = g_strdup_printf ("/%s/frames", programs[i]);
      g_autofree char *of_hex = g_strdup_printf ("/%s/hex", programs[i]);
      g_autofree char *of_errors = g_strdup_printf ("/%s/errors", programs[i]);

      dpdk_test_add_data_func (of_frames, DPDK_TEST_FLAGS_NETWORK, programs[i], test_frames);
      dpdk_test_add_data_func (of_hex, DPDK_TEST_FLAGS_NETWORK, programs[i], test_hex);
      dpdk_test_add_data_func (of_errors, DPDK_TEST_FLAGS_NETWORK, programs[i], test_errors);
    }
  return g_test_run ();
}
