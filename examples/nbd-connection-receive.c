/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nbd-connection-private.h"

/* An end without a disconnect request, too: who has said that much may still want the answers. */
static void
begin_draining (NbdConnection *self)
{
  self->phase = PHASE_DRAINING;
  if (self->incoming == NULL)
    return;

  nbd_connection_forget_cost (self, self->incoming);
  nbd_connection_abandon (self, g_steal_pointer (&self->incoming));
}

/* Gives whether something was read. */
static gboolean
take_result (NbdConnection *self, GPollableReturn result, gsize n)
{
  if (result == G_POLLABLE_RETURN_FAILED)
    nbd_connection_close (self);
  else if (result == G_POLLABLE_RETURN_OK && n == 0)
    begin_draining (self);
  nbd_connection_count (self, NBD_COUNTER_BYTES_IN, (gint64) n);

  return n > 0;
}

static gboolean
read_some (NbdConnection *self, guint8 *buffer, gsize size, gsize *n)
{
  GPollableReturn result = dpdk_tcp_socket_try_read (self->socket, buffer, size, n, NULL);

  return take_result (self, result, *n);
}

static void
begin_transmission (NbdConnection *self)
{
  self->phase = PHASE_TRANSMISSION;
  self->export = self->service->exports->pdata[nbd_negotiation_get_export (self->negotiation)];
  self->is_structured = nbd_negotiation_get_structured (self->negotiation);
  self->has_context = nbd_negotiation_get_has_context (self->negotiation);
  g_clear_pointer (&self->negotiation, nbd_negotiation_free);
  nbd_connection_clear_timeout (self);
}

static gboolean
receive_negotiation (NbdConnection *self)
{
  g_autoptr (GByteArray) out = NULL;
  gsize size, n;
  guint8 *room = nbd_negotiation_get_room (self->negotiation, &size);

  /* a client that does not read what it is told is told no more */
  if (!g_queue_is_empty (&self->talk) || !read_some (self, room, size, &n))
    return FALSE;

  out = g_byte_array_new ();
  switch (
      nbd_negotiation_advance (self->negotiation, n, nbd_service_is_stopping (self->service), out))
    {
    case NBD_NEGOTIATION_DONE:
      begin_transmission (self);
      break;
    case NBD_NEGOTIATION_ABORTED:
      begin_draining (self);
      break;
    case NBD_NEGOTIATION_FAILED:
      nbd_connection_fail (self);
      return FALSE;
    case NBD_NEGOTIATION_GOES_ON:
    default:
      break;
    }
  if (out->len > 0)
    g_queue_push_tail (&self->talk, g_byte_array_free_to_bytes (g_steal_pointer (&out)));

  return TRUE;
}

/* All of it is there: it goes to the pool, or it has failed already. */
static void
begin_request (NbdConnection *self, NbdRequest *request)
{
  if (request->has_failed)
    {
      g_queue_push_tail (&self->answered, request);
      return;
    }

  nbd_connection_ref (self);
  g_thread_pool_push (self->service->pool, request, NULL);
}

static void
accept_request (NbdConnection *self, const NbdRequestHeader *header)
{
  NbdRequest *request =
      nbd_request_new (header, self->export, self->is_structured, self->has_context, self);
  const char *message;
  NbdError error = nbd_request_check (request, &message);

  self->n_header = 0;
  self->n_outstanding++;
  self->cost += nbd_request_get_cost (header);
  nbd_connection_count (self, NBD_COUNTER_REQUESTS, 1);
  nbd_statistics_raise (&self->service->statistics, NBD_COUNTER_MAX_OUTSTANDING,
                        self->n_outstanding);

  if (nbd_service_is_stopping (self->service))
    nbd_request_fail (request, NBD_ESHUTDOWN, "the server is ending");
  else if (error != NBD_SUCCESS)
    nbd_request_fail (request, error, message);
  else if (header->type == NBD_COMMAND_WRITE)
    request->payload = nbd_payload_new ();

  /* The data of a write follows also if it fails. */
  if (header->type == NBD_COMMAND_WRITE && header->length > 0)
    {
      self->incoming = request;
      self->n_missing = header->length;
    }
  else
    {
      begin_request (self, request);
    }
}

/* Gives whether to go on. */
static gboolean
receive_request (NbdConnection *self)
{
  NbdRequestHeader header;
  gsize n;

  if (self->n_header < sizeof self->header)
    {
      if (!read_some (self, self->header + self->n_header, sizeof self->header - self->n_header,
                      &n))
        return FALSE;
      self->n_header += n;
      if (self->n_header < sizeof self->header)
        return TRUE;
    }

  if (!nbd_decode_request (self->header, &header))
    {
      nbd_connection_fail (self);
      return FALSE;
    }
  if (header.type == NBD_COMMAND_DISCONNECT)
    {
      begin_draining (self);
      return FALSE;
    }
  /* One that is too much has to wait until others are answered, and with it all that follow. */
  if (self->n_outstanding > 0 && (self->n_outstanding == NBD_MAX_OUTSTANDING ||
                                  self->cost + nbd_request_get_cost (&header) > NBD_MAX_COST))
    return FALSE;

  accept_request (self, &header);
  return TRUE;
}

/* Gives whether to go on. */
static gboolean
receive_data (NbdConnection *self)
{
  if (self->incoming->payload != NULL)
    {
      GBytes *bytes;
      GPollableReturn result =
          dpdk_tcp_socket_try_read_bytes (self->socket, self->n_missing, &bytes, NULL);
      gsize n = bytes != NULL ? g_bytes_get_size (bytes) : 0;

      if (!take_result (self, result, n))
        {
          g_clear_pointer (&bytes, g_bytes_unref);
          return FALSE;
        }
      nbd_payload_add (self->incoming->payload, bytes);
      self->n_missing -= n;
    }
  else
    {
      guint8 unwanted[16384];
      gsize n;

      if (!read_some (self, unwanted, MIN (self->n_missing, sizeof unwanted), &n))
        return FALSE;
      self->n_missing -= n;
    }

  if (self->n_missing == 0)
    begin_request (self, g_steal_pointer (&self->incoming));

  return TRUE;
}

gboolean
nbd_connection_receive (NbdConnection *self)
{
  if (self->phase == PHASE_NEGOTIATION)
    return receive_negotiation (self);
  if (self->phase == PHASE_TRANSMISSION)
    return self->incoming != NULL ? receive_data (self) : receive_request (self);

  return FALSE;
}
