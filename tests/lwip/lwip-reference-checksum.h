/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* what lwIP brings along, by the number of its LWIP_CHKSUM_ALGORITHM */

#pragma once

#include <lwip/ip_addr.h>
#include <lwip/pbuf.h>

#define DECLARE_REFERENCE(n)                                                                       \
  u16_t lwip_##n##_standard_chksum (const void *data, int len);                                    \
  u16_t lwip_##n##_inet_chksum_pbuf (struct pbuf *p);                                              \
  u16_t lwip_##n##_ip_chksum_pseudo (struct pbuf *p, u8_t proto, u16_t proto_len,                  \
                                     const ip_addr_t *src, const ip_addr_t *dest);

DECLARE_REFERENCE (1)
DECLARE_REFERENCE (2)
DECLARE_REFERENCE (3)
