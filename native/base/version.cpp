#include "base/version.hpp"

namespace kra {

std::string_view version() { return KRA_VERSION; }
std::string_view commit() { return KRA_COMMIT; }

}  // namespace kra
