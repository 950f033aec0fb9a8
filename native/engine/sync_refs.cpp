#include "engine/sync_refs.hpp"

namespace kra {

std::string ref_part(const std::string& branch) {
  std::string out;
  for (const char c : branch) {
    if (c == '/') out += "%2F";
    else if (c == '%') out += "%25";
    else out += c;
  }
  return out;
}

SyncRefs sync_refs(const std::string& branch, bool track) {
  const auto part = ref_part(branch);
  return {"refs/kra/base/" + part, "refs/kra/remote/" + part, "refs/kra/outbox/" + part, (track ? "refs/heads/" : "refs/kra/sync/") + branch};
}

}  // namespace kra
