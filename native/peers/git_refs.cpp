// References: read from their files, moved through git.
#include "base/text.hpp"
#include "os/disk.hpp"
#include "peers/git_objects.hpp"
#include "peers/git_session.hpp"

namespace kra {
namespace {

using Refs = std::map<std::string, std::string>;
constexpr std::uint64_t packed_limit = 256U << 20;

bool is_oid(std::string_view text) { return (text.size() == 40 || text.size() == 64) && text.find_first_not_of("0123456789abcdef") == text.npos; }

// One OID SP NAME a line, besides comments and what annotated tags lead to.
Result<void> add_packed(Disk& disk, const std::string& directory, const std::string& prefix, Refs& refs) {
  const auto text = disk.read(directory + "/packed-refs", packed_limit);
  if (!text) return text.error().fault == Fault::not_found ? Result<void>{} : Result<void>(text.error());
  for (const auto line : split(*text, "\n")) {
    const auto space = line.find(' ');
    if (space == line.npos || !is_oid(line.substr(0, space)) || !line.substr(space + 1).starts_with(prefix)) continue;
    refs[std::string(line.substr(space + 1))] = line.substr(0, space);
  }
  return {};
}

Result<void> add_loose(Disk& disk, const std::string& directory, const std::string& below, Refs& refs) {
  const auto names = disk.list(cat(directory, "/", below));
  if (!names) return names.error().fault == Fault::not_found ? Result<void>{} : Result<void>(names.error());
  for (const auto& name : *names) {
    const auto ref = cat(below, "/", name);
    const auto text = disk.read(cat(directory, "/", ref), 4096);
    if (!text) TRY(add_loose(disk, directory, ref, refs));
    else if (const auto oid = text->substr(0, text->find('\n')); is_oid(oid)) refs[ref] = oid;
  }
  return {};
}

}  // namespace

Result<Refs> list_refs(const Git& git, const std::string& prefix, const Patience&) {
  SystemDisk disk;
  Refs refs;
  const auto below = prefix.substr(0, prefix.find_last_not_of('/') + 1);
  TRY(add_packed(disk, git.directory(), below + "/", refs));
  TRY(add_loose(disk, git.directory(), below, refs));
  return refs;
}

Result<std::string> resolve(const Git& git, const std::string& name, const Patience& patience) {
  if (auto* session = git.session()) return std::move(TRY(session->objects({name}, false, patience)).front().oid);
  auto outcome = TRY(git.run({.arguments = {"rev-parse", "--verify", "--quiet", "--end-of-options", name}}, patience));
  const auto line = outcome.output.substr(0, outcome.output.find('\n'));
  return outcome.status == 0 ? line : std::string();
}

Result<void> change_refs(const Git& git, const std::vector<RefChange>& changes, const Patience& patience) {
  std::string input;
  for (const auto& change : changes) {
    if (change.to.empty()) input += cat("delete ", change.name, change.from.empty() ? "" : " ", change.from, "\n");
    else input += cat("update ", change.name, " ", change.to, change.from.empty() ? "" : " ", change.from, "\n");
  }
  if (changes.empty()) return {};
  if (auto* session = git.session()) return session->change_refs(input, patience);
  return GitSession(git).change_refs(input, patience);
}

}  // namespace kra
