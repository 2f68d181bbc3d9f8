/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nbd-cache.h"
#include "nbd-negotiation.h"
#include "nbd-payload.h"

G_BEGIN_DECLS

/* A file that is served. Any thread may use it. What gives an int gives 0 or an errno, and blocks. */
typedef struct _NbdExport NbdExport;

NbdExport *nbd_export_new (const char *name, const char *path, gboolean is_read_only,
                           GError **error);
void nbd_export_free (NbdExport *self);
/* To be called before it is served.
   @mempool: of buffers of NBD_CACHE_BLOCK bytes
   @cache_blocks: how many of them the cache may keep */
void nbd_export_set_buffers (NbdExport *self, DpdkMempool *mempool, guint cache_blocks);
NbdExportInfo *nbd_export_get_info (NbdExport *self);
NbdCache *nbd_export_get_cache (NbdExport *self);
gboolean nbd_export_is_same_file (NbdExport *self, NbdExport *other);

/* At most NBD_CACHE_BLOCK bytes, behind @header if it is not NULL; NULL with an errno if it fails. */
GBytes *nbd_export_read (NbdExport *self, GByteArray *header, guint64 offset, gsize size,
                         int *error_number);
int nbd_export_write (NbdExport *self, NbdPayload *payload, guint64 offset);
int nbd_export_flush (NbdExport *self);
int nbd_export_trim (NbdExport *self, guint64 offset, guint64 length);
/* @flags: of the request; EOPNOTSUPP if it is to be fast and cannot be */
int nbd_export_write_zeroes (NbdExport *self, guint64 offset, guint64 length, guint16 flags);
int nbd_export_prefetch (NbdExport *self, guint64 offset, guint64 length);
/* How much of the range, at least a byte, is a hole or not. */
guint64 nbd_export_get_extent (NbdExport *self, guint64 offset, guint64 length, gboolean *is_hole);

G_END_DECLS
