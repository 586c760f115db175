#define _GNU_SOURCE
#include "cstores.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// Each list is F(name, result, parameters): the functions that are looked up, and what they are.
#define CURL_FUNCTIONS(F)                                                                                             \
  F(curl_global_init, int, (long flags))                                                                              \
  F(curl_easy_init, void *, (void))                                                                                   \
  F(curl_easy_reset, void, (void *handle))                                                                            \
  F(curl_easy_cleanup, void, (void *handle))                                                                          \
  F(curl_easy_setopt, int, (void *handle, int option, ...))                                                           \
  F(curl_easy_getinfo, int, (void *handle, int info, ...))                                                            \
  F(curl_easy_perform, int, (void *handle))                                                                           \
  F(curl_easy_strerror, const char *, (int code))                                                                     \
  F(curl_slist_append, struct curl_slist *, (struct curl_slist * list, const char *text))                             \
  F(curl_slist_free_all, void, (struct curl_slist * list))

#define ARCHIVE_FUNCTIONS(F)                                                                                          \
  F(archive_read_new, void *, (void))                                                                                 \
  F(archive_read_free, int, (void *archive))                                                                          \
  F(archive_read_support_filter_gzip, int, (void *archive))                                                           \
  F(archive_read_support_format_tar, int, (void *archive))                                                            \
  F(archive_read_support_format_zip, int, (void *archive))                                                            \
  F(archive_read_open_filename, int, (void *archive, const char *path, size_t block))                                 \
  F(archive_read_next_header, int, (void *archive, void **entry))                                                     \
  F(archive_read_data, ssize_t, (void *archive, void *buffer, size_t count))                                          \
  F(archive_error_string, const char *, (void *archive))                                                              \
  F(archive_entry_pathname, const char *, (void *entry))                                                              \
  F(archive_entry_pathname_utf8, const char *, (void *entry))                                                         \
  F(archive_entry_hardlink, const char *, (void *entry))                                                              \
  F(archive_entry_filetype, unsigned, (void *entry))

#define EXPAT_FUNCTIONS(F)                                                                                            \
  F(XML_ParserCreate, void *, (const char *encoding))                                                                 \
  F(XML_ParserFree, void, (void *parser))                                                                             \
  F(XML_SetUserData, void, (void *parser, void *data))                                                                \
  F(XML_SetElementHandler, void, (void *parser, start_handler start, end_handler end))                                \
  F(XML_SetCharacterDataHandler, void, (void *parser, text_handler text))                                             \
  F(XML_Parse, int, (void *parser, const char *bytes, int count, int is_final))                                       \
  F(XML_GetErrorCode, int, (void *parser))                                                                            \
  F(XML_ErrorString, const char *, (int code))

#define CRYPTO_FUNCTIONS(F)                                                                                           \
  F(EVP_MD_CTX_new, void *, (void))                                                                                   \
  F(EVP_MD_CTX_free, void, (void *context))                                                                           \
  F(EVP_md5, const void *, (void))                                                                                    \
  F(EVP_sha256, const void *, (void))                                                                                 \
  F(EVP_DigestInit_ex, int, (void *context, const void *kind, void *engine))                                          \
  F(EVP_DigestUpdate, int, (void *context, const void *bytes, size_t count))                                          \
  F(EVP_DigestFinal_ex, int, (void *context, unsigned char *digest, unsigned *count))                                 \
  F(EVP_DigestSignInit, int, (void *context, void **key, const void *kind, void *engine, void *private_key))          \
  F(EVP_DigestSign, int, (void *context, unsigned char *out, size_t *size, const unsigned char *in, size_t count))    \
  F(BIO_new_mem_buf, void *, (const void *bytes, int count))                                                          \
  F(BIO_free, int, (void *bio))                                                                                       \
  F(PEM_read_bio_PrivateKey, void *, (void *bio, void **key, void *callback, void *data))                             \
  F(EVP_PKEY_free, void, (void *key))

struct curl_slist;
typedef void (*start_handler)(void *, const char *, const char **);
typedef void (*end_handler)(void *, const char *);
typedef void (*text_handler)(void *, const char *, int);

#define MEMBER(name, result, parameters) result(*name) parameters;
static struct {
  bool is_open;
  CURL_FUNCTIONS(MEMBER)
} curl;
static struct {
  bool is_open;
  ARCHIVE_FUNCTIONS(MEMBER)
} archive;
static struct {
  bool is_open;
  EXPAT_FUNCTIONS(MEMBER)
} expat;
static struct {
  bool is_open;
  CRYPTO_FUNCTIONS(MEMBER)
} crypto;
#undef MEMBER

// Never closed: libraries of this size leave threads and exit handlers behind.
static void *open_any(const char *const *names, char **failure) {
  for (const char *const *name = names; *name; name++) {
    void *library = dlopen(*name, RTLD_LAZY | RTLD_LOCAL);
    if (library) {
      return library;
    }
  }
  const char *reason = dlerror();
  *failure = strdup(reason ? reason : "dlopen failed");
  return NULL;
}

static char *missing(const char *name) {
  char *text = NULL;
  return asprintf(&text, "it has no function %s", name) < 0 ? strdup("a function is missing") : text;
}

#define LOOK_UP(name, result, parameters)                                                                             \
  *(void **)(&found.name) = dlsym(library, #name);                                                                    \
  if (!found.name) {                                                                                                  \
    return missing(#name);                                                                                            \
  }
#define OPEN(table, FUNCTIONS, ...)                                                                                   \
  do {                                                                                                                \
    if (table.is_open) {                                                                                              \
      return NULL;                                                                                                    \
    }                                                                                                                 \
    char *failure = NULL;                                                                                             \
    void *library = open_any((const char *const[]){__VA_ARGS__, NULL}, &failure);                                     \
    if (!library) {                                                                                                   \
      return failure;                                                                                                 \
    }                                                                                                                 \
    __typeof__(table) found = {.is_open = true};                                                                      \
    FUNCTIONS(LOOK_UP)                                                                                                \
    table = found;                                                                                                    \
  } while (false)

enum { global_default = 3 };

static char *open_curl(void) {
  OPEN(curl, CURL_FUNCTIONS, "libcurl.so.4", "libcurl-gnutls.so.4");
  return curl.curl_global_init(global_default) == 0 ? NULL : strdup("it cannot be initialized");
}
static char *open_archive(void) {
  OPEN(archive, ARCHIVE_FUNCTIONS, "libarchive.so.13");
  return NULL;
}
static char *open_expat(void) {
  OPEN(expat, EXPAT_FUNCTIONS, "libexpat.so.1");
  return NULL;
}
static char *open_crypto(void) {
  OPEN(crypto, CRYPTO_FUNCTIONS, "libcrypto.so.3", "libcrypto.so.1.1");
  return NULL;
}

char *cst_open(enum cst_library library) {
  switch (library) {
    case cst_curl: return open_curl();
    case cst_archive: return open_archive();
    case cst_expat: return open_expat();
    case cst_crypto: return open_crypto();
  }
  return strdup("no such library");
}

// ---- libcurl: numbers of its options, from curl.h ----

enum {
  opt_write_data = 10001,
  opt_url = 10002,
  opt_user = 10005,
  opt_range = 10007,
  opt_error_buffer = 10010,
  opt_post_fields = 10015,
  opt_user_agent = 10018,
  opt_headers = 10023,
  opt_header_data = 10029,
  opt_method = 10036,
  opt_progress_data = 10057,
  opt_certificates = 10065,
  opt_netrc_file = 10118,
  opt_signature = 10305,
  opt_low_speed_limit = 19,
  opt_low_speed_time = 20,
  opt_no_progress = 43,
  opt_no_body = 44,
  opt_netrc = 51,
  opt_follow = 52,
  opt_verify_peer = 64,
  opt_maximum_redirects = 68,
  opt_verify_host = 81,
  opt_http_version = 84,
  opt_buffer_size = 98,
  opt_no_signal = 99,
  opt_timeout_ms = 155,
  opt_connect_timeout_ms = 156,
  opt_protocols = 181,
  opt_redirect_protocols = 182,
  opt_keep_alive = 213,
  opt_path_as_is = 234,
  opt_write_function = 20011,
  opt_header_function = 20079,
  opt_progress_function = 20219,
  opt_post_size = 30120,
  info_status = 2097154,
  protocol_http = 1,
  protocol_https = 2,
  http_1_1 = 2,
  netrc_optional = 1,
};

static size_t write_body(char *bytes, size_t size, size_t count, void *data) {
  const struct cst_request *request = data;
  return request->on_body(request->context, bytes, size * count);
}

static size_t write_header(char *bytes, size_t size, size_t count, void *data) {
  const struct cst_request *request = data;
  request->on_header(request->context, bytes, size * count);
  return size * count;
}

static int progress(void *data, int64_t a, int64_t b, int64_t c, int64_t d) {
  (void)a, (void)b, (void)c, (void)d;
  const struct cst_request *request = data;
  return request->is_cancelled(request->context) ? 1 : 0;
}

void *cst_http_open(void) { return curl.curl_easy_init(); }

void cst_http_close(void *handle) { curl.curl_easy_cleanup(handle); }

static int set_request(void *handle, const struct cst_request *request, struct cst_outcome *outcome) {
  int code = 0;
#define SET(option, value) (code = code ? code : curl.curl_easy_setopt(handle, option, value))
  SET(opt_error_buffer, outcome->message);
  SET(opt_no_signal, 1L);
  // Ranges side by side come faster over connections of their own than over one of HTTP/2.
  SET(opt_http_version, (long)http_1_1);
  SET(opt_path_as_is, 1L);
  SET(opt_keep_alive, 1L);
  SET(opt_buffer_size, 256L * 1024);
  SET(opt_protocols, (long)(protocol_http | protocol_https));
  // What is asked for under encryption is not fetched without.
  SET(opt_redirect_protocols, (long)(strncmp(request->url, "https:", 6) == 0 ? protocol_https
                                                                             : protocol_http | protocol_https));
  SET(opt_follow, request->follows_redirects ? 1L : 0L);
  SET(opt_maximum_redirects, 5L);
  SET(opt_connect_timeout_ms, request->connect_timeout_ms);
  SET(opt_timeout_ms, request->timeout_ms);
  SET(opt_low_speed_limit, 1L);
  SET(opt_low_speed_time, request->stall_timeout_s);
  SET(opt_user_agent, "apus");
  SET(opt_url, request->url);
  SET(opt_range, request->range);
  if (request->user) {
    SET(opt_user, request->user);
  }
  if (request->signature) {
    SET(opt_signature, request->signature);
  }
  if (request->certificates) {
    SET(opt_certificates, request->certificates);
  }
  if (request->netrc) {
    SET(opt_netrc, (long)netrc_optional);
    SET(opt_netrc_file, request->netrc);
  }
  if (request->skips_verification) {
    SET(opt_verify_peer, 0L);
    SET(opt_verify_host, 0L);
  }
  if (request->body) {
    SET(opt_post_size, (int64_t)request->body_size);
    SET(opt_post_fields, request->body);
  }
  if (request->method) {
    SET(opt_method, request->method);
    SET(opt_no_body, strcmp(request->method, "HEAD") == 0 ? 1L : 0L);
  }
  SET(opt_write_function, write_body);
  SET(opt_write_data, (void *)request);
  SET(opt_header_function, write_header);
  SET(opt_header_data, (void *)request);
  SET(opt_no_progress, 0L);
  SET(opt_progress_function, progress);
  SET(opt_progress_data, (void *)request);
#undef SET
  return code;
}

void cst_http_perform(void *handle, const struct cst_request *request, struct cst_outcome *outcome) {
  memset(outcome, 0, sizeof *outcome);
  // Connections stay open.
  curl.curl_easy_reset(handle);
  outcome->code = set_request(handle, request, outcome);
  struct curl_slist *headers = NULL;
  for (size_t i = 0; i < request->header_count && outcome->code == 0; i++) {
    struct curl_slist *longer = curl.curl_slist_append(headers, request->headers[i]);
    outcome->code = longer ? 0 : 27;  // CURLE_OUT_OF_MEMORY
    headers = longer ? longer : headers;
  }
  if (outcome->code == 0) {
    outcome->code = curl.curl_easy_setopt(handle, opt_headers, headers);
  }
  if (outcome->code == 0) {
    outcome->code = curl.curl_easy_perform(handle);
    curl.curl_easy_getinfo(handle, info_status, &outcome->status);
  }
  if (outcome->code != 0 && outcome->message[0] == 0) {
    snprintf(outcome->message, sizeof outcome->message, "%s", curl.curl_easy_strerror(outcome->code));
  }
  // The handle must not keep pointers into this frame.
  curl.curl_easy_reset(handle);
  curl.curl_slist_free_all(headers);
}

// ---- libarchive ----

enum { archive_eof = 1, archive_warn = -20, archive_block = 1 << 17 };

void *cst_archive_open(const char *path, const char **message) {
  void *result = archive.archive_read_new();
  *message = NULL;
  if (!result) {
    return NULL;
  }
  if (archive.archive_read_support_filter_gzip(result) < archive_warn ||
      archive.archive_read_support_format_tar(result) < archive_warn ||
      archive.archive_read_support_format_zip(result) < archive_warn ||
      archive.archive_read_open_filename(result, path, archive_block) < archive_warn) {
    const char *text = archive.archive_error_string(result);
    *message = text ? text : "it cannot be read";
  }
  return result;
}

static const char *archive_message(void *handle) {
  const char *text = archive.archive_error_string(handle);
  return text ? text : "it is damaged";
}

int cst_archive_next(void *handle, struct cst_entry *entry, const char **message) {
  void *found = NULL;
  int code = archive.archive_read_next_header(handle, &found);
  if (code == archive_eof) {
    return 0;
  }
  if (code < archive_warn || !found) {
    *message = archive_message(handle);
    return -1;
  }
  const char *path = archive.archive_entry_pathname_utf8(found);
  entry->path = path ? path : archive.archive_entry_pathname(found);
  unsigned kind = archive.archive_entry_filetype(found) & S_IFMT;
  bool is_link = archive.archive_entry_hardlink(found) || kind == S_IFLNK;
  entry->kind = is_link           ? cst_entry_link
                : kind == S_IFREG ? cst_entry_file
                : kind == S_IFDIR ? cst_entry_folder
                                  : cst_entry_other;
  return 1;
}

int64_t cst_archive_read(void *handle, void *buffer, size_t count, const char **message) {
  int64_t result = archive.archive_read_data(handle, buffer, count);
  if (result < 0) {
    *message = archive_message(handle);
    return -1;
  }
  return result;
}

void cst_archive_close(void *handle) { archive.archive_read_free(handle); }

// ---- expat ----

static void xml_start(void *data, const char *name, const char **attributes) {
  (void)attributes;
  const struct cst_xml_events *events = data;
  events->start(events->context, name);
}

static void xml_end(void *data, const char *name) {
  const struct cst_xml_events *events = data;
  events->end(events->context, name);
}

static void xml_text(void *data, const char *bytes, int count) {
  const struct cst_xml_events *events = data;
  events->text(events->context, bytes, count);
}

const char *cst_xml_parse(const void *bytes, int count, const struct cst_xml_events *events) {
  void *parser = expat.XML_ParserCreate(NULL);
  if (!parser) {
    return "out of memory";
  }
  expat.XML_SetUserData(parser, (void *)events);
  expat.XML_SetElementHandler(parser, xml_start, xml_end);
  expat.XML_SetCharacterDataHandler(parser, xml_text);
  const char *failure = NULL;
  if (expat.XML_Parse(parser, bytes, count, 1) == 0) {
    failure = expat.XML_ErrorString(expat.XML_GetErrorCode(parser));
    failure = failure ? failure : "not well-formed";
  }
  expat.XML_ParserFree(parser);
  return failure;
}

// ---- libcrypto ----

void *cst_digest_begin(enum cst_digest digest) {
  void *context = crypto.EVP_MD_CTX_new();
  const void *kind = digest == cst_md5 ? crypto.EVP_md5() : crypto.EVP_sha256();
  if (!context || !kind || crypto.EVP_DigestInit_ex(context, kind, NULL) != 1) {
    crypto.EVP_MD_CTX_free(context);
    return NULL;
  }
  return context;
}

void cst_digest_update(void *context, const void *bytes, size_t count) {
  crypto.EVP_DigestUpdate(context, bytes, count);
}

void cst_digest_end(void *context, uint8_t *digest) {
  crypto.EVP_DigestFinal_ex(context, digest, NULL);
  crypto.EVP_MD_CTX_free(context);
}

// Keys of services have no passphrase; without this a terminal would be asked for one.
static int no_passphrase(char *buffer, int size, int is_writing, void *data) {
  (void)buffer, (void)size, (void)is_writing, (void)data;
  return 0;
}

size_t cst_sign_rs256(const char *pem, size_t pem_size, const void *bytes, size_t count, uint8_t *signature,
                      size_t capacity) {
  if (pem_size > INT32_MAX) {
    return 0;
  }
  void *bio = crypto.BIO_new_mem_buf(pem, (int)pem_size);
  void *key = bio ? crypto.PEM_read_bio_PrivateKey(bio, NULL, (void *)no_passphrase, NULL) : NULL;
  void *context = key ? crypto.EVP_MD_CTX_new() : NULL;
  size_t size = 0;
  bool is_signed =
      context && crypto.EVP_DigestSignInit(context, NULL, crypto.EVP_sha256(), NULL, key) == 1 &&
      crypto.EVP_DigestSign(context, NULL, &size, bytes, count) == 1 && size <= capacity &&
      crypto.EVP_DigestSign(context, signature, &size, bytes, count) == 1;
  crypto.EVP_MD_CTX_free(context);
  crypto.EVP_PKEY_free(key);
  crypto.BIO_free(bio);
  return is_signed ? size : 0;
}
