// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "store/rbd/librbd/connection.h"
#include "store/rbd/module.h"

namespace backglance {

// Opens an image as RbdCluster::open() does.
std::variant<std::unique_ptr<RbdImage>, RbdFailure> open_rbd_image(
    const std::shared_ptr<Connection>& connection, const std::shared_ptr<Pool>& pool,
    const std::string& name, const std::string& snapshot);

}  // namespace backglance
