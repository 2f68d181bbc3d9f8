/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-native.h"

#define BUFFER_SIZE 10007

void
net_native_flush_echo (DpdkTcpSocket *socket, gpointer user_data)
{
  NetNativeEcho *self = user_data;
  GPollableReturn result = G_POLLABLE_RETURN_OK;
  g_autoptr (GError) error = NULL;
  gsize n;

  while (self->pending->len > 0 && result == G_POLLABLE_RETURN_OK)
    {
      result =
          dpdk_tcp_socket_try_write (socket, self->pending->data, self->pending->len, &n, &error);
      g_assert_no_error (error);
      g_byte_array_remove_range (self->pending, 0, (guint) n);
    }
}

void
net_native_read_echo (DpdkTcpSocket *socket, gpointer user_data)
{
  NetNativeEcho *self = user_data;
  g_autoptr (GError) error = NULL;
  guint8 buffer[BUFFER_SIZE];
  gsize n;

  while (dpdk_tcp_socket_try_read (socket, buffer, sizeof buffer, &n, &error) ==
         G_POLLABLE_RETURN_OK)
    {
      if (n == 0)
        {
          g_atomic_int_set (&self->has_ended, TRUE);
          dpdk_socket_close (DPDK_SOCKET (socket));
          return;
        }
      g_byte_array_append (self->pending, buffer, (guint) n);
    }
  g_assert_no_error (error);
  net_native_flush_echo (socket, self);
}
