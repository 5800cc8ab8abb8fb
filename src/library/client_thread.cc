#include "library/client_thread.h"

namespace muster::library {

ClientThread::ClientThread()
    : work_(boost::asio::make_work_guard(context_)), thread_([this] { context_.run(); }) {}

// Nobody waits any more, so nothing that is under way has to be carried through.
ClientThread::~ClientThread() {
  client_.reset();
  context_.stop();
  thread_.join();
}

Result<void> ClientThread::wait(boost::asio::awaitable<void> operation) {
  if (std::this_thread::get_id() == thread_.get_id()) return on_own_thread();
  boost::asio::co_spawn(context_, std::move(operation), boost::asio::use_future).get();
  return {};
}

Error ClientThread::on_own_thread() {
  return {ErrorCode::failed_precondition,
          "a blocking client can't wait for itself: do this outside of its on_change, or use "
          "muster::Client"};
}

}  // namespace muster::library
