/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-dns-exchange-private.h"

#include "dpdk-socket-native-private.h"
#include "dpdk-socket-private.h"

#include <string.h>

#define LENGTH_SIZE 2
/* so that a flood leaves time for others */
#define MAX_DATAGRAMS_PER_DISPATCH 16

struct _DpdkDnsExchange {
  GSocketAddress *server;
  GBytes *question;
  GMainContext *context;
  guint timeout_ms;
  DpdkDnsExchangeFunc func;
  gpointer user_data;
  GSource *timer;
  /* of what the socket is waited for */
  GSource *ready;

  DpdkUdpSocket *udp;
  DpdkTcpSocket *tcp;
  gboolean is_connected;
  /* over TCP each message has its length in front */
  GByteArray *to_send;
  gsize n_sent;
  guint8 length[LENGTH_SIZE];
  guint8 *received;
  gsize n_received;
};

static void
drop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

void
dpdk_dns_exchange_free (DpdkDnsExchange *self)
{
  drop_source (&self->timer);
  drop_source (&self->ready);
  g_clear_object (&self->tcp);
  g_clear_object (&self->udp);
  g_clear_pointer (&self->to_send, g_byte_array_unref);
  g_free (self->received);
  g_object_unref (self->server);
  g_bytes_unref (self->question);
  g_main_context_unref (self->context);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DpdkDnsExchange, dpdk_dns_exchange_free)

/* the function may free the exchange */
static void
end (DpdkDnsExchange *self, GBytes *answer, const GError *error)
{
  drop_source (&self->timer);
  drop_source (&self->ready);
  self->func (answer, error, self->user_data);
}

static gboolean
on_timeout (gpointer user_data)
{
  DpdkDnsExchange *self = user_data;
  g_autoptr (GError) error =
      g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "no answer in %u ms", self->timeout_ms);

  end (self, NULL, error);
  return G_SOURCE_REMOVE;
}

/* the timer of an exchange starts when it does */
static void
add_timer (DpdkDnsExchange *self)
{
  self->timer = g_timeout_source_new (self->timeout_ms);
  g_source_set_static_name (self->timer, "DpdkResolver timeout");
  g_source_set_callback (self->timer, on_timeout, self, NULL);
  g_source_attach (self->timer, self->context);
}

static void
wait_for_socket (DpdkDnsExchange *self, GSource *source, GSourceFunc func)
{
  drop_source (&self->ready);
  self->ready = source;
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, self->context);
}

/* forged answers do not end the wait for the true one */
static gboolean
on_datagram (GDatagramBased *socket, GIOCondition condition, gpointer user_data)
{
  DpdkDnsExchange *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) answer = NULL;
  guint rcode;

  for (guint i = 0; i < MAX_DATAGRAMS_PER_DISPATCH; i++)
    {
      answer = dpdk_udp_socket_receive_bytes (self->udp, NULL, 0, NULL, &error);
      if (answer == NULL)
        break;
      if (dpdk_dns_answer_check (answer, self->question, &rcode) != DPDK_DNS_VERDICT_UNRELATED)
        {
          end (self, answer, NULL);
          return G_SOURCE_REMOVE;
        }
      g_clear_pointer (&answer, g_bytes_unref);
    }
  if (error == NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_SOURCE_CONTINUE;
  end (self, NULL, error);
  return G_SOURCE_REMOVE;
}

static gboolean
start_udp (DpdkDnsExchange *self, DpdkRuntime *runtime, GError **error)
{
  self->udp = dpdk_udp_socket_new (runtime, g_socket_address_get_family (self->server), error);
  if (self->udp == NULL || !dpdk_udp_socket_connect (self->udp, self->server, error) ||
      !dpdk_udp_socket_send_bytes (self->udp, NULL, self->question, 0, NULL, error))
    return FALSE;
  wait_for_socket (self,
                   g_datagram_based_create_source (G_DATAGRAM_BASED (self->udp), G_IO_IN, NULL),
                   G_SOURCE_FUNC (on_datagram));
  return TRUE;
}

/* of what is received next; the length first */
static gboolean
receive_part (DpdkDnsExchange *self, DpdkTcpEndpoint *endpoint, guint8 *to, gsize size,
              GError **error)
{
  gssize n = dpdk_tcp_endpoint_read (endpoint, to, size, FALSE, NULL, error);

  if (n > 0)
    self->n_received += (gsize) n;
  else if (n == 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                         "the connection ended before the answer");
  return n > 0;
}

/* NULL with %G_IO_ERROR_WOULD_BLOCK as long as it is not all there */
static GBytes *
receive_message (DpdkDnsExchange *self, DpdkTcpEndpoint *endpoint, GError **error)
{
  gsize size;

  while (self->n_received < LENGTH_SIZE)
    if (!receive_part (self, endpoint, self->length + self->n_received,
                       LENGTH_SIZE - self->n_received, error))
      return NULL;
  size = ns_get16 (self->length);
  if (self->received == NULL)
    self->received = g_malloc (MAX (size, 1));
  while (self->n_received < LENGTH_SIZE + size)
    if (!receive_part (self, endpoint, self->received + self->n_received - LENGTH_SIZE,
                       LENGTH_SIZE + size - self->n_received, error))
      return NULL;
  return g_bytes_new_take (g_steal_pointer (&self->received), size);
}

static gboolean
send_message (DpdkDnsExchange *self, DpdkTcpEndpoint *endpoint, GError **error)
{
  while (self->n_sent < self->to_send->len)
    {
      gssize n = dpdk_tcp_endpoint_write (endpoint, self->to_send->data + self->n_sent,
                                          self->to_send->len - self->n_sent, FALSE, NULL, error);

      if (n < 0)
        return FALSE;
      self->n_sent += (gsize) n;
    }
  return TRUE;
}

static gboolean on_stream (gpointer user_data);

static void
wait_for_stream (DpdkDnsExchange *self, GIOCondition condition)
{
  wait_for_socket (
      self, dpdk_tcp_endpoint_create_source (dpdk_tcp_socket_get_endpoint (self->tcp), condition),
      on_stream);
}

static gboolean
on_stream (gpointer user_data)
{
  DpdkDnsExchange *self = user_data;
  DpdkTcpEndpoint *endpoint = dpdk_tcp_socket_get_endpoint (self->tcp);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) answer = NULL;
  guint rcode;

  /* it is over, one way or the other, so this does not wait */
  if (!self->is_connected)
    self->is_connected = dpdk_tcp_endpoint_wait_connected (endpoint, NULL, &error);
  if (self->is_connected && send_message (self, endpoint, &error))
    answer = receive_message (self, endpoint, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      wait_for_stream (self, self->n_sent < self->to_send->len ? G_IO_OUT : G_IO_IN);
      return G_SOURCE_REMOVE;
    }
  if (answer != NULL &&
      dpdk_dns_answer_check (answer, self->question, &rcode) == DPDK_DNS_VERDICT_UNRELATED)
    {
      g_clear_pointer (&answer, g_bytes_unref);
      g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           "answered another question");
    }
  end (self, answer, error);
  return G_SOURCE_REMOVE;
}

static gboolean
start_tcp (DpdkDnsExchange *self, DpdkRuntime *runtime, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (self->question, &size);
  guint8 length[LENGTH_SIZE];
  ip_addr_t ip;
  guint16 port;

  self->tcp = dpdk_tcp_socket_new (runtime, g_socket_address_get_family (self->server), error);
  if (self->tcp == NULL ||
      !dpdk_tcp_socket_check_address (self->tcp, self->server, &ip, &port, error) ||
      !dpdk_tcp_endpoint_connect (dpdk_tcp_socket_get_endpoint (self->tcp), &ip, port, NULL, error))
    return FALSE;
  ns_put16 ((guint) size, length);
  self->to_send = g_byte_array_sized_new ((guint) (size + LENGTH_SIZE));
  g_byte_array_append (self->to_send, length, LENGTH_SIZE);
  g_byte_array_append (self->to_send, data, (guint) size);
  wait_for_stream (self, G_IO_OUT);
  return TRUE;
}

DpdkDnsExchange *
dpdk_dns_exchange_new (DpdkRuntime *runtime, GSocketAddress *server, GBytes *question,
                       gboolean over_tcp, guint timeout_ms, GMainContext *context,
                       DpdkDnsExchangeFunc func, gpointer user_data, GError **error)
{
  g_autoptr (DpdkDnsExchange) self = g_new0 (DpdkDnsExchange, 1);

  self->server = g_object_ref (server);
  self->question = g_bytes_ref (question);
  self->context = g_main_context_ref (context);
  self->timeout_ms = timeout_ms;
  self->func = func;
  self->user_data = user_data;
  if (!(over_tcp ? start_tcp (self, runtime, error) : start_udp (self, runtime, error)))
    return NULL;
  add_timer (self);
  return g_steal_pointer (&self);
}
