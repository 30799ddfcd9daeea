-- SPDX-License-Identifier: Apache-2.0
-- makes: table backglance_scrub_part
DROP TABLE backglance_scrub_part;
-- makes: table backglance_scrub
DROP TABLE backglance_scrub;
