-- SPDX-License-Identifier: Apache-2.0
-- makes: table backglance_removed
DROP TABLE backglance_removed;
-- makes: table backglance_signature
DROP TABLE backglance_signature;
-- makes: table backglance_verify
DROP TABLE backglance_verify;
-- makes: table backglance_checkpoint
DROP TABLE backglance_checkpoint;
-- makes: table backglance_item
DROP TABLE backglance_item;
-- makes: table backglance_control
DROP TABLE backglance_control;
-- makes: table backglance_run
DROP TABLE backglance_run;
-- The journal goes last: until then it says which objects are ours.
-- makes: table backglance_step
DROP TABLE backglance_step;
