/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nbd-export.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_ONLY_FLAGS                                                                            \
  (NBD_EXPORT_FLAG_HAS_FLAGS | NBD_EXPORT_FLAG_SEND_FLUSH | NBD_EXPORT_FLAG_SEND_FUA |             \
   NBD_EXPORT_FLAG_SEND_CACHE | NBD_EXPORT_FLAG_CAN_MULTI_CONN)
#define WRITABLE_FLAGS                                                                             \
  (NBD_EXPORT_FLAG_SEND_TRIM | NBD_EXPORT_FLAG_SEND_WRITE_ZEROES | NBD_EXPORT_FLAG_SEND_FAST_ZERO)

struct _NbdExport {
  NbdExportInfo info;
  int fd;
  dev_t device;
  ino_t inode;
  DpdkMempool *mempool;
  NbdCache *cache;
};

/* All of it: a file that has become shorter is an error. */
static int
read_file (gpointer source, guint8 *buffer, gsize size, guint64 offset)
{
  NbdExport *self = source;

  while (size > 0)
    {
      gssize n = pread (self->fd, buffer, size, (off_t) offset);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return n < 0 ? errno : EIO;
      buffer += n;
      offset += (gsize) n;
      size -= (gsize) n;
    }

  return 0;
}

static gboolean
open_file (NbdExport *self, const char *path, gboolean is_read_only, GError **error)
{
  struct stat status;
  off_t size = -1;

  self->fd = open (path, (is_read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
  if (self->fd >= 0 && fstat (self->fd, &status) == 0)
    {
      if (!S_ISREG (status.st_mode) && !S_ISBLK (status.st_mode))
        errno = S_ISDIR (status.st_mode) ? EISDIR : ENOTBLK;
      else
        size = lseek (self->fd, 0, SEEK_END);
    }
  if (size < 0)
    {
      int error_number = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number), "cannot serve %s: %s",
                   path, g_strerror (error_number));
      return FALSE;
    }

  self->info.size = (guint64) size;
  self->device = S_ISBLK (status.st_mode) ? status.st_rdev : status.st_dev;
  self->inode = S_ISBLK (status.st_mode) ? 0 : status.st_ino;
  return TRUE;
}

NbdExport *
nbd_export_new (const char *name, const char *path, gboolean is_read_only, GError **error)
{
  NbdExport *self = g_new0 (NbdExport, 1);

  self->fd = -1;
  self->info.name = g_strdup (name);
  self->info.description = g_filename_display_basename (path);
  self->info.flags =
      READ_ONLY_FLAGS | (is_read_only ? (guint) NBD_EXPORT_FLAG_READ_ONLY : WRITABLE_FLAGS);
  if (!open_file (self, path, is_read_only, error))
    {
      nbd_export_free (self);
      return NULL;
    }

  return self;
}

void
nbd_export_set_buffers (NbdExport *self, DpdkMempool *mempool, guint cache_blocks)
{
  self->mempool = g_object_ref (mempool);
  self->cache = nbd_cache_new (mempool, cache_blocks, self->info.size, read_file, self);
}

void
nbd_export_free (NbdExport *self)
{
  g_clear_pointer (&self->cache, nbd_cache_free);
  if (self->fd >= 0)
    close (self->fd);
  g_clear_object (&self->mempool);
  g_free (self->info.name);
  g_free (self->info.description);
  g_free (self);
}

NbdExportInfo *
nbd_export_get_info (NbdExport *self)
{
  return &self->info;
}

NbdCache *
nbd_export_get_cache (NbdExport *self)
{
  return self->cache;
}

gboolean
nbd_export_is_same_file (NbdExport *self, NbdExport *other)
{
  return self->device == other->device && self->inode == other->inode;
}

/* In a buffer of the pool, which is sent from there, or NULL if it has none. */
static GBytes *
wrap_in_packet (NbdExport *self, GByteArray *header, const guint8 *data, gsize size)
{
  g_autoptr (DpdkPacket) packet = dpdk_mempool_acquire (self->mempool, NULL);

  if (packet == NULL || !dpdk_packet_append (packet, data, size, NULL) ||
      (header != NULL && !dpdk_packet_prepend (packet, header->data, header->len, NULL)))
    return NULL;

  return dpdk_packet_to_bytes (packet);
}

GBytes *
nbd_export_read (NbdExport *self, GByteArray *header, guint64 offset, gsize size, int *error_number)
{
  guint8 buffer[NBD_CACHE_BLOCK];
  GByteArray *copy;
  GBytes *bytes;

  g_return_val_if_fail (size <= sizeof buffer, NULL);

  *error_number = read_file (self, buffer, size, offset);
  if (*error_number != 0)
    return NULL;

  bytes = wrap_in_packet (self, header, buffer, size);
  if (bytes != NULL)
    return bytes;

  copy = g_byte_array_sized_new ((guint) size + (header != NULL ? header->len : 0));
  if (header != NULL)
    g_byte_array_append (copy, header->data, header->len);
  g_byte_array_append (copy, buffer, (guint) size);

  return g_byte_array_free_to_bytes (copy);
}

int
nbd_export_write (NbdExport *self, NbdPayload *payload, guint64 offset)
{
  gsize size = nbd_payload_get_size (payload);
  int error_number = nbd_payload_write (payload, self->fd, offset);

  /* a part may have been written before it failed */
  nbd_cache_invalidate (self->cache, offset, size);

  return error_number;
}

/* It flushes what any connection has written, because none has a cache of its own. */
int
nbd_export_flush (NbdExport *self)
{
  return fdatasync (self->fd) == 0 ? 0 : errno;
}

static int
change_range (NbdExport *self, int mode, guint64 offset, guint64 length)
{
  int result;

  do
    result = fallocate (self->fd, mode | FALLOC_FL_KEEP_SIZE, (off_t) offset, (off_t) length);
  while (result != 0 && errno == EINTR);
  if (result == 0)
    return 0;

  /* The range is within the file: what is invalid is a part of a sector of a block device. */
  return errno == EINVAL ? EOPNOTSUPP : errno;
}

int
nbd_export_trim (NbdExport *self, guint64 offset, guint64 length)
{
  int error_number = length > 0 ? change_range (self, FALLOC_FL_PUNCH_HOLE, offset, length) : 0;

  nbd_cache_invalidate (self->cache, offset, length);

  /* It is a hint. */
  return error_number == EOPNOTSUPP ? 0 : error_number;
}

static int
write_zeroes (NbdExport *self, guint64 offset, guint64 length)
{
  static const guint8 zeroes[NBD_CACHE_BLOCK];

  while (length > 0)
    {
      gssize n = pwrite (self->fd, zeroes, MIN (length, sizeof zeroes), (off_t) offset);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return n < 0 ? errno : EIO;
      offset += (gsize) n;
      length -= (gsize) n;
    }

  return 0;
}

int
nbd_export_write_zeroes (NbdExport *self, guint64 offset, guint64 length, guint16 flags)
{
  int error_number = EOPNOTSUPP;

  if (length == 0)
    return 0;

  if ((flags & NBD_COMMAND_FLAG_NO_HOLE) == 0)
    error_number = change_range (self, FALLOC_FL_PUNCH_HOLE, offset, length);
  if (error_number == EOPNOTSUPP)
    error_number = change_range (self, FALLOC_FL_ZERO_RANGE, offset, length);
  if (error_number == EOPNOTSUPP && (flags & NBD_COMMAND_FLAG_FAST_ZERO) == 0)
    error_number = write_zeroes (self, offset, length);
  nbd_cache_invalidate (self->cache, offset, length);

  return error_number;
}

int
nbd_export_prefetch (NbdExport *self, guint64 offset, guint64 length)
{
  return posix_fadvise (self->fd, (off_t) offset, (off_t) length, POSIX_FADV_WILLNEED);
}

guint64
nbd_export_get_extent (NbdExport *self, guint64 offset, guint64 length, gboolean *is_hole)
{
  off_t data = lseek (self->fd, (off_t) offset, SEEK_DATA);
  off_t end;

  *is_hole = data < 0 ? errno == ENXIO : (guint64) data > offset;
  if (*is_hole)
    end = data;
  else
    end = lseek (self->fd, (off_t) offset, SEEK_HOLE);

  /* up to the end of the file, or a file that cannot tell */
  if (end < 0 || (guint64) end <= offset)
    return length;

  return MIN (length, (guint64) end - offset);
}
