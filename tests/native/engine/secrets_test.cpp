#include "engine/secrets.hpp"

#include "engine/privacy.hpp"
#include "tests/native/catch.hpp"

using namespace kra;

using Words = std::vector<std::string>;

TEST_CASE("ways to hand over a secret") {
  const std::vector<Words> kinds = {
      {"prog", "--password", "x"},
      {"prog", "--password=x"},
      {"prog", "--db-password", "x"},
      {"prog", "--PASSWD", "x"},
      {"prog", "--token", "x"},
      {"prog", "--auth-token=x"},
      {"prog", "--api-key", "x"},
      {"prog", "--api_key=x"},
      {"prog", "--client-secret", "x"},
      {"prog", "--secret-access-key", "x"},
      {"prog", "--passphrase", "x"},
      {"prog", "--pass", "x"},
      {"gpg", "--batch", "--passphrase", "x", "-d", "f"},
      {"keytool", "-storepass", "x"},
      {"openssl", "rsa", "-passin", "pass:x"},
      {"openssl", "enc", "-k", "x"},
      {"java", "-Djavax.net.ssl.keyStorePassword=x", "Main"},
      {"curl", "-u", "a:b", "https://example.org"},
      {"curl", "-ua:b", "https://example.org"},
      {"curl", "--user", "a:b", "https://example.org"},
      {"curl", "--user=a:b", "https://example.org"},
      {"curl", "-H", "Authorization: Bearer abc", "https://example.org"},
      {"curl", "-H", "authorization: Basic eA==", "https://example.org"},
      {"curl", "-HX-Api-Key: abc", "https://example.org"},
      {"curl", "--oauth2-bearer", "x", "https://example.org"},
      {"curl", "-b", "session=1", "https://example.org"},
      {"curl", "https://example.org/?access_token=abc"},
      {"wget", "--http-password=x", "https://example.org"},
      {"http", "-a", "me:x", "example.org"},
      {"mysql", "-u", "root", "-psecret"},
      {"/usr/bin/mysqldump", "-psecret", "db"},
      {"redis-cli", "-a", "x"},
      {"sshpass", "-p", "x", "ssh", "host"},
      {"sshpass", "-px", "ssh", "host"},
      {"env", "PGPASSWORD=x", "psql"},
      {"env", "MYSQL_PWD=x", "mysql"},
      {"env", "AWS_SECRET_ACCESS_KEY=x", "aws"},
      {"docker", "run", "-e", "GITHUB_TOKEN=x", "image"},
      {"docker", "login", "-u", "me", "-p", "x"},
      {"kubectl", "create", "secret", "generic", "n", "--from-literal=password=x"},
      {"psql", "host=h user=u password=x"},
      {"psql", "postgres://me:x@host/db"},
      {"sqlcmd", "-S", "h", "-P", "x"},
      {"mongosh", "-u", "me", "-p", "x"},
      {"ldapsearch", "-D", "cn=me", "-w", "x"},
      {"smbclient", "-U", "me%x", "//host/share"},
      {"lftp", "-u", "me,x", "host"},
      {"mount", "-t", "cifs", "-o", "username=me,password=x", "//h/s", "/mnt"},
      {"7z", "a", "-px", "f.7z"},
      {"unzip", "-P", "x", "f.zip"},
      {"htpasswd", "-b", "f", "me", "x"},
      {"npm", "config", "set", "//registry.example.org/:_authToken", "x"},
      {"aws", "configure", "set", "aws_secret_access_key", "x"},
      {"xfreerdp", "/v:h", "/p:x"},
      {"mc", "alias", "set", "n", "https://h", "a", "b"},
      {"gh", "auth", "ghp_0123456789abcdefghij"},
      {"prog", "https://glpat-0123456789abcdefghij@example.org"},
      {"prog", "AKIAABCDEFGHIJKLMNOP"},
      {"prog", "npm_0123456789abcdefghij"},
      {"prog", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc"},
      {"prog", "-----BEGIN RSA PRIVATE KEY-----"},
      {"sh", "-c", "mysql -psecret db"},
      {"sh", "-c", "cd /a && PGPASSWORD='x' psql"},
      {"sh", "-c", "curl -H \"Authorization: Bearer $T\" x"},
      {"watch", "redis-cli -a x info"},
  };
  for (const auto& words : kinds) {
    INFO(words[0] << " " << words[1] << " " << words.back());
    CHECK(carries_secret(words));
  }
}

TEST_CASE("what hands over none") {
  const std::vector<Words> others = {
      {},
      {""},
      {"vim", "password.c"},
      {"vim", "token", "secret"},
      {"prog", "--password"},
      {"prog", "--password-file", "f"},
      {"prog", "--no-password", "x"},
      {"prog", "--tokenizer", "x"},
      {"prog", "--bypass", "x"},
      {"prog", "--compass=north"},
      {"env", "PWD=/a", "prog"},
      {"mysql", "-u", "root", "-p", "db"},
      {"ssh", "-p", "22", "host"},
      {"docker", "run", "-p", "80:80", "image"},
      {"curl", "-u", "me", "https://example.org"},
      {"tar", "-xf", "a:b"},
      {"mkdir", "-p", "a"},
      {"git", "clone", "ssh://git@example.org/x"},
      {"less", "https://example.org/a:b@c"},
      {"less", "ghp_short"},
      {"man", "skating"},
      {"vim", "my token notes.txt"},
      {"tail", "-f", "/var/log/auth.log"},
  };
  for (const auto& words : others) {
    INFO(words.size() << " " << (words.size() > 1 ? words[1] : ""));
    CHECK_FALSE(carries_secret(words));
  }
}

TEST_CASE("a secret in a title or a terminal is not stored") {
  Pane pane{.title = "mysql -psecret", .argv = {"mysql"}};
  CHECK(Privacy({}).hides_title(pane));
  CHECK_FALSE(Privacy({}).hides_program(pane));
  pane.title = "notes on passwords";
  CHECK_FALSE(Privacy({}).hides_title(pane));
  pane.argv = {"curl", "-u", "a:b"};
  CHECK(Privacy({}).hides_program(pane));
  CHECK(Privacy({}).hides_contents(pane));

  const auto terminal = [](Value::Array argv) { return Value(Value::Map{{"terminal", Value::Map{{"cwd", "/a"}, {"argv", std::move(argv)}}}}); };
  Value state = Value::Map{{"buffers", Value::Array{terminal({"mysql", "-psecret"}), terminal({"htop", "-d", "1"}), Value::Map{{"path", "/x"}}}}};
  Privacy({}).clean(state);
  const auto& buffers = *state["buffers"].array();
  CHECK(buffers[0] == terminal({"mysql"}));
  CHECK(buffers[1] == terminal({"htop", "-d", "1"}));
  CHECK(buffers[2] == Value(Value::Map{{"path", "/x"}}));
}
