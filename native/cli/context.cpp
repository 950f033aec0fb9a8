#include "cli/context.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace kra::cli {

Result<LoadedSettings> Context::settings() {
  auto text = disk.read(followed(paths.config_file()), config_read_limit);
  if (!text && text.error().fault != Fault::not_found) return std::move(text.error());
  auto loaded = load_settings(paths.config_file(), text ? std::string_view(*text) : std::string_view());
  if (!loaded) return Error{Fault::refused, std::move(loaded.error().what)};
  return loaded;
}

Result<Context> context_of(const Call& call) {
  auto paths = TRY(find_paths());
  return Context{std::move(paths), {}, find_server(call.value("socket-path"), call.value("socket-name"))};
}

Result<std::string> existing_save(History& history, const std::string& name) {
  auto names = TRY(history.names());
  for (const auto& each : names)
    if (each == name) return name;
  auto meant = nearest(name, names);
  if (meant) return Error{Fault::not_found, cat("no save called ", printable(name), "; did you mean ", printable(*meant), "?")};
  if (names.empty()) return Error{Fault::not_found, cat("no save called ", printable(name), "; there is none yet, `kra save` makes one")};
  std::vector<std::string> shown;
  for (std::size_t at = 0; at < names.size() && at < 8; ++at) shown.push_back(printable(names[at]));
  return Error{Fault::not_found, cat("no save called ", printable(name), "; there is ", join(shown, ", "), names.size() > 8 ? ", …" : "")};
}

void tell_findings(Console& console, History& history) {
  for (const auto& finding : history.take_findings())
    console.say(cat(printable(finding.name), "@", finding.generation, " cannot be used: ", printable(finding.trouble)));
}

std::string ago(WallTime then, WallTime now) {
  auto passed = now.ms - then.ms;
  if (passed < 0) return rfc3339(then).substr(0, 16);
  if (passed < 1'000) return "now";
  if (passed < 7LL * 86'400'000) return duration_text(passed) + " ago";
  return rfc3339(then).substr(0, 10);
}

std::string size_text(std::uint64_t bytes) {
  constexpr const char* units[] = {"bytes", "KB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  std::uint64_t tenths = bytes * 10;
  while (tenths >= 10'000 && unit + 1 < std::size(units)) tenths /= 1000, ++unit;
  bool whole = unit == 0 || tenths >= 100;
  return cat(tenths / 10, whole ? "" : ".", whole ? "" : cat(tenths % 10), " ", units[unit]);
}

static std::size_t columns_of(std::string_view text) {
  // Continuation bytes take no column, nor does what stands between ESC and m.
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\x1b') at = std::min(text.find('m', at), text.size());
    else if ((static_cast<unsigned char>(text[at]) & 0xc0U) != 0x80U) ++count;
  }
  return count;
}

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t at = 0; at < row.size(); ++at) widths[at] = std::max(widths[at], columns_of(row[at]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t at = 0; at < row.size(); ++at) {
      line.append(row[at]);
      if (at + 1 < row.size()) line.append(widths[at] - columns_of(row[at]) + 2, ' ');
    }
    while (line.ends_with(' ')) line.pop_back();
    out.append(line + "\n");
  }
  return out;
}

}  // namespace kra::cli
