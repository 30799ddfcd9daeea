-- makes: trigger images backglance_guard
DROP TRIGGER backglance_guard;
