/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dpdk-glib.h>
#include <glib-unix.h>

#include "l2fwd-worker.h"

#include <sched.h>

#define MEMPOOL_CAPACITY 8192
#define MEMPOOL_CACHE_SIZE 256
#define DATA_SIZE 2048
#define DESCRIPTORS 1024
#define SHUTDOWN_MS 5000

typedef struct {
  DpdkEal *eal;
  DpdkMempool *mempool;
  GPtrArray *ports;
  GPtrArray *workers;
  /* owned by the workers; by port of input, and by port of output */
  L2fwdPath **from;
  L2fwdPath **to;
  gint quit;
  GMainLoop *loop;
} L2fwd;

static char *port_mask;
static char *core_list;
static char **eal_args;
static int period_s = 1;
static gboolean no_mac_updating;

static const GOptionEntry option_entries[] = {
  { "port-mask", 'p', G_OPTION_FLAG_NONE, G_OPTION_ARG_STRING, &port_mask,
    "Use only the devices whose bits are set (hexadecimal; default: all)", "MASK" },
  { "cores", 'c', G_OPTION_FLAG_NONE, G_OPTION_ARG_STRING, &core_list,
    "Run a worker on each of these cores (default: all)", "N,N..." },
  { "period", 'T', G_OPTION_FLAG_NONE, G_OPTION_ARG_INT, &period_s,
    "Print statistics every N seconds; 0 for never (default 1)", "N" },
  { "no-mac-updating", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &no_mac_updating,
    "Leave the MAC addresses as they are", NULL },
  { "eal-arg", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_STRING_ARRAY, &eal_args,
    "An argument for the EAL of DPDK; may be repeated", "ARG" },
  G_OPTION_ENTRY_NULL,
};

static gboolean
on_signal (gpointer user_data)
{
  L2fwd *self = user_data;

  g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
parse_mask (guint n_devices, guint64 *mask, GError **error)
{
  guint64 all = n_devices < 64 ? (G_GUINT64_CONSTANT (1) << n_devices) - 1 : G_MAXUINT64;
  const char *digits = port_mask;

  *mask = all;
  if (port_mask == NULL)
    return TRUE;
  if (g_str_has_prefix (digits, "0x"))
    digits += strlen ("0x");
  if (!g_ascii_string_to_unsigned (digits, 16, 1, G_MAXUINT64, mask, NULL) || (*mask & ~all) != 0)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "the port mask \"%s\" does not fit to %u devices", port_mask, n_devices);
      return FALSE;
    }
  return TRUE;
}

/* the cores of the option, or those that this process may use */
static GArray *
get_cores (GError **error)
{
  g_autoptr (GArray) cores = g_array_new (FALSE, FALSE, sizeof (guint));
  g_auto (GStrv) names = core_list != NULL ? g_strsplit (core_list, ",", -1) : NULL;
  cpu_set_t set;

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      guint64 number;
      guint core;

      if (!g_ascii_string_to_unsigned (names[i], 10, 0, CPU_SETSIZE - 1, &number, error))
        return NULL;
      core = (guint) number;
      g_array_append_val (cores, core);
    }
  CPU_ZERO (&set);
  if (names == NULL && sched_getaffinity (0, sizeof set, &set) == 0)
    for (guint core = 0; core < CPU_SETSIZE; core++)
      if (CPU_ISSET (core, &set))
        g_array_append_val (cores, core);
  return g_steal_pointer (&cores);
}

static gboolean
open_port (L2fwd *self, const char *devargs, GError **error)
{
  DpdkPort *port = dpdk_port_new (self->eal, devargs, error);

  if (port == NULL)
    return FALSE;
  g_ptr_array_add (self->ports, port);
  if (!dpdk_port_configure (port, self->mempool, 1, DESCRIPTORS, error) ||
      !dpdk_port_set_promiscuous (port, TRUE, error) || !dpdk_port_start (port, error))
    return FALSE;
  g_print ("port %u: %s, MAC address %s\n", self->ports->len - 1, devargs,
           dpdk_port_get_mac (port));
  return TRUE;
}

static gboolean
open_ports (L2fwd *self, char **devices, GError **error)
{
  guint64 mask;

  if (!parse_mask (g_strv_length (devices), &mask, error))
    return FALSE;
  for (guint i = 0; devices[i] != NULL; i++)
    {
      if ((mask >> i & 1) == 0)
        g_print ("skipping %s\n", devices[i]);
      else if (!open_port (self, devices[i], error))
        return FALSE;
    }
  return TRUE;
}

/* ports go in pairs; one that is left over sends back what it receives */
static guint
get_partner (L2fwd *self, guint index)
{
  guint partner = index ^ 1;

  return partner < self->ports->len ? partner : index;
}

static gboolean
create_workers (L2fwd *self, GError **error)
{
  g_autoptr (GArray) cores = get_cores (error);

  if (cores == NULL)
    return FALSE;
  for (guint i = 0; i < MIN (cores->len, self->ports->len); i++)
    g_ptr_array_add (self->workers,
                     l2fwd_worker_new (self->eal, g_array_index (cores, guint, i), &self->quit));
  self->from = g_new0 (L2fwdPath *, self->ports->len);
  self->to = g_new0 (L2fwdPath *, self->ports->len);
  for (guint i = 0; i < self->ports->len; i++)
    {
      guint partner = get_partner (self, i);
      L2fwdWorker *worker = g_ptr_array_index (self->workers, i % self->workers->len);
      L2fwdPath *path =
          l2fwd_path_new (g_ptr_array_index (self->ports, i),
                          g_ptr_array_index (self->ports, partner), partner, !no_mac_updating);

      g_ptr_array_add (worker->paths, path);
      self->from[i] = path;
      self->to[partner] = path;
      g_print ("core %u forwards from port %u to port %u\n", worker->core, i, partner);
    }
  return TRUE;
}

static gboolean
on_period (gpointer user_data)
{
  L2fwd *self = user_data;

  for (guint i = 0; i < self->ports->len; i++)
    g_print ("port %u: received %" G_GUINT64_FORMAT ", sent %" G_GUINT64_FORMAT
             ", dropped %" G_GUINT64_FORMAT "\n",
             i, l2fwd_read (&self->from[i]->n_received), l2fwd_read (&self->to[i]->n_sent),
             l2fwd_read (&self->to[i]->n_dropped));
  return G_SOURCE_CONTINUE;
}

static void
wait_for_signal (L2fwd *self)
{
  guint sigint = g_unix_signal_add (SIGINT, on_signal, self);
  guint sigterm = g_unix_signal_add (SIGTERM, on_signal, self);
  guint period = period_s > 0 ? g_timeout_add_seconds ((guint) period_s, on_period, self) : 0;

  g_print ("forwarding\n");
  g_main_loop_run (self->loop);
  g_source_remove (sigint);
  g_source_remove (sigterm);
  if (period != 0)
    g_source_remove (period);
}

static gboolean
start_workers (L2fwd *self, GError **error)
{
  for (guint i = 0; i < self->workers->len; i++)
    if (!l2fwd_worker_start (g_ptr_array_index (self->workers, i), error))
      return FALSE;
  return TRUE;
}

static void
join_workers (L2fwd *self)
{
  g_atomic_int_set (&self->quit, TRUE);
  for (guint i = 0; i < self->workers->len; i++)
    l2fwd_worker_join (g_ptr_array_index (self->workers, i));
}

/* dropping the ports would do; a program of this kind says what it does */
static gboolean
close_ports (L2fwd *self, GError **error)
{
  for (guint i = 0; i < self->ports->len; i++)
    {
      DpdkPort *port = g_ptr_array_index (self->ports, i);

      g_print ("closing port %u: ", i);
      if (!dpdk_port_stop (port, error) || !dpdk_port_close (port, error))
        return FALSE;
      g_print ("done\n");
    }
  return TRUE;
}

static gboolean
forward (L2fwd *self, char **devices, GError **error)
{
  gboolean success;

  self->eal = dpdk_eal_new ((const char *const *) eal_args, error);
  if (self->eal == NULL)
    return FALSE;
  self->mempool =
      dpdk_mempool_new (self->eal, MEMPOOL_CAPACITY, MEMPOOL_CACHE_SIZE, DATA_SIZE, -1, error);
  if (self->mempool == NULL || !open_ports (self, devices, error) || !create_workers (self, error))
    return FALSE;
  success = start_workers (self, error);
  if (success)
    wait_for_signal (self);
  join_workers (self);
  if (success)
    on_period (self);
  return close_ports (self, success ? error : NULL) && success;
}

/* in whatever order: the EAL is cleaned up when the last of them is gone */
static gboolean
clear (L2fwd *self, GError **error)
{
  g_autoptr (DpdkEal) eal = g_steal_pointer (&self->eal);

  g_ptr_array_unref (self->workers);
  g_ptr_array_unref (self->ports);
  g_clear_object (&self->mempool);
  g_main_loop_unref (self->loop);
  g_free (self->from);
  g_free (self->to);
  return eal == NULL || dpdk_eal_shutdown (eal, SHUTDOWN_MS, error);
}

static gboolean
run (char **devices, GError **error)
{
  L2fwd self = {
    .ports = g_ptr_array_new_with_free_func (g_object_unref),
    .workers = g_ptr_array_new_with_free_func ((GDestroyNotify) l2fwd_worker_free),
    .loop = g_main_loop_new (NULL, FALSE),
  };
  gboolean success = forward (&self, devices, error);

  if (!clear (&self, success ? error : NULL) || !success)
    return FALSE;
  g_print ("bye\n");
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context =
      g_option_context_new ("DEVICE... - forward Ethernet frames between pairs of devices");
  g_autoptr (GError) error = NULL;

  g_option_context_set_summary (
      context, "A device is a PCI address or a virtual device, such as net_tap0,iface=dpdk0.");
  g_option_context_add_main_entries (context, option_entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return 2;
    }
  if (argc < 2)
    {
      g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);

      g_printerr ("%s", help);
      return 2;
    }
  if (!run (argv + 1, &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return 1;
    }
  return 0;
}
