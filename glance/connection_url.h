// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "glance/database_url.h"

namespace backglance {

// The URL with everything that its parameters refer to, ready for a driver in sql/. Call it before
// connecting: a parameter that is passed over may be the one that asks for encryption.
//
// - Throws Error{usage} for a parameter that is refused or not known (glance/url_parameters.h),
// that
//   is given several times where its driver takes one value, or that stands beside a driver whose
//   parameters are not known here. The text names the parameter and never shows its value.
// - MySQL: reads the option file that read_default_file names, and puts its options where the URL
//   has none, as PyMySQL does. Throws Error{usage} for a file that cannot be read, and for an
//   option about TLS or authentication that PyMySQL does not read.
// - PostgreSQL: a repeated host, and host=NAME:PORT, become one list of hosts and one of ports, as
//   SQLAlchemy 2.0 makes them for libpq.
//
// A URL that was returned is returned unchanged.
DatabaseUrl connectable(DatabaseUrl url);

}  // namespace backglance
