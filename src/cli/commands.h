// The subcommands of `muster`, one function each; each stands in a file of its name.
#pragma once

#include <CLI/App.hpp>

namespace muster::cli {

/// What the process exits with: 0 success, 1 refused or not answered, 2 bad usage, 3 unknown
/// outcome. Set by the subcommand that ran.
using ExitCode = int;

/// `muster serve`: runs one server until it is told to stop. Defines the options below `root` and
/// runs the server as CLI11's callback, which sets `exit`. So do all the others.
CLI::App* add_serve(CLI::App& root, ExitCode& exit);
/// `muster peer`: runs one server of a group whose members stand in a file.
CLI::App* add_peer(CLI::App& root, ExitCode& exit);
/// `muster status`: how the group is, as one of its servers tells it.
CLI::App* add_status(CLI::App& root, ExitCode& exit);
/// `muster members`: the servers of the group; with `--all` its clients too.
CLI::App* add_members(CLI::App& root, ExitCode& exit);
/// `muster sessions`: the clients of the group.
CLI::App* add_sessions(CLI::App& root, ExitCode& exit);
/// `muster discover`: which groups and servers answer.
CLI::App* add_discover(CLI::App& root, ExitCode& exit);
/// `muster wait`: returns when the group is as wanted.
CLI::App* add_wait(CLI::App& root, ExitCode& exit);
/// `muster transfer` (also `lead`), `drain`, `undrain`, `remove`, `leave`, `set`, `dissolve`,
/// `snapshot`: what operators want of the group.
CLI::App* add_transfer(CLI::App& root, ExitCode& exit);
CLI::App* add_drain(CLI::App& root, ExitCode& exit);
CLI::App* add_undrain(CLI::App& root, ExitCode& exit);
CLI::App* add_remove(CLI::App& root, ExitCode& exit);
CLI::App* add_leave(CLI::App& root, ExitCode& exit);
CLI::App* add_set(CLI::App& root, ExitCode& exit);
CLI::App* add_dissolve(CLI::App& root, ExitCode& exit);
CLI::App* add_snapshot(CLI::App& root, ExitCode& exit);
/// `muster watch`: events as they happen.
CLI::App* add_watch(CLI::App& root, ExitCode& exit);
/// `muster rmi`: has servers carry out registered methods.
CLI::App* add_rmi(CLI::App& root, ExitCode& exit);
/// `muster console`: interactive.
CLI::App* add_console(CLI::App& root, ExitCode& exit);
/// `muster chat`: talk in rooms.
CLI::App* add_chat(CLI::App& root, ExitCode& exit);
/// `muster auction`: lots, bids, and a record to verify.
CLI::App* add_auction(CLI::App& root, ExitCode& exit);
/// `muster mobility`: units of a city, incidents, and what becomes of them.
CLI::App* add_mobility(CLI::App& root, ExitCode& exit);
/// `muster bench`: puts the group under load and measures it.
CLI::App* add_bench(CLI::App& root, ExitCode& exit);
/// `muster demo`: a whole group on this machine, live.
CLI::App* add_demo(CLI::App& root, ExitCode& exit);
/// `muster doctor`: what on this machine may keep servers from each other, with remedies.
CLI::App* add_doctor(CLI::App& root, ExitCode& exit);
/// `muster recover`: a group whose majority is lost for good goes on from one folder.
CLI::App* add_recover(CLI::App& root, ExitCode& exit);
/// `muster reset`: removes the data of stopped servers of this machine.
CLI::App* add_reset(CLI::App& root, ExitCode& exit);
/// The version of this program, as `muster version` and `status` show it.
const char* program_version();
/// The same with the version of the schema and how it was built, as `muster --version` says it.
std::string version_line();
/// How it was built.
const char* program_build();
/// `muster version`: which program this is.
CLI::App* add_version(CLI::App& root, ExitCode& exit);

}  // namespace muster::cli
