-- SPDX-License-Identifier: Apache-2.0
-- makes: trigger images backglance_guard
DROP TRIGGER backglance_guard ON images;
-- makes: function backglance_guard
DROP FUNCTION backglance_guard();
