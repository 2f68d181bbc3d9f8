/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nbd-connection-private.h"

gpointer
nbd_connection_ref (gpointer self)
{
  g_atomic_ref_count_inc (&((NbdConnection *) self)->ref_count);

  return self;
}

/* The last one may go on any thread. */
void
nbd_connection_unref (gpointer data)
{
  NbdConnection *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_clear_pointer (&self->negotiation, nbd_negotiation_free);
  g_object_unref (self->worker);
  g_object_unref (self->stream);
  g_free (self);
}

void
nbd_connection_abandon (NbdConnection *self, NbdRequest *request)
{
  nbd_connection_count (self, NBD_COUNTER_ABANDONED, 1);
  nbd_request_free (request);
}

void
nbd_connection_clear_timeout (NbdConnection *self)
{
  if (self->timeout != NULL)
    g_source_destroy (self->timeout);
  g_clear_pointer (&self->timeout, g_source_unref);
}

void
nbd_connection_close (NbdConnection *self)
{
  self->phase = PHASE_CLOSED;
  dpdk_socket_close (DPDK_SOCKET (self->socket));
}

void
nbd_connection_fail (NbdConnection *self)
{
  nbd_connection_count (self, NBD_COUNTER_VIOLATIONS, 1);
  nbd_connection_close (self);
}

static void
end (NbdConnection *self)
{
  NbdService *service = self->service;
  NbdRequest *request;

  self->phase = PHASE_CLOSED;
  g_atomic_int_set (&self->is_closed, TRUE);
  nbd_connection_clear_timeout (self);
  g_queue_clear_full (&self->talk, (GDestroyNotify) g_bytes_unref);
  while ((request = g_queue_pop_head (&self->answered)) != NULL)
    nbd_connection_abandon (self, request);
  if (self->incoming != NULL)
    nbd_connection_abandon (self, g_steal_pointer (&self->incoming));

  nbd_connection_count (self, NBD_COUNTER_OPEN, -1);
  g_mutex_lock (&service->lock);
  g_hash_table_remove (service->connections, self);
  g_mutex_unlock (&service->lock);
  /* who waits for the last one to end looks again */
  g_main_context_wakeup (NULL);
}

static void
on_ended (gpointer user_data)
{
  end (user_data);
  nbd_connection_unref (user_data);
}

static gboolean
is_idle (NbdConnection *self)
{
  return self->n_outstanding == 0 && g_queue_is_empty (&self->talk);
}

/* Everything that can be done now. */
static void
process (NbdConnection *self)
{
  nbd_connection_ref (self);

  /* what was written has made room for more */
  do
    {
      while (nbd_connection_receive (self))
        ;
    }
  while (self->phase != PHASE_CLOSED && nbd_connection_send (self));

  if ((self->phase == PHASE_DRAINING ||
       (self->phase != PHASE_CLOSED && nbd_service_is_stopping (self->service))) &&
      is_idle (self))
    nbd_connection_close (self);

  nbd_connection_unref (self);
}

static void
on_ready (DpdkTcpSocket *socket, gpointer user_data)
{
  process (user_data);
}

static void
on_answered (DpdkWorker *worker, gpointer user_data)
{
  NbdRequest *request = user_data;
  NbdConnection *self = request->owner;

  if (self->phase == PHASE_CLOSED)
    {
      nbd_connection_abandon (self, request);
    }
  else
    {
      g_queue_push_tail (&self->answered, request);
      process (self);
    }
  nbd_connection_unref (self);
}

void
nbd_connection_run_request (NbdRequest *request)
{
  NbdConnection *self = request->owner;

  /* nobody waits for what is read any more, but what was to be written may be missed */
  if (!g_atomic_int_get (&self->is_closed) || request->header.type != NBD_COMMAND_READ)
    nbd_request_run (request);

  if (!dpdk_worker_invoke (self->worker, on_answered, request, NULL, NULL))
    {
      nbd_connection_abandon (self, request);
      nbd_connection_unref (self);
    }
}

static gboolean
on_timeout (gpointer user_data)
{
  NbdConnection *self = user_data;

  nbd_connection_clear_timeout (self);
  if (self->phase != PHASE_CLOSED)
    nbd_connection_fail (self);

  return G_SOURCE_REMOVE;
}

static void
begin (DpdkWorker *worker, gpointer user_data)
{
  NbdConnection *self = user_data;
  GByteArray *greeting = g_byte_array_new ();

  nbd_encode_greeting (greeting);
  g_queue_push_tail (&self->talk, g_byte_array_free_to_bytes (greeting));
  /* The end of the connection is told once, with the first of the functions. */
  if (!dpdk_tcp_socket_set_readable_callback (self->socket, on_ready, nbd_connection_ref (self),
                                              on_ended, NULL))
    {
      on_ended (self);
      return;
    }
  dpdk_tcp_socket_set_writable_callback (self->socket, on_ready, nbd_connection_ref (self),
                                         nbd_connection_unref, NULL);

  self->timeout = g_timeout_source_new_seconds (self->service->negotiation_seconds);
  g_source_set_callback (self->timeout, on_timeout, self, NULL);
  g_source_attach (self->timeout, dpdk_worker_get_main_context (worker));
}

void
nbd_connection_start (NbdService *service, DpdkTcpConnection *stream)
{
  NbdConnection *self = g_new0 (NbdConnection, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->service = service;
  self->stream = g_object_ref (stream);
  self->socket = dpdk_tcp_connection_get_socket (stream);
  self->worker = g_object_ref (dpdk_socket_get_worker (DPDK_SOCKET (self->socket)));
  self->negotiation = nbd_negotiation_new (service->infos);
  /* an answer is one message: its last segment must not wait for the client's acknowledgement */
  dpdk_tcp_socket_set_nodelay (self->socket, TRUE);

  nbd_connection_count (self, NBD_COUNTER_OPEN, 1);
  g_mutex_lock (&service->lock);
  g_hash_table_add (service->connections, self);
  g_mutex_unlock (&service->lock);
  if (!dpdk_worker_invoke (self->worker, begin, self, NULL, NULL))
    end (self);
}

static void
stop (DpdkWorker *worker, gpointer user_data)
{
  process (user_data);
}

void
nbd_connection_stop (NbdConnection *self)
{
  dpdk_worker_invoke (self->worker, stop, nbd_connection_ref (self), nbd_connection_unref, NULL);
}
