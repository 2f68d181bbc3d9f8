/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stops or closes a device of memif does the same as the end of a connection, which the driver
   handles on the interrupt thread of DPDK, and locks nothing: so it runs there, too. And a device that
   is stopped still takes connections, so it is closed at once.

   The socket that a server listens on outlives it, with a callback that works on memory that was
   freed. */
#include "dpdk-port-device-memif-private.h"

#include "dpdk-interrupt-private.h"

#include <fcntl.h>
#include <rte_ethdev.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DEFAULT_SOCKET "/run/memif.sock"

/* how many devices listen on a socket, by its path */
static GHashTable *n_listeners;

static const char *
find_argument (GStrv arguments, const char *prefix, const char *otherwise)
{
  for (guint i = 1; arguments[i] != NULL; i++)
    if (g_str_has_prefix (arguments[i], prefix))
      return arguments[i] + strlen (prefix);
  return otherwise;
}

static void
count_listener (const char *path, gint change)
{
  if (n_listeners == NULL)
    n_listeners = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_insert (
      n_listeners, g_strdup (path),
      GINT_TO_POINTER (GPOINTER_TO_INT (g_hash_table_lookup (n_listeners, path)) + change));
}

void
dpdk_port_device_memif_init (DpdkPortDevice *self, const char *devargs)
{
  g_auto (GStrv) arguments = NULL;
  const char *role;

  self->is_memif = TRUE;
  if (devargs == NULL)
    return;
  arguments = g_strsplit (devargs, ",", -1);
  role = find_argument (arguments, "role=", "client");
  self->is_memif_client = !g_str_equal (role, "server") && !g_str_equal (role, "master");
  if (self->is_memif_client)
    return;
  self->memif_socket = g_strdup (find_argument (arguments, "socket=", DEFAULT_SOCKET));
  count_listener (self->memif_socket, 1);
}

typedef struct {
  guint16 id;
  int native;
  /* to be given up */
  const char *path;
} Call;

static void
stop (gpointer data)
{
  Call *call = data;

  call->native = rte_eth_dev_stop (call->id);
}

int
dpdk_port_device_memif_stop (DpdkPortDevice *self)
{
  Call call = { .id = self->id };

  dpdk_interrupt_call (stop, &call);
  return call.native;
}

static gboolean
listens_on (int fd, const char *path)
{
  struct sockaddr_un address = { 0 };
  socklen_t length = sizeof address, size = sizeof (int);
  int type = 0, listens = 0;

  return getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET &&
         getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens &&
         getsockname (fd, (struct sockaddr *) &address, &length) == 0 &&
         address.sun_family == AF_UNIX &&
         /* in the abstract namespace or not */
         strncmp (address.sun_path + (address.sun_path[0] == '\0' ? 1 : 0), path,
                  sizeof address.sun_path - 1) == 0;
}

/* puts what never happens in the place of the socket: the interrupt thread does not forget the number */
static void
give_up (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      int fd = (int) g_ascii_strtoll (name, NULL, 10), nothing;

      if (!listens_on (fd, path))
        continue;
      nothing = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
      dup3 (nothing, fd, O_CLOEXEC);
      close (nothing);
    }
}

static void
stop_and_close (gpointer data)
{
  Call *call = data;

  /* of a device that is stopped it is no error */
  rte_eth_dev_stop (call->id);
  call->native = rte_eth_dev_close (call->id);
  if (call->path != NULL)
    give_up (call->path);
}

int
dpdk_port_device_memif_close (DpdkPortDevice *self)
{
  Call call = { .id = self->id };

  if (self->memif_socket != NULL)
    {
      count_listener (self->memif_socket, -1);
      if (g_hash_table_lookup (n_listeners, self->memif_socket) == NULL)
        {
          call.path = self->memif_socket;
          g_hash_table_remove (n_listeners, self->memif_socket);
        }
    }
  dpdk_interrupt_call (stop_and_close, &call);
  /* what that thread still knows of the socket is in memory that ends with the EAL */
  dpdk_interrupt_flush ();
  g_clear_pointer (&self->memif_socket, g_free);
  return call.native;
}
