/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what the example "nbd-server" reads and writes, without a network */
#include "nbd-negotiation.h"
#include "nbd-payload.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static NbdExportInfo first = { (char *) "first", (char *) "one file", 1000000, 0x45 };
static NbdExportInfo second = { (char *) "second", (char *) "another", 5, 3 };

static GPtrArray *
exports_new (void)
{
  GPtrArray *exports = g_ptr_array_new ();

  g_ptr_array_add (exports, &first);
  g_ptr_array_add (exports, &second);
  return exports;
}

/* bytes that are written down as in the standard: numbers by their sizes in bits, and text */
static void
append_number (GByteArray *out, guint bits, guint64 value)
{
  for (guint shift = bits; shift > 0; shift -= 8)
    {
      guint8 byte = (guint8) (value >> (shift - 8));

      g_byte_array_append (out, &byte, 1);
    }
}

static void
append_text (GByteArray *out, const char *text)
{
  g_byte_array_append (out, (const guint8 *) text, (guint) strlen (text));
}

static void
append_option (GByteArray *out, guint32 type, GByteArray *data)
{
  append_text (out, "IHAVEOPT");
  append_number (out, 32, type);
  append_number (out, 32, data != NULL ? data->len : 0);
  if (data != NULL)
    g_byte_array_append (out, data->data, data->len);
}

static void
append_reply (GByteArray *out, guint32 option, guint32 type, guint32 length)
{
  append_number (out, 64, G_GUINT64_CONSTANT (0x3e889045565a9));
  append_number (out, 32, option);
  append_number (out, 32, type);
  append_number (out, 32, length);
}

static GByteArray *
info_data_new (const char *name, guint n_infos, const guint16 *infos)
{
  GByteArray *data = g_byte_array_new ();

  append_number (data, 32, strlen (name));
  append_text (data, name);
  append_number (data, 16, n_infos);
  for (guint i = 0; i < n_infos; i++)
    append_number (data, 16, infos[i]);
  return data;
}

static void
assert_bytes (GByteArray *actual, GByteArray *expected)
{
  g_assert_cmpmem (actual->data, actual->len, expected->data, expected->len);
}

/* gives what it is told in pieces of @step bytes; what it says is appended to @out */
static NbdNegotiationState
feed (NbdNegotiation *negotiation, const GByteArray *in, gsize step, gboolean is_stopping,
      GByteArray *out)
{
  NbdNegotiationState state = NBD_NEGOTIATION_GOES_ON;

  for (gsize at = 0; at < in->len && state == NBD_NEGOTIATION_GOES_ON;)
    {
      gsize size;
      guint8 *room = nbd_negotiation_get_room (negotiation, &size);

      g_assert_cmpuint (size, >, 0);
      size = MIN (MIN (size, step), in->len - at);
      memcpy (room, in->data + at, size);
      at += size;
      state = nbd_negotiation_advance (negotiation, size, is_stopping, out);
    }
  return state;
}

static NbdNegotiationState
negotiate (const GByteArray *in, gsize step, GByteArray *out)
{
  g_autoptr (GPtrArray) exports = exports_new ();
  NbdNegotiation *negotiation = nbd_negotiation_new (exports);
  NbdNegotiationState state = feed (negotiation, in, step, FALSE, out);

  nbd_negotiation_free (negotiation);
  return state;
}

static void
test_request (void)
{
  g_autoptr (GByteArray) in = g_byte_array_new ();
  NbdRequestHeader header;

  append_number (in, 32, 0x25609513);
  append_number (in, 16, 0x0102);
  append_number (in, 16, 6);
  append_number (in, 64, G_GUINT64_CONSTANT (0x1122334455667788));
  append_number (in, 64, G_GUINT64_CONSTANT (0xfedcba9876543210));
  append_number (in, 32, 0x89abcdef);
  g_assert_cmpuint (in->len, ==, NBD_REQUEST_SIZE);
  g_assert_true (nbd_decode_request (in->data, &header));
  g_assert_cmpuint (header.flags, ==, 0x0102);
  g_assert_cmpuint (header.type, ==, NBD_COMMAND_WRITE_ZEROES);
  g_assert_cmpuint (header.cookie, ==, G_GUINT64_CONSTANT (0x1122334455667788));
  g_assert_cmpuint (header.offset, ==, G_GUINT64_CONSTANT (0xfedcba9876543210));
  g_assert_cmpuint (header.length, ==, 0x89abcdef);
  for (guint i = 0; i < 4; i++)
    {
      in->data[i] ^= 1;
      g_assert_false (nbd_decode_request (in->data, &header));
      in->data[i] ^= 1;
    }
}

static void
append_chunk (GByteArray *out, guint16 flags, guint16 type, guint32 length)
{
  append_number (out, 32, 0x668e33ef);
  append_number (out, 16, flags);
  append_number (out, 16, type);
  append_number (out, 64, 7);
  append_number (out, 32, length);
}

static void
test_replies (void)
{
  const NbdExtent extents[] = { { 4096, 0 }, { 512, 3 } };
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GByteArray) expected = g_byte_array_new ();

  nbd_encode_simple_reply (out, 7, NBD_ENOSPC);
  append_number (expected, 32, 0x67446698);
  append_number (expected, 32, 28);
  append_number (expected, 64, 7);
  nbd_encode_data_chunk (out, 7, FALSE, 1 << 20, 100);
  append_chunk (expected, 0, 1, 108);
  append_number (expected, 64, 1 << 20);
  nbd_encode_hole_chunk (out, 7, TRUE, 1 << 21, 200);
  append_chunk (expected, 1, 2, 12);
  append_number (expected, 64, 1 << 21);
  append_number (expected, 32, 200);
  nbd_encode_end_chunk (out, 7);
  append_chunk (expected, 1, 0, 0);
  nbd_encode_status_chunk (out, 7, 1, extents, 2);
  append_chunk (expected, 1, 5, 20);
  append_number (expected, 32, 1);
  append_number (expected, 64, G_GUINT64_CONSTANT (4096) << 32);
  append_number (expected, 64, (G_GUINT64_CONSTANT (512) << 32) + 3);
  nbd_encode_error_chunk (out, 7, NBD_EIO, "no");
  append_chunk (expected, 1, 0x8001, 8);
  append_number (expected, 32, 5);
  append_number (expected, 16, 2);
  append_text (expected, "no");
  nbd_encode_error_offset_chunk (out, 7, NBD_ESHUTDOWN, "end", 12345);
  append_chunk (expected, 1, 0x8002, 17);
  append_number (expected, 32, 108);
  append_number (expected, 16, 3);
  append_text (expected, "end");
  append_number (expected, 64, 12345);
  assert_bytes (out, expected);
}

static void
test_errors (void)
{
  g_assert_cmpint (nbd_error_from_errno (0), ==, NBD_SUCCESS);
  g_assert_cmpint (nbd_error_from_errno (EROFS), ==, NBD_EPERM);
  g_assert_cmpint (nbd_error_from_errno (EDQUOT), ==, NBD_ENOSPC);
  g_assert_cmpint (nbd_error_from_errno (EFBIG), ==, NBD_ENOSPC);
  g_assert_cmpint (nbd_error_from_errno (EOPNOTSUPP), ==, NBD_ENOTSUP);
  g_assert_cmpint (nbd_error_from_errno (EBADF), ==, NBD_EIO);
}

static void
test_greeting (void)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GByteArray) expected = g_byte_array_new ();

  nbd_encode_greeting (out);
  append_text (expected, "NBDMAGICIHAVEOPT");
  append_number (expected, 16, 3);
  assert_bytes (out, expected);
}

/* the option that has no answer but the beginning, with the zeroes and without */
static void
test_export_name (void)
{
  for (guint flags = 0; flags < 4; flags++)
    {
      g_autoptr (GByteArray) in = g_byte_array_new ();
      g_autoptr (GByteArray) out = g_byte_array_new ();
      g_autoptr (GByteArray) name = g_byte_array_new ();
      g_autoptr (GByteArray) expected = g_byte_array_new ();

      append_text (name, "second");
      append_number (in, 32, flags);
      append_option (in, 1, name);
      append_number (expected, 64, 5);
      append_number (expected, 16, 3);
      for (guint i = 0; (flags & 2) == 0 && i < 124; i++)
        append_number (expected, 8, 0);
      g_assert_cmpint (negotiate (in, G_MAXSIZE, out), ==, NBD_NEGOTIATION_DONE);
      assert_bytes (out, expected);

      g_byte_array_set_size (out, 0);
      in->data[in->len - 1] ^= 1;
      g_assert_cmpint (negotiate (in, G_MAXSIZE, out), ==, NBD_NEGOTIATION_FAILED);
      g_assert_cmpuint (out->len, ==, 0);
    }
}

/* one of everything, in pieces of each size */
static void
test_options (void)
{
  const guint16 infos[] = { 3, 1, 2, 77 };
  g_autoptr (GByteArray) in = g_byte_array_new ();
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  g_autoptr (GByteArray) info = info_data_new ("", G_N_ELEMENTS (infos), infos);
  g_autoptr (GByteArray) go = info_data_new ("second", 0, NULL);

  append_number (in, 32, 3);
  append_option (in, 3, NULL);
  append_reply (expected, 3, 2, 9);
  append_number (expected, 32, 5);
  append_text (expected, "first");
  append_reply (expected, 3, 2, 10);
  append_number (expected, 32, 6);
  append_text (expected, "second");
  append_reply (expected, 3, 1, 0);

  append_option (in, 6, info);
  append_reply (expected, 6, 3, 12);
  append_number (expected, 16, 0);
  append_number (expected, 64, 1000000);
  append_number (expected, 16, 0x45);
  append_reply (expected, 6, 3, 14);
  append_number (expected, 16, 3);
  append_number (expected, 32, 1);
  append_number (expected, 32, 4096);
  append_number (expected, 32, 33554432);
  append_reply (expected, 6, 3, 7);
  append_number (expected, 16, 1);
  append_text (expected, "first");
  append_reply (expected, 6, 3, 10);
  append_number (expected, 16, 2);
  append_text (expected, "one file");
  append_reply (expected, 6, 1, 0);

  append_option (in, 8, NULL);
  append_reply (expected, 8, 1, 0);

  append_option (in, 7, go);
  append_reply (expected, 7, 3, 12);
  append_number (expected, 16, 0);
  append_number (expected, 64, 5);
  append_number (expected, 16, 3 | 0x80);
  append_reply (expected, 7, 1, 0);

  for (gsize step = 1; step <= in->len; step++)
    {
      g_autoptr (GByteArray) out = g_byte_array_new ();

      g_assert_cmpint (negotiate (in, step, out), ==, NBD_NEGOTIATION_DONE);
      assert_bytes (out, expected);
    }
}

static void
assert_option_error (guint32 type, GByteArray *data, guint32 error)
{
  g_autoptr (GByteArray) in = g_byte_array_new ();
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GByteArray) expected = g_byte_array_new ();

  append_number (in, 32, 3);
  append_option (in, type, data);
  append_reply (expected, type, 0x80000000 + error, 0);
  g_assert_cmpint (negotiate (in, G_MAXSIZE, out), ==, NBD_NEGOTIATION_GOES_ON);
  /* but for its length and the message */
  g_assert_cmpuint (out->len, >, 20);
  g_assert_cmpmem (out->data, 16, expected->data, 16);
  g_assert_cmpuint (out->len - 20, ==, out->data[19]);
}

static void
test_option_errors (void)
{
  const guint16 infos[] = { 0 };
  g_autoptr (GByteArray) unknown = info_data_new ("third", 1, infos);
  g_autoptr (GByteArray) malformed = info_data_new ("first", 1, infos);
  g_autoptr (GByteArray) big = g_byte_array_new ();
  g_autoptr (GByteArray) one = g_byte_array_new ();

  assert_option_error (5, NULL, 1);
  assert_option_error (11, NULL, 1);
  assert_option_error (0xffffffff, NULL, 1);
  append_number (one, 8, 0);
  assert_option_error (3, one, 3);
  assert_option_error (8, one, 3);
  assert_option_error (6, unknown, 6);
  assert_option_error (7, unknown, 6);
  assert_option_error (10, one, 3);
  for (guint length = 0; length < malformed->len; length++)
    {
      g_autoptr (GByteArray) part = g_byte_array_new ();

      g_byte_array_append (part, malformed->data, length);
      assert_option_error (7, part, 3);
    }
  append_number (malformed, 8, 0);
  assert_option_error (7, malformed, 3);
  /* a name that goes far beyond the data */
  malformed->data[0] = 0xff;
  assert_option_error (7, malformed, 3);
  g_byte_array_set_size (big, 20000);
  assert_option_error (6, big, 9);
}

static void
append_context_data (GByteArray *out, const char *name, guint n_queries, const char *query)
{
  append_number (out, 32, strlen (name));
  append_text (out, name);
  append_number (out, 32, n_queries);
  for (guint i = 0; i < n_queries; i++)
    {
      append_number (out, 32, strlen (query));
      append_text (out, query);
    }
}

/* gives whether base:allocation is answered */
static gboolean
ask_for_context (guint32 option, guint n_queries, const char *query)
{
  g_autoptr (GByteArray) in = g_byte_array_new ();
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  g_autoptr (GByteArray) data = g_byte_array_new ();
  g_autoptr (GByteArray) go = info_data_new ("first", 0, NULL);
  g_autoptr (GPtrArray) exports = exports_new ();
  NbdNegotiation *negotiation = nbd_negotiation_new (exports);
  gboolean is_answered;

  append_number (in, 32, 3);
  append_option (in, 8, NULL);
  append_context_data (data, "", n_queries, query);
  append_option (in, option, data);
  g_assert_cmpint (feed (negotiation, in, G_MAXSIZE, FALSE, out), ==, NBD_NEGOTIATION_GOES_ON);
  is_answered = out->len > 40;
  append_reply (expected, 8, 1, 0);
  if (is_answered)
    {
      append_reply (expected, option, 4, 19);
      append_number (expected, 32, option == 10 ? 1 : 0);
      append_text (expected, "base:allocation");
    }
  append_reply (expected, option, 1, 0);
  assert_bytes (out, expected);

  g_byte_array_set_size (in, 0);
  append_option (in, 7, go);
  g_assert_cmpint (feed (negotiation, in, G_MAXSIZE, FALSE, out), ==, NBD_NEGOTIATION_DONE);
  g_assert_cmpint (nbd_negotiation_get_has_context (negotiation), ==, option == 10 && is_answered);
  nbd_negotiation_free (negotiation);
  return is_answered;
}

static void
test_contexts (void)
{
  g_assert_true (ask_for_context (9, 0, NULL));
  g_assert_true (ask_for_context (9, 1, "base:"));
  g_assert_true (ask_for_context (9, 2, "base:allocation"));
  g_assert_false (ask_for_context (9, 1, "base:alloc"));
  g_assert_false (ask_for_context (9, 1, "qemu:"));
  g_assert_false (ask_for_context (10, 0, NULL));
  g_assert_false (ask_for_context (10, 1, "base:"));
  g_assert_true (ask_for_context (10, 1, "base:allocation"));
  g_assert_true (ask_for_context (10, 3, "base:allocation"));
}

static void
test_ends (void)
{
  g_autoptr (GPtrArray) exports = exports_new ();
  NbdNegotiation *negotiation = nbd_negotiation_new (exports);
  g_autoptr (GByteArray) in = g_byte_array_new ();
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GByteArray) expected = g_byte_array_new ();

  append_number (in, 32, 3);
  append_option (in, 3, NULL);
  append_option (in, 2, NULL);
  append_option (in, 3, NULL);
  g_assert_cmpint (feed (negotiation, in, G_MAXSIZE, TRUE, out), ==, NBD_NEGOTIATION_ABORTED);
  g_assert_cmpuint (out->len, >, 40);
  g_assert_cmpuint (out->data[15], ==, 7);
  append_reply (expected, 2, 1, 0);
  g_assert_cmpmem (out->data + out->len - 20, 20, expected->data, 20);
  nbd_negotiation_free (negotiation);

  /* unknown flags, a wrong number, too much data, too many options */
  g_byte_array_set_size (in, 0);
  append_number (in, 32, 7);
  g_assert_cmpint (negotiate (in, G_MAXSIZE, out), ==, NBD_NEGOTIATION_FAILED);
  g_byte_array_set_size (in, 0);
  append_number (in, 32, 3);
  append_text (in, "IHAVEOPS");
  append_number (in, 64, 0);
  g_assert_cmpint (negotiate (in, G_MAXSIZE, out), ==, NBD_NEGOTIATION_FAILED);
  g_byte_array_set_size (in, 0);
  append_number (in, 32, 3);
  append_text (in, "IHAVEOPT");
  append_number (in, 32, 3);
  append_number (in, 32, 0xffffffff);
  g_assert_cmpint (negotiate (in, G_MAXSIZE, out), ==, NBD_NEGOTIATION_FAILED);
  g_byte_array_set_size (in, 0);
  append_number (in, 32, 3);
  for (guint i = 0; i < 10000; i++)
    append_option (in, 3, NULL);
  g_assert_cmpint (negotiate (in, G_MAXSIZE, out), ==, NBD_NEGOTIATION_FAILED);
}

/* whatever a client sends, it is told something or nothing */
static void
test_mutations (void)
{
  const guint16 infos[] = { 3, 1 };
  g_autoptr (GByteArray) valid = g_byte_array_new ();
  g_autoptr (GByteArray) info = info_data_new ("first", 2, infos);
  g_autoptr (GByteArray) context = g_byte_array_new ();
  guint n_states[4] = { 0 };

  append_context_data (context, "second", 2, "base:allocation");
  append_number (valid, 32, 3);
  append_option (valid, 8, NULL);
  append_option (valid, 9, context);
  append_option (valid, 10, context);
  append_option (valid, 6, info);
  append_option (valid, 3, NULL);
  append_option (valid, 7, info);
  for (guint i = 0; i < 20000; i++)
    {
      g_autoptr (GByteArray) in = g_byte_array_new ();
      g_autoptr (GByteArray) out = g_byte_array_new ();
      gint n_changes = g_test_rand_int_range (1, 4);

      g_byte_array_append (in, valid->data, valid->len);
      for (gint j = 0; j < n_changes; j++)
        in->data[g_test_rand_int_range (0, (gint) in->len)] = (guint8) g_test_rand_int ();
      n_states[negotiate (in, (gsize) g_test_rand_int_range (1, 100), out)]++;
    }
  g_assert_cmpuint (n_states[NBD_NEGOTIATION_GOES_ON], >, 0);
  g_assert_cmpuint (n_states[NBD_NEGOTIATION_DONE], >, 0);
  g_assert_cmpuint (n_states[NBD_NEGOTIATION_FAILED], >, 0);
}

/* pieces of all sizes come to the file in order, and small ones are put together */
static void
test_payload (void)
{
  const gsize small = 300000, size = 4 * 1024 * 1024;
  g_autofree guint8 *data = g_malloc (size);
  g_autofree char *path = NULL;
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("dpdk-nbd-XXXXXX", &path, &error);
  NbdPayload *payload = nbd_payload_new ();
  gsize n;

  g_assert_no_error (error);
  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) g_test_rand_int ();
  for (gsize at = 0; at < small; at++)
    nbd_payload_add (payload, g_bytes_new (data + at, 1));
  g_assert_cmpuint (nbd_payload_get_n_pieces (payload), <, 10);
  for (gsize at = small, count; at < size; at += count)
    {
      count = (gsize) g_test_rand_int_range (1, 10000);
      count = MIN (size - at, count);
      nbd_payload_add (payload, g_bytes_new_static (data + at, count));
    }
  g_assert_cmpuint (nbd_payload_get_size (payload), ==, size);
  g_assert_cmpuint (nbd_payload_get_n_pieces (payload), >, 256);
  g_assert_cmpint (nbd_payload_write (payload, fd, 1000), ==, 0);
  g_file_get_contents (path, &contents, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 1000 + size);
  g_assert_cmpmem (contents + 1000, size, data, size);
  close (fd);
  g_assert_cmpint (nbd_payload_write (payload, fd, 0), ==, EBADF);
  nbd_payload_free (payload);
  g_unlink (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nbd/request", test_request);
  g_test_add_func ("/nbd/replies", test_replies);
  g_test_add_func ("/nbd/errors", test_errors);
  g_test_add_func ("/nbd/greeting", test_greeting);
  g_test_add_func ("/nbd/export-name", test_export_name);
  g_test_add_func ("/nbd/options", test_options);
  g_test_add_func ("/nbd/option-errors", test_option_errors);
  g_test_add_func ("/nbd/contexts", test_contexts);
  g_test_add_func ("/nbd/ends", test_ends);
  g_test_add_func ("/nbd/mutations", test_mutations);
  g_test_add_func ("/nbd/payload", test_payload);
  return g_test_run ();
}
