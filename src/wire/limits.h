// The limits of everything that crosses a connection, in one place.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace muster::wire {

constexpr std::size_t command_bytes_max = 256 * 1024;      ///< Payload of one command.
constexpr std::size_t reply_bytes_max = 256 * 1024;        ///< Payload of one reply.
constexpr std::size_t entry_bytes_max = 512 * 1024;        ///< Payload of one log entry.
constexpr std::uint32_t entry_commands_max = 4'096;        ///< Commands of one log entry.
constexpr std::size_t frame_body_bytes_max = 1024 * 1024;  ///< A frame without its header.
constexpr std::size_t control_bytes_max = 512 * 1024;      ///< One encoded protobuf message.
constexpr std::size_t bulk_chunk_bytes_max = 32 * 1024;    ///< A piece of bulk, between urgencies.
constexpr std::size_t session_requests_in_flight_max = 1'024;  ///< Commands unanswered per session.
constexpr std::size_t session_reads_in_flight_max = 1'024;     ///< Reads unanswered per session.
constexpr std::size_t name_bytes_max = 64;  ///< Names of groups, servers, clients, zones, tags.
constexpr std::size_t numbered_name_bytes_max = name_bytes_max - 10;  ///< That gets a number.
constexpr std::size_t tags_max = 32;                                  ///< Tags of one member.
constexpr std::size_t client_tags_max = 8;  ///< Tags of one client; values as long as names.
constexpr std::size_t address_bytes_max =
    261;                                    ///< `HOST:PORT`, with a host name of 253 characters.
constexpr std::size_t members_max = 1'024;  ///< Servers of one group, past ones included.
constexpr std::size_t secret_bytes_max = 4'096;      ///< A shared secret; it must not be empty.
constexpr std::size_t datagram_bytes_max = 1'200;    ///< Passes any path without being cut up.
constexpr std::size_t topic_bytes_max = 128;         ///< The name of a topic.
constexpr std::size_t event_bytes_max = 768 * 1024;  ///< Payload of one event.
constexpr std::size_t topic_state_bytes_max = 768 * 1024;     ///< What stands for missed events.
constexpr std::size_t heartbeat_payload_bytes_max = 64;       ///< Newest-value data of a client.
constexpr std::size_t link_topics_max = 160;                  ///< That one client link follows.
constexpr std::size_t telemetry_key_bytes_max = 64;           ///< What a newest value is of.
constexpr std::size_t telemetry_value_bytes_max = 256;        ///< One newest value.
constexpr std::size_t telemetry_frame_bytes_max = 32 * 1024;  ///< Of many of them.
constexpr std::size_t refusal_text_bytes_max = 512;           ///< Why a preface was refused.

}  // namespace muster::wire
