-- Bugs that others had, or that kra had, put back one at a time. Each is a text in a file that becomes another, and the judge that must see it.
local simulation = { 'build/bench/sync_simulation', '--full', '--runs', '200', '--until-wrong' }
local states = { 'build/bench/sync_states', '--full', '--states', '600', '--until-wrong' }
-- What shows in no run of devices, because the next sync makes it good.
local function unit(name) return { 'build/tests-release', name } end

return {
  {
    name = 'references before files',
    file = 'native/engine/sync_bring_in.cpp',
    from = 'if (!incoming_.empty()) TRY(apply(base_changes));',
    to = 'TRY(write_base(base_tree, {}));\n  if (!incoming_.empty()) TRY(apply(base_changes));',
    judge = simulation,
  },
  {
    name = 'the base moves over what could not be written',
    file = 'native/engine/sync_bring_in.cpp',
    from = [[    report_.left.push_back({change.path, why});
    base_changes.push_back({change.path, change.before.mode, change.before.oid});]],
    to = '    report_.left.push_back({change.path, why});',
    judge = simulation,
  },
  {
    name = 'what lost its name is not looked at again',
    file = 'native/engine/sync_settle.cpp',
    from = 'if (!is_known(slot, *content)) TRY(rescue(slot, *content));',
    to = '',
    judge = simulation,
  },
  {
    name = 'a file that somebody has open is taken away',
    file = 'native/os/live_tree_swap.cpp',
    from = 'if (held.content.link != known.link || held.content.bytes != known.bytes) return changed(slot);',
    to = '',
    judge = simulation,
    also = {
      file = 'native/engine/sync_settle.cpp',
      from = 'auto content = store_.tree().read_slot(slot.name, brief());',
      to = [[auto content = Result<FileContent>(FileContent{false, blobs_[slot.before], {}});
    if (!store_.tree().read_slot(slot.name, brief())) (void)store_.tree().drop_slot(slot.name, *content);]],
    },
  },
  {
    name = 'a file is renamed over whatever is there',
    file = 'native/os/live_tree_swap.cpp',
    from = '  if (const int number = swap(); number != 0) {\n    ::unlinkat',
    to = [[  if (rename_flags(slots_fd_.get(), slot, place.directory.get(), place.name, 0) == 0) return {};
  if (const int number = swap(); number != 0) {
    ::unlinkat]],
    judge = simulation,
  },
  {
    name = 'a file is deleted whatever it holds',
    file = 'native/os/live_tree_swap.cpp',
    from = 'if (const int number = rename_flags(place.directory.get(), place.name, slots_fd_.get(), slot, RENAME_NOREPLACE); number != 0)',
    to = 'if (::unlinkat(place.directory.get(), place.name.c_str(), 0) == 0) return {};\n  if (const int number = ENOENT; number != 0)',
    judge = simulation,
  },
  {
    name = 'what came out of an exchange is thrown away',
    file = 'native/os/live_tree_swap.cpp',
    from = 'if (calls::same_file(out, known) && lease_now != LeaseState::broken) return',
    to = '::unlinkat(slots_fd_.get(), slot.c_str(), 0);\n  if (out.kind != FileKind::none) return',
    judge = simulation,
  },
  {
    name = 'a file that looks as before is not read again',
    file = 'native/engine/work_scan.cpp',
    from = 'file.settled = started - std::max(file.look.modified_ns, file.look.changed_ns) > unsettled_ns;',
    to = 'file.settled = started > 0;',
    judge = simulation,
  },
  {
    name = 'what could not be read counts as deleted',
    file = 'native/engine/work_scan.cpp',
    from = 'case Fault::busy: return skip(path, "busy");',
    to = 'case Fault::busy: gone_.push_back(path); return {};',
    judge = unit('what somebody is writing is not deleted'),
  },
  {
    name = 'files that git does not track are left out',
    file = 'native/engine/work_scan.cpp',
    from = 'else if (!path.empty() && !path.starts_with(".kra/")) paths_.emplace(path);',
    to = '',
    judge = simulation,
  },
  {
    name = 'a git that was killed has said no',
    file = 'native/peers/git_run.cpp',
    from = 'outcome->status >= killed_status',
    to = 'outcome->status >= 1000 * killed_status',
    judge = unit('a git that was killed has not said no'),
  },
  {
    name = 'history is forced',
    file = 'native/engine/sync_remote.cpp',
    from = 'cat(commit, ":", ref)',
    to = 'cat("+", commit, ":", ref)',
    judge = simulation,
  },
  {
    name = 'the index stays behind a branch that was moved',
    file = 'native/engine/sync_branch.cpp',
    from = 'TRY(store.disk().replace(pending_file(store), cat(head.oid.empty() ? "none" : head.oid, " ", commit)));',
    to = '',
    judge = simulation,
  },
  {
    name = 'our locks are left by a crash',
    file = 'native/peers/git_lock.cpp',
    from = 'lock.st_ino == ours.st_ino && lock.st_dev == ours.st_dev',
    to = 'lock.st_ino == 0 && lock.st_dev == ours.st_dev',
    judge = simulation,
  },
  {
    name = 'one side of a conflict is dropped',
    file = 'native/engine/sync_merge.cpp',
    from = 'set(record.copy, conflict.theirs);\n    return {};',
    to = 'return {};',
    judge = simulation,
  },
  {
    name = 'who deletes wins over who changes',
    file = 'native/engine/sync_merge.cpp',
    from = 'if (conflict.ours || conflict.theirs) set(conflict.path, conflict.ours ? conflict.ours : conflict.theirs);',
    to = 'drop(conflict.path);',
    judge = simulation,
  },
  {
    name = 'the index of a snapshot is not restored',
    file = 'native/engine/rollback.cpp',
    from = 'if (target_.has_index && index.bytes != index_) TRY',
    to = 'if (target_.has_index && index.bytes.empty()) TRY',
    judge = states,
  },
  {
    name = 'what only the index names is not kept',
    file = 'native/engine/tree_sums.cpp',
    from = 'if (on_disk == state.files.end() || on_disk->second.entry.oid != oid) wanted.insert(oid);',
    to = '(void)on_disk;',
    judge = states,
  },
  {
    name = 'permissions are not restored',
    file = 'native/engine/rollback.cpp',
    from = 'if (look && look->kind == FileKind::file && look->permissions != permissions_of(path, file))',
    to = 'if (look && look->kind == FileKind::other)',
    judge = states,
  },
  {
    name = 'empty directories are forgotten',
    file = 'native/engine/rollback.cpp',
    from = 'for (const auto& directory : target_.empty_directories) TRY(store_.tree().make_directory(directory));',
    to = '',
    judge = states,
  },
  {
    name = 'an unfinished merge is not restored',
    file = 'native/engine/rollback.cpp',
    from = 'TRY(disk.replace(path, bytes));\n    }\n    TRY(restore_head(before));',
    to = '}\n    TRY(restore_head(before));',
    judge = states,
  },
  {
    name = 'a gc takes what a rollback needs',
    file = 'native/engine/rollback.cpp',
    from = 'TRY(give_objects(store_, commits, objects_, patience_));',
    to = '',
    judge = states,
  },
}
