// SPDX-License-Identifier: Apache-2.0
// bin/backglance of the bundle: starts the program with the libraries of the bundle, wherever that
// was unpacked.
//
// It is linked statically, because the host may have another C library, or none. It becomes the
// program by execv(), so the process id, the signals and the exit code are the program's own.
//
// The loader of the bundle has the file name "backglance": Linux names a process by the file that
// it executes. The program looks for its module for Ceph relative to /proc/self/exe, which is that
// loader too: libexec/ of the bundle is what /usr/bin is on a host with packages.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

// The trusted authorities of the host, as distributions name them: Debian, Red Hat, SUSE, Alpine.
// The libraries of the bundle are Debian's, and know the first only.
constexpr std::array<const char*, 4> kAuthorities = {"/etc/ssl/certs/ca-certificates.crt",
                                                     "/etc/pki/tls/certs/ca-bundle.crt",
                                                     "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

[[noreturn]] void fail(const char* what, const std::string& path) {
  std::fprintf(stderr, "backglance: %s %s: %s -- next: unpack the bundle again\n", what,
               path.c_str(), std::strerror(errno));
  std::_Exit(1);
}

// The folder above bin/.
std::string bundle_folder() {
  std::array<char, PATH_MAX> path = {};
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length < 0) {
    std::fprintf(stderr, "backglance: /proc cannot be read: %s -- next: mount /proc\n",
                 std::strerror(errno));
    std::_Exit(1);
  }
  std::string folder(path.data(), static_cast<std::size_t>(length));
  for (int up = 0; up < 2; ++up)
    folder.erase(folder.rfind('/'));
  return folder;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = bundle_folder();
  const std::string loader = folder + "/libexec/backglance";
  const std::string libraries = folder + "/lib";
  const std::string program = folder + "/libexec/program";
  const std::string plugins = folder + "/lib/mariadb";
  if (access(program.c_str(), R_OK) != 0)
    fail("cannot read", program);

  // Nothing is overwritten that the environment already says.
  setenv("MARIADB_PLUGIN_DIR", plugins.c_str(), 0);
  for (const char* authorities : kAuthorities) {
    if (access(authorities, R_OK) == 0) {
      setenv("SSL_CERT_FILE", authorities, 0);
      break;
    }
  }

  std::string name = argc > 0 ? argv[0] : "backglance";
  // The cache of the host lists libraries for another C library.
  std::vector<std::string> words = {
      name, "--inhibit-cache", "--library-path", libraries, "--argv0", name, program};
  for (int index = 1; index < argc; ++index)
    words.emplace_back(argv[index]);
  std::vector<char*> pointers;
  for (std::string& word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  execv(loader.c_str(), pointers.data());
  fail("cannot execute", loader);
}
