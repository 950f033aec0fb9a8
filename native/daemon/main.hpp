// `kra daemon run`.
#pragma once

#include <string>

#include "base/result.hpp"

namespace kra {

// Serves until there is nothing left to do. `handed`: the starter's lock and pipe are on the descriptors of peers/daemon_start.hpp, and nobody
// looks at the terminal any more; else it stays in the foreground. Fault::busy: another daemon runs.
Result<void> run_daemon(bool handed);

}  // namespace kra
