/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dpdk-glib.h>
#include <glib-unix.h>

#include "packet-text.h"

#define MEMPOOL_CAPACITY 4096
#define MEMPOOL_CACHE_SIZE 128
#define DATA_SIZE 2048
#define DESCRIPTORS 1024
#define BURST 32
#define POLL_INTERVAL_MS 1
#define SHUTDOWN_MS 5000

typedef struct {
  DpdkPort *port;
  GMainLoop *loop;
  guint64 n_printed;
} Dump;

static gint64 max_packets;
static gboolean print_bytes;

static const GOptionEntry option_entries[] = {
  { "count", 'c', G_OPTION_FLAG_NONE, G_OPTION_ARG_INT64, &max_packets,
    "End after N packets (default: on SIGINT)", "N" },
  { "hex", 'x', G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &print_bytes,
    "Print the bytes of each packet, too", NULL },
  G_OPTION_ENTRY_NULL,
};

static gboolean
on_signal (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_CONTINUE;
}

static void
print_packet (DpdkPacket *packet)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%H:%M:%S.%f");
  gsize length;
  const guint8 *frame = dpdk_packet_get_data (packet, &length);
  g_autofree char *text = packet_text_describe (frame, length, dpdk_packet_get_length (packet));

  g_print ("%s %s\n", time, text);
  if (print_bytes)
    {
      g_autofree char *bytes = packet_text_dump (frame, length);

      g_print ("%s", bytes);
    }
}

static gboolean
on_poll (gpointer user_data)
{
  Dump *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) packets = dpdk_port_receive (self->port, 0, BURST, &error);

  if (packets == NULL)
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      g_main_loop_quit (self->loop);
      return G_SOURCE_CONTINUE;
    }
  for (guint i = 0; i < packets->len; i++)
    {
      if (max_packets > 0 && self->n_printed == (guint64) max_packets)
        break;
      print_packet (g_ptr_array_index (packets, i));
      self->n_printed++;
    }
  if (max_packets > 0 && self->n_printed == (guint64) max_packets)
    g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
dump (DpdkEal *eal, const char *devargs, GError **error)
{
  g_autoptr (DpdkMempool) pool =
      dpdk_mempool_new (eal, MEMPOOL_CAPACITY, MEMPOOL_CACHE_SIZE, DATA_SIZE, -1, error);
  g_autoptr (DpdkPort) port = pool != NULL ? dpdk_port_new (eal, devargs, error) : NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Dump self = { .port = port, .loop = loop };
  guint sources[3];

  if (port == NULL || !dpdk_port_configure (port, pool, 1, DESCRIPTORS, error) ||
      !dpdk_port_set_promiscuous (port, TRUE, error) || !dpdk_port_start (port, error))
    return FALSE;
  g_print ("listening on %s\n", devargs);

  sources[0] = g_unix_signal_add (SIGINT, on_signal, loop);
  sources[1] = g_unix_signal_add (SIGTERM, on_signal, loop);
  sources[2] = g_timeout_add (POLL_INTERVAL_MS, on_poll, &self);
  g_main_loop_run (loop);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  g_print ("%" G_GUINT64_FORMAT " packets\n", self.n_printed);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context =
      g_option_context_new ("DEVICE - print the packets that a device receives");
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkEal) eal = NULL;

  g_option_context_set_summary (
      context, "A device is a PCI address or a virtual device, such as net_tap0,iface=dpdk0.");
  g_option_context_add_main_entries (context, option_entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return 2;
    }
  if (argc != 2)
    {
      g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);

      g_printerr ("%s", help);
      return 2;
    }
  eal = dpdk_eal_new (NULL, &error);
  if (eal == NULL || !dump (eal, argv[1], &error) || !dpdk_eal_shutdown (eal, SHUTDOWN_MS, &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return 1;
    }
  return 0;
}
