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

/* @destroy is called last, as it may set another function */
static void
set_readable (DpdkTcpEndpoint *self, DpdkTcpReady wanted, GDestroyNotify wanted_destroy)
{
  DpdkTcpExtra *extra = dpdk_tcp_endpoint_peek_extra (self);
  GDestroyNotify destroy = extra != NULL ? extra->destroy_readable : NULL;
  gpointer user_data = self->readable.user_data;

  self->readable = wanted;
  if (wanted_destroy != NULL)
    extra = dpdk_tcp_endpoint_get_extra (self);
  if (extra != NULL)
    extra->destroy_readable = wanted_destroy;
  if (destroy != NULL)
    destroy (user_data);
}

static void
set_writable (DpdkTcpEndpoint *self, DpdkTcpReady wanted, GDestroyNotify wanted_destroy)
{
  DpdkTcpExtra *extra = dpdk_tcp_endpoint_peek_extra (self);
  GDestroyNotify destroy;
  gpointer user_data;

  if (extra == NULL && wanted.func == NULL && wanted_destroy == NULL)
    return;
  extra = dpdk_tcp_endpoint_get_extra (self);
  destroy = extra->destroy_writable;
  user_data = extra->writable.user_data;
  extra->writable = wanted;
  extra->destroy_writable = wanted_destroy;
  self->has_writable = wanted.func != NULL;
  if (destroy != NULL)
    destroy (user_data);
}

static void
drop_socket_if_unused (DpdkTcpEndpoint *self)
{
  if (!self->is_calling && self->readable.func == NULL && !self->has_writable)
    g_clear_object (&self->ready_socket);
}

void
dpdk_tcp_endpoint_drop_ready (DpdkTcpEndpoint *self)
{
  set_readable (self, (DpdkTcpReady){ 0 }, NULL);
  set_writable (self, (DpdkTcpReady){ 0 }, NULL);
  drop_socket_if_unused (self);
}

static gboolean
check_may_call (DpdkTcpEndpoint *self, DpdkTcpReadyFunc func, GError **error)
{
  if (func == NULL || (self->pcb != NULL && dpdk_tcp_endpoint_is_connected (self)))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                       "The DpdkTcpSocket is not connected");
  return FALSE;
}

static void
hold_socket (DpdkTcpEndpoint *self, DpdkTcpSocket *socket)
{
  if (self->ready_socket == NULL)
    self->ready_socket = g_object_ref (socket);
  /* from now on it is mostly us who use it */
  dpdk_tcp_endpoint_lock (self);
  if (self->extra == NULL || self->extra->n_waiters == 0)
    dpdk_worker_lock_reserve (&self->lock);
  dpdk_tcp_endpoint_unlock (self);
}

gboolean
dpdk_tcp_endpoint_set_readable (DpdkTcpEndpoint *self, DpdkTcpSocket *socket, DpdkTcpReadyFunc func,
                                gpointer user_data, GDestroyNotify destroy, GError **error)
{
  if (!check_may_call (self, func, error))
    return FALSE;
  if (func != NULL)
    hold_socket (self, socket);
  set_readable (self, (DpdkTcpReady){ func, user_data }, destroy);
  drop_socket_if_unused (self);
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
  if (!check_may_call (self, func, error))
    return FALSE;
  if (func != NULL)
    hold_socket (self, socket);
  set_writable (self, (DpdkTcpReady){ func, user_data }, destroy);
  drop_socket_if_unused (self);
  self->room_is_wanted = TRUE;
  if (func != NULL && dpdk_tcp_endpoint_is_ready (self, G_IO_OUT))
    dpdk_tcp_endpoint_kick (self);
  return TRUE;
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
      if (self->readable.func != NULL)
        self->readable.func (self->ready_socket, self->readable.user_data);
    }
  if (self->room_is_wanted && self->has_writable && dpdk_tcp_endpoint_is_ready (self, G_IO_OUT))
    {
      const DpdkTcpReady *writable = &dpdk_tcp_endpoint_peek_extra (self)->writable;

      self->room_is_wanted = FALSE;
      writable->func (self->ready_socket, writable->user_data);
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

void
dpdk_tcp_endpoint_prefetch (const DpdkTcpEndpoint *self)
{
  dpdk_stack_prefetch_lines (self, DPDK_STACK_PREFETCH_SIZE);
}

void
dpdk_tcp_endpoint_prefetch_connection (const DpdkTcpEndpoint *self)
{
  /* on any other thread it may go away */
  if (dpdk_worker_core_current == self->core && self->pcb != NULL)
    dpdk_stack_prefetch_connection (self->pcb);
}
