// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <oneapi/tbb/global_control.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backfill/backfill.h"
#include "glance/site.h"
#include "sql/session.h"
#include "tests/unit/config_dir.h"
#include "verify/verify.h"

namespace backglance {

// A Glance site of a test's own: a database with Glance's real schema and a file store beside it,
// removed with it. Its writers do what a Glance of Queens does and name only the columns that it
// knows, so that they work before and after expand.
//
// Tests reach the database by a Session alone, so that other engines can be put under them here.
class GlanceSite {
 public:
  // `rows` as tests/site/glance_schema.py takes them: "queens_contract01+rocky_expand01". An empty
  // name is an empty database.
  explicit GlanceSite(const std::string& rows = "rocky_contract02");
  ~GlanceSite();
  GlanceSite(const GlanceSite&) = delete;
  GlanceSite& operator=(const GlanceSite&) = delete;

  // The test's own session. Not for use while a statement of another session has to write.
  Session& sql() { return *session_; }
  Session open(SessionOptions options = {}) const { return Session(site_.database, options); }

  const DatabaseUrl& database() const { return site_.database; }
  // To be changed before a backfill: the algorithm, the key, further stores.
  Site& site() { return site_; }
  const Site& site() const { return site_; }
  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path store() const { return directory_ / "store"; }
  std::filesystem::path file(const std::string& image_id) const { return store() / image_id; }

  // An active image without locations; returns its id. Ids grow from one image to the next.
  std::string insert_image(const std::string& name = "image");
  // One with `content` in the store, its size and checksum known.
  std::string upload(std::string_view content, const std::string& name = "image");
  // So many, "content 0" and on, in one transaction; their ids.
  std::vector<std::string> upload_many(int count);
  void write_file(const std::filesystem::path& file, std::string_view content) const;
  // Returns the location's id.
  std::int64_t add_location(const std::string& image_id, const std::string& uri);
  std::int64_t first_location(const std::string& image_id);
  // Returns the property's id.
  std::int64_t add_property(const std::string& image_id, const std::string& name,
                            const SqlValue& value);
  void add_properties(const std::string& image_id, const std::vector<std::string>& names);
  // A live import's lock and its task; `age` since the task was last touched.
  void start_import(const std::string& image_id, std::chrono::minutes age = std::chrono::minutes(1),
                    const std::string& status = "processing");
  // As Glance does it: the row stays, with its value.
  void delete_property(const std::string& image_id, const std::string& name);
  void delete_image(const std::string& image_id);
  void add_tag(const std::string& image_id, const std::string& tag);
  std::vector<std::string> live_tags(const std::string& image_id);

  // One column of an image's row, by whatever means.
  void set(const std::string& image_id, const std::string& column, const SqlValue& value);
  std::optional<std::string> get(const std::string& image_id, const std::string& column);
  bool is_true(const std::string& image_id, const std::string& column);

  // What the engine's own types let a row hold, and how it compares.
  bool takes_any_bytes() const;      // letters in a number, text that is no UTF-8, any length
  bool compares_with_case() const;   // in unique indexes too
  std::size_t longest_text() const;  // of a location or a property, 1 MiB where there is no end
  bool is_server() const { return site_.database.engine != Engine::sqlite; }

  // Schema of the site. change_schema takes a statement as SQLite does, with the words in braces.
  void change_schema(const std::string& statement);
  void drop_index(const std::string& table, const std::string& index);
  // While it lasts, an INSERT into the table fails.
  void refuse_inserts(const std::string& table);
  void accept_inserts(const std::string& table);
  // A column of the row of one of our tables that stands for the image.
  std::optional<std::string> ours(const std::string& table, const std::string& image_id,
                                  const std::string& column);

  // What a newer Glance holds in memory of an image, and writes back as a whole, however old.
  struct Copy {
    std::string image_id;
    std::map<std::string, std::optional<std::string>> columns;
  };
  Copy load(const std::string& image_id);
  void save(const Copy& copy);

  std::vector<std::string> revision_rows();
  // How many runs of the command had this outcome.
  std::int64_t runs(const std::string& command, const std::string& outcome);

 private:
  // As the program does for --jobs: as many threads as are asked for, whatever the machine has.
  tbb::global_control threads_{tbb::global_control::max_allowed_parallelism, 8};
  std::filesystem::path directory_;
  Site site_;
  std::optional<Session> session_;
  int images_ = 0;
};

// What an image's row must say once its bytes are hashed.
std::string digest_of(const std::string& algorithm, std::string_view content);

// A type or a default as the catalogue spells it: {varchar}, {boolean}, {true}, {false}.
std::string spelled(const Session& session, std::string text);

// Every table, index, view and trigger with its text, and every row: two equal ones are the same
// database. glance leaves out what is ours, and schema the rows.
enum class Part { all, glance, schema, glance_schema };
using Dump = std::vector<std::string>;
Dump dump(Session& session, Part part = Part::all);

// The lines that went and came; kNone if none did.
Dump changes(const Dump& before, const Dump& after);
inline const Dump kNone;

// One run, and what it said of each image in the order in which it did.
struct BackfillRun {
  ReadResult result;
  std::vector<std::string> order;
  std::map<std::string, ReadOutcome> outcomes;

  std::int64_t images(ImageResult image_result) const { return result.total(image_result).images; }
};
struct Pace {
  std::uint64_t bytes_per_second = 0;
  std::optional<std::chrono::seconds> max_runtime;
};
BackfillRun run_backfill(const GlanceSite& site, const ReadOptions& options = {.jobs = 1},
                         const Pace& pace = {});
BackfillRun run_verify(const GlanceSite& site, const ReadOptions& options = {.jobs = 1},
                       const Pace& pace = {});
BackfillRun run_sweep(const GlanceSite& site);

// Of the connection of a session with a server, by which the server knows it.
std::string pid_of(Session& session);
// Has the server end that connection. By another session of the site.
void cut(GlanceSite& site, const std::string& pid);

// The Error that `action` must throw.
template <typename Action>
Error required_error(Action action) {
  const std::optional<Error> error = error_of(action);
  REQUIRE(error.has_value());
  return *error;
}

}  // namespace backglance
