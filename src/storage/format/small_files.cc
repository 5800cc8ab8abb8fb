#include "storage/format/small_files.h"

#include <charconv>
#include <cstdio>

#include "base/crc32c.h"
#include "muster/check.h"
#include "muster/codec.h"
#include "storage/format/segment.h"

namespace muster::storage {
namespace {

constexpr std::string_view snapshot_magic = "MUSTSNP1";
constexpr std::string_view identity_magic = "MUSTIDN2";
constexpr std::string_view fence_magic = "MUSTFNC1";
constexpr std::size_t checksum_bytes = sizeof(std::uint32_t);
// Magic, metadata size, index, term, state size, state checksum, and the header's own checksum.
constexpr std::size_t snapshot_fixed_bytes = 8 + 4 + 8 + 8 + 8 + 4 + 4;

/// Ends `file` with its checksum.
void seal(Bytes& file) {
  const std::uint32_t checksum = crc32c(file);
  Writer(file).integer(checksum);
}

/// A reader behind the magic of a sealed file, or why it is none.
Result<Reader> open_sealed(BytesView file, std::string_view magic, const std::string& path) {
  if (file.size() < magic.size() + checksum_bytes || as_text(file.first(magic.size())) != magic)
    return damage(path, 0, "it does not begin as such a file does");
  const BytesView content = file.first(file.size() - checksum_bytes);
  if (Reader(file.subspan(content.size())).integer<std::uint32_t>() != crc32c(content))
    return damage(path, 0, "its checksum does not match");
  return Reader(content.subspan(magic.size()));
}

template <class Value>
void write_optional(Writer& writer, const std::optional<Value>& value) {
  writer.integer(static_cast<std::uint8_t>(value ? 1 : 0));
}

// What stands after the flag is read in any case.
template <class Read>
auto read_optional(Reader& reader, Read read) -> std::optional<decltype(read())> {
  const bool there = reader.integer<std::uint8_t>() != 0;
  auto value = read();
  if (!there) return std::nullopt;
  return value;
}

template <class Id>
void write_ids(Writer& writer, const std::vector<Id>& ids) {
  writer.integer(static_cast<std::uint32_t>(ids.size()));
  for (const Id& id : ids) writer.uuid(id.uuid);
}

template <class Id>
void read_ids(Reader& reader, std::vector<Id>& ids) {
  const auto count = reader.integer<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) ids.push_back(Id{reader.uuid()});
}

}  // namespace

std::string snapshot_name(LogIndex index) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(index.value));
  return std::string("snapshot-") + digits;
}

std::optional<LogIndex> snapshot_index_from(std::string_view name) {
  constexpr std::string_view prefix = "snapshot-";
  if (name.size() != prefix.size() + 16 || !name.starts_with(prefix)) return std::nullopt;
  LogIndex index;
  const auto [stop, fault] =
      std::from_chars(name.data() + prefix.size(), name.data() + name.size(), index.value, 16);
  if (fault != std::errc{} || stop != name.data() + name.size()) return std::nullopt;
  return index;
}

std::size_t snapshot_header_bytes(std::size_t metadata_size) {
  return (snapshot_fixed_bytes + metadata_size + sector_bytes - 1) / sector_bytes * sector_bytes;
}

Bytes encode(const SnapshotHeader& header) {
  const std::size_t size = snapshot_header_bytes(header.metadata.size());
  Bytes file;
  file.reserve(size);
  Writer writer(file);
  writer.raw(as_bytes(snapshot_magic));
  writer.sized(BytesView(header.metadata));
  writer.integer(header.index.value);
  writer.integer(header.term.value);
  writer.integer(header.size);
  writer.integer(header.checksum);
  file.resize(size - checksum_bytes);
  seal(file);
  return file;
}

Result<std::size_t> snapshot_header_bytes_in(BytesView first_sector, const std::string& path) {
  Reader reader(first_sector);
  if (as_text(reader.raw(snapshot_magic.size())) != snapshot_magic)
    return damage(path, 0, "it does not begin as a snapshot does");
  const auto metadata_size = reader.integer<std::uint32_t>();
  if (!reader.ok()) return damage(path, first_sector.size(), "the file ends within its header");
  return snapshot_header_bytes(metadata_size);
}

Result<SnapshotHeader> decode_snapshot_header(BytesView start, std::uint64_t file_bytes,
                                              const std::string& path) {
  const auto size = snapshot_header_bytes_in(start, path);
  if (!size) return size.error();
  if (start.size() < *size) return damage(path, start.size(), "the file ends within its header");
  auto reader = open_sealed(start.first(*size), snapshot_magic, path);
  if (!reader) return reader.error();
  SnapshotHeader header;
  const BytesView metadata = reader->sized();
  header.metadata.assign(metadata.begin(), metadata.end());
  header.index.value = reader->integer<std::uint64_t>();
  header.term.value = reader->integer<std::uint64_t>();
  header.size = reader->integer<std::uint64_t>();
  header.checksum = reader->integer<std::uint32_t>();
  if (!reader->ok()) return damage(path, 0, "its header is too short");
  if (file_bytes - *size != header.size) {
    return damage(path, file_bytes,
                  "it has " + std::to_string(file_bytes - *size) + " bytes of state instead of " +
                      std::to_string(header.size));
  }
  return header;
}

Bytes encode(const Identity& identity) {
  check(identity.group_name.size() <= identity_text_max);
  check(identity.name.size() <= identity_text_max);
  Bytes file;
  Writer writer(file);
  writer.raw(as_bytes(identity_magic));
  writer.uuid(identity.server.uuid);
  writer.sized(identity.group_name);
  write_optional(writer, identity.group);
  writer.uuid(identity.group.value_or(GroupId{}).uuid);
  write_optional(writer, identity.number);
  writer.integer(identity.number.value_or(ServerNumber{}).value);
  writer.sized(identity.name);
  writer.uuid(identity.branch);
  write_optional(writer, identity.rejoins);
  writer.uuid(identity.rejoins.value_or(GroupId{}).uuid);
  const LeftBehind left = identity.leaves_behind.value_or(LeftBehind{});
  check(left.folder.size() <= identity_text_max);
  write_optional(writer, identity.leaves_behind);
  writer.uuid(left.server.uuid);
  writer.integer(left.number.value);
  writer.sized(left.folder);
  write_ids(writer, identity.former.gone_groups);
  write_ids(writer, identity.former.retired);
  writer.integer<std::uint8_t>(identity.came_about ? 1 : 0);
  seal(file);
  return file;
}

Result<Identity> decode_identity(BytesView file, const std::string& path) {
  auto reader = open_sealed(file, identity_magic, path);
  if (!reader) return reader.error();
  Identity identity;
  identity.server.uuid = reader->uuid();
  identity.group_name = reader->text();
  identity.group = read_optional(*reader, [&] { return GroupId{reader->uuid()}; });
  identity.number =
      read_optional(*reader, [&] { return ServerNumber{reader->integer<std::uint32_t>()}; });
  identity.name = reader->text();
  identity.branch = reader->uuid();
  identity.rejoins = read_optional(*reader, [&] { return GroupId{reader->uuid()}; });
  identity.leaves_behind = read_optional(*reader, [&] {
    LeftBehind left{.server = {reader->uuid()}, .number = {}, .folder = {}};
    left.number.value = reader->integer<std::uint32_t>();
    left.folder = reader->text();
    return left;
  });
  read_ids(*reader, identity.former.gone_groups);
  read_ids(*reader, identity.former.retired);
  // Folders of earlier programs end here.
  if (!reader->finished()) identity.came_about = reader->integer<std::uint8_t>() != 0;
  if (!reader->finished()) return damage(path, 0, "its fields do not fill it");
  return identity;
}

Bytes encode(const FenceRecord& record) {
  Bytes file;
  Writer writer(file);
  writer.raw(as_bytes(fence_magic));
  writer.uuid(record.by.uuid);
  writer.integer(record.term.value);
  writer.integer(record.index.value);
  seal(file);
  return file;
}

Result<FenceRecord> decode_fence(BytesView file, const std::string& path) {
  auto reader = open_sealed(file, fence_magic, path);
  if (!reader) return reader.error();
  FenceRecord record;
  record.by.uuid = reader->uuid();
  record.term.value = reader->integer<std::uint64_t>();
  record.index.value = reader->integer<std::uint64_t>();
  if (!reader->finished()) return damage(path, 0, "its fields do not fill it");
  return record;
}

}  // namespace muster::storage
