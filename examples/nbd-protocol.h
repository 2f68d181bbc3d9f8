/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The Network Block Device protocol as a server speaks it, fixed newstyle only:
   https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md
   All numbers on the wire are big-endian. Nothing here does any I/O. */

#define NBD_DEFAULT_PORT 10809

/* The most data that a request may read or write, the limit of a client that was told of none. */
#define NBD_MAX_PAYLOAD (32u * 1024 * 1024)
#define NBD_MIN_BLOCK 1u
#define NBD_PREFERRED_BLOCK 4096u
#define NBD_MAX_STRING 4096u
/* The longest data of an option that is looked at: two names and some numbers. */
#define NBD_MAX_OPTION (2 * NBD_MAX_STRING + 1024)

#define NBD_CLIENT_FLAGS_SIZE 4u
#define NBD_OPTION_SIZE 16u
#define NBD_REQUEST_SIZE 28u

typedef enum {
  NBD_CLIENT_FLAG_FIXED_NEWSTYLE = 1 << 0,
  NBD_CLIENT_FLAG_NO_ZEROES = 1 << 1,
} NbdClientFlags;

typedef enum {
  NBD_EXPORT_FLAG_HAS_FLAGS = 1 << 0,
  NBD_EXPORT_FLAG_READ_ONLY = 1 << 1,
  NBD_EXPORT_FLAG_SEND_FLUSH = 1 << 2,
  NBD_EXPORT_FLAG_SEND_FUA = 1 << 3,
  NBD_EXPORT_FLAG_SEND_TRIM = 1 << 5,
  NBD_EXPORT_FLAG_SEND_WRITE_ZEROES = 1 << 6,
  NBD_EXPORT_FLAG_SEND_DF = 1 << 7,
  NBD_EXPORT_FLAG_CAN_MULTI_CONN = 1 << 8,
  NBD_EXPORT_FLAG_SEND_CACHE = 1 << 10,
  NBD_EXPORT_FLAG_SEND_FAST_ZERO = 1 << 11,
} NbdExportFlags;

typedef enum {
  NBD_OPTION_EXPORT_NAME = 1,
  NBD_OPTION_ABORT = 2,
  NBD_OPTION_LIST = 3,
  NBD_OPTION_INFO = 6,
  NBD_OPTION_GO = 7,
  NBD_OPTION_STRUCTURED_REPLY = 8,
  NBD_OPTION_LIST_META_CONTEXT = 9,
  NBD_OPTION_SET_META_CONTEXT = 10,
} NbdOptionType;

#define NBD_OPTION_ERROR(n) (0x80000000u | (n))

typedef enum {
  NBD_OPTION_REPLY_ACK = 1,
  NBD_OPTION_REPLY_SERVER = 2,
  NBD_OPTION_REPLY_INFO = 3,
  NBD_OPTION_REPLY_META_CONTEXT = 4,
} NbdOptionReply;

typedef enum {
  NBD_OPTION_ERROR_UNSUPPORTED = 1,
  NBD_OPTION_ERROR_INVALID = 3,
  NBD_OPTION_ERROR_UNKNOWN = 6,
  NBD_OPTION_ERROR_SHUTDOWN = 7,
  NBD_OPTION_ERROR_TOO_BIG = 9,
} NbdOptionError;

typedef enum {
  NBD_INFO_EXPORT = 0,
  NBD_INFO_NAME = 1,
  NBD_INFO_DESCRIPTION = 2,
  NBD_INFO_BLOCK_SIZE = 3,
} NbdInfo;

typedef enum {
  NBD_COMMAND_READ = 0,
  NBD_COMMAND_WRITE = 1,
  NBD_COMMAND_DISCONNECT = 2,
  NBD_COMMAND_FLUSH = 3,
  NBD_COMMAND_TRIM = 4,
  NBD_COMMAND_CACHE = 5,
  NBD_COMMAND_WRITE_ZEROES = 6,
  NBD_COMMAND_BLOCK_STATUS = 7,
} NbdCommand;

#define NBD_N_COMMANDS (NBD_COMMAND_BLOCK_STATUS + 1)

typedef enum {
  NBD_COMMAND_FLAG_FUA = 1 << 0,
  NBD_COMMAND_FLAG_NO_HOLE = 1 << 1,
  NBD_COMMAND_FLAG_DF = 1 << 2,
  NBD_COMMAND_FLAG_REQ_ONE = 1 << 3,
  NBD_COMMAND_FLAG_FAST_ZERO = 1 << 4,
} NbdCommandFlags;

/* What the context base:allocation tells of an extent. */
#define NBD_CONTEXT_ALLOCATION "base:allocation"
#define NBD_CONTEXT_ALLOCATION_ID 1u

typedef enum {
  NBD_STATE_HOLE = 1 << 0,
  NBD_STATE_ZERO = 1 << 1,
} NbdState;

/* On the wire they have the values that they have on Linux. */
typedef enum {
  NBD_SUCCESS = 0,
  NBD_EPERM = 1,
  NBD_EIO = 5,
  NBD_ENOMEM = 12,
  NBD_EINVAL = 22,
  NBD_ENOSPC = 28,
  NBD_EOVERFLOW = 75,
  NBD_ENOTSUP = 95,
  NBD_ESHUTDOWN = 108,
} NbdError;

typedef struct {
  guint32 type;
  guint32 length;
} NbdOption;

/* The data of the options INFO and GO, which refers to the bytes that it was decoded from. */
typedef struct {
  const char *name;
  gsize name_length;
  const guint8 *infos;
  guint n_infos;
} NbdInfoQuery;

/* The data of the options that list and set contexts, likewise. */
typedef struct {
  const char *name;
  gsize name_length;
  const guint8 *queries;
  gsize queries_size;
  guint n_queries;
} NbdContextQuery;

typedef struct {
  guint16 flags;
  guint16 type;
  guint64 cookie;
  guint64 offset;
  guint32 length;
} NbdRequestHeader;

typedef struct {
  guint32 length;
  guint32 state;
} NbdExtent;

NbdError nbd_error_from_errno (int error_number);

guint32 nbd_decode_client_flags (const guint8 data[NBD_CLIENT_FLAGS_SIZE]);
gboolean nbd_decode_option (const guint8 data[NBD_OPTION_SIZE], NbdOption *option);
gboolean nbd_decode_info_query (const guint8 *data, gsize size, NbdInfoQuery *query);
NbdInfo nbd_info_query_get (const NbdInfoQuery *query, guint index);
gboolean nbd_decode_context_query (const guint8 *data, gsize size, NbdContextQuery *query);
/* Whether the query asks for a context: by its name, or with @is_list by its namespace or not at all. */
gboolean nbd_context_query_matches (const NbdContextQuery *query, const char *context,
                                    gboolean is_list);
gboolean nbd_decode_request (const guint8 data[NBD_REQUEST_SIZE], NbdRequestHeader *header);

void nbd_encode_greeting (GByteArray *out);
void nbd_encode_export (GByteArray *out, guint64 size, guint16 flags, gboolean with_zeroes);
void nbd_encode_option_reply (GByteArray *out, guint32 option, guint32 type);
void nbd_encode_option_error (GByteArray *out, guint32 option, NbdOptionError error,
                              const char *message);
void nbd_encode_server (GByteArray *out, const char *name);
void nbd_encode_info_export (GByteArray *out, guint32 option, guint64 size, guint16 flags);
void nbd_encode_info_text (GByteArray *out, guint32 option, NbdInfo info, const char *text);
void nbd_encode_info_block_size (GByteArray *out, guint32 option);
void nbd_encode_context (GByteArray *out, guint32 option, guint32 id, const char *name);

void nbd_encode_simple_reply (GByteArray *out, guint64 cookie, NbdError error);
/* The data follows. */
void nbd_encode_data_chunk (GByteArray *out, guint64 cookie, gboolean is_last, guint64 offset,
                            guint32 length);
void nbd_encode_hole_chunk (GByteArray *out, guint64 cookie, gboolean is_last, guint64 offset,
                            guint32 length);
void nbd_encode_end_chunk (GByteArray *out, guint64 cookie);
void nbd_encode_status_chunk (GByteArray *out, guint64 cookie, guint32 id, const NbdExtent *extents,
                              guint n_extents);
/* The last chunk of its reply. */
void nbd_encode_error_chunk (GByteArray *out, guint64 cookie, NbdError error, const char *message);
void nbd_encode_error_offset_chunk (GByteArray *out, guint64 cookie, NbdError error,
                                    const char *message, guint64 offset);

G_END_DECLS
