/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nbd-payload.h"

#include <errno.h>
#include <sys/uio.h>

/* A piece below this is copied; copies are gathered up to the other. */
#define SMALL_PIECE 1024
#define GATHERED_SIZE 65536
#define MAX_VECTORS 256

struct _NbdPayload {
  /* (element-type GBytes) */
  GPtrArray *pieces;
  /* small ones, behind all others */
  GByteArray *gathered;
  gsize size;
};

NbdPayload *
nbd_payload_new (void)
{
  NbdPayload *self = g_new0 (NbdPayload, 1);

  self->pieces = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  return self;
}

void
nbd_payload_free (NbdPayload *self)
{
  g_ptr_array_unref (self->pieces);
  g_clear_pointer (&self->gathered, g_byte_array_unref);
  g_free (self);
}

gsize
nbd_payload_get_size (NbdPayload *self)
{
  return self->size;
}

guint
nbd_payload_get_n_pieces (NbdPayload *self)
{
  return self->pieces->len + (self->gathered != NULL ? 1 : 0);
}

static void
end_gathering (NbdPayload *self)
{
  if (self->gathered != NULL)
    g_ptr_array_add (self->pieces, g_byte_array_free_to_bytes (g_steal_pointer (&self->gathered)));
}

void
nbd_payload_add (NbdPayload *self, GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  self->size += size;
  if (size >= SMALL_PIECE)
    {
      end_gathering (self);
      g_ptr_array_add (self->pieces, bytes);
      return;
    }

  if (self->gathered == NULL)
    self->gathered = g_byte_array_new ();
  g_byte_array_append (self->gathered, data, (guint) size);
  g_bytes_unref (bytes);
  if (self->gathered->len >= GATHERED_SIZE)
    end_gathering (self);
}

/* As many vectors as there is room for, of what is @skip bytes into piece @first. */
static int
fill_vectors (NbdPayload *self, guint first, gsize skip, struct iovec *vectors)
{
  int n = 0;

  for (guint i = first; i < self->pieces->len && n < MAX_VECTORS; i++, n++)
    {
      gsize size;
      const guint8 *data = g_bytes_get_data (self->pieces->pdata[i], &size);

      vectors[n] = (struct iovec){ (void *) (data + skip), size - skip };
      skip = 0;
    }

  return n;
}

int
nbd_payload_write (NbdPayload *self, int fd, guint64 offset)
{
  struct iovec vectors[MAX_VECTORS];
  guint first = 0;
  gsize skip = 0;

  end_gathering (self);
  while (first < self->pieces->len)
    {
      int n_vectors = fill_vectors (self, first, skip, vectors);
      gssize n = pwritev (fd, vectors, n_vectors, (off_t) offset);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return n < 0 ? errno : EIO;

      offset += (gsize) n;
      /* what was written may end within a piece */
      for (skip += (gsize) n; first < self->pieces->len; first++)
        {
          gsize size = g_bytes_get_size (self->pieces->pdata[first]);

          if (skip < size)
            break;
          skip -= size;
        }
    }

  return 0;
}
