/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the side of an endpoint that faces the application: any thread may call it */
#include "dpdk-socket-native-private.h"
#include "dpdk-socket-private.h"
#include "dpdk-tcp-endpoint-internal.h"

#include "dpdk-lcore-private.h"

/* how much may be read before the worker is told */
#define READ_BATCH (32 * 1024)

DpdkTcpEndpoint *
dpdk_tcp_endpoint_new (DpdkWorkerCore *core)
{
  DpdkTcpEndpoint *self = dpdk_worker_core_allocate_piece (core);

  g_atomic_ref_count_init (&self->ref_count);
  self->core = dpdk_worker_core_ref (core);
  self->ttl = DPDK_IP_TTL_DEFAULT;
  g_mutex_init (&self->mutex);
  return self;
}

DpdkTcpEndpoint *
dpdk_tcp_endpoint_ref (DpdkTcpEndpoint *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
dpdk_tcp_endpoint_free_released (DpdkTcpEndpoint *self)
{
  DpdkTcpSendChunk *released;

  dpdk_tcp_endpoint_lock (self);
  released = dpdk_tcp_send_queue_steal_released (&self->sending);
  dpdk_tcp_endpoint_unlock (self);
  dpdk_tcp_send_queue_free_released (released);
}

void
dpdk_tcp_endpoint_unref (DpdkTcpEndpoint *self)
{
  DpdkWorkerCore *core;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  dpdk_tcp_send_queue_clear (&self->sending);
  dpdk_tcp_endpoint_free_released (self);
  g_clear_pointer (&self->extra, dpdk_tcp_extra_free);
  g_clear_pointer (&self->connecting, g_free);
  dpdk_tcp_addresses_clear (&self->addresses);
  g_mutex_clear (&self->mutex);
  core = self->core;
  dpdk_worker_core_release_piece (core, self);
  dpdk_worker_core_unref (core);
}

DpdkWorkerCore *
dpdk_tcp_endpoint_get_core (DpdkTcpEndpoint *self)
{
  return self->core;
}

GIOCondition
dpdk_tcp_endpoint_get_condition_locked (DpdkTcpEndpoint *self)
{
  gboolean failed = self->error != ERR_OK || self->state == ENDPOINT_CLOSED || self->close_wanted ||
                    self->abort_wanted;
  GIOCondition condition = 0;

  if (self->received.n_bytes > 0 || self->peer_has_finished || self->read_is_shut || failed)
    condition |= G_IO_IN;
  if (dpdk_tcp_endpoint_get_room_locked (self) > 0 || self->write_is_shut || failed)
    condition |= G_IO_OUT;
  return condition;
}

void
dpdk_tcp_endpoint_notify_others_locked (DpdkTcpEndpoint *self)
{
  DpdkTcpExtra *extra = self->extra;
  GIOCondition condition;

  /* a call to the kernel, even if nobody waits */
  if (extra->n_waiters > 0)
    g_cond_broadcast (&extra->changed);
  if (extra->sources == NULL)
    return;
  condition = dpdk_tcp_endpoint_get_condition_locked (self);
  for (GList *l = extra->sources; l != NULL; l = l->next)
    {
      DpdkTcpSource *source = l->data;

      /* not by a method of GSource: its last reference may just have been dropped. Our own context
         looks by itself. */
      if ((source->condition & condition) != 0 && source->context != NULL &&
          !g_main_context_is_owner (source->context))
        g_main_context_wakeup (source->context);
    }
}

void
dpdk_tcp_endpoint_set_error_locked (DpdkTcpEndpoint *self, GError **error)
{
  const char *reason = self->extra != NULL ? self->extra->reason : NULL;
  gboolean connecting = self->error_is_of_connect;
  g_autoptr (GSocketAddress) address = NULL;
  g_autofree char *name = NULL;
  ip_addr_t ip;
  guint16 port = dpdk_tcp_addresses_get (&self->addresses, DPDK_TCP_REMOTE, &ip);

  if (port == 0 && reason != NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The DpdkTcpSocket is closed: %s", reason);
      return;
    }
  if (port == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, dpdk_io_error_from_native (self->error, connecting),
                           "The DpdkTcpSocket is closed");
      return;
    }
  address = dpdk_native_address_to_gio (&ip, port);
  name = dpdk_socket_address_to_string (address);
  if (reason != NULL)
    {
      g_set_error (error, G_IO_ERROR, dpdk_io_error_from_native (self->error, connecting),
                   "%s %s: %s", connecting ? "Cannot connect to" : "Connection to", name, reason);
      return;
    }
  g_set_error (error, G_IO_ERROR, dpdk_io_error_from_native (self->error, connecting),
               "%s %s: %s (lwIP error %d)", connecting ? "Cannot connect to" : "Connection to",
               name, dpdk_native_error_to_string (self->error, connecting), self->error);
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  dpdk_tcp_endpoint_wake (user_data);
}

/* waits with the lock held; FALSE if cancelled */
static gboolean
wait_for_condition_locked (DpdkTcpEndpoint *self, GIOCondition condition, GCancellable *cancellable)
{
  while ((dpdk_tcp_endpoint_get_condition_locked (self) & condition) == 0)
    {
      if (g_cancellable_is_cancelled (cancellable))
        return FALSE;
      dpdk_tcp_endpoint_wait_locked (self, -1);
    }
  return TRUE;
}

typedef struct {
  GCancellable *cancellable;
  gulong id;
} CancelWatch;

static CancelWatch
watch_cancellable (DpdkTcpEndpoint *self, GCancellable *cancellable)
{
  CancelWatch watch = { .cancellable = cancellable };

  if (cancellable != NULL)
    watch.id = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);
  return watch;
}

static void
unwatch_cancellable (CancelWatch *watch)
{
  if (watch->cancellable != NULL)
    g_cancellable_disconnect (watch->cancellable, watch->id);
}

static gssize
take_data_locked (DpdkTcpEndpoint *self, DpdkTcpRead *read)
{
  if (G_UNLIKELY (read->take != NULL))
    return (gssize) read->take (&self->received, read);
  if (read->buffer != NULL)
    return (gssize) dpdk_tcp_receive_queue_read (&self->received, read->buffer, read->count);
  read->bytes = dpdk_tcp_receive_queue_read_bytes (&self->received, read->count,
                                                   dpdk_worker_core_get_budget (self->core));
  return (gssize) g_bytes_get_size (read->bytes);
}

gssize
dpdk_tcp_endpoint_try_read_locked (DpdkTcpEndpoint *self, DpdkTcpRead *read, gboolean *kick,
                                   GError **error)
{
  gssize n;

  if (self->received.n_bytes > 0)
    {
      n = take_data_locked (self, read);
      *kick = self->received.n_bytes == 0 || self->received.n_read >= READ_BATCH;
      return n;
    }
  /* closed by us, which is another thing than the end of what the peer sent */
  if (self->close_wanted || self->abort_wanted)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The DpdkTcpSocket is closed");
      return -1;
    }
  if (self->peer_has_finished || (self->read_is_shut && self->error == ERR_OK))
    return 0;
  if (self->error != ERR_OK)
    dpdk_tcp_endpoint_set_error_locked (self, error);
  else if (self->state == ENDPOINT_CLOSED)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The DpdkTcpSocket is closed");
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "No data has arrived");
  return -1;
}

gssize
dpdk_tcp_endpoint_read_with (DpdkTcpEndpoint *self, DpdkTcpRead *read, gboolean may_block,
                             GCancellable *cancellable, GError **error)
{
  CancelWatch watch = { 0 };
  gboolean kick = FALSE;
  gssize n;

  if (may_block &&
      !dpdk_lcore_check_may_wait ("blocking read", "read_async() or a non-blocking read", error))
    return -1;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return -1;
  if (read->count == 0)
    return 0;
  if (may_block)
    watch = watch_cancellable (self, cancellable);
  dpdk_tcp_endpoint_lock (self);
  if (may_block && !wait_for_condition_locked (self, G_IO_IN, cancellable))
    {
      g_cancellable_set_error_if_cancelled (cancellable, error);
      n = -1;
    }
  else
    n = dpdk_tcp_endpoint_try_read_locked (self, read, &kick, error);
  dpdk_tcp_endpoint_unlock (self);
  unwatch_cancellable (&watch);
  if (kick)
    dpdk_tcp_endpoint_kick (self);
  return n;
}

gssize
dpdk_tcp_endpoint_read (DpdkTcpEndpoint *self, void *buffer, gsize count, gboolean may_block,
                        GCancellable *cancellable, GError **error)
{
  DpdkTcpRead read = { .buffer = buffer, .count = count };

  return dpdk_tcp_endpoint_read_with (self, &read, may_block, cancellable, error);
}

/* empty at the end; NULL as above */
GBytes *
dpdk_tcp_endpoint_read_bytes (DpdkTcpEndpoint *self, gsize count, gboolean may_block,
                              GCancellable *cancellable, GError **error)
{
  DpdkTcpRead read = { .count = count };

  if (dpdk_tcp_endpoint_read_with (self, &read, may_block, cancellable, error) == 0)
    return g_bytes_new (NULL, 0);
  return read.bytes;
}

static void
append_vectors_locked (DpdkTcpEndpoint *self, const GOutputVector *vector, gsize count)
{
  DpdkStackBudget *budget = dpdk_worker_core_get_budget (self->core);

  for (gsize n; count > 0; vector++, count -= n)
    {
      n = MIN (count, vector->size);
      dpdk_tcp_send_queue_append (&self->sending, budget, vector->buffer, n);
    }
}

gssize
dpdk_tcp_endpoint_try_write_locked (DpdkTcpEndpoint *self, const DpdkTcpWrite *write,
                                    GError **error)
{
  DpdkStackBudget *budget = dpdk_worker_core_get_budget (self->core);
  gsize n;

  if (self->error != ERR_OK)
    dpdk_tcp_endpoint_set_error_locked (self, error);
  else if (self->close_wanted || self->abort_wanted || self->state == ENDPOINT_CLOSED ||
           self->write_is_shut)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                         "The DpdkTcpSocket is closed for writing");
  else if ((n = dpdk_tcp_endpoint_get_room_locked (self)) > 0)
    {
      n = MIN (write->count, n);
      if (write->vectors != NULL)
        append_vectors_locked (self, write->vectors, n);
      else if (write->bytes != NULL)
        dpdk_tcp_send_queue_append_bytes (&self->sending, budget, write->bytes, write->offset, n);
      else
        dpdk_tcp_send_queue_append (&self->sending, budget, write->buffer, n);
      return (gssize) n;
    }
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "The send buffer is full");
  return -1;
}

gssize
dpdk_tcp_endpoint_write_with (DpdkTcpEndpoint *self, const DpdkTcpWrite *write, gboolean may_block,
                              GCancellable *cancellable, GError **error)
{
  CancelWatch watch = { 0 };
  gssize n;

  if (may_block &&
      !dpdk_lcore_check_may_wait ("blocking write", "write_async() or a non-blocking write", error))
    return -1;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return -1;
  if (write->count == 0)
    return 0;
  if (may_block)
    watch = watch_cancellable (self, cancellable);
  dpdk_tcp_endpoint_lock (self);
  if (may_block && !wait_for_condition_locked (self, G_IO_OUT, cancellable))
    {
      g_cancellable_set_error_if_cancelled (cancellable, error);
      n = -1;
    }
  else
    n = dpdk_tcp_endpoint_try_write_locked (self, write, error);
  dpdk_tcp_endpoint_unlock (self);
  unwatch_cancellable (&watch);
  if (n > 0)
    dpdk_tcp_endpoint_kick (self);
  return n;
}

gssize
dpdk_tcp_endpoint_write (DpdkTcpEndpoint *self, const void *buffer, gsize count, gboolean may_block,
                         GCancellable *cancellable, GError **error)
{
  DpdkTcpWrite write = { .buffer = buffer, .count = count };

  return dpdk_tcp_endpoint_write_with (self, &write, may_block, cancellable, error);
}

gssize
dpdk_tcp_endpoint_write_bytes (DpdkTcpEndpoint *self, GBytes *bytes, gsize offset,
                               gboolean may_block, GCancellable *cancellable, GError **error)
{
  DpdkTcpWrite write = { .bytes = bytes,
                         .offset = offset,
                         .count = g_bytes_get_size (bytes) - offset };

  return dpdk_tcp_endpoint_write_with (self, &write, may_block, cancellable, error);
}

gboolean
dpdk_tcp_endpoint_is_ready (DpdkTcpEndpoint *self, GIOCondition condition)
{
  gboolean ready;

  dpdk_tcp_endpoint_lock (self);
  ready = (dpdk_tcp_endpoint_get_condition_locked (self) & condition) != 0;
  dpdk_tcp_endpoint_unlock (self);
  return ready;
}

/* FALSE if the endpoint cannot connect; else @task is completed when it has or has failed */
gboolean
dpdk_tcp_endpoint_connect (DpdkTcpEndpoint *self, const ip_addr_t *ip, guint16 port, GTask *task,
                           GError **error)
{
  gboolean success = FALSE;

  dpdk_tcp_endpoint_lock (self);
  if (self->close_wanted || self->abort_wanted || self->state == ENDPOINT_CLOSED)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The DpdkTcpSocket is closed");
  else if (self->state == ENDPOINT_CONNECTING)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                         "The DpdkTcpSocket is connecting already");
  else if (self->state == ENDPOINT_CONNECTED)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                         "The DpdkTcpSocket is connected already");
  else
    {
      self->state = ENDPOINT_CONNECTING;
      dpdk_tcp_addresses_set (&self->addresses, DPDK_TCP_REMOTE, ip, port);
      self->connect_wanted = TRUE;
      if (task != NULL)
        dpdk_tcp_endpoint_get_connecting_locked (self)->task = g_object_ref (task);
      success = TRUE;
    }
  dpdk_tcp_endpoint_unlock (self);
  if (success)
    dpdk_tcp_endpoint_kick (self);
  return success;
}

DpdkTcpConnecting *
dpdk_tcp_endpoint_get_connecting_locked (DpdkTcpEndpoint *self)
{
  if (self->connecting == NULL)
    g_atomic_pointer_set (&self->connecting, g_new0 (DpdkTcpConnecting, 1));
  return self->connecting;
}

/* if nobody is left who wants to know */
void
dpdk_tcp_endpoint_drop_connecting_locked (DpdkTcpEndpoint *self)
{
  if (self->connecting->task != NULL || self->connecting->connected.func != NULL)
    return;
  g_free (self->connecting);
  g_atomic_pointer_set (&self->connecting, NULL);
}

/* gives the result of a connect to who waits for it, once there is one */
void
dpdk_tcp_endpoint_complete_connect (DpdkTcpEndpoint *self)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  dpdk_tcp_endpoint_lock (self);
  if (self->connecting != NULL && (self->state != ENDPOINT_CONNECTING || self->error != ERR_OK))
    {
      task = g_steal_pointer (&self->connecting->task);
      if (task != NULL && self->error != ERR_OK)
        dpdk_tcp_endpoint_set_error_locked (self, &error);
      dpdk_tcp_endpoint_drop_connecting_locked (self);
    }
  dpdk_tcp_endpoint_unlock (self);
  if (error != NULL)
    g_task_return_error (task, error);
  else if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

gboolean
dpdk_tcp_endpoint_wait_connected (DpdkTcpEndpoint *self, GCancellable *cancellable, GError **error)
{
  CancelWatch watch = watch_cancellable (self, cancellable);
  gboolean success;

  dpdk_tcp_endpoint_lock (self);
  while (self->state == ENDPOINT_CONNECTING && self->error == ERR_OK &&
         !g_cancellable_is_cancelled (cancellable))
    dpdk_tcp_endpoint_wait_locked (self, -1);
  success = self->state == ENDPOINT_CONNECTED && self->error == ERR_OK;
  if (!success && self->error != ERR_OK)
    dpdk_tcp_endpoint_set_error_locked (self, error);
  else if (!success && !g_cancellable_set_error_if_cancelled (cancellable, error))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The DpdkTcpSocket is closed");
  dpdk_tcp_endpoint_unlock (self);
  unwatch_cancellable (&watch);
  return success;
}

/* the application has taken the connection from the listener's queue */
void
dpdk_tcp_endpoint_accepted (DpdkTcpEndpoint *self)
{
  dpdk_tcp_endpoint_lock (self);
  self->accept_wanted = TRUE;
  dpdk_tcp_endpoint_unlock (self);
  dpdk_tcp_endpoint_kick (self);
}

void
dpdk_tcp_endpoint_shutdown_read (DpdkTcpEndpoint *self)
{
  dpdk_tcp_endpoint_lock (self);
  self->read_is_shut = TRUE;
  dpdk_tcp_receive_queue_discard (&self->received);
  dpdk_tcp_endpoint_notify_locked (self);
  dpdk_tcp_endpoint_unlock (self);
  dpdk_tcp_endpoint_kick (self);
}

void
dpdk_tcp_endpoint_shutdown_write (DpdkTcpEndpoint *self)
{
  dpdk_tcp_endpoint_lock (self);
  self->write_is_shut = TRUE;
  dpdk_tcp_endpoint_notify_locked (self);
  dpdk_tcp_endpoint_unlock (self);
  dpdk_tcp_endpoint_kick (self);
}

/* what was written is still sent; if something was not read, the peer learns it by a reset */
void
dpdk_tcp_endpoint_close (DpdkTcpEndpoint *self)
{
  dpdk_tcp_endpoint_lock (self);
  if (!self->close_wanted)
    {
      self->close_wanted = TRUE;
      self->abort_wanted |= (self->extra != NULL && self->extra->linger == 0);
      self->reset_at_end = self->received.n_bytes > 0;
      self->read_is_shut = TRUE;
      dpdk_tcp_receive_queue_discard (&self->received);
      dpdk_tcp_endpoint_notify_locked (self);
    }
  dpdk_tcp_endpoint_unlock (self);
  dpdk_tcp_endpoint_kick (self);
}

void
dpdk_tcp_endpoint_abort (DpdkTcpEndpoint *self)
{
  dpdk_tcp_endpoint_lock (self);
  self->abort_wanted = TRUE;
  self->read_is_shut = TRUE;
  dpdk_tcp_receive_queue_discard (&self->received);
  dpdk_tcp_endpoint_notify_locked (self);
  dpdk_tcp_endpoint_unlock (self);
  dpdk_tcp_endpoint_kick (self);
}

gboolean
dpdk_tcp_endpoint_is_closed (DpdkTcpEndpoint *self)
{
  gboolean is_closed;

  dpdk_tcp_endpoint_lock (self);
  is_closed = self->close_wanted || self->abort_wanted || self->error != ERR_OK;
  dpdk_tcp_endpoint_unlock (self);
  return is_closed;
}

gboolean
dpdk_tcp_endpoint_is_connected (DpdkTcpEndpoint *self)
{
  gboolean is_connected;

  dpdk_tcp_endpoint_lock (self);
  is_connected = self->state == ENDPOINT_CONNECTED && !self->close_wanted && !self->abort_wanted &&
                 self->error == ERR_OK;
  dpdk_tcp_endpoint_unlock (self);
  return is_connected;
}

void
dpdk_tcp_endpoint_set_connection (DpdkTcpEndpoint *self, DpdkTcpConnection *connection)
{
  dpdk_tcp_endpoint_lock (self);
  dpdk_tcp_endpoint_get_extra_locked (self)->connection = connection;
  dpdk_tcp_endpoint_unlock (self);
}

void
dpdk_tcp_endpoint_forget_connection (DpdkTcpEndpoint *self, DpdkTcpConnection *connection)
{
  dpdk_tcp_endpoint_lock (self);
  if (self->extra != NULL && self->extra->connection == connection)
    self->extra->connection = NULL;
  dpdk_tcp_endpoint_unlock (self);
}

gboolean
dpdk_tcp_endpoint_claim_end (DpdkTcpEndpoint *self)
{
  gboolean was_told;

  dpdk_tcp_endpoint_lock (self);
  was_told = self->end_is_told;
  self->end_is_told = TRUE;
  dpdk_tcp_endpoint_unlock (self);
  return !was_told;
}

void
dpdk_tcp_endpoint_tell_connection (DpdkTcpEndpoint *self, gboolean socket_too)
{
  DpdkTcpConnection *connection;

  dpdk_tcp_endpoint_lock (self);
  /* without a reference, which might become the last one */
  connection = self->extra != NULL ? self->extra->connection : NULL;
  if (connection != NULL)
    dpdk_tcp_connection_notify_end (connection, TRUE);
  if (connection != NULL && socket_too)
    dpdk_tcp_socket_notify_connected (dpdk_tcp_connection_get_socket (connection), TRUE);
  dpdk_tcp_endpoint_unlock (self);
}

GSocketAddress *
dpdk_tcp_endpoint_get_local_address (DpdkTcpEndpoint *self, GError **error)
{
  GSocketAddress *address = NULL;
  ip_addr_t ip;
  guint16 port;

  dpdk_tcp_endpoint_lock (self);
  port = dpdk_tcp_addresses_get (&self->addresses, DPDK_TCP_LOCAL, &ip);
  if (self->has_local)
    address = dpdk_native_address_to_gio (&ip, port);
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                         "The DpdkTcpSocket has no address yet");
  dpdk_tcp_endpoint_unlock (self);
  return address;
}

GSocketAddress *
dpdk_tcp_endpoint_get_remote_address (DpdkTcpEndpoint *self, GError **error)
{
  GSocketAddress *address = NULL;
  ip_addr_t ip;
  guint16 port;

  dpdk_tcp_endpoint_lock (self);
  port = dpdk_tcp_addresses_get (&self->addresses, DPDK_TCP_REMOTE, &ip);
  if (port != 0)
    address = dpdk_native_address_to_gio (&ip, port);
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                         "The DpdkTcpSocket is not connected");
  dpdk_tcp_endpoint_unlock (self);
  return address;
}

gboolean
dpdk_tcp_endpoint_get_nodelay (DpdkTcpEndpoint *self)
{
  gboolean nodelay;

  dpdk_tcp_endpoint_lock (self);
  nodelay = self->nodelay;
  dpdk_tcp_endpoint_unlock (self);
  return nodelay;
}

void
dpdk_tcp_endpoint_set_nodelay (DpdkTcpEndpoint *self, gboolean nodelay)
{
  dpdk_tcp_endpoint_lock (self);
  self->nodelay = nodelay;
  dpdk_tcp_endpoint_unlock (self);
  dpdk_tcp_endpoint_kick (self);
}
