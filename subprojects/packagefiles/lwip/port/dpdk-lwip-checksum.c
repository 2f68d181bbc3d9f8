/* SPDX-License-Identifier: BSD-3-Clause */

#include "dpdk-lwip-port.h"

#include <string.h>

uint16_t
dpdk_lwip_checksum (const void *data,
                    int         len)
{
  const uint8_t *p = data;
  uint64_t a = 0, b = 0;
  uint32_t x, y;

  while (len >= 16)
    {
      memcpy (&x, p, 4);
      memcpy (&y, p + 4, 4);
      a += x;
      b += y;
      memcpy (&x, p + 8, 4);
      memcpy (&y, p + 12, 4);
      a += x;
      b += y;
      p += 16;
      len -= 16;
    }
  while (len >= 4)
    {
      memcpy (&x, p, 4);
      a += x;
      p += 4;
      len -= 4;
    }
  if (len > 0)
    {
      x = 0;
      memcpy (&x, p, (size_t) len);
      b += x;
    }

  a += b;
  a = (a >> 32) + (a & 0xffffffff);
  a = (a >> 32) + (a & 0xffffffff);
  a = (a >> 16) + (a & 0xffff);
  a = (a >> 16) + (a & 0xffff);
  return (uint16_t) ((a >> 16) + (a & 0xffff));
}
