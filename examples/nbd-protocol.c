/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nbd-protocol.h"

#include <errno.h>
#include <string.h>

#define MAGIC_SERVER G_GUINT64_CONSTANT (0x4e42444d41474943)
#define MAGIC_OPTION G_GUINT64_CONSTANT (0x49484156454f5054)
#define MAGIC_OPTION_REPLY G_GUINT64_CONSTANT (0x0003e889045565a9)
#define MAGIC_REQUEST 0x25609513u
#define MAGIC_SIMPLE_REPLY 0x67446698u
#define MAGIC_STRUCTURED_REPLY 0x668e33efu

#define HANDSHAKE_FLAGS 3
#define N_RESERVED_ZEROES 124

#define CHUNK_FLAG_DONE 1

enum {
  CHUNK_NONE = 0,
  CHUNK_OFFSET_DATA = 1,
  CHUNK_OFFSET_HOLE = 2,
  CHUNK_BLOCK_STATUS = 5,
  CHUNK_ERROR = 0x8001,
  CHUNK_ERROR_OFFSET = 0x8002,
};

static guint16
get_16 (const guint8 *data)
{
  guint16 value;

  memcpy (&value, data, sizeof value);
  return GUINT16_FROM_BE (value);
}

static guint32
get_32 (const guint8 *data)
{
  guint32 value;

  memcpy (&value, data, sizeof value);
  return GUINT32_FROM_BE (value);
}

static guint64
get_64 (const guint8 *data)
{
  guint64 value;

  memcpy (&value, data, sizeof value);
  return GUINT64_FROM_BE (value);
}

static void
put_16 (GByteArray *out, guint16 value)
{
  value = GUINT16_TO_BE (value);
  g_byte_array_append (out, (const guint8 *) &value, sizeof value);
}

static void
put_32 (GByteArray *out, guint32 value)
{
  value = GUINT32_TO_BE (value);
  g_byte_array_append (out, (const guint8 *) &value, sizeof value);
}

static void
put_64 (GByteArray *out, guint64 value)
{
  value = GUINT64_TO_BE (value);
  g_byte_array_append (out, (const guint8 *) &value, sizeof value);
}

static void
put_text (GByteArray *out, const char *text)
{
  g_byte_array_append (out, (const guint8 *) text, (guint) strlen (text));
}

NbdError
nbd_error_from_errno (int error_number)
{
  switch (error_number)
    {
    case 0:
      return NBD_SUCCESS;
    case EPERM:
    case EACCES:
    case EROFS:
      return NBD_EPERM;
    case ENOMEM:
      return NBD_ENOMEM;
    case EINVAL:
      return NBD_EINVAL;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return NBD_ENOSPC;
    case EOPNOTSUPP:
      return NBD_ENOTSUP;
    default:
      return NBD_EIO;
    }
}

guint32
nbd_decode_client_flags (const guint8 data[NBD_CLIENT_FLAGS_SIZE])
{
  return get_32 (data);
}

/* Gives whether it is one. */
gboolean
nbd_decode_option (const guint8 data[NBD_OPTION_SIZE], NbdOption *option)
{
  *option = (NbdOption){ .type = get_32 (data + 8), .length = get_32 (data + 12) };
  return get_64 (data) == MAGIC_OPTION;
}

/* Takes a string behind its length, and gives whether there is one. */
static gboolean
take_text (const guint8 **data, gsize *size, const char **text, gsize *length)
{
  if (*size < 4)
    return FALSE;
  *length = get_32 (*data);
  if (*length > *size - 4 || *length > NBD_MAX_STRING)
    return FALSE;
  *text = (const char *) *data + 4;
  *data += 4 + *length;
  *size -= 4 + *length;
  return TRUE;
}

gboolean
nbd_decode_info_query (const guint8 *data, gsize size, NbdInfoQuery *query)
{
  *query = (NbdInfoQuery){ 0 };
  if (!take_text (&data, &size, &query->name, &query->name_length) || size < 2)
    return FALSE;
  query->n_infos = get_16 (data);
  query->infos = data + 2;
  return size - 2 == 2 * (gsize) query->n_infos;
}

NbdInfo
nbd_info_query_get (const NbdInfoQuery *query, guint index)
{
  return get_16 (query->infos + 2 * index);
}

gboolean
nbd_decode_context_query (const guint8 *data, gsize size, NbdContextQuery *query)
{
  const char *text;
  gsize length;

  *query = (NbdContextQuery){ 0 };
  if (!take_text (&data, &size, &query->name, &query->name_length) || size < 4)
    return FALSE;
  query->n_queries = get_32 (data);
  query->queries = data += 4;
  query->queries_size = size -= 4;
  for (guint i = 0; i < query->n_queries; i++)
    {
      if (!take_text (&data, &size, &text, &length))
        return FALSE;
    }
  return size == 0;
}

gboolean
nbd_context_query_matches (const NbdContextQuery *query, const char *context, gboolean is_list)
{
  const guint8 *data = query->queries;
  gsize size = query->queries_size;
  gsize namespace_length = (gsize) (strchr (context, ':') - context) + 1;
  const char *text;
  gsize length;

  for (guint i = 0; i < query->n_queries && take_text (&data, &size, &text, &length); i++)
    {
      if (length == strlen (context) && memcmp (text, context, length) == 0)
        return TRUE;
      if (is_list && length == namespace_length && memcmp (text, context, length) == 0)
        return TRUE;
    }
  return is_list && query->n_queries == 0;
}

gboolean
nbd_decode_request (const guint8 data[NBD_REQUEST_SIZE], NbdRequestHeader *header)
{
  *header = (NbdRequestHeader){
    .flags = get_16 (data + 4),
    .type = get_16 (data + 6),
    .cookie = get_64 (data + 8),
    .offset = get_64 (data + 16),
    .length = get_32 (data + 24),
  };
  return get_32 (data) == MAGIC_REQUEST;
}

void
nbd_encode_greeting (GByteArray *out)
{
  put_64 (out, MAGIC_SERVER);
  put_64 (out, MAGIC_OPTION);
  put_16 (out, HANDSHAKE_FLAGS);
}

void
nbd_encode_export (GByteArray *out, guint64 size, guint16 flags, gboolean with_zeroes)
{
  static const guint8 zeroes[N_RESERVED_ZEROES];

  put_64 (out, size);
  put_16 (out, flags);
  if (with_zeroes)
    g_byte_array_append (out, zeroes, sizeof zeroes);
}

static void
put_option_reply (GByteArray *out, guint32 option, guint32 type, gsize size)
{
  put_64 (out, MAGIC_OPTION_REPLY);
  put_32 (out, option);
  put_32 (out, type);
  put_32 (out, (guint32) size);
}

void
nbd_encode_option_reply (GByteArray *out, guint32 option, guint32 type)
{
  put_option_reply (out, option, type, 0);
}

void
nbd_encode_option_error (GByteArray *out, guint32 option, NbdOptionError error, const char *message)
{
  put_option_reply (out, option, NBD_OPTION_ERROR (error), strlen (message));
  put_text (out, message);
}

void
nbd_encode_server (GByteArray *out, const char *name)
{
  put_option_reply (out, NBD_OPTION_LIST, NBD_OPTION_REPLY_SERVER, 4 + strlen (name));
  put_32 (out, (guint32) strlen (name));
  put_text (out, name);
}

void
nbd_encode_info_export (GByteArray *out, guint32 option, guint64 size, guint16 flags)
{
  put_option_reply (out, option, NBD_OPTION_REPLY_INFO, 12);
  put_16 (out, NBD_INFO_EXPORT);
  put_64 (out, size);
  put_16 (out, flags);
}

void
nbd_encode_info_text (GByteArray *out, guint32 option, NbdInfo info, const char *text)
{
  put_option_reply (out, option, NBD_OPTION_REPLY_INFO, 2 + strlen (text));
  put_16 (out, (guint16) info);
  put_text (out, text);
}

void
nbd_encode_info_block_size (GByteArray *out, guint32 option)
{
  put_option_reply (out, option, NBD_OPTION_REPLY_INFO, 14);
  put_16 (out, NBD_INFO_BLOCK_SIZE);
  put_32 (out, NBD_MIN_BLOCK);
  put_32 (out, NBD_PREFERRED_BLOCK);
  put_32 (out, NBD_MAX_PAYLOAD);
}

void
nbd_encode_context (GByteArray *out, guint32 option, guint32 id, const char *name)
{
  put_option_reply (out, option, NBD_OPTION_REPLY_META_CONTEXT, 4 + strlen (name));
  put_32 (out, id);
  put_text (out, name);
}

void
nbd_encode_simple_reply (GByteArray *out, guint64 cookie, NbdError error)
{
  put_32 (out, MAGIC_SIMPLE_REPLY);
  put_32 (out, error);
  put_64 (out, cookie);
}

static void
put_chunk (GByteArray *out, guint64 cookie, gboolean is_last, guint16 type, gsize size)
{
  put_32 (out, MAGIC_STRUCTURED_REPLY);
  put_16 (out, is_last ? CHUNK_FLAG_DONE : 0);
  put_16 (out, type);
  put_64 (out, cookie);
  put_32 (out, (guint32) size);
}

void
nbd_encode_data_chunk (GByteArray *out, guint64 cookie, gboolean is_last, guint64 offset,
                       guint32 length)
{
  put_chunk (out, cookie, is_last, CHUNK_OFFSET_DATA, 8 + (gsize) length);
  put_64 (out, offset);
}

void
nbd_encode_hole_chunk (GByteArray *out, guint64 cookie, gboolean is_last, guint64 offset,
                       guint32 length)
{
  put_chunk (out, cookie, is_last, CHUNK_OFFSET_HOLE, 12);
  put_64 (out, offset);
  put_32 (out, length);
}

void
nbd_encode_end_chunk (GByteArray *out, guint64 cookie)
{
  put_chunk (out, cookie, TRUE, CHUNK_NONE, 0);
}

void
nbd_encode_status_chunk (GByteArray *out, guint64 cookie, guint32 id, const NbdExtent *extents,
                         guint n_extents)
{
  put_chunk (out, cookie, TRUE, CHUNK_BLOCK_STATUS, 4 + 8 * (gsize) n_extents);
  put_32 (out, id);
  for (guint i = 0; i < n_extents; i++)
    {
      put_32 (out, extents[i].length);
      put_32 (out, extents[i].state);
    }
}

void
nbd_encode_error_chunk (GByteArray *out, guint64 cookie, NbdError error, const char *message)
{
  put_chunk (out, cookie, TRUE, CHUNK_ERROR, 6 + strlen (message));
  put_32 (out, error);
  put_16 (out, (guint16) strlen (message));
  put_text (out, message);
}

void
nbd_encode_error_offset_chunk (GByteArray *out, guint64 cookie, NbdError error, const char *message,
                               guint64 offset)
{
  put_chunk (out, cookie, TRUE, CHUNK_ERROR_OFFSET, 14 + strlen (message));
  put_32 (out, error);
  put_16 (out, (guint16) strlen (message));
  put_text (out, message);
  put_64 (out, offset);
}
