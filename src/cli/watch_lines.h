// What `muster watch` prints of the news of a topic.
#pragma once

#include <string>
#include <vector>

#include "session/topics.h"

namespace muster::cli {

/// A line each, as objects: `index`, `ordinal`, `sub`, `time`, `topic`, `gap` and the event's own
/// fields, or `payload` where its schema is not known. A gap has `state` and `error`, one of them
/// null. How far a topic was told is not printed.
std::vector<std::string> json_lines(const session::TopicNews& news);

/// A line each for people, `INDEX.ORDINAL TIME TEXT`; `with_topic` where several are shown.
std::vector<std::string> text_lines(const session::TopicNews& news, bool with_topic);

}  // namespace muster::cli
