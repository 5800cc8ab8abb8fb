// A queue for what there are ten thousands of, most of them empty.
#pragma once

#include <boost/container/deque.hpp>

namespace muster {

/// A deque that allocates nothing before its first element comes, and then eight at a time; that of
/// the standard library takes 576 bytes at once. Otherwise as `std::deque`.
template <class T>
using LazyDeque =
    boost::container::deque<T, void,
                            boost::container::deque_options_t<boost::container::block_size<8U>>>;

}  // namespace muster
