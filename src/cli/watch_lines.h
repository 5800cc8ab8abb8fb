// What `muster watch` prints of the news of a topic.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/suspicions.h"
#include "session/topics.h"

namespace muster::cli {

/// A line each, as objects: `index`, `ordinal`, `sub`, `time`, `topic`, `gap`, `logged` and the
/// event's own fields, or `payload` where its schema is not known. A gap has `state` and `error`,
/// one of them null. How far a topic was told is not printed.
std::vector<std::string> json_lines(const session::TopicNews& news);

/// A line each for people, `INDEX.ORDINAL TIME TEXT`; `with_topic` where several are shown.
std::vector<std::string> text_lines(const session::TopicNews& news, bool with_topic);

/// Who is suspected, or heard again: as an event of the topic that it is about, but not `logged`:
/// its index is what the server that said it had applied.
std::string json_line(const client::Suspicion& change);
std::string text_line(const client::Suspicion& change, bool with_topic);

/// What an event of `topic` says to people, if that is known here.
std::optional<std::string> known_text(const std::string& topic, BytesView payload);
/// The same, or `78 bytes`.
std::string event_text(const std::string& topic, BytesView payload);

}  // namespace muster::cli
