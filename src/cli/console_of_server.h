// `muster serve --console`: the console in the server's own terminal.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "cli/console_shell.h"
#include "server/log.h"
#include "server/server.h"

namespace muster::cli {

/// Runs a console on a thread of its own, attached to this process's server. On a terminal it is
/// the only writer: the server's log lines come above the line that is typed, and `exit` stops the
/// server in good order. From a pipe commands come one per line, the log goes to standard error as
/// ever, and the server goes on when the input ends.
///
/// Thread-safety: none, but for the sink and `print`.
class ConsoleOfServer {
 public:
  /// `client` says how the server is talked to; its address is filled in.
  explicit ConsoleOfServer(ClientOptions client);
  ~ConsoleOfServer();
  ConsoleOfServer(const ConsoleOfServer&) = delete;
  ConsoleOfServer& operator=(const ConsoleOfServer&) = delete;

  /// Where log lines go; empty: where they always go. Outlives this.
  server::LogSink log_sink() const;
  /// As long as it lives, `exit` stops this server. The first one begins the console.
  class Attachment {
   public:
    Attachment(ConsoleOfServer& console, server::Server& server, const std::string& host)
        : console_(console) {
      console_.attach(server, host);
    }
    ~Attachment() { console_.detach(); }
    Attachment(const Attachment&) = delete;
    Attachment& operator=(const Attachment&) = delete;

   private:
    ConsoleOfServer& console_;
  };
  void print(const std::string& line);

 private:
  struct Shared;

  void attach(server::Server& server, const std::string& host);
  void detach();

  ClientOptions client_;
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace muster::cli
