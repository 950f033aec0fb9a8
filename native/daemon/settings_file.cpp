#include "daemon/settings_file.hpp"

#include "base/text.hpp"
#include "os/paths.hpp"

namespace kra {

bool SettingsFile::may_autosave() const {
  return now().autosave.active || loaded_.of("autosave.active").source != Source::environment;
}

bool SettingsFile::refresh() {
  auto path = followed(path_);
  auto info = disk_.info(path);
  auto seen = info ? cat(info->size, " ", info->modified_ns, " ", info->device, " ", info->inode) : "none";
  if (seen == seen_) return false;
  seen_ = seen;
  auto text = info ? disk_.read(path, config_read_limit) : Result<std::string>(std::string());
  auto loaded = text ? load_settings(path_, *text) : Result<LoadedSettings>(text.error());
  problem_ = loaded ? "" : loaded.error().what;
  if (!loaded) return false;
  loaded_ = std::move(*loaded);
  return true;
}

}  // namespace kra
