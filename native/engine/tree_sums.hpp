// What a snapshot says of a work tree as a whole, counted again only for what has changed.
#pragma once

#include "engine/tree_memory.hpp"

namespace kra {

// `memory` holds the sums of this state, index and commit ("": none). Its `news` are since the sums that it had.
Result<void> sum_up(SyncStore& store, TreeMemory& memory, const WorkState& state, const std::shared_ptr<const UserIndex>& index, const std::string& head, const Patience& patience);
// Blobs that only the index knows.
std::vector<std::string> staged_only(const TreeMemory& memory, const WorkState& state);
// The index has come into the store: its bytes are needed no more.
void note_index_blob(TreeMemory& memory, UserIndex& index, const std::string& oid);

}  // namespace kra
