// SPDX-License-Identifier: Apache-2.0
#include "read/run_stages.h"

namespace backglance {
namespace {

// A stage that fails also ends the reads under way: without abandon(), they would read on to their
// last byte.
template <typename Stage>
auto or_abandon(RunControl& control, const Stage& stage) {
  try {
    return stage();
  } catch (...) {
    control.abandon();
    throw;
  }
}

}  // namespace

void run_stages(ReadContext& context, const ReadOptions& options, ClaimStage& claim,
                SettleStage& settle, const std::function<void(Work&)>& read) {
  RunControl& control = context.control;
  control.before_waiting([&] { settle.flush(); });
  run_pipeline({options.readers(context.stores), options.begin_thread()},
               {[&](Work& work) { return or_abandon(control, [&] { return claim.next(work); }); },
                [&] { return context.streams.admit(); },
                [&](Work& work) { or_abandon(control, [&] { read(work); }); },
                [&](Work& work) { or_abandon(control, [&] { settle.add(work); }); }});
  // From here on `settle` may be destroyed.
  control.before_waiting({});
}

}  // namespace backglance
