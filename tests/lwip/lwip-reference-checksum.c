/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* lwIP's checksum functions as they are without ours, with the loop that ALGORITHM names */

#define PASTE(number, name) lwip_##number##_##name
#define EXPAND(number, name) PASTE (number, name)
#define REFERENCE(name) EXPAND (ALGORITHM, name)

#define lwip_standard_chksum REFERENCE (standard_chksum)
#define inet_chksum REFERENCE (inet_chksum)
#define inet_chksum_pbuf REFERENCE (inet_chksum_pbuf)
#define inet_chksum_finish REFERENCE (inet_chksum_finish)
#define inet_chksum_pseudo REFERENCE (inet_chksum_pseudo)
#define inet_chksum_pseudo_partial REFERENCE (inet_chksum_pseudo_partial)
#define ip6_chksum_pseudo REFERENCE (ip6_chksum_pseudo)
#define ip6_chksum_pseudo_partial REFERENCE (ip6_chksum_pseudo_partial)
#define ip_chksum_pseudo REFERENCE (ip_chksum_pseudo)
#define ip_chksum_pseudo_partial REFERENCE (ip_chksum_pseudo_partial)

#include <lwip/opt.h>

#undef LWIP_CHKSUM
#define LWIP_CHKSUM lwip_standard_chksum
#define LWIP_CHKSUM_ALGORITHM ALGORITHM

#include "../core/inet_chksum.c"
