/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proxy-end.h"

#include <string.h>
#include <sys/socket.h>

static gboolean
parse_port (const char *text, guint16 *port, GError **error)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT16, &number, error))
    return FALSE;

  *port = number;

  return TRUE;
}

gboolean
proxy_end_parse (ProxyEnd *self, const char *text, gboolean with_host, GError **error)
{
  g_autoptr (GSocketConnectable) address = NULL;
  const char *rest = strchr (text, ':');

  if (rest != NULL && g_str_has_prefix (text, "dpdk:"))
    self->is_dpdk = TRUE;
  else if (rest == NULL || !g_str_has_prefix (text, "kernel:"))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "'%s' begins with neither dpdk: nor kernel:", text);
      return FALSE;
    }

  rest++;
  if (!with_host)
    return parse_port (rest, &self->port, error);

  address = g_network_address_parse (rest, 0, error);
  if (address == NULL)
    return FALSE;

  self->host = g_strdup (g_network_address_get_hostname (G_NETWORK_ADDRESS (address)));
  self->port = g_network_address_get_port (G_NETWORK_ADDRESS (address));
  if (self->port == 0 || (self->is_dpdk && !g_hostname_is_ip_address (self->host)))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "'%s' has no %s", text,
                   self->port == 0 ? "port" : "numeric address");
      return FALSE;
    }

  return TRUE;
}

void
proxy_end_clear (ProxyEnd *self)
{
  g_clear_pointer (&self->host, g_free);
}

/* Takes over the task. */
static void
return_stream (GTask *task, gpointer stream, GError *error)
{
  if (stream != NULL)
    g_task_return_pointer (task, stream, g_object_unref);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

static void
on_dpdk_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  DpdkTcpConnection *connection =
      dpdk_tcp_socket_connect_finish (DPDK_TCP_SOCKET (source), result, &error);

  return_stream (user_data, connection, error);
}

static void
on_kernel_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  GSocketConnection *connection =
      g_socket_client_connect_to_host_finish (G_SOCKET_CLIENT (source), result, &error);

  return_stream (user_data, connection, error);
}

static void
connect_dpdk (const ProxyEnd *self, DpdkRuntime *runtime, GTask *task)
{
  g_autoptr (GSocketAddress) address =
      g_inet_socket_address_new_from_string (self->host, self->port);
  g_autoptr (DpdkTcpSocket) socket = NULL;
  GError *error = NULL;

  socket = dpdk_tcp_socket_new (runtime, g_socket_address_get_family (address), &error);
  if (socket == NULL)
    {
      return_stream (task, NULL, error);
      return;
    }

  dpdk_tcp_socket_connect_async (socket, address, g_task_get_cancellable (task), on_dpdk_connected,
                                 task);
}

static void
connect_kernel (const ProxyEnd *self, GTask *task)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();

  /* The proxy of the desktop's settings is none of ours. */
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_connect_to_host_async (client, self->host, self->port,
                                         g_task_get_cancellable (task), on_kernel_connected, task);
}

void
proxy_end_connect_async (const ProxyEnd *self, DpdkRuntime *runtime, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, proxy_end_connect_async);
  if (self->is_dpdk)
    connect_dpdk (self, runtime, task);
  else
    connect_kernel (self, task);
}

GIOStream *
proxy_end_connect_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
proxy_stream_finish (GIOStream *stream, GError **error)
{
  if (DPDK_IS_TCP_CONNECTION (stream))
    return dpdk_tcp_connection_shutdown (DPDK_TCP_CONNECTION (stream), FALSE, TRUE, error);

  return g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)), FALSE,
                            TRUE, error);
}

void
proxy_stream_abort (GIOStream *stream)
{
  const struct linger at_once = { .l_onoff = 1 };
  int fd;

  if (DPDK_IS_TCP_CONNECTION (stream))
    {
      dpdk_tcp_connection_abort (DPDK_TCP_CONNECTION (stream));
      return;
    }

  /* The reset is sent when it is closed. */
  fd = g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)));
  if (fd >= 0)
    setsockopt (fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}
