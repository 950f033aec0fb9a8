// Writing objects through git fast-import.
#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "peers/git_objects.hpp"
#include "peers/git_session.hpp"

namespace kra {

static constexpr std::string_view scratch = "refs/kra/scratch";

// Always quoted: a name may hold any byte but NUL.
static std::string quoted(std::string_view path) {
  std::string out = "\"";
  for (const char c : path) {
    if (c == '\n') out += "\\n";
    else if (c == '"' || c == '\\') out += cat("\\", c);
    else out += c;
  }
  return out + "\"";
}

std::string Import::mark_text(int mark) { return cat(":", mark); }

int Import::blob(std::string_view bytes) {
  stream_ += cat("blob\nmark :", ++marks_, "\ndata ", bytes.size(), "\n");
  stream_.append(bytes);
  stream_ += '\n';
  return marks_;
}

int Import::commit(const Commit& commit) {
  commits_.push_back(++marks_);
  refs_.push_back(commit.ref);
  stream_ += cat("commit ", scratch, "\nmark :", marks_, "\n");
  if (!commit.author.empty()) stream_ += cat("author ", commit.author, "\n");
  stream_ += cat("committer ", commit.committer, "\ndata ", commit.message.size(), "\n", commit.message, "\n");
  for (const auto& parent : commit.parents) stream_ += cat(&parent == &commit.parents.front() ? "from " : "merge ", parent, "\n");
  // With a parent its tree would be there: every commit says its whole content.
  if (!commit.parents.empty() && (commit.changes.empty() || !commit.changes.front().path.empty())) stream_ += "deleteall\n";
  for (const auto& change : commit.changes) {
    if (change.mode.empty()) stream_ += cat("D ", quoted(change.path), "\n");
    else stream_ += cat("M ", change.mode, " ", change.data, " ", quoted(change.path), "\n");
  }
  // Taken back, so that git makes the commit and moves no reference: that is done when all of it is on disk.
  stream_ += cat("\nls ", mark_text(marks_), " \"\"\nreset ", scratch, "\n\n");
  return marks_;
}

Result<Import::Written> Import::run(const Git& git, const Patience& patience, bool later) {
  Written written;
  if (empty()) return written;
  for (int mark = 1; mark <= marks_; ++mark) stream_ += cat("get-mark :", mark, "\n");
  std::optional<GitSession> own;
  auto* session = git.session() ? git.session() : &own.emplace(git);
  const auto lines = TRY(session->import(stream_, commits_.size() + static_cast<std::size_t>(marks_), patience, later && git.session()));
  stream_.clear();
  std::size_t at = 0;
  for (const int mark : commits_) {
    // "040000 tree OID<TAB>"; of a tree without entries git says that it is missing.
    const std::string_view line = lines[at++];
    const auto words = split(line.substr(0, line.find('\t')), " ");
    written.trees[mark] = words.size() == 3 ? std::string(words[2]) : std::string();
  }
  for (int mark = 1; mark <= marks_; ++mark) written.oids[mark] = lines[at++];
  for (auto& [mark, tree] : written.trees)
    if (tree.empty()) tree = empty_tree(written.oids[mark].size() == 64);
  std::string moves;
  for (std::size_t commit = 0; commit < commits_.size(); ++commit)
    if (!refs_[commit].empty()) moves += cat("update ", refs_[commit], " ", written.oids[commits_[commit]], "\n");
  if (!moves.empty()) TRY(session->change_refs(moves, patience));
  return written;
}

}  // namespace kra
