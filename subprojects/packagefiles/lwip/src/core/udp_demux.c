/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_UDP

#include "lwip/ip.h"
#include "lwip/priv/udp_demux.h"

#ifdef LWIP_HOOK_FILENAME
#include LWIP_HOOK_FILENAME
#endif
#include <sys/mman.h>

#define NUM_PORTS 65536U
#define NUM_BUCKETS (1U << 16)

/* The pcbs of a local port. Connected ones are apart: a server may have very many on one port, and
 * finds them by their hash. */
struct udp_port_entry {
  struct udp_pcb *open;
  struct udp_pcb *connected;
};

/* Reserved as a whole with the first pcb; pages come when they are touched. */
struct udp_demux_tables {
  struct udp_port_entry ports[NUM_PORTS];
  struct udp_pcb *conns[NUM_BUCKETS];
};

static LWIP_TLS struct udp_demux_tables *udp_tables;
static LWIP_TLS u64_t udp_hash_key;

/** All pcbs are gone. */
void
udp_demux_fini(void)
{
  if (udp_tables != NULL) {
    munmap(udp_tables, sizeof(*udp_tables));
  }
  udp_tables = NULL;
  udp_hash_key = 0;
}

static err_t
udp_demux_alloc(void)
{
  void *p = mmap(NULL, sizeof(*udp_tables), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  if (p == MAP_FAILED) {
    return ERR_MEM;
  }
  udp_tables = (struct udp_demux_tables *)p;
  udp_hash_key = ((u64_t)LWIP_RAND() << 32) | LWIP_RAND() | 1;
  return ERR_OK;
}

static u64_t
mix(u64_t a, u64_t b)
{
  unsigned __int128 product = (unsigned __int128)(a ^ udp_hash_key) * (b ^ 0x9e3779b97f4a7c15ULL);

  return (u64_t)product ^ (u64_t)(product >> 64);
}

static struct udp_pcb **
conns_bucket(const ip_addr_t *remote_ip, u16_t remote_port, u16_t local_port)
{
  u64_t hash = mix(((u64_t)remote_port << 16) | local_port, udp_hash_key >> 7);

#if LWIP_IPV6
  if (IP_IS_V6(remote_ip)) {
    const u32_t *a = ip_2_ip6(remote_ip)->addr;
    hash = mix(((u64_t)a[0] << 32) | a[1], hash);
    hash = mix(((u64_t)a[2] << 32) | a[3], hash);
  } else
#endif /* LWIP_IPV6 */
  {
    hash = mix(ip_2_ip4(remote_ip)->addr, hash);
  }
  return &udp_tables->conns[hash % NUM_BUCKETS];
}

/* One that is connected to any address of a port is not in the hash table. */
static u8_t
is_hashed(const struct udp_pcb *pcb)
{
  return ((pcb->flags & UDP_FLAGS_CONNECTED) != 0) && !ip_addr_isany_val(pcb->remote_ip);
}

err_t
udp_demux_insert(struct udp_pcb *pcb)
{
  struct udp_port_entry *entry;
  struct udp_pcb **head;

  if ((udp_tables == NULL) && (udp_demux_alloc() != ERR_OK)) {
    return ERR_MEM;
  }
  entry = &udp_tables->ports[pcb->local_port];
  head = is_hashed(pcb) ? &entry->connected : &entry->open;
  pcb->port_next = *head;
  pcb->port_link = head;
  if (*head != NULL) {
    (*head)->port_link = &pcb->port_next;
  }
  *head = pcb;
  if (is_hashed(pcb)) {
    head = conns_bucket(&pcb->remote_ip, pcb->remote_port, pcb->local_port);
    pcb->hash_next = *head;
    pcb->hash_link = head;
    if (*head != NULL) {
      (*head)->hash_link = &pcb->hash_next;
    }
    *head = pcb;
  }
  return ERR_OK;
}

void
udp_demux_remove(struct udp_pcb *pcb)
{
  if (pcb->port_link != NULL) {
    *pcb->port_link = pcb->port_next;
    if (pcb->port_next != NULL) {
      pcb->port_next->port_link = pcb->port_link;
    }
    pcb->port_link = NULL;
    pcb->port_next = NULL;
  }
  if (pcb->hash_link != NULL) {
    *pcb->hash_link = pcb->hash_next;
    if (pcb->hash_next != NULL) {
      pcb->hash_next->hash_link = pcb->hash_link;
    }
    pcb->hash_link = NULL;
    pcb->hash_next = NULL;
  }
}

u8_t
udp_demux_is_inserted(const struct udp_pcb *pcb)
{
  return pcb->port_link != NULL;
}

u8_t
udp_demux_port_is_used(u16_t port)
{
  return (udp_tables != NULL) &&
         ((udp_tables->ports[port].open != NULL) || (udp_tables->ports[port].connected != NULL));
}

static u8_t
conflicts_with(const struct udp_pcb *list, const struct udp_pcb *pcb, const ip_addr_t *ip)
{
  for (; list != NULL; list = list->port_next) {
    if (list == pcb) {
      continue;
    }
#if SO_REUSE
    if (ip_get_option(pcb, SOF_REUSEADDR) && ip_get_option(list, SOF_REUSEADDR)) {
      continue;
    }
#endif /* SO_REUSE */
    if ((IP_GET_TYPE(&list->local_ip) == IPADDR_TYPE_ANY) || (IP_GET_TYPE(ip) == IPADDR_TYPE_ANY) ||
        ((IP_GET_TYPE(&list->local_ip) == IP_GET_TYPE(ip)) &&
         (ip_addr_cmp(&list->local_ip, ip) || ip_addr_isany(ip) || ip_addr_isany(&list->local_ip)))) {
      return 1;
    }
  }
  return 0;
}

u8_t
udp_demux_conflicts(const struct udp_pcb *pcb, const ip_addr_t *ip, u16_t port)
{
  return (udp_tables != NULL) &&
         (conflicts_with(udp_tables->ports[port].open, pcb, ip) ||
          conflicts_with(udp_tables->ports[port].connected, pcb, ip));
}

/** A broadcast is for who listens on all addresses or on that of the broadcast. */
static u8_t
matches_local(const struct udp_pcb *pcb, const struct udp_demux_key *key)
{
  if ((pcb->netif_idx != NETIF_NO_INDEX) && (pcb->netif_idx != netif_get_index(key->inp))) {
    return 0;
  }
  if (IP_IS_ANY_TYPE_VAL(pcb->local_ip)) {
    return 1;
  }
  return (IP_GET_TYPE(&pcb->local_ip) == IP_GET_TYPE(key->local_ip)) &&
         (ip_addr_isany(&pcb->local_ip) || ip_addr_cmp(&pcb->local_ip, key->local_ip));
}

static u8_t
matches_remote(const struct udp_pcb *pcb, const struct udp_demux_key *key)
{
  if ((pcb->flags & UDP_FLAGS_CONNECTED) == 0) {
    return 1;
  }
  return (pcb->remote_port == key->remote_port) &&
         (ip_addr_isany_val(pcb->remote_ip) ||
          ((IP_GET_TYPE(&pcb->remote_ip) == IP_GET_TYPE(key->remote_ip)) &&
           ip_addr_cmp(&pcb->remote_ip, key->remote_ip)));
}

static u8_t
matches(const struct udp_pcb *pcb, const struct udp_demux_key *key)
{
  return matches_local(pcb, key) && matches_remote(pcb, key);
}

struct udp_pcb *
udp_demux_find_connected(const struct udp_demux_key *key)
{
  struct udp_pcb *pcb = NULL;

  if (udp_tables != NULL) {
    pcb = *conns_bucket(key->remote_ip, key->remote_port, key->local_port);
  }
  while ((pcb != NULL) && ((pcb->local_port != key->local_port) || !matches(pcb, key))) {
    pcb = pcb->hash_next;
  }
  return pcb;
}

/** The connected one before others, then one that is bound to the address before one that is not. */
struct udp_pcb *
udp_demux_find(const struct udp_demux_key *key)
{
  struct udp_pcb *pcb = udp_demux_find_connected(key);
  struct udp_pcb *best = NULL;
  int best_rank = 0;

  if ((pcb != NULL) || (udp_tables == NULL)) {
    return pcb;
  }
  for (pcb = udp_tables->ports[key->local_port].open; pcb != NULL; pcb = pcb->port_next) {
    int rank;
    if (!matches(pcb, key)) {
      continue;
    }
    rank = 1 + (((pcb->flags & UDP_FLAGS_CONNECTED) != 0) ? 2 : 0) +
           (!ip_addr_isany(&pcb->local_ip) ? 1 : 0);
    if (rank > best_rank) {
      best = pcb;
      best_rank = rank;
    }
  }
  return best;
}

struct udp_pcb *
udp_demux_next(const struct udp_demux_key *key, const struct udp_pcb *previous)
{
  struct udp_port_entry *entry;
  struct udp_pcb *pcb;
  u8_t in_connected = 0;

  if (udp_tables == NULL) {
    return NULL;
  }
  entry = &udp_tables->ports[key->local_port];
  if (previous == NULL) {
    pcb = entry->open;
  } else {
    pcb = previous->port_next;
    in_connected = previous->hash_link != NULL;
  }
  while (1) {
    for (; pcb != NULL; pcb = pcb->port_next) {
      if (matches(pcb, key)) {
        return pcb;
      }
    }
    if (in_connected) {
      return NULL;
    }
    in_connected = 1;
    pcb = entry->connected;
  }
}

#endif /* LWIP_UDP */
