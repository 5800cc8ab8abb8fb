// One simulated machine with one server process, driven as the production loop drives it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "node/node.h"
#include "sim/auction_house.h"
#include "sim/chat_house.h"
#include "sim/checkers.h"
#include "sim/city_hall.h"
#include "sim/clock.h"
#include "sim/datagrams.h"
#include "sim/disk.h"
#include "sim/event_queue.h"
#include "sim/network.h"
#include "sim/scenario.h"
#include "sim/trace.h"

namespace muster::sim {

/// The addresses of a server's machine.
std::string peer_address(std::size_t server);
std::string client_address(std::size_t server);

/// Runs a `node::Node`: what comes in within one turn of the loop is stepped together, then its
/// outputs are carried out. The process may die, be paused and start again; the disk and the clock
/// are the machine's and stay. Thread-safety: none.
class Server final : public Process, public DatagramListener {
 public:
  struct World {
    EventQueue& events;
    Network& network;
    Datagrams& datagrams;
    Checkers& checkers;
    Trace& trace;
    std::shared_ptr<Storage> storage;  ///< Of the machine.
  };
  enum class State : std::uint8_t {
    running,
    paused,
    down,  ///< No process.
    dark,  ///< No machine.
    gone,  ///< Left its group for good: nothing starts here any more.
  };

  /// `host` is already on the network. References outlive this.
  Server(std::size_t number, HostId host, const Scenario& scenario, World world);

  /// A process starts. It ends at once if a survivor on the same machine holds its folder's lock;
  /// a folder that one has fenced is put away first. Precondition: `down` or `dark`. Throws
  /// `Violation` if the data folder can't be opened.
  void start();
  /// The process dies (SIGKILL); with `power_loss` its machine too. Nothing if there is none.
  void die(bool power_loss);
  void pause();
  void resume();
  /// Asks the process to stop in good order.
  void stop();
  /// Told when the process has ended by itself.
  void on_exit(std::function<void()> callback) { on_exit_ = std::move(callback); }
  /// Told when the process has become leader.
  void on_lead(std::function<void()> callback) { on_lead_ = std::move(callback); }
  /// Told when the process has begun to hand its leadership over.
  void on_hand_over(std::function<void()> callback) { on_hand_over_ = std::move(callback); }
  /// When its record lies in another server's folder and it has not learnt of that yet. True: it
  /// never will, for its process ends now.
  void on_fenced(std::function<bool()> callback) { on_fenced_ = std::move(callback); }

  State state() const { return state_; }
  /// A process has run here before.
  bool was_started() const { return process_ > 0; }
  /// How many processes have run here.
  std::uint64_t processes() const { return processes_; }
  /// How often it lost its folder.
  std::uint64_t wiped() const { return wiped_; }
  HostId host() const { return host_; }
  /// Precondition: running or paused.
  const node::Report& report() const { return report_; }
  /// The auctions as this server has them, if there are any. Precondition: running or paused.
  const AuctionHouse& auctions() const { return *houses_.back(); }
  /// The city as this server has it, if there is any. Precondition: running or paused.
  const mobility::Mobility& city() const { return halls_.back()->city(); }
  /// The chat as this server has it, if there is any. Precondition: running or paused.
  const ChatHouse& chat() const { return *chats_.back(); }
  /// A break of the disk that the server may answer by exiting.
  void break_disk(Fault how);
  void repair_disk();
  /// A bit of its log turns over. Who opens it must see that and end; then it is whole again, as if
  /// put back from a copy. Precondition: no process.
  void rot_disk();
  void stall_disk(Instant until) { disk_.stall(until); }
  /// No file gets longer than by so many bytes in all; a server may answer that by exiting, and may
  /// not start.
  void fill_disk(std::uint64_t bytes_left);
  void empty_disk() { disk_.empty(); }
  /// The process dies and its folder is lost: what starts here next is a new server.
  void wipe();

  void jump_clock(std::int64_t milliseconds);
  void drift_clock(std::int64_t parts_per_million);
  void repair_clock();

  void opened(EndId end, bool peer, bool dialled, const std::string& address) override;
  void dial_failed(EndId end, const std::string& address, bool refused) override;
  void received(EndId end, const wire::Frame& frame) override;
  void closed(EndId end, const std::string& reason) override;
  void beacon_heard(const wire::Beacon& beacon, bool from_here) override;
  void probe_heard(const wire::Probe& probe, const std::string& from) override;
  void heartbeat_heard(const SharedBytes& datagram) override;

 private:
  node::Options options();
  node::MachineFactory machines();
  void run(storage::Recovered recovered);
  void refuse_rotten_disk();
  void refuse_full_disk();
  void begin_anew(std::optional<GroupId> rejoins);
  void archive(std::optional<GroupId> rejoins);
  void end_process();
  void take(node::Input input);
  void step_heartbeats(node::Now now);
  void schedule_turn();
  void turn();
  void carry_out(node::Outputs outputs);
  void send(node::SendFrame& output);
  void submit(storage::DiskJob job);
  void exit(const node::Exit& exit);
  void schedule_tick();
  void observe();
  void watch_hand_over();
  void check_founding() const;
  void check_list() const;

  const std::size_t number_;
  const HostId host_;
  const Scenario& scenario_;
  World world_;
  Random random_;
  MachineClock clock_;
  Disk disk_;
  State state_{State::dark};
  storage::Identity fresh_identity_;  // Of a folder that holds nothing.
  AuctionHouse::Houses houses_;       // Of the process.
  CityHall::Halls halls_;
  ChatHouse::Houses chats_;
  std::unique_ptr<node::Node> node_;
  std::vector<node::Input> inbox_;
  std::vector<SharedBytes> heartbeats_;  // That came in with it.
  bool turn_scheduled_{false};
  std::optional<Instant> tick_at_;  // By the world's time.
  std::uint64_t process_{0};        // Counts processes, so that events of a dead one do nothing.
  bool disk_broken_{false};
  bool disk_failed_{false};  // The process was told so.
  std::uint64_t processes_{0};
  std::uint64_t wiped_{0};
  std::pair<std::optional<GroupId>, std::uint64_t> view_seen_;
  Instant last_turn_{};
  std::uint64_t turns_at_once_{0};
  std::optional<Instant> handing_over_since_;  // By the machine's clock.
  node::Report report_;
  std::optional<GroupId> group_;  // And id, of the process.
  ServerId server_;
  // By this process, of servers that stay in a group, by id: when it heard the beacon.
  std::map<std::string, Instant> heard_in_group_;
  std::function<void()> on_exit_;
  std::function<void()> on_lead_;
  std::function<void()> on_hand_over_;
  std::function<bool()> on_fenced_;
  std::set<std::uint64_t> fence_jobs_;  // Of this process.
};

}  // namespace muster::sim
