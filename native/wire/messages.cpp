#include "wire/messages.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <random>

#include "base/text.hpp"

namespace kra {

static constexpr std::array<std::pair<Fault, std::string_view>, 10> fault_names = {{
    {Fault::io, "io"},
    {Fault::timed_out, "timed_out"},
    {Fault::not_found, "not_found"},
    {Fault::conflict, "conflict"},
    {Fault::corrupt, "corrupt"},
    {Fault::busy, "busy"},
    {Fault::refused, "refused"},
    {Fault::usage, "usage"},
    {Fault::unavailable, "unavailable"},
    {Fault::internal, "internal"},
}};

Value error_to_value(const Error& error) {
  auto row = std::find_if(fault_names.begin(), fault_names.end(), [&](const auto& known) { return known.first == error.fault; });
  return Value::Map{{"fault", row->second}, {"what", error.what}};
}

Error error_from_value(const Value& value) {
  auto name = value["fault"].text_or("internal");
  auto row = std::find_if(fault_names.begin(), fault_names.end(), [&](const auto& known) { return known.second == name; });
  auto fault = row == fault_names.end() ? Fault::internal : row->first;
  return {fault, value["what"].text() ? *value["what"].text() : value.text() ? *value.text() : to_json(value)};
}

const Value& only_param(const Value& params) {
  static const Value none;
  return params.array() && !params.array()->empty() ? params.array()->front() : none;
}

std::string new_uuid() {
  std::array<std::uint64_t, 2> numbers{};
  if (::getrandom(numbers.data(), sizeof numbers, 0) != sizeof numbers) {
    std::random_device device;
    for (auto& number : numbers) number = (static_cast<std::uint64_t>(device()) << 32) | device();
  }
  return hex(numbers[0], 16) + hex(numbers[1], 16);
}

bool older_release(std::string_view left, std::string_view right) {
  auto lefts = split(left, "."), rights = split(right, ".");
  for (std::size_t at = 0; at < std::max(lefts.size(), rights.size()); ++at) {
    auto number = [&](const std::vector<std::string_view>& parts) {
      return at < parts.size() ? parse_int(parts[at]).value_or(-1) : std::int64_t{0};
    };
    if (number(lefts) != number(rights)) return number(lefts) < number(rights);
  }
  return false;
}

}  // namespace kra
