// What the sync commands share: the work tree that is meant, its store, and how a report is told.
#pragma once

#include "cli/context.hpp"
#include "engine/sync.hpp"

namespace kra::cli {

// The work tree of the directory that is given, or of the one where we are.
Result<RepositoryPlace> place_of(Context& context, const std::string& directory);
Result<SyncStore> store_of(Context& context, const RepositoryPlace& place);
// As git_version(): before a git is started here.
Result<void> has_git();
// What the daemon did for us: it remembers the trees that it syncs by itself. Nothing: it is to be done here; an Error: how it failed there.
std::optional<Result<Value>> done_by_daemon(const Context& context, std::string_view method, const std::string& root, Value param);
// Two minutes, or what KRA_SYNC_PATIENCE_MS says (for tests).
Patience sync_patience();

ExitCode exit_code_of(const SyncReport& report);
void tell(Console& console, const SyncReport& report);

// The subcommands of `kra sync`, apart from syncing itself. `arguments` without the subcommand.
ExitCode run_sync_enable(const Call& call, Context& context, Console& console, const std::vector<std::string>& arguments);
ExitCode run_sync_disable(const Call& call, Context& context, Console& console, const std::vector<std::string>& arguments);
ExitCode run_sync_status(const Call& call, Context& context, Console& console, const std::vector<std::string>& arguments);
ExitCode run_sync_snapshot(const Call& call, Context& context, Console& console, const std::vector<std::string>& arguments);
ExitCode run_sync_snapshots(const Call& call, Context& context, Console& console, const std::vector<std::string>& arguments);
ExitCode run_sync_cleanup(const Call& call, Context& context, Console& console, const std::vector<std::string>& arguments);
ExitCode run_sync_rollback(const Call& call, Context& context, Console& console, const std::vector<std::string>& arguments);
ExitCode run_sync_undo(const Call& call, Context& context, Console& console, const std::vector<std::string>& arguments);
ExitCode run_sync_conflicts(const Call& call, Context& context, Console& console, const std::vector<std::string>& arguments);
ExitCode run_sync_start(const Call& call, Context& context, Console& console, const std::vector<std::string>& arguments);
ExitCode run_sync_stop(const Call& call, Context& context, Console& console, const std::vector<std::string>& arguments);
ExitCode run_sync_emergency_stop(const Call& call, Context& context, Console& console, const std::vector<std::string>& arguments);

}  // namespace kra::cli
