#include "engine/event_journal.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "engine/log_record.hpp"
#include "wire/msgpack.hpp"

namespace kra {

namespace {

enum Type : std::uint8_t { base_record = 1, event_record = 2, left_record = 3 };

constexpr std::uint64_t file_limit = 256U << 10;
constexpr std::uint64_t readable = 64U << 20;
// Senders come and go (a shell, a hook); only those that may still send something again are worth remembering.
constexpr std::size_t senders_kept = 512;

Event short_form(const Event& event) {
  auto kept = event;
  // What a save needs is that something happened, not what.
  kept.args.clear();
  return kept;
}

}  // namespace

EventJournal EventJournal::open(Disk& disk, std::string path, std::string other_path) {
  EventJournal journal(disk, path, other_path), other(disk, std::move(other_path), std::move(path));
  bool readable_one = journal.read(journal.path_), readable_other = other.read(other.path_);
  if (readable_other && (!readable_one || other.turn_ > journal.turn_)) std::swap(journal, other);
  if (!readable_one && !readable_other) journal.torn_ = true;
  if (journal.torn_) (void)journal.compact();
  return journal;
}

bool EventJournal::read(const std::string& path) {
  auto file = disk_->read(path, readable);
  if (!file) return false;
  LogRecordReader reader(*file);
  auto first = reader.next();
  if (!first || first->type != base_record || !take_base(first->payload)) return false;
  while (auto record = reader.next()) {
    auto value = unpack(record->payload);
    if (!value) break;
    Event event;
    if (record->type == event_record && from_value(*value, event)) take(event);
    if (record->type == left_record) pending_[(*value)["server"].text_or("")].waiting = static_cast<std::uint64_t>((*value)["left"].number_or(0));
  }
  size_ = reader.good();
  torn_ = reader.good() != file->size();
  return true;
}

bool EventJournal::take_base(std::string_view payload) {
  auto value = unpack(payload);
  if (!value || !value->map()) return false;
  auto number = [](const Value& from) { return static_cast<std::uint64_t>(from.number_or(0)); };
  turn_ = number((*value)["turn"]);
  accepted_ = number((*value)["accepted"]);
  if (auto* servers = (*value)["pending"].map())
    for (const auto& [server, count] : *servers) pending_[server].waiting = number(count);
  if (auto* senders = (*value)["senders"].map())
    for (const auto& [client, sender] : *senders) senders_[client] = {number(sender["seq"]), number(sender["count"]), number(sender["at"])};
  return true;
}

Value EventJournal::base() const {
  Value::Map servers, senders;
  for (const auto& [server, count] : pending_)
    if (pending(server) > 0) servers.emplace_back(server, count.waiting + count.in_save);
  for (const auto& [client, sender] : senders_)
    senders.emplace_back(client, Value::Map{{"seq", sender.seq}, {"count", sender.count}, {"at", sender.at}});
  return Value::Map{{"turn", turn_}, {"accepted", accepted_}, {"pending", std::move(servers)}, {"senders", std::move(senders)}};
}

void EventJournal::take(const Event& event) {
  ++accepted_;
  if (!event.server.empty()) ++pending_[event.server].waiting;
  if (event.client.empty()) return;
  auto& sender = senders_[event.client];
  sender = {event.seq, sender.count + 1, accepted_};
}

Result<bool> EventJournal::accept(const Event& event) {
  if (!event.client.empty())
    if (auto known = senders_.find(event.client); known != senders_.end() && event.seq <= known->second.seq) return false;
  if (auto written = write(event_record, to_value(short_form(event))); !written) {
    if (!event.server.empty()) ++pending_[event.server].waiting;
    return std::move(written.error());
  }
  take(event);
  // The event is in the file either way; a failure is met again by the next one.
  (void)compact(file_limit);
  return true;
}

Result<void> EventJournal::write(std::uint8_t type, const Value& payload) {
  if (torn_) TRY(compact());
  std::string record;
  append_record(record, type, pack(payload));
  if (auto written = disk_->append(path_, record, false); !written) {
    torn_ = true;
    return written;
  }
  size_ += record.size();
  return {};
}

void EventJournal::begin(const std::string& server) {
  auto& count = pending_[server];
  count.in_save += std::exchange(count.waiting, 0);
}

Result<void> EventJournal::finish(const std::string& server, bool written) {
  auto& count = pending_[server];
  auto covered = std::exchange(count.in_save, 0);
  if (!written) {
    count.waiting += covered;
    return {};
  }
  if (covered == 0) return {};
  auto told = write(left_record, Value::Map{{"server", server}, {"left", count.waiting}});
  if (count.waiting == 0) pending_.erase(server);
  TRY(std::move(told));
  return compact(file_limit / 4);
}

Result<void> EventJournal::forget(const std::string& server) {
  if (pending_.erase(server) == 0) return {};
  return write(left_record, Value::Map{{"server", server}, {"left", 0}});
}

std::uint64_t EventJournal::pending(const std::string& server) const {
  auto found = pending_.find(server);
  return found == pending_.end() ? 0 : found->second.waiting + found->second.in_save;
}

std::uint64_t EventJournal::pending() const {
  std::uint64_t all = 0;
  for (const auto& [server, count] : pending_) all += count.waiting + count.in_save;
  return all;
}

std::vector<std::string> EventJournal::pending_servers() const {
  std::vector<std::string> servers;
  for (const auto& [server, count] : pending_)
    if (count.waiting + count.in_save > 0) servers.push_back(server);
  return servers;
}

static void forget_oldest(std::map<std::string, EventJournal::Sender>& senders) {
  while (senders.size() > senders_kept) {
    auto oldest = std::min_element(senders.begin(), senders.end(), [](const auto& a, const auto& b) { return a.second.at < b.second.at; });
    senders.erase(oldest);
  }
}

Result<void> EventJournal::compact(std::uint64_t bytes) {
  if (size_ <= bytes && !torn_) return {};
  forget_oldest(senders_);
  ++turn_;
  std::string record;
  append_record(record, base_record, pack(base()));
  if (disk_->info(other_)) TRY(disk_->truncate(other_, 0));
  if (auto written = disk_->append(other_, record, false); !written) {
    // It must not count when it should be whole after all: we go on with the old file.
    (void)disk_->truncate(other_, 0);
    return written;
  }
  std::swap(path_, other_);
  size_ = record.size();
  torn_ = false;
  return {};
}

}  // namespace kra
