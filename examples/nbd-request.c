/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nbd-read.h"

#include <errno.h>

#define MAX_EXTENTS 1024

static const guint16 allowed_flags[NBD_N_COMMANDS] = {
  [NBD_COMMAND_READ] = NBD_COMMAND_FLAG_DF,
  [NBD_COMMAND_WRITE_ZEROES] = NBD_COMMAND_FLAG_NO_HOLE | NBD_COMMAND_FLAG_FAST_ZERO,
  [NBD_COMMAND_BLOCK_STATUS] = NBD_COMMAND_FLAG_REQ_ONE,
};

NbdRequest *
nbd_request_new (const NbdRequestHeader *header, NbdExport *export, gboolean is_structured,
                 gboolean has_context, gpointer owner)
{
  NbdRequest *self = g_new0 (NbdRequest, 1);

  self->header = *header;
  self->export = export;
  self->is_structured = is_structured;
  self->has_context = has_context;
  self->owner = owner;

  return self;
}

void
nbd_request_free (NbdRequest *self)
{
  g_clear_pointer (&self->payload, nbd_payload_free);
  g_queue_clear_full (&self->reply, (GDestroyNotify) g_bytes_unref);
  g_free (self);
}

gsize
nbd_request_get_cost (const NbdRequestHeader *header)
{
  gboolean has_data = header->type == NBD_COMMAND_READ || header->type == NBD_COMMAND_WRITE;

  /* what is longer fails, and its data is not kept */
  return sizeof (NbdRequest) + (has_data && header->length <= NBD_MAX_PAYLOAD ? header->length : 0);
}

static gboolean
is_change (guint16 type)
{
  return type == NBD_COMMAND_WRITE || type == NBD_COMMAND_TRIM || type == NBD_COMMAND_WRITE_ZEROES;
}

static NbdError
check_range (const NbdRequestHeader *header, guint64 size, const char **message)
{
  *message = "the range is not within the export";
  /* in this order nothing overflows */
  if (header->offset <= size && header->length <= size - header->offset)
    return NBD_SUCCESS;

  return header->type == NBD_COMMAND_WRITE || header->type == NBD_COMMAND_WRITE_ZEROES ? NBD_ENOSPC
                                                                                       : NBD_EINVAL;
}

NbdError
nbd_request_check (const NbdRequest *self, const char **message)
{
  const NbdRequestHeader *header = &self->header;
  const NbdExportInfo *info = nbd_export_get_info (self->export);

  *message = "the server does not know the command";
  if (header->type >= NBD_N_COMMANDS || header->type == NBD_COMMAND_DISCONNECT ||
      (header->type == NBD_COMMAND_BLOCK_STATUS && !self->has_context))
    return NBD_EINVAL;

  *message = "the command does not have these flags";
  if ((header->flags & ~(allowed_flags[header->type] | NBD_COMMAND_FLAG_FUA)) != 0 ||
      ((header->flags & NBD_COMMAND_FLAG_DF) != 0 && !self->is_structured))
    return NBD_EINVAL;

  *message = "the export is read-only";
  if (is_change (header->type) && (info->flags & NBD_EXPORT_FLAG_READ_ONLY) != 0)
    return NBD_EPERM;

  *message = "the request is too long";
  if ((header->type == NBD_COMMAND_READ || header->type == NBD_COMMAND_WRITE) &&
      header->length > NBD_MAX_PAYLOAD)
    return (header->flags & NBD_COMMAND_FLAG_DF) != 0 ? NBD_EOVERFLOW : NBD_EINVAL;

  *message = "a flush has no range, and the status of nothing is none";
  if ((header->type == NBD_COMMAND_FLUSH && (header->offset != 0 || header->length != 0)) ||
      (header->type == NBD_COMMAND_BLOCK_STATUS && header->length == 0))
    return NBD_EINVAL;

  return check_range (header, info->size, message);
}

static void
push_reply (NbdRequest *self, GByteArray *bytes)
{
  g_queue_push_tail (&self->reply, g_byte_array_free_to_bytes (bytes));
}

void
nbd_request_fail (NbdRequest *self, NbdError error, const char *message)
{
  GByteArray *out = g_byte_array_new ();

  self->has_failed = TRUE;
  g_queue_clear_full (&self->reply, (GDestroyNotify) g_bytes_unref);
  if (self->is_structured)
    nbd_encode_error_chunk (out, self->header.cookie, error, message);
  else
    nbd_encode_simple_reply (out, self->header.cookie, error);
  push_reply (self, out);
}

static void
get_status (NbdRequest *self)
{
  const guint max_extents = (self->header.flags & NBD_COMMAND_FLAG_REQ_ONE) != 0 ? 1 : MAX_EXTENTS;
  g_autoptr (GArray) extents = g_array_new (FALSE, FALSE, sizeof (NbdExtent));
  guint64 offset = self->header.offset;
  guint64 end = offset + self->header.length;
  GByteArray *out = g_byte_array_new ();

  while (offset < end && extents->len < max_extents)
    {
      gboolean is_hole;
      guint64 length = nbd_export_get_extent (self->export, offset, end - offset, &is_hole);
      NbdExtent extent = { (guint32) length, is_hole ? NBD_STATE_HOLE | NBD_STATE_ZERO : 0 };

      g_array_append_val (extents, extent);
      offset += length;
    }

  nbd_encode_status_chunk (out, self->header.cookie, NBD_CONTEXT_ALLOCATION_ID,
                           (const NbdExtent *) extents->data, extents->len);
  push_reply (self, out);
}

static int
change (NbdRequest *self)
{
  const NbdRequestHeader *header = &self->header;
  int error_number;

  if (header->type == NBD_COMMAND_WRITE)
    error_number = nbd_export_write (self->export, self->payload, header->offset);
  else if (header->type == NBD_COMMAND_TRIM)
    error_number = nbd_export_trim (self->export, header->offset, header->length);
  else
    error_number =
        nbd_export_write_zeroes (self->export, header->offset, header->length, header->flags);
  /* the packets go home now, and not when the answer is sent */
  g_clear_pointer (&self->payload, nbd_payload_free);

  if (error_number == 0 && (header->flags & NBD_COMMAND_FLAG_FUA) != 0)
    error_number = nbd_export_flush (self->export);

  return error_number;
}

void
nbd_request_run (NbdRequest *self)
{
  const NbdRequestHeader *header = &self->header;
  int error_number = 0;

  switch ((NbdCommand) header->type)
    {
    case NBD_COMMAND_READ:
      nbd_read_run (self);
      return;
    case NBD_COMMAND_BLOCK_STATUS:
      get_status (self);
      return;
    case NBD_COMMAND_WRITE:
    case NBD_COMMAND_TRIM:
    case NBD_COMMAND_WRITE_ZEROES:
      error_number = change (self);
      break;
    case NBD_COMMAND_FLUSH:
      error_number = nbd_export_flush (self->export);
      break;
    case NBD_COMMAND_CACHE:
      error_number = nbd_export_prefetch (self->export, header->offset, header->length);
      break;
    case NBD_COMMAND_DISCONNECT:
    default:
      g_return_if_reached ();
    }

  if (error_number != 0)
    {
      nbd_request_fail (self, nbd_error_from_errno (error_number), g_strerror (error_number));
    }
  else
    {
      GByteArray *out = g_byte_array_new ();

      nbd_encode_simple_reply (out, header->cookie, NBD_SUCCESS);
      push_reply (self, out);
    }
}
