#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace regatta::distributed {

/// A host that loads, and how many ranks of it do.
struct load_host {
    std::string name;
    std::int64_t ranks = 1;
};

/// Reads a hosts file: a host a line, "NAME" or "NAME slots=N", as Open MPI's; # begins a comment.
/// Throws `failure` with the line for anything else.
std::vector<load_host> read_hosts(const std::filesystem::path& file);
std::vector<load_host> parse_hosts(const std::string& text, const std::string& name_of_file);

std::int64_t rank_count(const std::vector<load_host>& hosts);
/// The ranks of each host in all, however often it is named.
std::map<std::string, std::int64_t> ranks_by_host(const std::vector<load_host>& hosts);

/// Whether all of them are this machine, by a name that says so.
bool are_all_here(const std::vector<load_host>& hosts);

/// mpirun with the options that a load needs: rank 0 on this machine, the others on `hosts`, in
/// their order, whatever a resource manager grants. Only the program is still to be added. What the
/// environment says (OMPI_MCA_...) is heeded as ever. Throws `failure` where there is no mpirun.
std::vector<std::string> mpirun_command(const std::vector<load_host>& hosts);

}  // namespace regatta::distributed
