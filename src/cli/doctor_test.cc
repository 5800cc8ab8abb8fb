// Unit tests of what the doctor makes of what it finds.
#include "cli/doctor.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "storage/folder_lock.h"

namespace muster::cli::doctor_test {
namespace {

namespace fs = std::filesystem;
using Levels = std::vector<FindingLevel>;

Levels levels_of(const Findings& findings) {
  Levels levels;
  for (const Finding& finding : findings) levels.push_back(finding.level);
  return levels;
}

/// Each finding that is not well says what to do.
void expect_remedies(const Findings& findings) {
  for (const Finding& finding : findings) {
    if (finding.level < FindingLevel::warning) continue;
    EXPECT_NE(finding.remedy, "") << finding.text;
  }
}

net::InterfaceState heard(const std::string& name) {
  return {.name = name, .address = "10.0.0.1", .multicast = true, .sends = true, .heard_own = true};
}

TEST(DoctorTest, OnlyAProblemMakesItExitWithOne) {
  const Finding note{"a", "b", FindingLevel::note, "c"};
  const Finding warning{"a", "b", FindingLevel::warning, "c", "d"};
  const Finding problem{"a", "b", FindingLevel::problem, "c", "d"};
  EXPECT_EQ(exit_code_of({}), 0);
  EXPECT_EQ(exit_code_of({note, warning}), 0);
  EXPECT_EQ(exit_code_of({note, problem, warning}), 1);
}

TEST(DoctorTest, FindingIsALineForPeopleAndAnObjectForScripts) {
  const Finding finding{"ports", "TCP 8888", FindingLevel::warning, "is \"odd\"", "make it even"};
  EXPECT_EQ(for_people(finding),
            "WARNING  ports         TCP 8888: is \"odd\"\n                       -> make it even");
  EXPECT_EQ(to_json(finding),
            R"({"check":"ports","subject":"TCP 8888","level":"WARNING","text":"is \"odd\"",)"
            R"("remedy":"make it even"})");
}

TEST(DoctorTest, OneInterfaceThatFailsIsAWarningAndAllThatFailAreAProblem) {
  const net::InterfaceState failing{.name = "eth1", .multicast = true, .error = "no way"};
  const net::InterfaceState deaf{.name = "eth2", .multicast = true, .sends = true};
  const Findings some = findings_of({heard("eth0"), failing, deaf}, "", 8886);
  EXPECT_EQ(levels_of(some), (Levels{FindingLevel::ok, FindingLevel::ok, FindingLevel::warning,
                                     FindingLevel::warning}));
  EXPECT_EQ(some[1].text, "10.0.0.1: multicast sent and heard");
  EXPECT_EQ(some[2].text, "no way");
  expect_remedies(some);
  const Findings none = findings_of({failing}, "", 8886);
  EXPECT_EQ(none.back().level, FindingLevel::problem);
  expect_remedies(none);
}

TEST(DoctorTest, PortForDiscoveryThatIsTakenIsAProblem) {
  net::InterfaceState only_sent = heard("eth0");
  only_sent.heard_own = false;
  const Findings findings = findings_of({only_sent}, "UDP port 8886 is taken", 8886);
  EXPECT_EQ(levels_of(findings), (Levels{FindingLevel::problem, FindingLevel::note}));
  expect_remedies(findings);
}

TEST(DoctorTest, ContainersWslAndFirewallsAreRecognised) {
  const auto subjects = [](const SystemFiles& files) {
    std::string all;
    for (const Finding& finding : check_surroundings(files)) {
      all += finding.subject + ": " + finding.text.substr(0, 60) + "\n";
      EXPECT_NE(finding.remedy, "");
    }
    return all;
  };
  EXPECT_EQ(subjects({}), "");
  EXPECT_EQ(subjects({.cgroup = "0::/init.scope\n", .version = "Linux version 6.1"}), "");
  EXPECT_NE(subjects({.docker_marker = true}).find("(Docker)"), std::string::npos);
  EXPECT_NE(subjects({.podman_marker = true}).find("(Podman)"), std::string::npos);
  EXPECT_NE(subjects({.cgroup = "0::/kubepods.slice/cri-containerd"}).find("(Kubernetes)"),
            std::string::npos);
  EXPECT_EQ(subjects({.version = "Linux version 5.15-microsoft-standard-WSL2"}).substr(0, 4),
            "WSL:");
  EXPECT_EQ(subjects({.modules = "x 1 0\nnf_tables 303104 12 nft_ct, Live 0x0\n"}),
            "firewall: nftables is in use\n");
  EXPECT_EQ(subjects({.modules = "nf_tables 303104 0 - Live 0x0\n"}), "");
  EXPECT_EQ(subjects({.ip_tables = "nat\nfilter\n"}), "firewall: iptables has a filter table\n");
  EXPECT_EQ(subjects({.modules = "nf_tables 1 1\n", .ufw = "ENABLED=yes\n"}),
            "firewall: ufw is enabled\n");
}

TEST(DoctorTest, VpnIsRecognisedByItsNameWhenItIsUp) {
  const Findings findings = check_vpns({{.index = 1, .name = "lo", .up = true},
                                        {.index = 2, .name = "wg0", .up = true},
                                        {.index = 3, .name = "tun0", .up = false}});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].subject, "wg0");
}

TEST(DoctorTest, FewOpenFilesAreAWarning) {
  EXPECT_EQ(check_file_limit(1'024)[0].level, FindingLevel::warning);
  EXPECT_EQ(check_file_limit(4'096)[0].level, FindingLevel::ok);
  EXPECT_EQ(check_file_limit(RLIM_INFINITY)[0].text, "no limit");
}

TEST(DoctorTest, DiskThatIsSlowFullOrInMemoryIsAWarningAndOneThatCantBeWrittenAProblem) {
  const std::uint64_t plenty = std::uint64_t{1} << 40U;
  EXPECT_EQ(levels_of(findings_of(DiskFacts{.free_bytes = plenty, .median_sync_ms = 1})),
            Levels{FindingLevel::ok});
  const Findings bad =
      findings_of(DiskFacts{.in_memory = true, .free_bytes = 1, .median_sync_ms = 21});
  EXPECT_EQ(levels_of(bad),
            (Levels{FindingLevel::warning, FindingLevel::warning, FindingLevel::warning}));
  expect_remedies(bad);
  const Findings refused = findings_of(DiskFacts{.error = "Permission denied"});
  EXPECT_EQ(levels_of(refused), Levels{FindingLevel::problem});
  expect_remedies(refused);
}

TEST(DoctorTest, MachineWithoutAUsableInterfaceIsAProblemAndNotAWaitForEver) {
  net::Loop loop;
  net::Datagrams::Options options;
  options.interfaces = {"nosuch0"};
  const Findings findings = check_interfaces(loop, options);
  EXPECT_EQ(exit_code_of(findings), 1);
  expect_remedies(findings);
}

class DoctorFolderTest : public testing::Test {
 protected:
  DoctorFolderTest() {
    std::string pattern = (fs::temp_directory_path() / "muster-doctor-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~DoctorFolderTest() override { fs::remove_all(root_); }

  std::string root_;
};

TEST_F(DoctorFolderTest, DiskIsMeasuredInTheNearestFolderAndNothingIsLeft) {
  const DiskFacts facts = measure_disk(root_ + "/not/yet/there");
  EXPECT_EQ(facts.folder, root_);
  EXPECT_EQ(facts.error, "");
  EXPECT_GT(facts.median_sync_ms, 0);
  EXPECT_GE(facts.worst_sync_ms, facts.median_sync_ms);
  EXPECT_GT(facts.free_bytes, 0U);
  EXPECT_TRUE(fs::is_empty(root_));
}

TEST_F(DoctorFolderTest, DataFoldersAreListedWithSizeAndUse) {
  EXPECT_EQ(check_data_folders(root_ + "/missing")[0].text, "no data of a server yet");
  fs::create_directories(root_ + "/a-8888/log");
  fs::create_directory(root_ + "/b-8890");
  std::ofstream(root_ + "/a-8888/log/segment") << std::string(2'048, 'x');
  const auto lock = storage::FolderLock::take(root_ + "/b-8890", "b");
  ASSERT_TRUE(lock);
  const Findings findings = check_data_folders(root_);
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].subject, root_ + "/a-8888");
  EXPECT_EQ(findings[0].text, "2.0 KiB, not in use");
  EXPECT_EQ(findings[1].text.substr(findings[1].text.find(',')), ", in use by a server");
}

}  // namespace
}  // namespace muster::cli::doctor_test
