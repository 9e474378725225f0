#include "workloads/support/injection_spec.hpp"

#include <charconv>
#include <optional>
#include <stdexcept>
#include <vector>

namespace regatta {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint64_t million = 1'000'000;
constexpr std::uint32_t ppm_per_percent = 10'000;
constexpr double cpu_percent_max = 1000;
constexpr nanoseconds longest = std::chrono::seconds(10);
constexpr std::uint32_t count_max = 100'000;

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t end = text.find(at);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

[[noreturn]] void refuse(std::string_view part, const std::string& wanted) {
    throw std::invalid_argument("'" + std::string(part) + "' is no injection: write " + wanted);
}

template <class Number>
std::optional<Number> number_in(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                    : std::nullopt;
}

/// "5%" in millionths; nothing unless above 0 and at most `percent_max`.
std::optional<std::uint32_t> share_in(std::string_view text, double percent_max) {
    if (text.empty() || text.back() != '%') {
        return std::nullopt;
    }
    const auto percent = number_in<double>(text.substr(0, text.size() - 1));
    if (!percent || !(*percent > 0) || *percent > percent_max) {
        return std::nullopt;
    }
    const auto ppm = static_cast<std::uint32_t>(*percent * ppm_per_percent + 0.5);
    return ppm == 0 ? std::nullopt : std::optional(ppm);
}

std::optional<nanoseconds> duration_in(std::string_view text) {
    const std::pair<std::string_view, std::int64_t> units[] = {
        {"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}};
    for (const auto& [unit, ns] : units) {
        if (!text.ends_with(unit)) {
            continue;
        }
        const auto count = number_in<std::int64_t>(text.substr(0, text.size() - unit.size()));
        if (count && *count > 0 && *count <= longest.count() / ns) {
            return nanoseconds(*count * ns);
        }
    }
    return std::nullopt;
}

/// N of "syscall:N"; without it 1.
std::uint32_t count_in(std::string_view part, const std::vector<std::string_view>& words) {
    if (words.size() == 1) {
        return 1;
    }
    const auto count = number_in<std::uint32_t>(words[1]);
    if (words.size() > 2 || !count || *count == 0 || *count > count_max) {
        const std::string name(words[0]);
        refuse(part, name + " or " + name + ":N, with N from 1 to " + std::to_string(count_max));
    }
    return *count;
}

void take_cpu(std::string_view part, std::string_view value, injection_spec& into) {
    if (const auto share = share_in(value, cpu_percent_max)) {
        into.cpu_ppm = *share;
    } else if (const auto duration = duration_in(value)) {
        into.cpu = *duration;
    } else {
        refuse(part, "cpu:5% (above 0, at most 1000) or cpu:200ns (ns, us or ms, at most 10 s)");
    }
}

void take_tail(std::string_view part, const std::vector<std::string_view>& words,
               injection_spec& into) {
    const auto share = share_in(words[1], 100);
    const auto wait = words.size() > 2 ? duration_in(words[2]) : std::nullopt;
    const auto seed =
        words.size() > 3 ? number_in<std::uint64_t>(words[3]) : std::optional<std::uint64_t>(1);
    if (words.size() > 4 || !share || !wait || !seed) {
        refuse(part,
               "tail:1%:5ms or tail:1%:5ms:SEED (above 0, at most 100 %; ns, us or ms, at most "
               "10 s)");
    }
    into.waits_ppm = *share;
    into.wait = *wait;
    into.seed = *seed;
}

/// Takes one of the parts; false when there is no such kind.
bool take(std::string_view part, injection_spec& into) {
    const auto words = split(part, ':');
    const std::string_view kind = words.front();
    if (kind == "lock" && words.size() == 1) {
        into.takes_lock = true;
    } else if (kind == "cpu" && words.size() == 2) {
        take_cpu(part, words[1], into);
    } else if (kind == "syscall") {
        into.syscalls = count_in(part, words);
    } else if (kind == "alloc") {
        into.allocations = count_in(part, words);
    } else if (kind == "tail" && words.size() >= 2) {
        take_tail(part, words, into);
    } else {
        return false;
    }
    return true;
}

std::string duration_text(nanoseconds duration) {
    const std::int64_t ns = duration.count();
    if (ns % 1'000'000 == 0) {
        return std::to_string(ns / 1'000'000) + "ms";
    }
    return ns % 1'000 == 0 ? std::to_string(ns / 1'000) + "us" : std::to_string(ns) + "ns";
}

std::string percent_text(std::uint32_t ppm) {
    std::string text = std::to_string(ppm / ppm_per_percent);
    if (const std::uint32_t rest = ppm % ppm_per_percent; rest != 0) {
        const std::string digits = std::to_string(ppm_per_percent + rest).substr(1);
        text += "." + digits.substr(0, digits.find_last_not_of('0') + 1);
    }
    return text + "%";
}

/// SplitMix64 (Steele, Lea and Flood 2014).
std::uint64_t mixed(std::uint64_t key, std::uint64_t index) {
    std::uint64_t z = key * 0xd1342543de82ef95ULL + (index + 1) * 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

}  // namespace

// The requests are cut into strata as long as the share says, and each has one that sleeps, at a
// place of its own: a fixed distance would hit the same connections again and again.
bool injection_spec::waits_at(std::uint64_t index) const {
    if (waits_ppm == 0) {
        return false;
    }
    const std::uint64_t stratum = index * waits_ppm / million;
    const auto begin_of = [this](std::uint64_t number) {
        return (number * million + waits_ppm - 1) / waits_ppm;
    };
    const std::uint64_t begin = begin_of(stratum);
    return index == begin + mixed(seed, stratum) % (begin_of(stratum + 1) - begin);
}

std::string injection_spec::text() const {
    std::string all;
    const auto add = [&all](const std::string& part) { all += (all.empty() ? "" : ",") + part; };
    if (cpu_ppm != 0) {
        add("cpu:" + percent_text(cpu_ppm));
    }
    if (cpu.count() != 0) {
        add("cpu:" + duration_text(cpu));
    }
    if (syscalls != 0) {
        add("syscall:" + std::to_string(syscalls));
    }
    if (takes_lock) {
        add("lock");
    }
    if (allocations != 0) {
        add("alloc:" + std::to_string(allocations));
    }
    if (waits_ppm != 0) {
        add("tail:" + percent_text(waits_ppm) + ":" + duration_text(wait) +
            (seed == 1 ? "" : ":" + std::to_string(seed)));
    }
    return all;
}

injection_spec parse_injection(std::string_view text) {
    injection_spec spec;
    std::vector<std::string_view> kinds;
    for (const std::string_view part : split(text, ',')) {
        if (!take(part, spec)) {
            refuse(part,
                   "cpu:5%, cpu:200ns, syscall:N, lock, alloc:N or tail:1%:5ms, with "
                   "commas between several");
        }
        const std::string_view kind = part.substr(0, part.find(':'));
        for (const std::string_view other : kinds) {
            if (other == kind) {
                throw std::invalid_argument("'" + std::string(text) + "' injects " +
                                            std::string(kind) + " twice: write it once");
            }
        }
        kinds.push_back(kind);
    }
    return spec;
}

}  // namespace regatta
