// SPDX-License-Identifier: Apache-2.0
#include "glance/url_parameters.h"

#include <algorithm>
#include <iterator>

namespace backglance {
namespace {

using enum Engine;
using enum ParameterUse;

// Reasons that several parameters share.
constexpr std::string_view kInItsPlace =
    "write it in its place in the URL: dialect://user:password@host:port/database";
constexpr std::string_view kPython = "it concerns only how Python sees the results";
constexpr std::string_view kOwnLimit =
    "the program has its own limit for a server that does not answer";
constexpr std::string_view kOwnSetting = "the program sets this itself in each session";
constexpr std::string_view kNoUse = "it cannot have a useful value in a URL; remove it";

// Drivers take passwords, and whole connection strings, under many names, so a value is shown only
// if it certainly is no secret.
constexpr UrlParameter kUrlParameters[] = {
    {sqlite, "uri", read, true, ""},
    {sqlite, "cached_statements", ignored, true, kPython},
    {sqlite, "check_same_thread", ignored, true, kPython},
    {sqlite, "detect_types", ignored, true, kPython},
    {sqlite, "isolation_level", ignored, true, kPython},
    {sqlite, "timeout", ignored, true, "the program has its own wait for a lock"},
    {postgresql, "application_name", read, true, ""},
    {postgresql, "channel_binding", read, true, ""},
    {postgresql, "connect_timeout", read, true, ""},
    {postgresql, "fallback_application_name", read, true, ""},
    {postgresql, "gssdelegation", read, true, ""},
    {postgresql, "gssencmode", read, true, ""},
    {postgresql, "gsslib", read, true, ""},
    {postgresql, "host", read, true, ""},
    {postgresql, "hostaddr", read, true, ""},
    {postgresql, "keepalives", read, true, ""},
    {postgresql, "keepalives_count", read, true, ""},
    {postgresql, "keepalives_idle", read, true, ""},
    {postgresql, "keepalives_interval", read, true, ""},
    {postgresql, "krbsrvname", read, true, ""},
    {postgresql, "load_balance_hosts", read, true, ""},
    {postgresql, "max_protocol_version", read, true, ""},
    {postgresql, "min_protocol_version", read, true, ""},
    {postgresql, "options", read, false, ""},
    {postgresql, "passfile", read, false, ""},
    {postgresql, "port", read, true, ""},
    {postgresql, "require_auth", read, true, ""},
    {postgresql, "requirepeer", read, true, ""},
    {postgresql, "service", read, true, ""},
    {postgresql, "servicefile", read, false, ""},
    {postgresql, "ssl_max_protocol_version", read, true, ""},
    {postgresql, "ssl_min_protocol_version", read, true, ""},
    {postgresql, "sslcert", read, true, ""},
    {postgresql, "sslcertmode", read, true, ""},
    {postgresql, "sslcompression", read, true, ""},
    {postgresql, "sslcrl", read, true, ""},
    {postgresql, "sslcrldir", read, true, ""},
    {postgresql, "sslkey", read, false, ""},
    {postgresql, "sslmode", read, true, ""},
    {postgresql, "sslnegotiation", read, true, ""},
    {postgresql, "sslpassword", read, false, ""},
    {postgresql, "sslrootcert", read, true, ""},
    {postgresql, "sslsni", read, true, ""},
    {postgresql, "target_session_attrs", read, true, ""},
    {postgresql, "tcp_user_timeout", read, true, ""},
    {postgresql, "client_encoding", ignored, true, kOwnSetting},
    {postgresql, "async", refused, true, kNoUse},
    {postgresql, "async_", refused, true, kNoUse},
    {postgresql, "authtype", refused, false,
     "this release does not support it; use sslmode and a password"},
    {postgresql, "autocommit", refused, true, kNoUse},
    {postgresql, "connection_factory", refused, true, kNoUse},
    {postgresql, "context", refused, true, kNoUse},
    {postgresql, "cursor_factory", refused, true, kNoUse},
    {postgresql, "database", refused, false, kInItsPlace},
    {postgresql, "dbname", refused, false, kInItsPlace},
    {postgresql, "dsn", refused, false, kInItsPlace},
    {postgresql, "oauth_client_id", refused, false,
     "this release does not support it; use sslmode and a password"},
    {postgresql, "oauth_client_secret", refused, false,
     "this release does not support it; use sslmode and a password"},
    {postgresql, "oauth_issuer", refused, false,
     "this release does not support it; use sslmode and a password"},
    {postgresql, "oauth_scope", refused, false,
     "this release does not support it; use sslmode and a password"},
    {postgresql, "password", refused, false, kInItsPlace},
    {postgresql, "prepare_threshold", refused, true, kNoUse},
    {postgresql, "replication", refused, true, "it opens a connection that runs no SQL; remove it"},
    {postgresql, "requiressl", refused, false,
     "this release does not support it; use sslmode and a password"},
    {postgresql, "row_factory", refused, true, kNoUse},
    {postgresql, "scram_client_key", refused, false,
     "this release does not support it; use sslmode and a password"},
    {postgresql, "scram_server_key", refused, false,
     "this release does not support it; use sslmode and a password"},
    {postgresql, "sslkeylogfile", refused, false,
     "this release does not support it; use sslmode and a password"},
    {postgresql, "tty", refused, false,
     "this release does not support it; use sslmode and a password"},
    {postgresql, "user", refused, false, kInItsPlace},
    {mysql, "charset", read, true, ""},
    {mysql, "connect_timeout", read, true, ""},
    {mysql, "init_command", read, false, ""},
    {mysql, "read_default_file", read, true, ""},
    {mysql, "read_default_group", read, true, ""},
    {mysql, "ssl_ca", read, true, ""},
    {mysql, "ssl_cert", read, true, ""},
    {mysql, "ssl_check_hostname", read, true, ""},
    {mysql, "ssl_disabled", read, true, ""},
    {mysql, "ssl_key", read, false, ""},
    {mysql, "ssl_verify_cert", read, true, ""},
    {mysql, "ssl_verify_identity", read, true, ""},
    {mysql, "unix_socket", read, true, ""},
    {mysql, "autocommit", ignored, true, kOwnSetting},
    {mysql, "binary_prefix", ignored, true, kPython},
    {mysql, "collation", ignored, true, "comparisons use the collations of Glance's columns"},
    {mysql, "compress", ignored, true, "it changes only how bytes are sent"},
    {mysql, "conv", ignored, true, kPython},
    {mysql, "cursorclass", ignored, true, kPython},
    {mysql, "local_infile", ignored, true,
     "the program never sends a file to the server, and refuses if asked to"},
    {mysql, "max_allowed_packet", ignored, true, "it limits only what Python sends with LOAD DATA"},
    {mysql, "program_name", ignored, true, "it is only a label in the list of sessions"},
    {mysql, "read_timeout", ignored, true, kOwnLimit},
    {mysql, "sql_mode", ignored, true, kOwnSetting},
    {mysql, "use_unicode", ignored, true, kPython},
    {mysql, "write_timeout", ignored, true, kOwnLimit},
    {mysql, "auth_plugin", refused, false,
     "use an account with the plug-in mysql_native_password, caching_sha2_password or ed25519"},
    {mysql, "auth_plugin_map", refused, false,
     "use an account with the plug-in mysql_native_password, caching_sha2_password or ed25519"},
    {mysql, "bind_address", refused, true,
     "it chooses the address that the server sees; let the routing table choose it"},
    {mysql, "client_flag", refused, true,
     "it can switch on encryption and other protocols; use the parameters for these"},
    {mysql, "database", refused, false, kInItsPlace},
    {mysql, "db", refused, false, kInItsPlace},
    {mysql, "defer_connect", refused, true, kNoUse},
    {mysql, "host", refused, true, kInItsPlace},
    {mysql, "named_pipe", refused, true, "use host or unix_socket"},
    {mysql, "passwd", refused, false, kInItsPlace},
    {mysql, "password", refused, false, kInItsPlace},
    {mysql, "plugin_dir", refused, false,
     "use an account with the plug-in mysql_native_password, caching_sha2_password or ed25519"},
    {mysql, "port", refused, true, kInItsPlace},
    {mysql, "server_public_key", refused, false, "use TLS (ssl_ca) to protect the password"},
    {mysql, "ssl", refused, true,
     "use ssl_ca, or ssl_verify_cert=false for encryption without a check"},
    {mysql, "ssl_capath", refused, true, "give the authorities in one file, with ssl_ca"},
    {mysql, "ssl_cipher", refused, true, "remove it; set the ciphers on the server (ssl_cipher)"},
    {mysql, "ssl_key_password", refused, false,
     "use a key without a password that only this user may read"},
    {mysql, "ssl_mode", refused, true,
     "use ssl_ca, or ssl_verify_cert=false for encryption without a check"},
    {mysql, "user", refused, false, kInItsPlace},
    {mysql, "username", refused, false, kInItsPlace},
};

constexpr DatabaseOption kDatabaseOptions[] = {
    {"connection", read, ""},
    {"connection_parameters", read, ""},
    {"connection_debug", ignored, "it is about Glance's log"},
    {"connection_recycle_time", ignored, "it is about the pool of Glance's connections"},
    {"connection_trace", ignored, "it is about Glance's log"},
    {"db_inc_retry_interval", ignored, kOwnLimit},
    {"db_max_retries", ignored, kOwnLimit},
    {"db_max_retry_interval", ignored, kOwnLimit},
    {"db_retry_interval", ignored, kOwnLimit},
    {"idle_timeout", ignored, "it is about the pool of Glance's connections"},
    {"max_overflow", ignored, "it is about the pool of Glance's connections"},
    {"max_pool_size", ignored, "it is about the pool of Glance's connections"},
    {"max_retries", ignored, kOwnLimit},
    {"min_pool_size", ignored, "it is about the pool of Glance's connections"},
    {"mysql_sql_mode", ignored, kOwnSetting},
    {"mysql_wsrep_sync_wait", ignored, kOwnSetting},
    {"pool_timeout", ignored, "it is about the pool of Glance's connections"},
    {"retry_interval", ignored, kOwnLimit},
    {"slave_connection", ignored, "the program reads and writes on the primary alone"},
    {"sqlite_db", ignored, "oslo.db no longer reads it"},
    {"sqlite_synchronous", ignored, kOwnSetting},
    {"synchronous_reader", ignored, kOwnSetting},
    {"use_db_reconnect", ignored, kOwnLimit},
    {"use_tpool", ignored, "it is about the pool of Glance's connections"},
    {"backend", refused, "only backend = sqlalchemy is supported"},
    {"mysql_enable_ndb", refused,
     "MySQL Cluster (NDB) is not supported; only mysql_enable_ndb = false is"},
};

}  // namespace

std::span<const UrlParameter> url_parameters() {
  return kUrlParameters;
}

std::span<const DatabaseOption> database_options() {
  return kDatabaseOptions;
}

const UrlParameter* find_url_parameter(Engine engine, std::string_view name) {
  const auto* found = std::ranges::find_if(kUrlParameters, [&](const UrlParameter& one) {
    return one.engine == engine && one.name == name;
  });
  return found == std::end(kUrlParameters) ? nullptr : found;
}

std::string_view use_name(ParameterUse use) {
  switch (use) {
    case read:
      return "read";
    case ignored:
      return "ignored";
    case refused:
      break;
  }
  return "refused";
}

}  // namespace backglance
