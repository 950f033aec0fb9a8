// YAML text -> ConfigNode, by events: nothing is built that an alias could multiply. The one file that includes yaml-cpp, and the
// one that meets its exceptions.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>

#include "base/text.hpp"
#include "model/config.hpp"

namespace kra {

namespace {

constexpr std::size_t deepest = 8;

class Builder : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(node(ConfigNode::Kind::nothing, mark, "", anchor)); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse(mark, "aliases are not read here; write the value out"); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& text) override {
    auto scalar = node(ConfigNode::Kind::scalar, mark, tag, anchor);
    scalar.text = text;
    add(std::move(scalar));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(node(ConfigNode::Kind::list, mark, tag, anchor), mark);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(node(ConfigNode::Kind::map, mark, tag, anchor), mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

  ConfigNode root;
  std::string trouble;  // "3:5: what is wrong", the first only

 private:
  void refuse(const YAML::Mark& mark, const std::string& what) {
    if (trouble.empty()) trouble = cat(mark.line + 1, ":", mark.column + 1, ": ", what);
  }

  ConfigNode node(ConfigNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) refuse(mark, "anchors are not read here; write the value out");
    if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, "tags are not read here");
    ConfigNode made;
    made.kind = kind;
    made.line = mark.line + 1;
    made.column = mark.column + 1;
    return made;
  }

  void open(ConfigNode made, const YAML::Mark& mark) {
    if (open_.size() == deepest) refuse(mark, "nested too deep");
    open_.push_back(std::move(made));
  }

  void close() {
    auto done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done));
  }

  void add(ConfigNode made) {
    if (!trouble.empty() && !open_.empty()) return;  // what is refused needs no tree
    if (open_.empty()) {
      root = std::move(made);
      return;
    }
    auto& parent = open_.back();
    bool is_key = parent.kind == ConfigNode::Kind::map && parent.keys.size() == parent.items.size();
    (is_key ? parent.keys : parent.items).push_back(std::move(made));
  }

  std::vector<ConfigNode> open_;
};

}  // namespace

Result<ConfigNode> parse_yaml(const std::string& file_name, std::string_view yaml) {
  auto wrong = [&](const std::string& what) { return Error{Fault::usage, cat(file_name, ":", what)}; };
  if (yaml.size() > config_limit) return wrong(cat("1:1: larger than ", config_limit, " bytes"));
  if (!is_utf8(yaml) || yaml.find('\0') != yaml.npos) return wrong("1:1: not UTF-8 text");
  Builder builder;
  try {
    std::istringstream stream{std::string(yaml)};
    YAML::Parser parser(stream);
    bool more = parser.HandleNextDocument(builder);
    if (more && builder.trouble.empty()) {
      Builder second;
      if (parser.HandleNextDocument(second)) return wrong(cat(second.root.line, ":1: a second document; one file holds one"));
    }
  } catch (const YAML::Exception& exception) {
    if (builder.trouble.empty()) return wrong(cat(exception.mark.line + 1, ":", exception.mark.column + 1, ": ", exception.msg));
  } catch (const std::exception& exception) {
    return wrong(cat("1:1: ", exception.what()));
  }
  if (!builder.trouble.empty()) return wrong(builder.trouble);
  return std::move(builder.root);
}

}  // namespace kra
