// What fetching models from stores needs of four libraries that every distribution has, opened at run time: libcurl
// (HTTP and the signatures of S3), libarchive (tar and zip), expat (XML) and libcrypto (checksums and signatures).
//
// Nothing of them is needed to build, and a server without remote models needs none of them: their functions and the
// numbers of their options, part of their stable ABIs, are declared in cstores.c as of libcurl 7.88, libarchive 3.6, expat
// 2.5 and OpenSSL 3.0, and looked up by `cst_open`. Before that has returned NULL for a library none of its functions here
// may be called. All of them may be called from any thread; a handle by one thread at a time.

#ifndef CSTORES_H
#define CSTORES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

enum cst_library { cst_curl, cst_archive, cst_expat, cst_crypto };

/// Opens a library, unless it is open, and looks up its functions. Not for concurrent use.
///
/// Returns NULL on success, else the reason, to be freed by the caller.
char *_Nullable cst_open(enum cst_library library);

// ---- HTTP, by libcurl ----

/// One request. All pointers are borrowed for the call; NULL and 0 stand for "none". `url` and the functions must be there.
struct cst_request {
  const char *_Nullable url;
  /// `GET` when NULL.
  const char *_Nullable method;
  /// `Name: value` each.
  const char *_Nullable const *_Nullable headers;
  size_t header_count;
  /// `FIRST-LAST` in bytes.
  const char *_Nullable range;
  /// `aws:amz:REGION:SERVICE` signs the request with `user` (AWS signature version 4).
  const char *_Nullable signature;
  /// `NAME:PASSWORD`.
  const char *_Nullable user;
  const void *_Nullable body;
  size_t body_size;
  /// A file with certificates in place of the system's.
  const char *_Nullable certificates;
  /// A file in the format of ~/.netrc.
  const char *_Nullable netrc;
  bool follows_redirects;
  bool skips_verification;
  long connect_timeout_ms;
  /// The transfer fails when it is slower than a byte a second for so long.
  long stall_timeout_s;
  long timeout_ms;
  void *_Nullable context;
  /// Takes part of the body; anything but `count` ends the transfer.
  size_t (*_Nullable on_body)(void *_Nullable context, const void *_Nullable bytes, size_t count);
  /// Takes a line of the header, with its line end.
  void (*_Nullable on_header)(void *_Nullable context, const void *_Nullable bytes, size_t count);
  /// Asked again and again; `true` ends the transfer.
  bool (*_Nullable is_cancelled)(void *_Nullable context);
};

enum {
  cst_ok = 0,
  cst_unsupported = 1,
  cst_write_error = 23,
  cst_timed_out = 28,
  cst_aborted = 42,
  cst_bad_certificate = 60,
};

struct cst_outcome {
  /// `cst_ok`, or another number of libcurl's.
  int code;
  long status;
  /// What libcurl says of a failure.
  char message[256];
};

/// A connection to use again and again. NULL when memory is not to be had.
void *_Nullable cst_http_open(void);
void cst_http_perform(void *handle, const struct cst_request *request, struct cst_outcome *outcome);
void cst_http_close(void *handle);

// ---- Archives, by libarchive ----

enum cst_entry_kind { cst_entry_file, cst_entry_folder, cst_entry_link, cst_entry_other };

struct cst_entry {
  /// UTF-8 where the archive says how to read it, else its bytes; NULL when it cannot be told. Valid until the next call.
  const char *_Nullable path;
  enum cst_entry_kind kind;
};

/// Opens the tar (also gzipped) or zip file at the path; NULL when memory is not to be had, and `*message` is the reason
/// why it cannot be read, valid as long as the archive.
void *_Nullable cst_archive_open(const char *path, const char *_Nullable *_Nonnull message);
/// 1 for an entry, 0 at the end, -1 with a message on failure.
int cst_archive_next(void *archive, struct cst_entry *entry, const char *_Nullable *_Nonnull message);
/// Bytes of the present entry: 0 at its end, -1 with a message on failure.
int64_t cst_archive_read(void *archive, void *buffer, size_t count, const char *_Nullable *_Nonnull message);
void cst_archive_close(void *archive);

// ---- XML, by expat ----

/// All functions must be there.
struct cst_xml_events {
  void *_Nullable context;
  void (*_Nullable start)(void *_Nullable context, const char *name);
  void (*_Nullable end)(void *_Nullable context, const char *name);
  void (*_Nullable text)(void *_Nullable context, const char *_Nullable bytes, int count);
};

/// Parses a whole document. Returns NULL on success, else a text that lives as long as the process.
const char *_Nullable cst_xml_parse(const void *bytes, int count, const struct cst_xml_events *events);

// ---- Checksums and signatures, by libcrypto ----

enum cst_digest { cst_md5, cst_sha256 };

/// NULL when the library has no such digest, as MD5 where only approved ones are allowed.
void *_Nullable cst_digest_begin(enum cst_digest digest);
void cst_digest_update(void *context, const void *_Nullable bytes, size_t count);
/// Writes 16 or 32 bytes and ends the context.
void cst_digest_end(void *context, uint8_t *digest);

/// Signs with a private RSA key in PEM form (PKCS #1 v1.5, SHA-256: `RS256`). Returns the number of bytes written to
/// `signature`, which holds `capacity`; 0 when the key is none or does not fit.
size_t cst_sign_rs256(const char *pem, size_t pem_size, const void *bytes, size_t count, uint8_t *signature,
                      size_t capacity);

#pragma clang assume_nonnull end

#endif
