/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib.h>

typedef void (*RegistrantFunc) (gpointer data);

typedef enum {
  /* the thread releases its handle, and ends */
  REGISTRANT_RELEASES,
  /* it ends with the handle */
  REGISTRANT_FORGETS,
  /* the caller releases the handle of the thread */
  REGISTRANT_IS_RELEASED,
  REGISTRANT_N_ENDS,
} RegistrantEnd;

/* a thread of the application that DPDK knows, and that does what it is told */
typedef struct _Registrant Registrant;

Registrant *registrant_new (void);
/* returns when @func has returned */
void registrant_call (Registrant *self, RegistrantFunc func, gpointer data);
void registrant_free (Registrant *self, RegistrantEnd end);
