/* SPDX-License-Identifier: BSD-3-Clause */

/* A hash table that grows by one bucket with every insertion that needs it, so
 * that no single segment pays for a rehash. */

#ifndef LWIP_HDR_TCP_HASH_H
#define LWIP_HDR_TCP_HASH_H

#include "lwip/opt.h"
#include "lwip/arch.h"
#include "lwip/err.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Part of what is in the table. */
struct tcp_hash_node {
  struct tcp_hash_node *next;
  u32_t hash;
};

struct tcp_hash {
  struct tcp_hash_node **buckets;
  u32_t base;  /* a power of two */
  u32_t split; /* that many buckets are split already to get twice as many */
  u32_t num;   /* of nodes */
};

#define TCP_HASH_ENTRY(node, type, member) ((type *)(void *)((char *)(node) - offsetof(type, member)))

err_t tcp_hash_alloc(struct tcp_hash *table);
void tcp_hash_free(struct tcp_hash *table);
void tcp_hash_insert(struct tcp_hash *table, struct tcp_hash_node *node);
void tcp_hash_remove(struct tcp_hash *table, struct tcp_hash_node *node);

/** The first node that may have this hash. */
static inline struct tcp_hash_node **
tcp_hash_bucket(const struct tcp_hash *table, u32_t hash)
{
  u32_t i = hash & (table->base - 1);

  if (i < table->split) {
    i = hash & (2 * table->base - 1);
  }
  return &table->buckets[i];
}

static inline u32_t
tcp_hash_buckets(const struct tcp_hash *table)
{
  return table->base + table->split;
}

#ifdef __cplusplus
}
#endif

#endif /* LWIP_HDR_TCP_HASH_H */
