/* SPDX-License-Identifier: BSD-3-Clause */

/* A hash table that grows by one bucket with every insertion that needs it, so
 * that no single segment pays for a rehash. A bucket is a cache line, in which a
 * few bits of the hash tell the nodes apart: one that is not looked for need not
 * be fetched from memory. */

#ifndef LWIP_HDR_TCP_HASH_H
#define LWIP_HDR_TCP_HASH_H

#include "lwip/opt.h"
#include "lwip/arch.h"
#include "lwip/err.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TCP_HASH_WAYS 7
/* that many nodes are meant to be in a bucket */
#define TCP_HASH_LOAD 3

/** Part of what is in the table. */
struct tcp_hash_node {
  struct tcp_hash_node *next; /* of those for which the bucket has no room, behind its last one */
  u32_t hash;
};

struct tcp_hash_bucket {
  /* a byte for each node, 0: there is none; the highest one tells that a chain
     begins at the last node, which has no tag then */
  u64_t tags;
  struct tcp_hash_node *nodes[TCP_HASH_WAYS];
};

struct tcp_hash {
  struct tcp_hash_bucket *buckets;
  u32_t base;  /* a power of two */
  u32_t split; /* that many buckets are split already to get twice as many */
  u32_t num;   /* of nodes */
};

#define TCP_HASH_ENTRY(node, type, member) ((type *)(void *)((char *)(node) - offsetof(type, member)))

#define TCP_HASH_BYTES       0x0101010101010101ULL
#define TCP_HASH_IS_CHAINED  (1ULL << (8 * TCP_HASH_WAYS))

err_t tcp_hash_alloc(struct tcp_hash *table);
void tcp_hash_free(struct tcp_hash *table);
void tcp_hash_insert(struct tcp_hash *table, struct tcp_hash_node *node);
void tcp_hash_remove(struct tcp_hash *table, struct tcp_hash_node *node);

static inline struct tcp_hash_bucket *
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

static inline u8_t
tcp_hash_tag(u32_t hash)
{
  return (u8_t)((hash >> 24) | 0x80U);
}

/** Marks the bytes of the tags that are this one; one above such a byte may be marked that is not. */
static inline u64_t
tcp_hash_match(u64_t tags, u8_t tag)
{
  u64_t others = (tags & ~(0xffULL << (8 * TCP_HASH_WAYS))) ^ (tag * TCP_HASH_BYTES);

  return (others - TCP_HASH_BYTES) & ~others & (TCP_HASH_BYTES << 7);
}

static inline unsigned
tcp_hash_index(u64_t marks)
{
  return (unsigned)__builtin_ctzll(marks) / 8;
}

/** A node that probably has this hash, found without a look at one; NULL: none has. */
static inline const struct tcp_hash_node *
tcp_hash_candidate(const struct tcp_hash *table, u32_t hash)
{
  const struct tcp_hash_bucket *bucket = tcp_hash_bucket(table, hash);
  u64_t marks = tcp_hash_match(bucket->tags, tcp_hash_tag(hash));

  if (marks != 0) {
    return bucket->nodes[tcp_hash_index(marks)];
  }
  return (bucket->tags & TCP_HASH_IS_CHAINED) ? bucket->nodes[TCP_HASH_WAYS - 1] : NULL;
}

typedef int (*tcp_hash_is_fn)(const struct tcp_hash_node *node, const void *key);

/** Finds the node with this hash and key. */
static inline struct tcp_hash_node *
tcp_hash_find(const struct tcp_hash *table, u32_t hash, tcp_hash_is_fn is, const void *key)
{
  const struct tcp_hash_bucket *bucket = tcp_hash_bucket(table, hash);
  u64_t marks = tcp_hash_match(bucket->tags, tcp_hash_tag(hash));
  struct tcp_hash_node *node;

  for (; marks != 0; marks &= marks - 1) {
    node = bucket->nodes[tcp_hash_index(marks)];
    if ((node->hash == hash) && is(node, key)) {
      return node;
    }
  }
  if ((bucket->tags & TCP_HASH_IS_CHAINED) == 0) {
    return NULL;
  }
  for (node = bucket->nodes[TCP_HASH_WAYS - 1]; node != NULL; node = node->next) {
    if ((node->hash == hash) && is(node, key)) {
      return node;
    }
  }
  return NULL;
}

#ifdef __cplusplus
}
#endif

#endif /* LWIP_HDR_TCP_HASH_H */
