/* SPDX-License-Identifier: BSD-3-Clause */

/* lwip_check.h includes the result of somebody's configure. */
