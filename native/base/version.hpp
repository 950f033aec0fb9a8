// What was built: the release and the commit, which the Makefile passes to one file, and what parts of kra agree on.
#pragma once

#include <string_view>

namespace kra {

std::string_view version();  // "0.1.0"
std::string_view commit();   // twelve hex digits; empty when built outside a repository

constexpr int protocol_oldest = 1;  // of the daemon's protocol (doc/protocol.md)
constexpr int protocol_newest = 1;
constexpr int abi = 1;              // of libkra.so (native/ffi/kra.h)

}  // namespace kra
