/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-dns-message-private.h"

#include <errno.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>
#include <sys/random.h>

/* flags of the header (RFC 1035, 4.1.1) */
#define FLAG_QR 0x8000
#define FLAG_TC 0x0200
#define FLAG_RD 0x0100
#define MASK_OPCODE 0x7800
#define MASK_RCODE 0x000f

/* the root, a type, the size of a payload, no flags, no data (RFC 6891, 6.1.2) */
#define OPT_SIZE 11
#define QUESTION_SIZE_MAX (NS_HFIXEDSZ + NS_MAXCDNAME + NS_QFIXEDSZ + OPT_SIZE)

static guint16
choose_id (void)
{
  guint16 id;

  /* what an attacker has to guess (RFC 5452, 9.2) */
  while (getrandom (&id, sizeof id, 0) != sizeof id)
    ;
  return id;
}

GBytes *
dpdk_dns_question_new (const char *name, ns_type type, gboolean with_edns, GError **error)
{
  guint8 buffer[QUESTION_SIZE_MAX];
  guint8 *at = buffer;
  int n;

  NS_PUT16 (choose_id (), at);
  NS_PUT16 (FLAG_RD, at);
  NS_PUT16 (1, at);
  NS_PUT16 (0, at);
  NS_PUT16 (0, at);
  NS_PUT16 (with_edns ? 1 : 0, at);
  n = dn_comp (name, at, NS_MAXCDNAME, NULL, NULL);
  if (n < 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "\"%.*s\" is not a name of the DNS", NS_MAXDNAME, name);
      return NULL;
    }
  at += n;
  NS_PUT16 ((guint) type, at);
  NS_PUT16 (ns_c_in, at);
  if (with_edns)
    {
      *at++ = 0;
      NS_PUT16 (ns_t_opt, at);
      NS_PUT16 (DPDK_DNS_UDP_SIZE, at);
      NS_PUT32 (0, at);
      NS_PUT16 (0, at);
    }
  return g_bytes_new (buffer, (gsize) (at - buffer));
}

static guint
get16 (const guint8 *data, gsize offset)
{
  return ns_get16 (data + offset);
}

/* lengths of labels are smaller than letters, and a first name cannot be compressed */
static gboolean
repeats_question (const guint8 *answer, gsize size, const guint8 *question, gsize question_size)
{
  gsize end = question_size - (get16 (question, 10) > 0 ? OPT_SIZE : 0);

  if (size < end || get16 (answer, 4) != 1)
    return FALSE;
  for (gsize i = NS_HFIXEDSZ; i < end; i++)
    if (g_ascii_tolower ((gchar) answer[i]) != g_ascii_tolower ((gchar) question[i]))
      return FALSE;
  return TRUE;
}

DpdkDnsVerdict
dpdk_dns_answer_check (GBytes *answer, GBytes *question, guint *rcode)
{
  gsize size, question_size;
  const guint8 *data = g_bytes_get_data (answer, &size);
  const guint8 *question_data = g_bytes_get_data (question, &question_size);
  guint flags;

  if (size < NS_HFIXEDSZ || memcmp (data, question_data, 2) != 0)
    return DPDK_DNS_VERDICT_UNRELATED;
  flags = get16 (data, 2);
  if ((flags & FLAG_QR) == 0 || (flags & MASK_OPCODE) != 0)
    return DPDK_DNS_VERDICT_UNRELATED;
  *rcode = flags & MASK_RCODE;
  /* who could not read the question cannot repeat it */
  if (*rcode == ns_r_formerr && size == NS_HFIXEDSZ && get16 (data, 4) == 0)
    return DPDK_DNS_VERDICT_COMPLETE;
  if (!repeats_question (data, size, question_data, question_size))
    return DPDK_DNS_VERDICT_UNRELATED;
  return (flags & FLAG_TC) != 0 ? DPDK_DNS_VERDICT_TRUNCATED : DPDK_DNS_VERDICT_COMPLETE;
}

const char *
dpdk_dns_rcode_to_string (guint rcode)
{
  switch (rcode)
    {
    case ns_r_formerr:
      return "format error";
    case ns_r_servfail:
      return "server failure";
    case ns_r_notimpl:
      return "not implemented";
    case ns_r_refused:
      return "refused";
    default:
      return "failed";
    }
}

/* what is left of the data of a record */
typedef struct {
  ns_msg *message;
  const guint8 *at;
  const guint8 *end;
  gboolean is_malformed;
} Reader;

static guint
read16 (Reader *self)
{
  self->is_malformed = self->is_malformed || self->end - self->at < 2;
  if (self->is_malformed)
    return 0;
  self->at += 2;
  return ns_get16 (self->at - 2);
}

static guint32
read32 (Reader *self)
{
  self->is_malformed = self->is_malformed || self->end - self->at < 4;
  if (self->is_malformed)
    return 0;
  self->at += 4;
  return (guint32) ns_get32 (self->at - 4);
}

/* what is no printable ASCII in it is escaped (RFC 4343, 2.1) */
static char *
read_name (Reader *self)
{
  char name[NS_MAXDNAME] = "";
  int n = -1;

  if (!self->is_malformed)
    n = dn_expand (ns_msg_base (*self->message), ns_msg_end (*self->message), self->at, name,
                   sizeof name);
  self->is_malformed = n < 0 || n > self->end - self->at;
  if (!self->is_malformed)
    self->at += n;
  return g_strdup (name[0] != '\0' ? name : ".");
}

static GVariant *
read_text (Reader *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("as"));
  while (self->at < self->end && !self->is_malformed)
    {
      gssize length = *self->at++;

      self->is_malformed = self->end - self->at < length;
      if (!self->is_malformed)
        {
          /* a GVariant has no other text */
          g_autofree char *text = g_utf8_make_valid ((const char *) self->at, length);

          g_variant_builder_add (&builder, "s", text);
          self->at += length;
        }
    }
  return g_variant_new ("(as)", &builder);
}

static GVariant *
read_address (Reader *self, gssize size)
{
  self->is_malformed = self->end - self->at != size;
  if (self->is_malformed)
    return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, NULL, 0, 1);
  self->at += size;
  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, self->at - size, (gsize) size, 1);
}

static GVariant *
read_start_of_authority (Reader *self)
{
  g_autofree char *primary = read_name (self);
  g_autofree char *administrator = read_name (self);
  guint32 numbers[5];

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    numbers[i] = read32 (self);
  return g_variant_new ("(ssuuuuu)", primary, administrator, numbers[0], numbers[1], numbers[2],
                        numbers[3], numbers[4]);
}

static GVariant *
read_service (Reader *self)
{
  guint priority = read16 (self);
  guint weight = read16 (self);
  guint port = read16 (self);
  g_autofree char *target = read_name (self);

  return g_variant_new ("(qqqs)", (guint16) priority, (guint16) weight, (guint16) port, target);
}

static GVariant *
read_mail_exchanger (Reader *self)
{
  guint preference = read16 (self);
  g_autofree char *name = read_name (self);

  return g_variant_new ("(qs)", (guint16) preference, name);
}

static GVariant *
read_single_name (Reader *self)
{
  g_autofree char *name = read_name (self);

  return g_variant_new ("(s)", name);
}

/* NULL if it is malformed */
static GVariant *
read_record (ns_msg *message, ns_rr *rr)
{
  Reader reader = { .message = message,
                    .at = ns_rr_rdata (*rr),
                    .end = ns_rr_rdata (*rr) + ns_rr_rdlen (*rr) };
  g_autoptr (GVariant) record = NULL;

  switch ((int) ns_rr_type (*rr))
    {
    case ns_t_a:
      record = read_address (&reader, 4);
      break;
    case ns_t_aaaa:
      record = read_address (&reader, 16);
      break;
    case ns_t_srv:
      record = read_service (&reader);
      break;
    case ns_t_mx:
      record = read_mail_exchanger (&reader);
      break;
    case ns_t_txt:
      record = read_text (&reader);
      break;
    case ns_t_soa:
      record = read_start_of_authority (&reader);
      break;
    default:
      record = read_single_name (&reader);
      break;
    }
  g_variant_ref_sink (record);
  return reader.is_malformed || reader.at != reader.end ? NULL : g_steal_pointer (&record);
}

static char *
read_alias (ns_msg *message, ns_rr *rr)
{
  g_autoptr (GVariant) record = read_record (message, rr);
  char *target = NULL;

  if (record != NULL)
    g_variant_get (record, "(s)", &target);
  return target;
}

/* FALSE if the message is malformed; @target: of the alias that @name is, if it is one */
static gboolean
collect_of_name (ns_msg *message, ns_type type, const char *name, GPtrArray *records, char **target)
{
  for (int i = 0; i < ns_msg_count (*message, ns_s_an); i++)
    {
      gboolean is_alias;
      ns_rr rr;

      if (ns_parserr (message, ns_s_an, i, &rr) != 0)
        return FALSE;
      is_alias = ns_rr_type (rr) == ns_t_cname;
      if (ns_rr_class (rr) != ns_c_in || (ns_rr_type (rr) != type && !is_alias) ||
          g_ascii_strcasecmp (ns_rr_name (rr), name) != 0)
        continue;
      if (!is_alias)
        {
          GVariant *record = read_record (message, &rr);

          if (record == NULL)
            return FALSE;
          g_ptr_array_add (records, record);
        }
      else if (*target == NULL)
        {
          *target = read_alias (message, &rr);
          if (*target == NULL)
            return FALSE;
        }
    }
  return TRUE;
}

gboolean
dpdk_dns_answer_collect (GBytes *answer, ns_type type, char **name, guint *n_aliases,
                         GPtrArray *records)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (answer, &size);
  ns_msg message;

  if (ns_initparse (data, (int) size, &message) != 0)
    return FALSE;
  while (records->len == 0 && *n_aliases <= DPDK_DNS_MAX_ALIASES)
    {
      char *target = NULL;

      if (!collect_of_name (&message, type, *name, records, &target))
        {
          g_free (target);
          return FALSE;
        }
      if (target == NULL || records->len > 0)
        {
          g_free (target);
          break;
        }
      g_free (*name);
      *name = target;
      ++*n_aliases;
    }
  return TRUE;
}

gboolean
dpdk_dns_answer_is_authoritative_denial (GBytes *answer)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (answer, &size);
  ns_msg message;

  if (ns_initparse (data, (int) size, &message) != 0)
    return FALSE;
  for (int i = 0; i < ns_msg_count (message, ns_s_ns); i++)
    {
      ns_rr rr;

      if (ns_parserr (&message, ns_s_ns, i, &rr) == 0 && ns_rr_type (rr) == ns_t_soa)
        return TRUE;
    }
  return FALSE;
}
