/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reading and writing on the thread of the worker, which need not be told of it */
#include "dpdk-socket-private.h"
#include "dpdk-tcp-endpoint-internal.h"

gboolean
dpdk_tcp_endpoint_check_worker (DpdkTcpEndpoint *self, const char *call, GError **error)
{
  if (dpdk_worker_core_is_current (self->core))
    return TRUE;
  dpdk_socket_set_wrong_worker (self->core, call, "DpdkTcpSocket",
                                "the streams of the DpdkTcpConnection", error);
  return FALSE;
}

static void
clear_ready (DpdkTcpReady *ready)
{
  DpdkTcpReady old = *ready;

  *ready = (DpdkTcpReady){ 0 };
  if (old.destroy != NULL)
    old.destroy (old.user_data);
}

static void
drop_socket_if_unused (DpdkTcpEndpoint *self)
{
  if (!self->is_calling && self->readable.func == NULL && self->writable.func == NULL)
    g_clear_object (&self->ready_socket);
}

void
dpdk_tcp_endpoint_drop_ready (DpdkTcpEndpoint *self)
{
  clear_ready (&self->readable);
  clear_ready (&self->writable);
  drop_socket_if_unused (self);
}

static gboolean
set_ready (DpdkTcpEndpoint *self, DpdkTcpReady *ready, DpdkTcpSocket *socket, DpdkTcpReady wanted,
           GError **error)
{
  if (wanted.func != NULL && (self->pcb == NULL || !dpdk_tcp_endpoint_is_connected (self)))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                           "The DpdkTcpSocket is not connected");
      return FALSE;
    }
  clear_ready (ready);
  *ready = wanted;
  if (wanted.func == NULL)
    {
      drop_socket_if_unused (self);
      return TRUE;
    }
  if (self->ready_socket == NULL)
    self->ready_socket = g_object_ref (socket);
  /* from now on it is mostly us who use it */
  dpdk_tcp_endpoint_lock (self);
  if (self->n_waiters == 0)
    dpdk_worker_lock_reserve (&self->lock);
  dpdk_tcp_endpoint_unlock (self);
  return TRUE;
}

gboolean
dpdk_tcp_endpoint_set_readable (DpdkTcpEndpoint *self, DpdkTcpSocket *socket, DpdkTcpReadyFunc func,
                                gpointer user_data, GDestroyNotify destroy, GError **error)
{
  DpdkTcpReady wanted = { func, user_data, destroy };

  if (!set_ready (self, &self->readable, socket, wanted, error))
    return FALSE;
  if (func != NULL && dpdk_tcp_endpoint_is_ready (self, G_IO_IN))
    {
      self->has_arrived = TRUE;
      dpdk_tcp_endpoint_kick (self);
    }
  return TRUE;
}

gboolean
dpdk_tcp_endpoint_set_writable (DpdkTcpEndpoint *self, DpdkTcpSocket *socket, DpdkTcpReadyFunc func,
                                gpointer user_data, GDestroyNotify destroy, GError **error)
{
  DpdkTcpReady wanted = { func, user_data, destroy };

  if (!set_ready (self, &self->writable, socket, wanted, error))
    return FALSE;
  self->room_is_wanted = TRUE;
  if (func != NULL && dpdk_tcp_endpoint_is_ready (self, G_IO_OUT))
    dpdk_tcp_endpoint_kick (self);
  return TRUE;
}

static void
call (DpdkTcpEndpoint *self, const DpdkTcpReady *ready)
{
  if (ready->func != NULL)
    ready->func (self->ready_socket, ready->user_data);
}

/* the functions may replace and drop themselves and one another */
void
dpdk_tcp_endpoint_call_ready (DpdkTcpEndpoint *self)
{
  if (self->ready_socket == NULL || self->is_calling)
    return;
  self->is_calling = TRUE;
  if (self->has_arrived)
    {
      self->has_arrived = FALSE;
      call (self, &self->readable);
    }
  if (self->room_is_wanted && self->writable.func != NULL &&
      dpdk_tcp_endpoint_is_ready (self, G_IO_OUT))
    {
      self->room_is_wanted = FALSE;
      call (self, &self->writable);
    }
  self->is_calling = FALSE;
  drop_socket_if_unused (self);
}

GPollableReturn
dpdk_tcp_endpoint_try_read_with (DpdkTcpEndpoint *self, DpdkTcpRead *read, gsize *n_read,
                                 GError **error)
{
  GPollableReturn result = G_POLLABLE_RETURN_WOULD_BLOCK;
  struct pbuf *list = NULL;
  gsize n_bytes = 0;

  *n_read = 0;
  /* as in GIO */
  if (G_UNLIKELY (read->count == 0))
    return G_POLLABLE_RETURN_OK;
  dpdk_tcp_endpoint_lock (self);
  if (self->received.n_bytes > 0 || (dpdk_tcp_endpoint_get_condition_locked (self) & G_IO_IN) != 0)
    {
      gboolean is_time_to_release = FALSE;
      gssize n = dpdk_tcp_endpoint_try_read_locked (self, read, &is_time_to_release, error);

      if (is_time_to_release)
        list = dpdk_tcp_receive_queue_steal_read (&self->received, &n_bytes);
      if (n >= 0)
        *n_read = (gsize) n;
      result = n >= 0 ? G_POLLABLE_RETURN_OK : G_POLLABLE_RETURN_FAILED;
    }
  dpdk_tcp_endpoint_unlock (self);
  dpdk_tcp_endpoint_release_buffers (self, list, n_bytes);
  /* the buffers were all that kept it */
  if (G_UNLIKELY (list != NULL && self->pcb == NULL))
    dpdk_tcp_endpoint_kick (self);
  return result;
}

GPollableReturn
dpdk_tcp_endpoint_try_read (DpdkTcpEndpoint *self, void *buffer, gsize count, gsize *n_read,
                            GError **error)
{
  DpdkTcpRead read = { .buffer = buffer, .count = count };

  return dpdk_tcp_endpoint_try_read_with (self, &read, n_read, error);
}

GPollableReturn
dpdk_tcp_endpoint_try_read_bytes (DpdkTcpEndpoint *self, gsize count, GBytes **bytes,
                                  GError **error)
{
  DpdkTcpRead read = { .count = count };
  gsize n;
  GPollableReturn result = dpdk_tcp_endpoint_try_read_with (self, &read, &n, error);

  *bytes = result == G_POLLABLE_RETURN_OK && n == 0 ? g_bytes_new (NULL, 0) : read.bytes;
  return result;
}

GPollableReturn
dpdk_tcp_endpoint_try_write_with (DpdkTcpEndpoint *self, const DpdkTcpWrite *write,
                                  gsize *n_written, GError **error)
{
  GPollableReturn result = G_POLLABLE_RETURN_WOULD_BLOCK;

  *n_written = 0;
  if (G_UNLIKELY (write->count == 0))
    return G_POLLABLE_RETURN_OK;
  dpdk_tcp_endpoint_lock (self);
  if ((dpdk_tcp_endpoint_get_condition_locked (self) & G_IO_OUT) != 0)
    {
      gssize n = dpdk_tcp_endpoint_try_write_locked (self, write, error);

      if (n >= 0)
        *n_written = (gsize) n;
      result = n >= 0 ? G_POLLABLE_RETURN_OK : G_POLLABLE_RETURN_FAILED;
    }
  dpdk_tcp_endpoint_unlock (self);
  if (*n_written > 0)
    dpdk_tcp_endpoint_send_queued (self);
  if (*n_written < write->count)
    self->room_is_wanted = TRUE;
  return result;
}

GPollableReturn
dpdk_tcp_endpoint_try_write (DpdkTcpEndpoint *self, const void *buffer, gsize count,
                             gsize *n_written, GError **error)
{
  const DpdkTcpWrite write = { .buffer = buffer, .count = count };

  return dpdk_tcp_endpoint_try_write_with (self, &write, n_written, error);
}

GPollableReturn
dpdk_tcp_endpoint_try_write_bytes (DpdkTcpEndpoint *self, GBytes *bytes, gsize offset,
                                   gsize *n_written, GError **error)
{
  const DpdkTcpWrite write = { .bytes = bytes,
                               .offset = offset,
                               .count = g_bytes_get_size (bytes) - offset };

  return dpdk_tcp_endpoint_try_write_with (self, &write, n_written, error);
}
