/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nbd-request.h"

G_BEGIN_DECLS

/* Reads what a read request asks for, and makes the answer. Blocks. */
void nbd_read_run (NbdRequest *request);

G_END_DECLS
