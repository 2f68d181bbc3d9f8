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

/* The pcbs of a local port. Those with a peer or an address are apart: a server may have very many on
 * one port, and finds them by the hash of that. Among the open ones and in a bucket those that are
 * connected come first, if only to a port of any address: the first one that matches is the best. */
struct udp_port_entry {
  struct udp_pcb *open;
  struct udp_pcb *hashed;
};

/* Reserved as a whole with the first pcb; pages come when they are touched. */
struct udp_demux_tables {
  u64_t hash_key;
  struct udp_port_entry ports[NUM_PORTS];
  struct udp_pcb *buckets[NUM_BUCKETS];
};

static LWIP_TLS struct udp_demux_tables *udp_tables;

/** All pcbs are gone. */
void
udp_demux_fini(void)
{
  if (udp_tables != NULL) {
    munmap(udp_tables, sizeof(*udp_tables));
  }
  udp_tables = NULL;
}

static err_t
udp_demux_alloc(void)
{
  void *p = mmap(NULL, sizeof(*udp_tables), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  if (p == MAP_FAILED) {
    return ERR_MEM;
  }
  udp_tables = (struct udp_demux_tables *)p;
  udp_tables->hash_key = ((u64_t)LWIP_RAND() << 32) | LWIP_RAND() | 1;
  return ERR_OK;
}

static u64_t
mix(u64_t a, u64_t b)
{
  unsigned __int128 product = (unsigned __int128)(a ^ udp_tables->hash_key) * (b ^ 0x9e3779b97f4a7c15ULL);

  return (u64_t)product ^ (u64_t)(product >> 64);
}

static struct udp_pcb **
bucket(const ip_addr_t *ip, u16_t remote_port, u16_t local_port)
{
  u64_t hash = mix(((u64_t)remote_port << 16) | local_port, udp_tables->hash_key >> 7);

#if LWIP_IPV6
  if (IP_IS_V6(ip)) {
    const u32_t *a = ip_2_ip6(ip)->addr;
    hash = mix(((u64_t)a[0] << 32) | a[1], hash);
    hash = mix(((u64_t)a[2] << 32) | a[3], hash);
  } else
#endif /* LWIP_IPV6 */
  {
    hash = mix(ip_2_ip4(ip)->addr, hash);
  }
  return &udp_tables->buckets[hash % NUM_BUCKETS];
}

static struct udp_pcb **
bucket_of_peer(const ip_addr_t *remote_ip, u16_t remote_port, u16_t local_port)
{
  return bucket(remote_ip, remote_port, local_port);
}

static struct udp_pcb **
bucket_of_address(const ip_addr_t *local_ip, u16_t local_port)
{
  return bucket(local_ip, 0, local_port);
}

static u8_t
is_connected(const struct udp_pcb *pcb)
{
  return (pcb->flags & UDP_FLAGS_CONNECTED) != 0;
}

/* not if it is connected to any address of a port */
static u8_t
has_peer(const struct udp_pcb *pcb)
{
  return is_connected(pcb) && !ip_addr_isany_val(pcb->remote_ip);
}

static u8_t
is_hashed(const struct udp_pcb *pcb)
{
  return has_peer(pcb) || !ip_addr_isany_val(pcb->local_ip);
}

static void
link_port(struct udp_pcb *pcb, struct udp_pcb **link)
{
  pcb->port_next = *link;
  pcb->port_link = link;
  if (pcb->port_next != NULL) {
    pcb->port_next->port_link = &pcb->port_next;
  }
  *link = pcb;
}

static void
link_bucket(struct udp_pcb *pcb, struct udp_pcb **link)
{
  while (!is_connected(pcb) && (*link != NULL) && is_connected(*link)) {
    link = &(*link)->hash_next;
  }
  pcb->hash_next = *link;
  pcb->hash_link = link;
  if (pcb->hash_next != NULL) {
    pcb->hash_next->hash_link = &pcb->hash_next;
  }
  *link = pcb;
}

err_t
udp_demux_insert(struct udp_pcb *pcb)
{
  struct udp_port_entry *entry;
  struct udp_pcb **link;

  if ((udp_tables == NULL) && (udp_demux_alloc() != ERR_OK)) {
    return ERR_MEM;
  }
  entry = &udp_tables->ports[pcb->local_port];
  if (is_hashed(pcb)) {
    link_port(pcb, &entry->hashed);
    link_bucket(pcb, has_peer(pcb) ? bucket_of_peer(&pcb->remote_ip, pcb->remote_port, pcb->local_port) :
                                     bucket_of_address(&pcb->local_ip, pcb->local_port));
    return ERR_OK;
  }
  link = &entry->open;
  while (!is_connected(pcb) && (*link != NULL) && is_connected(*link)) {
    link = &(*link)->port_next;
  }
  link_port(pcb, link);
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
         ((udp_tables->ports[port].open != NULL) || (udp_tables->ports[port].hashed != NULL));
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
          conflicts_with(udp_tables->ports[port].hashed, pcb, ip));
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
  if (!is_connected(pcb)) {
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

/* the first one of a port's open ones, from pcb on */
static struct udp_pcb *
find_open(struct udp_pcb *pcb, const struct udp_demux_key *key)
{
  while ((pcb != NULL) && !matches(pcb, key)) {
    pcb = pcb->port_next;
  }
  return pcb;
}

/* the first one in a bucket, from pcb on; who has a peer may be in the same one as who has an address */
static struct udp_pcb *
find_hashed(struct udp_pcb *pcb, const struct udp_demux_key *key, u8_t with_peer)
{
  while ((pcb != NULL) &&
         ((pcb->local_port != key->local_port) || (has_peer(pcb) != with_peer) || !matches(pcb, key))) {
    pcb = pcb->hash_next;
  }
  return pcb;
}

static struct udp_pcb *
find_with_peer(const struct udp_demux_key *key)
{
  return find_hashed(*bucket_of_peer(key->remote_ip, key->remote_port, key->local_port), key, 1);
}

static struct udp_pcb *
find_with_address(const struct udp_demux_key *key)
{
  return find_hashed(*bucket_of_address(key->local_ip, key->local_port), key, 0);
}

struct udp_pcb *
udp_demux_find_connected(const struct udp_demux_key *key)
{
  return (udp_tables != NULL) ? find_with_peer(key) : NULL;
}

/** The connected one before others, then one that is bound to the address before one that is not. */
struct udp_pcb *
udp_demux_find(const struct udp_demux_key *key)
{
  struct udp_pcb *bound, *open, *pcb;

  if (udp_tables == NULL) {
    return NULL;
  }
  pcb = find_with_peer(key);
  if (pcb != NULL) {
    return pcb;
  }
  bound = find_with_address(key);
  if ((bound != NULL) && is_connected(bound)) {
    return bound;
  }
  open = find_open(udp_tables->ports[key->local_port].open, key);
  return ((bound == NULL) || ((open != NULL) && is_connected(open))) ? open : bound;
}

struct udp_pcb *
udp_demux_next(const struct udp_demux_key *key, const struct udp_pcb *previous)
{
  struct udp_pcb *pcb = NULL;

  if (udp_tables == NULL) {
    return NULL;
  }
  /* first the open ones, then those with the address, then those with the peer */
  if ((previous == NULL) || !is_hashed(previous)) {
    pcb = find_open((previous != NULL) ? previous->port_next : udp_tables->ports[key->local_port].open, key);
    if (pcb == NULL) {
      pcb = find_with_address(key);
    }
  } else if (!has_peer(previous)) {
    pcb = find_hashed(previous->hash_next, key, 0);
  } else {
    return find_hashed(previous->hash_next, key, 1);
  }
  return (pcb != NULL) ? pcb : find_with_peer(key);
}

#endif /* LWIP_UDP */
