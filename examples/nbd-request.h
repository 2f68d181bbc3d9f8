/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nbd-export.h"

G_BEGIN_DECLS

/* A request from its header to its answer. One thread at a time has it. */
typedef struct {
  NbdRequestHeader header;
  NbdExport *export;
  /* what the client has negotiated */
  gboolean is_structured;
  gboolean has_context;
  /* the data of a write */
  NbdPayload *payload;
  /* (element-type GBytes): what to send, once there is an answer */
  GQueue reply;
  gboolean has_failed;
  gpointer owner;
} NbdRequest;

NbdRequest *nbd_request_new (const NbdRequestHeader *header, NbdExport *export,
                             gboolean is_structured, gboolean has_context, gpointer owner);
void nbd_request_free (NbdRequest *self);

/* What can be said without I/O: whether it may be tried, or with which error it fails and why. */
NbdError nbd_request_check (const NbdRequest *self, const char **message);
/* How much memory it may take until it is answered. */
gsize nbd_request_get_cost (const NbdRequestHeader *header);
/* The answer is the error. */
void nbd_request_fail (NbdRequest *self, NbdError error, const char *message);
/* Does what is asked for, and makes the answer. It must have been checked. Blocks. */
void nbd_request_run (NbdRequest *self);

G_END_DECLS
