#include "daemon/daemon.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.hpp"
#include "base/version.hpp"
#include "engine/audit.hpp"

namespace kra {

// How long saves may take once we were told to end. What is not saved by then is in the journal.
static constexpr Milliseconds stop_patience{1'500};
static constexpr auto metrics_interval = std::chrono::minutes(10);

// How long an idle daemon waits for the next client: commands of a script share one. KRA_IDLE_MS is for tests.
static Milliseconds idle_time() {
  const char* text = std::getenv("KRA_IDLE_MS");
  auto number = text ? parse_int(text) : std::nullopt;
  return Milliseconds(std::clamp<std::int64_t>(number.value_or(10'000), 1, 3'600'000));
}

Daemon::Daemon(Lock lock, Fd listener, EventJournal journal, Disk& disk, const Paths& paths, SaveFunction save)
    : lock_(std::move(lock)),
      disk_(disk),
      paths_(paths),
      saves_(loop_),
      settings_(disk, paths.config_file()),
      metrics_(load_metrics(disk, paths.metrics(), settings_.now().performance.max_age, wall_now())),
      server_(loop_, std::move(listener), paths.socket(), {},
              {[this](Client& client, Frame frame) { router_.handle(client, std::move(frame)); },
               [this](Client& client) {
                 desk_.client_gone(client);
                 workspaces_.client_gone(client.id());
                 turns_.client_gone(client.id());
                 watching_.client_gone(client.id());
               }}),
      watching_(loop_, server_, settings_, disk, paths),
      workspaces_(server_, saves_, std::move(journal), settings_, metrics_, disk, paths, save),
      desk_(loop_, server_, settings_, disk, paths),
      notices_(loop_, server_, settings_),
      syncs_(loop_, {server_, settings_, watching_, notices_, metrics_, disk, paths, [this] { return workspaces_.servers(); }}),
      turns_(server_, watching_),
      router_({server_, saves_, workspaces_, desk_, syncs_, turns_, settings_, watching_, metrics_, disk, paths, [this](Reply reply, const char* reason) { begin_stop(reply, reason); }}),
      alarm_(loop_, [this] { ring(); }),
      before_wait_(loop_, [this] { before_wait(); }),
      term_(loop_, SIGTERM, [this] { begin_stop(Reply(), "signal"); }),
      hangup_(loop_, SIGHUP, [this] { begin_stop(Reply(), "signal"); }),
      interrupt_(loop_, SIGINT, [this] { begin_stop(Reply(), "signal"); }),
      idle_time_(idle_time()),
      next_metrics_(Clock::now() + metrics_interval) {}

void Daemon::run() {
  note_act(disk_, paths_, "daemon", cat("process ", static_cast<long>(::getpid()), " starts, release ", version()));
  loop_.run();
  // In this order: nobody finds us any more; all that was written to us is read; our lock goes last, with our process.
  server_.close_door();
  server_.sweep();
  // Whoever came at the last moment of an idle daemon has no other one that would save for him.
  if (!stop_until_ && (workspaces_.busy() || desk_.busy())) {
    begin_stop(Reply(), "idle");
    loop_.run();
  }
  end();
}

void Daemon::before_wait() {
  server_.sweep();
  desk_.rest();
  auto now = Clock::now();
  watching_.take(now);
  if (!stop_until_) syncs_.attended(is_attended());
  if (stop_until_ ? may_end(now) : is_idle() && idle_until_ && *idle_until_ <= now) return loop_.stop();
  if (!is_idle())
    idle_until_ = std::nullopt;
  else if (!idle_until_)
    idle_until_ = now + idle_time_;
  alarm_.set(due());
}

std::optional<Instant> Daemon::due() {
  std::optional<Instant> first;
  for (auto candidate : {server_.due(), workspaces_.due(), desk_.due(), syncs_.due(), turns_.due(), watching_.due(), stop_until_ ? stop_until_ : idle_until_})
    if (candidate && (!first || *candidate < *first)) first = candidate;
  return first;
}

void Daemon::ring() {
  auto now = Clock::now();
  server_.ring(now);
  workspaces_.ring(now);
  desk_.ring(now);
  syncs_.ring(now);
  turns_.ring(now);
  watching_.ring(now);
  keep_figures(now);
}

// A daemon that is killed takes the figures of a few minutes with it. Nothing wakes up for this alone.
void Daemon::keep_figures(Instant now) {
  if (now < next_metrics_) return;
  next_metrics_ = now + metrics_interval;
  metrics_.forget_before(day_of({wall_now().ms - settings_.now().performance.max_age.count()}));
  if (metrics_.changed()) saves_.post([&disk = disk_, path = paths_.metrics(), metrics = metrics_](std::stop_token) { return keep_metrics(disk, path, metrics); }, [](Result<void>) {});
}

// Nobody whose workspace we keep is connected, and nothing is left to do.
bool Daemon::is_idle() { return server_.size() == 0 && !workspaces_.busy() && !desk_.busy() && !syncs_.busy() && !watching_.busy() && saves_.unanswered() == 0; }

// An editor is connected, or somebody looks at a terminal.
bool Daemon::is_attended() {
  bool somebody = workspaces_.attended();
  server_.each([&](const Client& client) { somebody = somebody || client.hello.client == "nvim"; });
  return somebody;
}

void Daemon::begin_stop(Reply reply, const char* reason) {
  stop_replies_.push_back(reply);
  if (stop_until_) return;
  stop_reason_ = reason;
  stop_until_ = Clock::now() + stop_patience;
  // A sync that is cut short here goes on where it was with the next one.
  syncs_.stop();
  desk_.sync_all();
  if (settings_.may_autosave()) workspaces_.flush("", "exit", Reply());
}

bool Daemon::may_end(Instant now) const {
  return *stop_until_ <= now || (!workspaces_.saving() && !desk_.busy() && saves_.unanswered() == 0);
}

void Daemon::end() {
  workspaces_.close_journal();
  if (metrics_.changed()) (void)keep_metrics(disk_, paths_.metrics(), metrics_);
  note_act(disk_, paths_, "daemon", cat("process ", static_cast<long>(::getpid()), " ends: ", stop_reason_));
  for (const auto& reply : stop_replies_) reply.give(Value(Value::Map{}));
  server_.each([&](Client& client) { client.notify("bye", {Value::Map{{"reason", stop_reason_}, {"pending", workspaces_.journal().pending()}}}); });
}

}  // namespace kra
