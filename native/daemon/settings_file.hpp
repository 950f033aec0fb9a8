// config.yaml as the daemon sees it: read again when it has changed. One that cannot be used leaves the last good settings in force and is
// a problem that status tells.
#pragma once

#include <optional>
#include <string>

#include "model/config.hpp"
#include "os/disk.hpp"

namespace kra {

class SettingsFile {
 public:
  SettingsFile(Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) { refresh(); }

  const Settings& now() const { return loaded_.settings; }
  const LoadedSettings& loaded() const { return loaded_; }
  // Some server may want to be saved by itself: one's own options go before the file, and only the save can see them.
  bool may_autosave() const;
  // Looks at the file; true when other settings are in force now.
  bool refresh();
  // Empty: all is well.
  const std::string& problem() const { return problem_; }

 private:
  Disk& disk_;
  std::string path_, seen_, problem_;
  LoadedSettings loaded_;
};

}  // namespace kra
