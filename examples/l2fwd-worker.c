/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "l2fwd-worker.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define BURST 32

static gboolean
parse_mac (const char *text, guint8 mac[L2FWD_MAC_SIZE])
{
  return sscanf (text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
                 &mac[5]) == L2FWD_MAC_SIZE;
}

L2fwdPath *
l2fwd_path_new (DpdkPort *input, DpdkPort *output, guint output_index, gboolean updates_macs)
{
  L2fwdPath *self = g_new0 (L2fwdPath, 1);

  self->input = g_object_ref (input);
  self->output = g_object_ref (output);
  self->updates_macs = updates_macs && parse_mac (dpdk_port_get_mac (output), self->source);
  /* locally administered: 02:00:00:00:00:<number of the output> */
  self->destination[0] = 0x02;
  self->destination[L2FWD_MAC_SIZE - 1] = (guint8) output_index;
  return self;
}

void
l2fwd_path_free (L2fwdPath *self)
{
  g_object_unref (self->input);
  g_object_unref (self->output);
  g_free (self);
}

L2fwdWorker *
l2fwd_worker_new (DpdkEal *eal, guint core, const gint *quit)
{
  L2fwdWorker *self = g_new0 (L2fwdWorker, 1);

  self->eal = g_object_ref (eal);
  self->core = core;
  self->paths = g_ptr_array_new_with_free_func ((GDestroyNotify) l2fwd_path_free);
  self->started = g_async_queue_new ();
  self->quit = quit;
  return self;
}

void
l2fwd_worker_free (L2fwdWorker *self)
{
  g_ptr_array_unref (self->paths);
  g_object_unref (self->eal);
  g_async_queue_unref (self->started);
  g_clear_error (&self->error);
  g_free (self);
}

static void
count (guint64 *counter, guint n)
{
  __atomic_store_n (counter, *counter + n, __ATOMIC_RELAXED);
}

static void
update_macs (const L2fwdPath *path, DpdkPacket **packets, guint n_packets)
{
  for (guint i = 0; i < n_packets; i++)
    {
      gsize length;
      guint8 *frame = dpdk_packet_get_writable_data (packets[i], &length, NULL);

      if (frame == NULL || length < 2 * L2FWD_MAC_SIZE)
        continue;
      memcpy (frame, path->destination, L2FWD_MAC_SIZE);
      memcpy (frame + L2FWD_MAC_SIZE, path->source, L2FWD_MAC_SIZE);
    }
}

static void
forward (L2fwdPath *path)
{
  DpdkPacket *packets[BURST];
  guint n = dpdk_port_rx_burst (path->input, 0, packets, BURST), n_sent;

  if (n == 0)
    return;
  if (path->updates_macs)
    update_macs (path, packets, n);
  n_sent = dpdk_port_tx_burst (path->output, 0, packets, n);
  for (guint i = n_sent; i < n; i++)
    dpdk_packet_unref (packets[i]);
  count (&path->n_received, n);
  count (&path->n_sent, n_sent);
  count (&path->n_dropped, n - n_sent);
}

static gboolean
pin_thread (L2fwdWorker *self)
{
  cpu_set_t set;
  int native;

  CPU_ZERO (&set);
  CPU_SET (self->core, &set);
  native = pthread_setaffinity_np (pthread_self (), sizeof set, &set);
  if (native == 0)
    return TRUE;
  g_set_error (&self->error, G_IO_ERROR, g_io_error_from_errno (native),
               "the worker cannot be pinned to core %u: %s", self->core, g_strerror (native));
  return FALSE;
}

static gpointer
worker_main (gpointer data)
{
  L2fwdWorker *self = data;
  g_autoptr (DpdkLcore) lcore = NULL;

  /* a thread that DPDK knows has a cache of buffers of its own */
  if (pin_thread (self))
    lcore = dpdk_lcore_register (self->eal, &self->error);
  g_async_queue_push (self->started, self);
  while (lcore != NULL && !g_atomic_int_get (self->quit))
    for (guint i = 0; i < self->paths->len; i++)
      forward (g_ptr_array_index (self->paths, i));
  return NULL;
}

gboolean
l2fwd_worker_start (L2fwdWorker *self, GError **error)
{
  g_autofree char *name = g_strdup_printf ("l2fwd-%u", self->core);

  self->thread = g_thread_new (name, worker_main, self);
  g_async_queue_pop (self->started);
  if (self->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

void
l2fwd_worker_join (L2fwdWorker *self)
{
  if (self->thread != NULL)
    g_thread_join (g_steal_pointer (&self->thread));
}
