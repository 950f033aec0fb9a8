#include "engine/secrets.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace kra {
namespace {

enum class Kind {
  token,     // how a token of some service begins; at least 12 more letters, digits, `_` or `-` follow
  text,      // stands anywhere in a word, in any case
  header,    // a header of that name with something in it
  name,      // an option, variable or key whose name ends so, with its value in the same word (after `=` or `:`) or in the next
  word,      // the same, but only as the last part of a name (`--pass`, `DB_PASS`, not `--bypass`)
  next,      // an option of these programs that is followed by a secret, in the next word or in the same
  joined,    // the same, but alone it asks for the secret: only what is in the same word is one
  pair,      // the same as next where the value is NAME, one of the marks `:` `%` `,`, and a secret
  every,     // these programs with this word take secrets in any place
};

struct Pattern {
  Kind kind;
  std::string_view what;
  std::string_view programs = "";  // " a b ": base names; empty: all
};

constexpr auto patterns = std::to_array<Pattern>({
    {Kind::token, "ghp_"}, {Kind::token, "gho_"}, {Kind::token, "ghs_"}, {Kind::token, "ghu_"}, {Kind::token, "ghr_"},
    {Kind::token, "github_pat_"}, {Kind::token, "glpat-"}, {Kind::token, "gldt-"}, {Kind::token, "AKIA"}, {Kind::token, "ASIA"},
    {Kind::token, "xoxb-"}, {Kind::token, "xoxp-"}, {Kind::token, "xoxa-"}, {Kind::token, "xoxs-"}, {Kind::token, "xapp-"},
    {Kind::token, "sk-ant-"}, {Kind::token, "sk-proj-"}, {Kind::token, "sk_live_"}, {Kind::token, "sk_test_"}, {Kind::token, "rk_live_"},
    {Kind::token, "AIza"}, {Kind::token, "ya29."}, {Kind::token, "npm_"}, {Kind::token, "pypi-"}, {Kind::token, "dop_v1_"},
    {Kind::token, "hf_"}, {Kind::token, "shpat_"}, {Kind::token, "dckr_pat_"}, {Kind::token, "hvs."}, {Kind::token, "tskey-"},
    {Kind::token, "AGE-SECRET-KEY-1"}, {Kind::token, "ATATT3"}, {Kind::token, "lin_api_"}, {Kind::token, "eyJ"},
    {Kind::text, "private key-----"},
    {Kind::header, "authorization"}, {Kind::header, "x-api-key"}, {Kind::header, "private-token"}, {Kind::header, "x-auth-token"},
    {Kind::header, "x-vault-token"}, {Kind::header, "cookie"}, {Kind::header, "apikey"}, {Kind::header, "x-access-token"},
    {Kind::name, "password"}, {Kind::name, "passwd"}, {Kind::name, "passphrase"}, {Kind::name, "secret"}, {Kind::name, "token"},
    {Kind::name, "api-key"}, {Kind::name, "apikey"}, {Kind::name, "access-key"}, {Kind::name, "secret-key"}, {Kind::name, "auth-key"},
    {Kind::name, "account-key"}, {Kind::name, "encryption-key"}, {Kind::name, "bearer"}, {Kind::name, "signature"}, {Kind::name, "storepass"},
    {Kind::name, "keypass"}, {Kind::name, "sshpass"}, {Kind::name, "webhook-url"},
    {Kind::word, "pass"}, {Kind::word, "pwd"}, {Kind::word, "passin"}, {Kind::word, "passout"}, {Kind::word, "credentials"},
    {Kind::joined, "-p", " mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlshow mysqlsh mariadb mariadb-dump mariadb-admin 7z 7za 7zr rar unrar "},
    {Kind::joined, "-hp", " rar unrar "},
    {Kind::joined, "/p:", " xfreerdp xfreerdp3 wlfreerdp "},
    {Kind::next, "-p", " sshpass mongo mongosh mongodump mongorestore rdesktop ncftp ncftpget ncftpput kinit mc-login "},
    {Kind::next, "-P", " sqlcmd bcp zip unzip ipmitool mosquitto_pub mosquitto_sub "},
    {Kind::next, "-a", " redis-cli keydb-cli valkey-cli "},
    {Kind::next, "-w", " ldapsearch ldapadd ldapmodify ldapdelete ldappasswd ldapwhoami "},
    {Kind::next, "-A", " snmpget snmpwalk snmpset snmpbulkwalk "},
    {Kind::next, "-X", " snmpget snmpwalk snmpset snmpbulkwalk "},
    {Kind::next, "-c", " snmpget snmpwalk snmpset snmpbulkwalk "},
    {Kind::next, "-k", " openssl "}, {Kind::next, "-K", " openssl "},
    {Kind::next, "-b", " curl "}, {Kind::next, "--cookie", " curl "},
    {Kind::pair, "-u", " curl lftp "}, {Kind::pair, "--user", " curl lftp wget smbclient smbget "}, {Kind::pair, "-U", " curl smbclient rpcclient net smbget "},
    {Kind::pair, "--proxy-user", " curl "}, {Kind::pair, "-E", " curl "}, {Kind::pair, "--cert", " curl "},
    {Kind::pair, "-a", " http https xh xhs "}, {Kind::pair, "--auth", " http https xh xhs "},
    {Kind::every, "-p", " docker podman nerdctl helm buildah skopeo az "},
    {Kind::every, "alias", " mc mcli "},
    {Kind::every, "-b", " htpasswd "}, {Kind::every, "-nb", " htpasswd "}, {Kind::every, "-bc", " htpasswd "}, {Kind::every, "-cb", " htpasswd "},
    {Kind::every, "-nbB", " htpasswd "}, {Kind::every, "-Bbn", " htpasswd "},
});

constexpr std::string_view digits_and_letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
bool is_solid(char c) { return digits_and_letters.find(c) != std::string_view::npos; }
bool is_name(char c) { return is_solid(c) || c == '_' || c == '-'; }

// `_` and `-` are one, and so are capitals and small letters.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

bool is_token(std::string_view word, std::string_view prefix) {
  for (auto at = word.find(prefix); at != word.npos; at = word.find(prefix, at + 1)) {
    if (at > 0 && is_solid(word[at - 1])) continue;
    const auto rest = word.substr(at + prefix.size());
    const auto end = std::find_if_not(rest.begin(), rest.end(), is_name);
    if (end - rest.begin() >= 12) return true;
  }
  return false;
}

// Is this the name of a secret? `--no-token` takes none away from anybody.
bool is_secret_name(std::string_view name) {
  auto text = plain(name);
  text.erase(0, text.find_first_not_of('-'));
  // The directory that a shell is in, and the one it was in.
  if (text.starts_with("no-") || name == "PWD" || name == "OLDPWD") return false;
  return std::any_of(patterns.begin(), patterns.end(), [&](const Pattern& pattern) {
    if (pattern.kind == Kind::name) return text.ends_with(pattern.what);
    if (pattern.kind != Kind::word || !text.ends_with(pattern.what)) return false;
    return text.size() == pattern.what.size() || text[text.size() - pattern.what.size() - 1] == '-';
  });
}

// NAME=VALUE anywhere in a word: `--token=x`, `PGPASSWORD=x`, `-Dkey.password=x`, `host=a;Pwd=x`, `?access_token=x`.
bool assigns_secret(std::string_view word) {
  for (auto sign = word.find('='); sign != word.npos; sign = word.find('=', sign + 1)) {
    auto begin = sign;
    while (begin > 0 && is_name(word[begin - 1])) --begin;
    if (begin < sign && sign + 1 < word.size() && is_secret_name(word.substr(begin, sign - begin))) return true;
  }
  return false;
}

// user:password@host, behind a scheme.
bool is_url_with_password(std::string_view word) {
  const auto scheme = word.find("://");
  if (scheme == word.npos) return false;
  const auto place = word.substr(scheme + 3, word.find('/', scheme + 3) - scheme - 3);
  const auto user = place.substr(0, place.rfind('@'));
  return user.size() < place.size() && user.find(':') != user.npos;
}

bool is_header(std::string_view word, std::string_view name) {
  const auto text = plain(word);
  const auto at = text.find(cat(name, ":"));
  return at != text.npos && (at == 0 || !is_solid(text[at - 1]));
}

bool word_is_secret(std::string_view word) {
  if (is_url_with_password(word) || assigns_secret(word)) return true;
  return std::any_of(patterns.begin(), patterns.end(), [&](const Pattern& pattern) {
    if (pattern.kind == Kind::token) return is_token(word, pattern.what);
    if (pattern.kind == Kind::text) return plain(word).find(pattern.what) != std::string::npos;
    return pattern.kind == Kind::header && is_header(word, pattern.what);
  });
}

// One command: the words from its program on.
class Command {
 public:
  explicit Command(const std::vector<std::string_view>& words) : words_(words) {}

  bool carries_secret() const {
    for (std::size_t at = 0; at < words_.size(); ++at) {
      if (word_is_secret(words_[at]) || names_secret(at)) return true;
      if (std::any_of(patterns.begin(), patterns.end(), [&](const Pattern& pattern) { return option_is_secret(pattern, at); })) return true;
    }
    return false;
  }

 private:
  // `--token X`, `Bearer X`, `set some_password X`, `token: X` of a header that was split.
  bool names_secret(std::size_t at) const {
    auto word = words_[at];
    if (at + 1 >= words_.size() || words_[at + 1].empty()) return false;
    if (plain(word) == "bearer") return words_[at + 1].size() >= 8;
    if (word.ends_with(':') && is_secret_name(word.substr(0, word.size() - 1))) return true;
    if (!is_secret_name(word.substr(word.rfind(':') + 1))) return false;
    const auto is_setting = [](std::string_view before) { return before == "set" || before == "config"; };
    return word.starts_with('-') || std::any_of(words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(at), is_setting);
  }

  bool option_is_secret(const Pattern& pattern, std::size_t at) const {
    const bool of_program = pattern.kind == Kind::next || pattern.kind == Kind::joined || pattern.kind == Kind::pair || pattern.kind == Kind::every;
    if (!of_program || !words_[at].starts_with(pattern.what) || !runs(pattern.programs, at)) return false;
    const auto rest = words_[at].substr(pattern.what.size());
    if (pattern.kind == Kind::every) return rest.empty() && (pattern.what != "-p" || std::find(words_.begin(), words_.end(), "login") != words_.end());
    if (pattern.kind == Kind::joined) return !rest.empty();
    const bool is_long = pattern.what.starts_with("--");
    if (is_long && !rest.empty() && rest[0] != '=') return false;
    const auto value = !rest.empty() ? rest.substr(is_long ? 1 : 0) : at + 1 < words_.size() ? words_[at + 1] : std::string_view();
    if (value.empty()) return false;
    return pattern.kind == Kind::next || value.find_first_of(":%,") != value.npos;
  }

  // Does one of these programs stand before this word? `env A=b sudo curl …` has several.
  bool runs(std::string_view programs, std::size_t before) const {
    return std::any_of(words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(before), [&](std::string_view word) {
      const auto name = word.substr(word.rfind('/') + 1);
      return !name.empty() && programs.find(cat(" ", name, " ")) != programs.npos;
    });
  }

  const std::vector<std::string_view>& words_;
};

// Words between blanks, without quotes and the signs between commands.
std::vector<std::string_view> words_of(std::string_view text) {
  constexpr std::string_view between = " \t\n\r\"'`;|&()<>";
  std::vector<std::string_view> words;
  for (auto at = text.find_first_not_of(between); at != text.npos;) {
    const auto end = std::min(text.find_first_of(between, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(between, end);
  }
  return words;
}

bool has_blank(std::string_view word) { return word.find_first_of(" \t\n") != word.npos; }

}  // namespace

bool carries_secret(const std::vector<std::string>& argv) {
  const std::vector<std::string_view> words(argv.begin(), argv.end());
  if (Command(words).carries_secret()) return true;
  return std::any_of(argv.begin(), argv.end(), [](const std::string& word) { return has_blank(word) && carries_secret(word); });
}

bool carries_secret(std::string_view text) {
  if (word_is_secret(text)) return true;
  return Command(words_of(text)).carries_secret();
}

}  // namespace kra
