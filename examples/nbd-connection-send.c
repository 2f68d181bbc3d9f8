/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nbd-connection-private.h"

/* What is shorter is copied and shares packets with its neighbours. */
#define SMALL_WRITE 1024

/* Gives whether all of @queue was written. */
static gboolean
write_queue (NbdConnection *self, GQueue *queue)
{
  GBytes *bytes;

  while ((bytes = g_queue_peek_head (queue)) != NULL)
    {
      gsize size, n;
      const guint8 *data = g_bytes_get_data (bytes, &size);
      GPollableReturn result;

      if (size - self->n_written < SMALL_WRITE)
        result = dpdk_tcp_socket_try_write (self->socket, data + self->n_written,
                                            size - self->n_written, &n, NULL);
      else
        result = dpdk_tcp_socket_try_write_bytes (self->socket, bytes, self->n_written, &n, NULL);

      if (result == G_POLLABLE_RETURN_FAILED)
        nbd_connection_close (self);
      if (result != G_POLLABLE_RETURN_OK)
        return FALSE;

      nbd_connection_count (self, NBD_COUNTER_BYTES_OUT, (gint64) n);
      self->n_written += n;
      if (self->n_written == size)
        {
          self->n_written = 0;
          g_bytes_unref (g_queue_pop_head (queue));
        }
    }

  return TRUE;
}

void
nbd_connection_forget_cost (NbdConnection *self, const NbdRequest *request)
{
  self->n_outstanding--;
  self->cost -= nbd_request_get_cost (&request->header);
}

static void
finish_request (NbdConnection *self, NbdRequest *request)
{
  if (request->has_failed)
    nbd_connection_count (self, NBD_COUNTER_ERRORS, 1);
  else
    nbd_statistics_add_success (&self->service->statistics, &request->header);

  nbd_connection_forget_cost (self, request);
  nbd_request_free (request);
}

gboolean
nbd_connection_send (NbdConnection *self)
{
  gboolean has_finished = !g_queue_is_empty (&self->talk);
  NbdRequest *request;

  if (!write_queue (self, &self->talk))
    return FALSE;

  while ((request = g_queue_peek_head (&self->answered)) != NULL &&
         write_queue (self, &request->reply))
    {
      finish_request (self, g_queue_pop_head (&self->answered));
      has_finished = TRUE;
    }

  return has_finished && self->phase != PHASE_CLOSED;
}
