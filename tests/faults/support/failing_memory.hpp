// Memory that runs out: operator new of the whole program, and what libuv asks for.
#pragma once

namespace kra::faults {

// So many allocations succeed from now on, then all fail; below 0: all succeed, as at first.
void allow_allocations(long count);
// Has one failed?
bool memory_ran_out();

}  // namespace kra::faults
