// What happens to a group, in plain words: what servers log and followers of its topic read.
#pragma once

#include <string>

#include "group/view.h"

namespace muster::group {

/// `group default: 3 servers: a, b, c`.
std::string words_for(const View& view);
/// `c joined as number 3 (10.0.0.3:8888)`, `c votes from now on`, `c was removed`, `c left`. The
/// view is that after the change.
std::string words_for(const View& view, const wire::MemberChange& change);
/// `c failed: silent for 5s`, `c stopped`, `c is back`.
std::string words_for(const View& view, const wire::StateChange& change);
/// `election: cause=joined:c candidates=a,b,c leader=c previous=a rule=highest-id term=7 took=38ms`
std::string words_for(const View& view, const wire::Election& election);
/// `group default (ID) gives way to ID`.
std::string words_for(const View& view, const wire::Drain& drain);
std::string words_for(const View& view, const wire::Dissolve& dissolve);
std::string words_for(const View& view, const wire::Meeting& meeting);

}  // namespace muster::group
