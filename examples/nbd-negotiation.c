/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nbd-negotiation.h"

#include <string.h>

/* Who haggles longer than this, or sends longer data, is up to no good. */
#define MAX_OPTIONS 256
#define MAX_SKIPPED (64 * 1024)

typedef enum {
  STEP_CLIENT_FLAGS,
  STEP_OPTION,
  STEP_DATA,
  STEP_SKIP,
} Step;

struct _NbdNegotiation {
  GPtrArray *exports;
  Step step;
  guint32 client_flags;
  guint n_options;
  NbdOption option;
  /* of the step, how much there is and how much is missing */
  gsize n_read;
  gsize n_missing;
  gboolean structured;
  /* of which export the context was chosen, or -1 */
  gint context_export;
  guint export;
  guint8 data[NBD_MAX_OPTION];
};

NbdNegotiation *
nbd_negotiation_new (GPtrArray *exports)
{
  NbdNegotiation *self = g_new0 (NbdNegotiation, 1);

  self->exports = exports;
  self->step = STEP_CLIENT_FLAGS;
  self->n_missing = NBD_CLIENT_FLAGS_SIZE;
  self->context_export = -1;

  return self;
}

void
nbd_negotiation_free (NbdNegotiation *self)
{
  g_free (self);
}

guint
nbd_negotiation_get_export (NbdNegotiation *self)
{
  return self->export;
}

gboolean
nbd_negotiation_get_structured (NbdNegotiation *self)
{
  return self->structured;
}

gboolean
nbd_negotiation_get_has_context (NbdNegotiation *self)
{
  return self->context_export == (gint) self->export;
}

guint8 *
nbd_negotiation_get_room (NbdNegotiation *self, gsize *size)
{
  /* What is skipped may be longer than the room, and is overwritten. */
  gsize at = self->step == STEP_SKIP ? 0 : self->n_read;

  *size = MIN (self->n_missing, sizeof self->data - at);
  return self->data + at;
}

static void
begin_step (NbdNegotiation *self, Step step, gsize size)
{
  self->step = step;
  self->n_read = 0;
  self->n_missing = size;
}

static gboolean
find_export (NbdNegotiation *self, const char *name, gsize length, guint *index)
{
  for (guint i = 0; i < self->exports->len; i++)
    {
      const NbdExportInfo *info = self->exports->pdata[i];

      if (length == strlen (info->name) && memcmp (name, info->name, length) == 0)
        {
          *index = i;
          return TRUE;
        }
    }

  /* The empty name is that of the default export. */
  *index = 0;
  return length == 0 && self->exports->len > 0;
}

static guint16
get_flags (NbdNegotiation *self, const NbdExportInfo *info)
{
  return info->flags | (self->structured ? NBD_EXPORT_FLAG_SEND_DF : 0);
}

static NbdNegotiationState
answer_error (NbdNegotiation *self, GByteArray *out, NbdOptionError error, const char *message)
{
  nbd_encode_option_error (out, self->option.type, error, message);
  return NBD_NEGOTIATION_GOES_ON;
}

/* The one option that cannot be answered with an error. */
static NbdNegotiationState
answer_export_name (NbdNegotiation *self, GByteArray *out)
{
  const NbdExportInfo *info;

  if (self->option.length > NBD_MAX_STRING ||
      !find_export (self, (const char *) self->data, self->option.length, &self->export))
    return NBD_NEGOTIATION_FAILED;

  info = self->exports->pdata[self->export];
  nbd_encode_export (out, info->size, get_flags (self, info),
                     (self->client_flags & NBD_CLIENT_FLAG_NO_ZEROES) == 0);

  return NBD_NEGOTIATION_DONE;
}

static NbdNegotiationState
answer_list (NbdNegotiation *self, GByteArray *out)
{
  if (self->option.length > 0)
    return answer_error (self, out, NBD_OPTION_ERROR_INVALID, "the option LIST has no data");

  for (guint i = 0; i < self->exports->len; i++)
    nbd_encode_server (out, ((const NbdExportInfo *) self->exports->pdata[i])->name);
  nbd_encode_option_reply (out, self->option.type, NBD_OPTION_REPLY_ACK);

  return NBD_NEGOTIATION_GOES_ON;
}

static NbdNegotiationState
answer_info (NbdNegotiation *self, GByteArray *out)
{
  const guint32 option = self->option.type;
  const NbdExportInfo *info;
  NbdInfoQuery query;

  if (!nbd_decode_info_query (self->data, self->option.length, &query))
    return answer_error (self, out, NBD_OPTION_ERROR_INVALID, "the data is malformed");
  if (!find_export (self, query.name, query.name_length, &self->export))
    return answer_error (self, out, NBD_OPTION_ERROR_UNKNOWN, "there is no such export");

  info = self->exports->pdata[self->export];
  nbd_encode_info_export (out, option, info->size, get_flags (self, info));
  for (guint i = 0; i < query.n_infos; i++)
    {
      switch (nbd_info_query_get (&query, i))
        {
        case NBD_INFO_NAME:
          nbd_encode_info_text (out, option, NBD_INFO_NAME, info->name);
          break;
        case NBD_INFO_DESCRIPTION:
          nbd_encode_info_text (out, option, NBD_INFO_DESCRIPTION, info->description);
          break;
        case NBD_INFO_BLOCK_SIZE:
          nbd_encode_info_block_size (out, option);
          break;
        case NBD_INFO_EXPORT:
        default:
          break;
        }
    }
  nbd_encode_option_reply (out, option, NBD_OPTION_REPLY_ACK);

  return option == NBD_OPTION_GO ? NBD_NEGOTIATION_DONE : NBD_NEGOTIATION_GOES_ON;
}

static NbdNegotiationState
answer_structured_reply (NbdNegotiation *self, GByteArray *out)
{
  if (self->option.length > 0)
    return answer_error (self, out, NBD_OPTION_ERROR_INVALID,
                         "the option STRUCTURED_REPLY has no data");

  self->structured = TRUE;
  nbd_encode_option_reply (out, self->option.type, NBD_OPTION_REPLY_ACK);

  return NBD_NEGOTIATION_GOES_ON;
}

static NbdNegotiationState
answer_context (NbdNegotiation *self, GByteArray *out)
{
  const gboolean is_list = self->option.type == NBD_OPTION_LIST_META_CONTEXT;
  NbdContextQuery query;
  guint export;

  if (!is_list)
    self->context_export = -1;
  if (!self->structured)
    return answer_error (self, out, NBD_OPTION_ERROR_INVALID, "contexts need structured replies");
  if (!nbd_decode_context_query (self->data, self->option.length, &query))
    return answer_error (self, out, NBD_OPTION_ERROR_INVALID, "the data is malformed");
  if (!find_export (self, query.name, query.name_length, &export))
    return answer_error (self, out, NBD_OPTION_ERROR_UNKNOWN, "there is no such export");

  if (nbd_context_query_matches (&query, NBD_CONTEXT_ALLOCATION, is_list))
    {
      nbd_encode_context (out, self->option.type, is_list ? 0 : NBD_CONTEXT_ALLOCATION_ID,
                          NBD_CONTEXT_ALLOCATION);
      if (!is_list)
        self->context_export = (gint) export;
    }
  nbd_encode_option_reply (out, self->option.type, NBD_OPTION_REPLY_ACK);

  return NBD_NEGOTIATION_GOES_ON;
}

static NbdNegotiationState
answer_option (NbdNegotiation *self, gboolean is_stopping, GByteArray *out)
{
  if (self->option.type == NBD_OPTION_ABORT)
    {
      nbd_encode_option_reply (out, self->option.type, NBD_OPTION_REPLY_ACK);
      return NBD_NEGOTIATION_ABORTED;
    }
  if (is_stopping)
    return self->option.type == NBD_OPTION_EXPORT_NAME
               ? NBD_NEGOTIATION_FAILED
               : answer_error (self, out, NBD_OPTION_ERROR_SHUTDOWN, "the server is ending");

  switch (self->option.type)
    {
    case NBD_OPTION_EXPORT_NAME:
      return answer_export_name (self, out);
    case NBD_OPTION_LIST:
      return answer_list (self, out);
    case NBD_OPTION_INFO:
    case NBD_OPTION_GO:
      return answer_info (self, out);
    case NBD_OPTION_STRUCTURED_REPLY:
      return answer_structured_reply (self, out);
    case NBD_OPTION_LIST_META_CONTEXT:
    case NBD_OPTION_SET_META_CONTEXT:
      return answer_context (self, out);
    default:
      return answer_error (self, out, NBD_OPTION_ERROR_UNSUPPORTED,
                           "the server does not know the option");
    }
}

static NbdNegotiationState
take_client_flags (NbdNegotiation *self)
{
  self->client_flags = nbd_decode_client_flags (self->data);
  /* A client that does not say "fixed" chooses an export by its name, and may do so here too. */
  if ((self->client_flags & ~(NBD_CLIENT_FLAG_FIXED_NEWSTYLE | NBD_CLIENT_FLAG_NO_ZEROES)) != 0)
    return NBD_NEGOTIATION_FAILED;

  begin_step (self, STEP_OPTION, NBD_OPTION_SIZE);
  return NBD_NEGOTIATION_GOES_ON;
}

static NbdNegotiationState
take_option (NbdNegotiation *self)
{
  if (!nbd_decode_option (self->data, &self->option) || ++self->n_options > MAX_OPTIONS ||
      self->option.length > MAX_SKIPPED)
    return NBD_NEGOTIATION_FAILED;

  begin_step (self, self->option.length > sizeof self->data ? STEP_SKIP : STEP_DATA,
              self->option.length);
  return NBD_NEGOTIATION_GOES_ON;
}

static NbdNegotiationState
take_data (NbdNegotiation *self, gboolean is_stopping, GByteArray *out)
{
  NbdNegotiationState state;

  if (self->step == STEP_DATA)
    state = answer_option (self, is_stopping, out);
  else if (self->option.type == NBD_OPTION_EXPORT_NAME)
    state = NBD_NEGOTIATION_FAILED;
  else
    state = answer_error (self, out, NBD_OPTION_ERROR_TOO_BIG, "the data is too long");

  begin_step (self, STEP_OPTION, NBD_OPTION_SIZE);
  return state;
}

NbdNegotiationState
nbd_negotiation_advance (NbdNegotiation *self, gsize n, gboolean is_stopping, GByteArray *out)
{
  NbdNegotiationState state = NBD_NEGOTIATION_GOES_ON;

  self->n_read += n;
  self->n_missing -= n;
  /* An option without data is complete with its header. */
  while (self->n_missing == 0 && state == NBD_NEGOTIATION_GOES_ON)
    {
      if (self->step == STEP_CLIENT_FLAGS)
        state = take_client_flags (self);
      else if (self->step == STEP_OPTION)
        state = take_option (self);
      else
        state = take_data (self, is_stopping, out);
    }

  return state;
}
