#include "engine/echo.hpp"

#include <algorithm>

namespace kra {

void Echo::forget(const std::string& path, std::uint64_t number) {
  auto found = claims_.find(path);
  if (found == claims_.end()) return;
  std::erase_if(found->second, [&](const Claim& claim) { return claim.number == number; });
  if (found->second.empty()) claims_.erase(found);
}

void Echo::claim(std::uint64_t writer, const std::string& path, std::string_view hash, std::uint64_t size, Instant now) {
  claims_[path].push_back({writer, size, next_, 0, std::string(hash)});
  by_age_.push_back({path, next_++, now});
  while (by_age_.size() > most || now - by_age_.front().at > longest) {
    forget(by_age_.front().path, by_age_.front().number);
    by_age_.pop_front();
  }
}

void Echo::done(std::uint64_t writer, const std::string& path, std::string_view hash) {
  auto found = claims_.find(path);
  if (found == claims_.end()) return;
  auto& claims = found->second;
  auto written = std::find_if(claims.begin(), claims.end(), [&](const Claim& claim) { return claim.writer == writer && claim.done == 0 && claim.hash == hash; });
  if (written == claims.end()) return;
  written->done = next_++;
  auto last = written->number;
  std::erase_if(claims, [&](const Claim& claim) { return claim.writer == writer && claim.number < last; });
}

void Echo::withdraw(std::uint64_t writer, const std::string& path, std::string_view hash) {
  auto found = claims_.find(path);
  if (found == claims_.end()) return;
  // The latest of that content: a write before it may still be on its way.
  auto claim = std::find_if(found->second.rbegin(), found->second.rend(), [&](const Claim& each) { return each.writer == writer && each.hash == hash; });
  if (claim != found->second.rend()) found->second.erase(std::next(claim).base());
  if (found->second.empty()) claims_.erase(found);
}

void Echo::drop_writer(std::uint64_t writer) {
  for (auto at = claims_.begin(); at != claims_.end();) {
    std::erase_if(at->second, [&](const Claim& claim) { return claim.writer == writer; });
    at = at->second.empty() ? claims_.erase(at) : std::next(at);
  }
}

Echo::Claimed Echo::judge(const std::string& path, std::string_view hash, std::uint64_t size, std::uint64_t began) {
  auto found = claims_.find(path);
  if (found == claims_.end()) return {};
  auto& claims = found->second;
  auto was_done = [&](const Claim& claim) { return claim.done != 0 && claim.done < began; };
  const Claim* match = nullptr;
  for (const auto& claim : claims)
    if (claim.size == size && claim.hash == hash && (!match || was_done(claim))) match = &claim;
  Claimed claimed{match != nullptr, match ? match->writer : 0};
  auto last = match ? match->number : 0;
  std::erase_if(claims, [&](const Claim& claim) { return was_done(claim) || (claimed.claimed && claim.writer == claimed.writer && claim.number <= last); });
  if (claims.empty()) claims_.erase(found);
  return claimed;
}

}  // namespace kra
