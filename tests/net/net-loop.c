/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-loop.h"

#include <dpdk-glib-testing.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CONTROL "/dev/loop-control"
/* others may be faster to take a free one */
#define N_TRIES 20

static int
configure (int fd, const char *file)
{
  struct loop_config config = { .info.lo_flags = LO_FLAGS_AUTOCLEAR };
  int file_fd = open (file, O_RDWR | O_CLOEXEC);
  int result;

  g_assert_cmpint (file_fd, >=, 0);
  config.fd = (guint32) file_fd;
  result = ioctl (fd, LOOP_CONFIGURE, &config) == 0 ? 0 : errno;
  close (file_fd);
  return result;
}

/* gives 0 or an errno */
static int
try_open (NetLoop *self, int control, const char *file)
{
  int number = ioctl (control, LOOP_CTL_GET_FREE);
  int error_number;

  if (number < 0)
    return errno;
  g_free (self->path);
  self->path = g_strdup_printf ("/dev/loop%d", number);
  self->fd = open (self->path, O_RDWR | O_CLOEXEC);
  if (self->fd < 0)
    return errno;
  error_number = configure (self->fd, file);
  if (error_number != 0)
    close (self->fd);
  return error_number;
}

gboolean
net_loop_open (NetLoop *self, const char *file)
{
  int control = open (CONTROL, O_RDWR | O_CLOEXEC);
  int error_number = control >= 0 ? EBUSY : errno;

  *self = (NetLoop){ .path = g_strdup (CONTROL) };
  for (guint i = 0; i < N_TRIES && error_number == EBUSY; i++)
    error_number = try_open (self, control, file);
  if (control >= 0)
    close (control);
  if (error_number != 0)
    {
      g_autofree char *message = g_strdup_printf ("needs a loop device, and %s says: %s",
                                                  self->path, g_strerror (error_number));

      g_free (self->path);
      dpdk_test_skip (message);
    }
  return error_number == 0;
}

void
net_loop_close (NetLoop *self)
{
  close (self->fd);
  g_free (self->path);
}
