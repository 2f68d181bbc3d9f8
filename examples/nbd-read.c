/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nbd-read.h"

/* The piece at @offset as it is in the cache, or NULL. */
static GBytes *
read_cached (NbdExport *export, guint64 offset, gsize size, int *error_number)
{
  guint64 block = offset / NBD_CACHE_BLOCK;
  g_autoptr (GBytes) bytes = nbd_cache_get (nbd_export_get_cache (export), block, error_number);

  if (bytes == NULL)
    return NULL;

  return g_bytes_new_from_bytes (bytes, offset % NBD_CACHE_BLOCK, size);
}

/* Appends the range in pieces behind @header, which goes into the buffer of the first one if that is
   not shared. A short read is likely to come again and goes through the cache; a long one would only
   throw out of it what does. Gives 0 or an errno, and in @offset where it has happened. */
static int
read_range (NbdExport *export, GByteArray *header, guint64 *offset, gsize size, gboolean use_cache,
            GQueue *pieces)
{
  const guint64 end = *offset + size;

  while (*offset < end)
    {
      gsize n = MIN (end - *offset, NBD_CACHE_BLOCK - *offset % NBD_CACHE_BLOCK);
      int error_number = 0;
      GBytes *piece = use_cache ? read_cached (export, *offset, n, &error_number) : NULL;

      if (piece != NULL && header != NULL)
        g_queue_push_tail (pieces, g_bytes_new (header->data, header->len));
      else if (piece == NULL && error_number == 0)
        piece = nbd_export_read (export, header, *offset, n, &error_number);
      if (piece == NULL)
        return error_number;

      g_queue_push_tail (pieces, piece);
      header = NULL;
      *offset += n;
    }

  return 0;
}

static void
push_header (NbdRequest *request, const GByteArray *header)
{
  g_queue_push_tail (&request->reply, g_bytes_new (header->data, header->len));
}

/* All or nothing: there is no way to tell of an error once the answer has begun. */
static void
read_simple (NbdRequest *request)
{
  const NbdRequestHeader *asked = &request->header;
  g_autoptr (GByteArray) header = g_byte_array_new ();
  guint64 offset = asked->offset;
  int error_number;

  nbd_encode_simple_reply (header, asked->cookie, NBD_SUCCESS);
  if (asked->length == 0)
    push_header (request, header);
  error_number = read_range (request->export, header, &offset, asked->length,
                             asked->length <= NBD_CACHE_BLOCK, &request->reply);
  if (error_number != 0)
    nbd_request_fail (request, nbd_error_from_errno (error_number), g_strerror (error_number));
}

/* One chunk of data, or the error that takes its place and ends the answer. */
static gboolean
push_data (NbdRequest *request, guint64 offset, gsize length, gboolean is_last)
{
  const NbdRequestHeader *asked = &request->header;
  g_autoptr (GByteArray) header = g_byte_array_new ();
  GQueue pieces = G_QUEUE_INIT;
  guint64 at = offset;
  int error_number;

  nbd_encode_data_chunk (header, asked->cookie, is_last, offset, (guint32) length);
  error_number =
      read_range (request->export, header, &at, length, asked->length <= NBD_CACHE_BLOCK, &pieces);
  if (error_number != 0)
    {
      g_queue_clear_full (&pieces, (GDestroyNotify) g_bytes_unref);
      g_byte_array_set_size (header, 0);
      nbd_encode_error_offset_chunk (header, asked->cookie, nbd_error_from_errno (error_number),
                                     g_strerror (error_number), at);
      push_header (request, header);
      request->has_failed = TRUE;
      return FALSE;
    }

  while (!g_queue_is_empty (&pieces))
    g_queue_push_tail_link (&request->reply, g_queue_pop_head_link (&pieces));

  return TRUE;
}

static void
push_hole (NbdRequest *request, guint64 offset, gsize length, gboolean is_last)
{
  g_autoptr (GByteArray) header = g_byte_array_new ();

  nbd_encode_hole_chunk (header, request->header.cookie, is_last, offset, (guint32) length);
  push_header (request, header);
}

/* Holes are not read and not sent. */
static void
read_sparse (NbdRequest *request)
{
  guint64 offset = request->header.offset;
  const guint64 end = offset + request->header.length;

  while (offset < end)
    {
      gboolean is_hole;
      guint64 length = nbd_export_get_extent (request->export, offset, end - offset, &is_hole);
      gboolean is_last = offset + length == end;

      if (is_hole)
        push_hole (request, offset, length, is_last);
      else if (!push_data (request, offset, length, is_last))
        return;
      offset += length;
    }
}

void
nbd_read_run (NbdRequest *request)
{
  const NbdRequestHeader *asked = &request->header;

  if (!request->is_structured)
    {
      read_simple (request);
    }
  else if (asked->length == 0)
    {
      g_autoptr (GByteArray) header = g_byte_array_new ();

      nbd_encode_end_chunk (header, asked->cookie);
      push_header (request, header);
    }
  /* to look for holes in a short range costs more than to read it */
  else if (asked->length <= NBD_CACHE_BLOCK || (asked->flags & NBD_COMMAND_FLAG_DF) != 0)
    {
      push_data (request, asked->offset, asked->length, TRUE);
    }
  else
    {
      read_sparse (request);
    }
}
