#include "peers/git_objects.hpp"

#include "base/text.hpp"
#include "peers/git_session.hpp"

namespace kra {

static Error unreadable(const char* what) { return {Fault::corrupt, cat("git ", what, ": an answer that kra cannot read")}; }

std::string empty_tree(bool sha256) {
  return sha256 ? "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321" : "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
}

std::string empty_blob(bool sha256) {
  return sha256 ? "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813" : "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
}

// Fields that each end in NUL.
static std::vector<std::string_view> nul_fields(std::string_view text) {
  auto fields = split(text, std::string_view("\0", 1));
  if (fields.back().empty()) fields.pop_back();
  return fields;
}

static Result<TreeMap> tree_lines(const std::string& output) {
  TreeMap files;
  for (const auto line : nul_fields(output)) {
    const auto tab = line.find('\t');
    const auto words = split(line.substr(0, tab), " ");
    if (tab == line.npos || words.size() != 3) return unreadable("ls-tree");
    files.emplace_hint(files.end(), std::string(line.substr(tab + 1)), TreeEntry{std::string(words[0]), std::string(words[2])});
  }
  return files;
}

Result<TreeMap> list_tree(const Git& git, const std::string& tree, const Patience& patience, const std::string& under) {
  GitCall call{.arguments = {"ls-tree", "-r", "-z", "--full-tree", tree}};
  if (!under.empty()) call.arguments.insert(call.arguments.end(), {"--", under});
  return tree_lines(TRY(git.ask(std::move(call), patience)));
}

Result<TreeMap> list_level(const Git& git, const std::string& tree, const Patience& patience) {
  return tree_lines(TRY(git.ask({.arguments = {"ls-tree", "-z", "--full-tree", tree}}, patience)));
}

Result<std::vector<std::string>> read_blobs(const Git& git, const std::vector<std::string>& oids, const Patience& patience) {
  std::vector<std::string> blobs;
  if (oids.empty()) return blobs;
  if (auto* session = git.session()) {
    for (auto& object : TRY(session->objects(oids, true, patience))) {
      if (object.oid.empty()) return Error{Fault::corrupt, cat("git cat-file: ", oids[blobs.size()], " is not there")};
      blobs.push_back(std::move(object.bytes));
    }
    return blobs;
  }
  auto output = TRY(git.ask({.arguments = {"cat-file", "--batch"}, .input = join(oids, "\n") + "\n"}, patience));
  std::string_view rest(output);
  for (const auto& oid : oids) {
    const auto end = rest.find('\n');
    const auto words = split(rest.substr(0, end), " ");
    const auto size = words.size() == 3 ? parse_int(words[2]) : std::nullopt;
    if (!size) return Error{Fault::corrupt, cat("git cat-file: ", oid, " is not there")};
    rest.remove_prefix(end + 1);
    if (rest.size() < static_cast<std::size_t>(*size) + 1) return unreadable("cat-file");
    blobs.emplace_back(rest.substr(0, static_cast<std::size_t>(*size)));
    rest.remove_prefix(static_cast<std::size_t>(*size) + 1);
  }
  return blobs;
}

Result<std::vector<std::string>> missing_objects(const Git& git, const std::vector<std::string>& oids, const Patience& patience) {
  std::vector<std::string> missing;
  if (oids.empty()) return missing;
  if (auto* session = git.session()) {
    const auto objects = TRY(session->objects(oids, false, patience));
    for (std::size_t at = 0; at < oids.size(); ++at)
      if (objects[at].oid.empty()) missing.push_back(oids[at]);
    return missing;
  }
  auto output = TRY(git.ask({.arguments = {"cat-file", "--batch-check"}, .input = join(oids, "\n") + "\n"}, patience));
  for (const auto line : split(output, "\n"))
    if (line.ends_with(" missing")) missing.emplace_back(line.substr(0, line.find(' ')));
  return missing;
}

}  // namespace kra
