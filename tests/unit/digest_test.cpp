// SPDX-License-Identifier: Apache-2.0
#include <openssl/evp.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "digest/digest_set.h"

using namespace backglance;

namespace {

struct HashlibDigest {
  std::string name;
  std::string of_text;
  std::string of_lengths;
  std::vector<std::string> spellings;
};

#include "tests/data/hashlib_digests.inc"

struct PublishedDigest {
  std::string name;
  std::string of_nothing;  // empty: the publication gives none
  std::string of_abc;
};

const std::vector<PublishedDigest> kPublishedDigests = {
    // RFC 1321, A.5
    {"md5", "d41d8cd98f00b204e9800998ecf8427e", "900150983cd24fb0d6963f7d28e17f72"},
    // FIPS 180-4 and its examples
    {"sha1", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
     "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {"sha224", "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f",
     "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
    {"sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"sha384",
     "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b"
     "95b",
     "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c82"
     "5"
     "a7"},
    {"sha512",
     "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
     "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    {"sha512_224", "6ed0dd02806fa89e25de060c19d3ac86cabb87d6a0ddd05c333b84f4",
     "4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa"},
    {"sha512_256", "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a",
     "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"},
    // FIPS 202 and its examples
    {"sha3_224", "6b4e03423667dbb73b6e15454f0eb1abd4597f9a1b078e3f5b5a6bc7",
     "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf"},
    {"sha3_256", "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a",
     "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
    {"sha3_384",
     "0c63a75b845e4f7d01107d852e4c2485c51a50aaaa94fc61995e71bbee983a2a"
     "c3713831264adb47fb6bd1e058d5f004",
     "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2"
     "98d88cea927ac7f539f1edf228376d25"},
    {"sha3_512",
     "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a6"
     "15b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26",
     "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
     "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0"},
    // RFC 7693, appendices A and B
    {"blake2b", "",
     "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
     "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"},
    {"blake2s", "", "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"},
    // The RIPEMD-160 paper of Dobbertin, Bosselaers and Preneel
    {"ripemd160", "9c1185a5c5e9fc54612808977ee8f548b2258d31",
     "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"},
    // GB/T 32905, example 1
    {"sm3", "", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},
};

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string digest(const DigestAlgorithm& algorithm, const std::string& text) {
  DigestSet set({&algorithm});
  set.update(bytes_of(text));
  return set.finish().front();
}

std::string pattern(std::size_t length) {
  std::string text(length, '\0');
  for (std::size_t i = 0; i < length; ++i)
    text[i] = static_cast<char>(static_cast<unsigned char>(i % 251));
  return text;
}

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

}  // namespace

TEST_CASE("every spelling that hashlib takes gives hashlib's digest") {
  for (const HashlibDigest& expected : kHashlibDigests)
    for (const std::string& spelling : expected.spellings) {
      INFO(spelling);
      const DigestAlgorithm* algorithm = find_digest_algorithm(spelling);
      REQUIRE(algorithm);
      CHECK(algorithm->name == expected.name);
      CHECK(digest(*algorithm, "backglance") == expected.of_text);
    }
}

TEST_CASE("names that hashlib refuses or that have no fixed length are refused") {
  for (const std::string& name : kRefusedByHashlib) {
    INFO(name);
    CHECK(find_digest_algorithm(name) == nullptr);
  }
  for (const std::string& name :
       {std::string(), std::string(" sha512"), std::string("sha512 "), std::string("sha512\0", 7),
        std::string("sha512\n"), std::string("s\xc3\xb6"), std::string(1 << 20, 'A')})
    CHECK(find_digest_algorithm(name) == nullptr);
}

TEST_CASE("no algorithm is left out of the comparison with hashlib and none is over 512 bits") {
  CHECK(digest_algorithms().size() == kHashlibDigests.size());
  for (const DigestAlgorithm& algorithm : digest_algorithms()) {
    INFO(algorithm.name);
    CHECK(find_digest_algorithm(algorithm.name) == &algorithm);
    CHECK(algorithm.digest_bytes <= 64);
    CHECK(digest(algorithm, "").size() == std::size_t{2} * algorithm.digest_bytes);
  }
  CHECK(md5_algorithm().name == "md5");
}

TEST_CASE("digests are those of the publications") {
  for (const PublishedDigest& expected : kPublishedDigests) {
    INFO(expected.name);
    const DigestAlgorithm* algorithm = find_digest_algorithm(expected.name);
    REQUIRE(algorithm);
    if (!expected.of_nothing.empty())
      CHECK(digest(*algorithm, "") == expected.of_nothing);
    CHECK(digest(*algorithm, "abc") == expected.of_abc);
  }
}

TEST_CASE("a million letters fed in odd pieces give the digests of FIPS 180-4") {
  DigestSet set({find_digest_algorithm("sha1"), find_digest_algorithm("sha256"),
                 find_digest_algorithm("sha512")});
  const std::string letters(997, 'a');
  std::size_t left = 1'000'000;
  while (left > 0) {
    const std::size_t piece = std::min(left, letters.size());
    set.update(bytes_of(letters).first(piece));
    left -= piece;
  }
  CHECK(set.finish() == std::vector<std::string>{
                            "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
                            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
                            "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
                            "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b"});
}

TEST_CASE("lengths around every block and around 64 KiB give hashlib's digests") {
  std::vector<std::size_t> lengths;
  for (std::size_t length = 0; length <= 300; ++length)
    lengths.push_back(length);
  for (std::size_t length : {65535U, 65536U, 65537U})
    lengths.push_back(length);
  for (const HashlibDigest& expected : kHashlibDigests) {
    INFO(expected.name);
    const DigestAlgorithm& algorithm = *find_digest_algorithm(expected.name);
    std::string digests;
    for (const std::size_t length : lengths)
      digests += from_hex(digest(algorithm, pattern(length)));
    CHECK(digest(algorithm, digests) == expected.of_lengths);
  }
}

TEST_CASE("a set gives one value per algorithm in the order asked for") {
  const DigestAlgorithm* md5 = &md5_algorithm();
  const DigestAlgorithm* sha1 = find_digest_algorithm("sha1");
  DigestSet set({sha1, md5, sha1, md5, md5});
  set.update(bytes_of("a"));
  set.update({});
  set.update(bytes_of("bc"));
  const std::string md5_abc = "900150983cd24fb0d6963f7d28e17f72";
  const std::string sha1_abc = "a9993e364706816aba3e25717850c26c9cd0d89d";
  CHECK(set.finish() == std::vector<std::string>{sha1_abc, md5_abc, sha1_abc, md5_abc, md5_abc});
}

TEST_CASE("threads digest in sets of their own at the same time") {
  std::vector<const DigestAlgorithm*> all;
  std::vector<std::string> expected;
  for (const HashlibDigest& one : kHashlibDigests) {
    all.push_back(find_digest_algorithm(one.name));
    expected.push_back(one.of_text);
  }
  std::vector<int> right(4, 0);
  std::vector<std::thread> threads;
  for (int& count : right)
    threads.emplace_back([&all, &expected, &count] {
      for (int i = 0; i < 50; ++i) {
        DigestSet set(all);
        set.update(bytes_of("back"));
        set.update(bytes_of("glance"));
        count += set.finish() == expected;
      }
    });
  for (std::thread& thread : threads)
    thread.join();
  CHECK(right == std::vector<int>(4, 50));
}

// OpenSSL reads its configuration once in a process, so the test runs itself again under one that,
// like a FIPS host's, has no MD5 to give.
TEST_CASE("MD5 is computed where OpenSSL's configuration refuses it") {
  constexpr const char* kChildMark = "BACKGLANCE_TEST_DIGEST_CHILD";
  if (const char* mark = std::getenv(kChildMark)) {
    const bool nothing_at_all = std::string(mark) == "base";
    REQUIRE(EVP_MD_fetch(nullptr, "MD5", nullptr) == nullptr);
    REQUIRE(EVP_MD_fetch(nullptr, "SHA2-512", nullptr) == nullptr);
    EVP_MD* without_fips = EVP_MD_fetch(nullptr, "MD5", "-fips");
    CHECK((without_fips == nullptr) == nothing_at_all);
    EVP_MD_free(without_fips);
    for (const HashlibDigest& expected : kHashlibDigests)
      CHECK(digest(*find_digest_algorithm(expected.name), "backglance") == expected.of_text);
    return;
  }

  struct Configuration {
    std::string mark;
    std::string provider;
    std::string properties;
  };
  const auto configuration = GENERATE(Configuration{"fips", "default", "fips=yes"},
                                      Configuration{"base", "base", "fips=yes"});
  std::string directory =
      (std::filesystem::temp_directory_path() / "backglance-digest-XXXXXX").string();
  REQUIRE(mkdtemp(directory.data()));
  const std::string file = directory + "/openssl.cnf";
  std::ofstream(file)
      << "openssl_conf = init\n[init]\nproviders = providers\nalg_section = algorithms\n"
      << "[providers]\n"
      << configuration.provider << " = active\n[active]\nactivate = 1\n"
      << "[algorithms]\ndefault_properties = " << configuration.properties << "\n";

  std::vector<std::string> variables = {"OPENSSL_CONF=" + file,
                                        std::string(kChildMark) + "=" + configuration.mark};
  std::vector<char*> environment;
  for (std::string& variable : variables)
    environment.push_back(variable.data());
  for (char** variable = environ; *variable; ++variable)
    if (!std::string_view(*variable).starts_with("OPENSSL_CONF="))
      environment.push_back(*variable);
  environment.push_back(nullptr);
  std::string program = std::filesystem::read_symlink("/proc/self/exe");
  std::string test = "MD5 is computed where OpenSSL's configuration refuses it";
  std::vector<char*> arguments = {program.data(), test.data(), nullptr};
  // Its report goes to stderr: stdout belongs to the reporter of this process.
  posix_spawn_file_actions_t actions;
  REQUIRE(posix_spawn_file_actions_init(&actions) == 0);
  REQUIRE(posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO) == 0);
  pid_t child = 0;
  REQUIRE(posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(),
                      environment.data()) == 0);
  posix_spawn_file_actions_destroy(&actions);
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  std::filesystem::remove_all(directory);
}
