#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "harness/gate/report.hpp"

/// A form in which a gate run is told is one file `output_NAME.cpp` in this folder that holds one
/// or more `registered_output`; nothing else names it.
namespace regatta::gate {

struct output_format {
    std::string name;
    std::string about;  ///< a few words for the help
    std::string (*write)(const report& told);
};

/// All forms, in no particular order.
inline std::vector<output_format>& output_formats() {
    static std::vector<output_format> all;
    return all;
}

/// `told` in the form `name`. Throws std::out_of_range when there is none.
inline std::string write_as(std::string_view name, const report& told) {
    for (const output_format& each : output_formats()) {
        if (each.name == name) {
            return each.write(told);
        }
    }
    throw std::out_of_range("write_as: there is no such form");
}

class registered_output {
public:
    explicit registered_output(output_format format) {
        output_formats().push_back(std::move(format));
    }
};

}  // namespace regatta::gate
