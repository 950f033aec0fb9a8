// libkra for a Neovim without LuaJIT: a C module for plain Lua 5.1, `require 'kra_native'`. It is what native/ffi/kra.h is, with Lua's strings.
//
//   abi() version() crc32c(bytes [, before]) hash64(bytes) -> 16 hexadecimal digits
//   frame(type, payload) -> bytes        replace(path, bytes) -> true | nil, why
//   open(path [, second]) -> journal     journal:append(frames [, sync]) -> true | 'elsewhere', why | nil, why     journal:close()
//
// Lua raises errors by longjmp, which runs no destructor: no object with one lives here while a function of Lua's may raise.
#include <cstdio>

extern "C" {
#include <lauxlib.h>
#include <lua.h>
}

#include "ffi/kra.h"

namespace {

constexpr const char* journal_type = "kra.journal";

int failed(lua_State* lua, const char* why) {
  lua_pushnil(lua);
  lua_pushstring(lua, why);
  return 2;
}

int abi(lua_State* lua) {
  lua_pushinteger(lua, static_cast<lua_Integer>(kra_abi()));
  return 1;
}

int version(lua_State* lua) {
  lua_pushstring(lua, kra_version());
  return 1;
}

int crc32c(lua_State* lua) {
  size_t size = 0;
  const char* bytes = luaL_checklstring(lua, 1, &size);
  auto before = static_cast<uint32_t>(luaL_optnumber(lua, 2, 0));
  lua_pushnumber(lua, kra_crc32c(bytes, size, before));
  return 1;
}

int hash64(lua_State* lua) {
  size_t size = 0;
  const char* bytes = luaL_checklstring(lua, 1, &size);
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(kra_hash64(bytes, size)));
  lua_pushstring(lua, digits);
  return 1;
}

int frame(lua_State* lua) {
  auto type = luaL_checkinteger(lua, 1);
  size_t size = 0;
  const char* payload = luaL_checklstring(lua, 2, &size);
  auto length = kra_journal_frame(static_cast<uint8_t>(type), payload, size, nullptr, 0);
  if (type < 0 || type > 255 || length == 0) return failed(lua, "no such frame");
  // Memory of Lua's own, which an error cannot leak.
  void* out = lua_newuserdata(lua, length);
  if (kra_journal_frame(static_cast<uint8_t>(type), payload, size, out, length) != length) return failed(lua, "memory ran out");
  lua_pushlstring(lua, static_cast<const char*>(out), length);
  return 1;
}

int replace(lua_State* lua) {
  size_t size = 0;
  const char* path = luaL_checkstring(lua, 1);
  const char* bytes = luaL_checklstring(lua, 2, &size);
  char why[256] = "";
  if (kra_replace(path, bytes, size, why, sizeof why) != KRA_OK) return failed(lua, why);
  lua_pushboolean(lua, 1);
  return 1;
}

kra_journal*& journal_of(lua_State* lua) { return *static_cast<kra_journal**>(luaL_checkudata(lua, 1, journal_type)); }

int open(lua_State* lua) {
  const char* path = luaL_checkstring(lua, 1);
  const char* second = luaL_optstring(lua, 2, nullptr);
  auto* held = static_cast<kra_journal**>(lua_newuserdata(lua, sizeof(kra_journal*)));
  *held = nullptr;
  luaL_getmetatable(lua, journal_type);
  lua_setmetatable(lua, -2);
  char why[256] = "";
  *held = kra_journal_open(path, second, why, sizeof why);
  return *held ? 1 : failed(lua, why);
}

int append(lua_State* lua) {
  auto* journal = journal_of(lua);
  size_t size = 0;
  const char* frames = luaL_checklstring(lua, 2, &size);
  char why[256] = "";
  auto status = kra_journal_append(journal, frames, size, lua_toboolean(lua, 3), why, sizeof why);
  if (status == KRA_ELSEWHERE) {
    lua_pushliteral(lua, "elsewhere");
    lua_pushstring(lua, why);
    return 2;
  }
  if (status != KRA_OK) return failed(lua, why);
  lua_pushboolean(lua, 1);
  return 1;
}

int close(lua_State* lua) {
  auto*& journal = journal_of(lua);
  kra_journal_close(journal);
  journal = nullptr;
  return 0;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int luaopen_kra_native(lua_State* lua) {
  static const luaL_Reg methods[] = {{"append", append}, {"close", close}, {"__gc", close}, {nullptr, nullptr}};
  static const luaL_Reg functions[] = {{"abi", abi},         {"version", version}, {"crc32c", crc32c}, {"hash64", hash64},
                                       {"frame", frame},     {"replace", replace}, {"open", open},     {nullptr, nullptr}};
  luaL_newmetatable(lua, journal_type);
  luaL_register(lua, nullptr, methods);
  lua_pushvalue(lua, -1);
  lua_setfield(lua, -2, "__index");
  // Not luaL_register with a name: a module of ours leaves no global behind.
  lua_newtable(lua);
  luaL_register(lua, nullptr, functions);
  return 1;
}
