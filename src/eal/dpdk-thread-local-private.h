/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* read without a call. Not for all of the library by a compiler flag: that would move DPDK's own
   thread-locals into the static block too, which is too small for them in a process that loads us
   late, as the interpreters do. */
#define DPDK_THREAD_LOCAL _Thread_local __attribute__ ((tls_model ("initial-exec")))
