#include "wire/msgpack.hpp"

#include <msgpack.h>

#include <limits>
#include <memory>

#include "base/text.hpp"

namespace kra {

namespace {

class Packer {
 public:
  Packer() {
    msgpack_sbuffer_init(&buffer_);
    msgpack_packer_init(&packer_, &buffer_, msgpack_sbuffer_write);
  }
  ~Packer() { msgpack_sbuffer_destroy(&buffer_); }
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  void add(const Value& value) {
    if (value.flag()) *value.flag() ? msgpack_pack_true(&packer_) : msgpack_pack_false(&packer_);
    else if (value.number()) msgpack_pack_int64(&packer_, *value.number());
    else if (value.real()) msgpack_pack_double(&packer_, *value.real());
    else if (value.text()) add_text(*value.text());
    else if (value.array()) add_array(*value.array());
    else if (value.map()) add_map(*value.map());
    else msgpack_pack_nil(&packer_);
  }
  std::string take() const { return {buffer_.data ? buffer_.data : "", buffer_.size}; }

 private:
  void add_text(std::string_view text) {
    msgpack_pack_str(&packer_, text.size());
    msgpack_pack_str_body(&packer_, text.data(), text.size());
  }
  void add_array(const Value::Array& items) {
    msgpack_pack_array(&packer_, items.size());
    for (const auto& item : items) add(item);
  }
  void add_map(const Value::Map& entries) {
    msgpack_pack_map(&packer_, entries.size());
    for (const auto& [key, value] : entries) add_text(key), add(value);
  }

  msgpack_sbuffer buffer_;
  msgpack_packer packer_;
};

struct Unpacked : msgpack_unpacked {
  Unpacked() { msgpack_unpacked_init(this); }
  ~Unpacked() { msgpack_unpacked_destroy(this); }
  Unpacked(const Unpacked&) = delete;
  Unpacked& operator=(const Unpacked&) = delete;
};

Result<Value> convert(const msgpack_object& object);

Result<Value> convert_array(const msgpack_object_array& array) {
  Value::Array items;
  items.reserve(array.size);
  for (std::uint32_t i = 0; i < array.size; ++i) items.push_back(TRY(convert(array.ptr[i])));
  return Value(std::move(items));
}

Result<Value> convert_map(const msgpack_object_map& map) {
  Value::Map entries;
  entries.reserve(map.size);
  for (std::uint32_t i = 0; i < map.size; ++i) {
    const auto& key = map.ptr[i].key;
    if (key.type != MSGPACK_OBJECT_STR) return Error{Fault::corrupt, "a key that is no text"};
    entries.emplace_back(std::string(key.via.str.ptr, key.via.str.size), TRY(convert(map.ptr[i].val)));
  }
  return Value(std::move(entries));
}

Result<Value> convert(const msgpack_object& object) {
  switch (object.type) {
    case MSGPACK_OBJECT_NIL: return Value();
    case MSGPACK_OBJECT_BOOLEAN: return Value(object.via.boolean);
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
      if (object.via.u64 > std::numeric_limits<std::int64_t>::max()) return Error{Fault::corrupt, "a number out of range"};
      return Value(static_cast<std::int64_t>(object.via.u64));
    case MSGPACK_OBJECT_NEGATIVE_INTEGER: return Value(static_cast<std::int64_t>(object.via.i64));
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64: return Value(object.via.f64);
    case MSGPACK_OBJECT_STR: return Value(std::string(object.via.str.ptr, object.via.str.size));
    case MSGPACK_OBJECT_BIN: return Value(std::string(object.via.bin.ptr, object.via.bin.size));
    case MSGPACK_OBJECT_EXT: return Value(std::string(object.via.ext.ptr, object.via.ext.size));
    case MSGPACK_OBJECT_ARRAY: return convert_array(object.via.array);
    case MSGPACK_OBJECT_MAP: return convert_map(object.via.map);
  }
  return Error{Fault::corrupt, "an unknown type"};
}

}  // namespace

std::string pack(const Value& value) {
  Packer packer;
  packer.add(value);
  return packer.take();
}

Result<Value> unpack(std::string_view bytes, const WireLimits& limits) {
  auto length = TRY(Scanner(limits).scan(bytes));
  if (length == 0) return Error{Fault::corrupt, "a message that ends too early"};
  if (length != bytes.size()) return Error{Fault::corrupt, cat(bytes.size() - length, " bytes after the message")};
  Unpacked unpacked;
  std::size_t offset = 0;
  if (msgpack_unpack_next(&unpacked, bytes.data(), bytes.size(), &offset) != MSGPACK_UNPACK_SUCCESS)
    return Error{Fault::corrupt, "no MessagePack"};
  return convert(unpacked.data);
}

}  // namespace kra
