// SPDX-License-Identifier: Apache-2.0
#include "report/html.h"

namespace backglance {

namespace {

// Dark colours are for screens only: paper is white whatever the reader's settings are. Chart
// colours keep 3:1 and texts 4.5:1 against what is behind them in both schemes.
constexpr std::string_view kStyle = R"css(
:root {
  color-scheme: light dark;
  --page: #f6f7f7; --card: #ffffff; --ink: #1b2126; --soft: #59626c; --line: #dfe3e6; --rule: #c5ccd2;
  --accent: #1d6673; --accent-soft: #e3eff1;
  --bad: #a32a1e; --bad-soft: #fbeae7; --warn: #865300; --warn-soft: #fbf0dc;
  --s0: #1d6673; --s1: #4f8fa8; --s2: #7566a8; --s3: #a0663a; --s4: #5c7a3f; --s5: #6c7680;
  --open-ground: #eceff1; --open-line: #7c8791; --due: #b9791b; --passed: #b9402f;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #121619; --card: #1a1f23; --ink: #e4e8eb; --soft: #a3adb6; --line: #2b3238; --rule: #434c54;
    --accent: #6fc0cd; --accent-soft: #17333a;
    --bad: #f2958a; --bad-soft: #3a1f1c; --warn: #e5b15e; --warn-soft: #362a14;
    --s0: #55acba; --s1: #3f7f9a; --s2: #9a8cd0; --s3: #c98c5c; --s4: #86a862; --s5: #8b959f;
    --open-ground: #252c31; --open-line: #7d8892; --due: #d39b3f; --passed: #dd6f5f;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
.page { max-width: 1120px; margin: 0 auto; padding: 48px 32px 64px; }
a { color: var(--accent); }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 3px; }
h1, h2, h3, p, dl, dd, figure, ul { margin: 0; padding: 0; }
h1 { font-size: 2rem; line-height: 1.2; font-weight: 650; letter-spacing: -0.015em; }
h2 { font-size: 1.25rem; line-height: 1.3; font-weight: 650; letter-spacing: -0.005em; }
h3 { font-size: 1rem; line-height: 1.4; font-weight: 650; margin: 32px 0 12px; }
code { font-family: var(--mono); font-size: 0.9em; overflow-wrap: anywhere; }
bdi { overflow-wrap: anywhere; }
.defs { position: absolute; width: 0; height: 0; }
.absent { color: var(--soft); font-style: italic; }
.soft { color: var(--soft); }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }

.meta { margin: 10px 0 0; color: var(--soft); font-size: 0.9rem; overflow-wrap: anywhere; }
.lede { margin: 24px 0 0; max-width: 46em; font-size: 1.15rem; line-height: 1.55; }
nav ul { display: flex; flex-wrap: wrap; gap: 6px 22px; margin-top: 24px; list-style: none; font-size: 0.9rem; }

.cards { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 20px; margin: 32px 0 0; }
.card, section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.card { padding: 22px 24px 24px; }
.card h2 { font-size: 0.9rem; font-weight: 600; letter-spacing: 0; color: var(--soft); }
.card .figure { display: flex; flex-wrap: wrap; align-items: center; gap: 12px 20px; margin-top: 14px; }
.card p.big { color: var(--ink); font-size: 3rem; line-height: 1.1; font-weight: 650; letter-spacing: -0.03em;
  font-variant-numeric: tabular-nums; margin-top: 10px; }
.card .big small { font-size: 1rem; font-weight: 400; letter-spacing: 0; color: var(--soft); }
.card.bad p.big { color: var(--bad); }
.card.warn p.big { color: var(--warn); }
.facts { list-style: none; margin-top: 12px; font-size: 0.925rem; }
.facts li { display: flex; justify-content: space-between; gap: 16px; padding: 5px 0; border-top: 1px solid var(--line); }
.facts li:first-child { border-top: 0; }
.who { font: 0.78rem/1.9 var(--mono); color: var(--soft); overflow-wrap: anywhere; }
.figure + .facts { border-top: 1px solid var(--line); margin-top: 16px; padding-top: 4px; }
.facts b { font-weight: 600; font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }
.card p { margin-top: 12px; font-size: 0.925rem; color: var(--soft); }
.card .figure > div { flex: 1 1 7.5rem; }
.card .figure p { margin: 0; color: var(--ink); }
.card .figure p + p { margin-top: 6px; }
.figure strong { font-weight: 650; font-variant-numeric: tabular-nums; }

.ring { flex: none; width: 128px; height: 128px; }
.ring circle { fill: none; }
.ring .track { stroke: var(--rule); stroke-width: 5; }
.ring .arc { stroke: var(--s0); stroke-width: 13; }
.ring text { fill: var(--ink); text-anchor: middle; font-weight: 650; font-variant-numeric: tabular-nums; }
.ring .large { font-size: 25px; letter-spacing: -0.02em; }
.ring .small { font-size: 15px; }

section { margin-top: 24px; padding: 28px 28px 30px; }
section > p { margin-top: 8px; max-width: 50em; }
section > p.note { margin-top: 16px; font-size: 0.9rem; color: var(--soft); }
section > p.empty { color: var(--soft); }

.bars { display: grid; grid-template-columns: max-content minmax(0, 1fr) max-content; gap: 12px 16px;
  align-items: center; margin: 22px 0 24px; font-size: 0.925rem; }
.bar { display: block; width: 100%; height: 26px; border-radius: 5px; }
.bar .cut { stroke: var(--card); stroke-width: 2; }
.swatch { width: 14px; height: 14px; border-radius: 3px; vertical-align: -2px; margin-right: 10px; }
rect.s0 { fill: var(--s0); }
rect.s1 { fill: url(#p1); } .p1-ground { fill: var(--s1); }
rect.s2 { fill: url(#p2); } .p2-ground { fill: var(--s2); }
rect.s3 { fill: url(#p3); } .p3-ground { fill: var(--s3); }
rect.s4 { fill: url(#p4); } .p4-ground { fill: var(--s4); }
rect.s5 { fill: var(--s5); }
rect.open { fill: url(#p-open); } .p-open-ground { fill: var(--open-ground); }
rect.passed { fill: url(#p-passed); } .p-passed-ground { fill: var(--passed); }
rect.due { fill: var(--due); }
pattern .ink { stroke: var(--card); stroke-width: 1.2; stroke-opacity: 0.75; fill: none; }
pattern .dot { fill: var(--card); fill-opacity: 0.85; }
#p-open .ink { stroke: var(--open-line); stroke-opacity: 1; }

.deadlines { display: block; width: 100%; height: 214px; margin-top: 16px; overflow: visible; }
.deadlines text { fill: var(--soft); font-size: 12.5px; text-anchor: middle; font-variant-numeric: tabular-nums; }
.deadlines .count { fill: var(--ink); font-weight: 600; }
.deadlines .below { fill: var(--ink); font-weight: 600; }
.deadlines .axis { stroke: var(--rule); }

table { width: 100%; border-collapse: collapse; margin-top: 16px; font-size: 0.9rem; line-height: 1.45; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: 0.8125rem; vertical-align: bottom;
  padding: 6px 20px 8px 0; border-bottom: 1px solid var(--rule); white-space: nowrap; }
td { padding: 9px 20px 9px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
th.n { text-align: right; }
tbody tr:last-child td { border-bottom: 0; }
td code.id { display: block; color: var(--soft); font-size: 0.8125rem; line-height: 1.6; }
.nowrap { white-space: nowrap; }
.tag { display: inline-block; margin: 1px 4px 1px 0; padding: 0 7px; border-radius: 4px; font-size: 0.8125rem;
  line-height: 1.5; white-space: nowrap; background: var(--accent-soft); color: var(--ink); }
.tag.bad { background: var(--bad-soft); color: var(--bad); }
.tag.warn { background: var(--warn-soft); color: var(--warn); }
pre.commands { margin: 10px 0 0; padding: 12px 14px; border: 1px solid var(--line); border-radius: 6px;
  background: var(--page); white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; -webkit-user-select: all;
  font-size: 0.875rem; line-height: 1.55; }
.card p.big.date { font-size: 2.25rem; line-height: 1.47; }
.steps { margin: 12px 0 0; padding: 0 0 0 1.3em; font-size: 0.925rem; }
.steps li { padding: 3px 0; }
article { margin-top: 24px; border-top: 1px solid var(--line); }
article h3 { margin: 20px 0 0; }
article h3 code { display: block; color: var(--soft); font-weight: 400; font-size: 0.8125rem; }
article p, section > pre + p { margin-top: 14px; max-width: 50em; }
.when { white-space: nowrap; font-variant-numeric: tabular-nums; }
.reason, .below { display: block; margin-top: 2px; }
.below { font-size: 0.8125rem; }
th.label { width: 12rem; }
th.id { width: 19.25rem; }
th.owner { width: 10.5rem; }
th.n { width: 6.5rem; }
footer { margin-top: 32px; color: var(--soft); font-size: 0.875rem; }
footer p { max-width: 60em; margin-top: 6px; }

@media screen and (max-width: 900px) {
  .cards { grid-template-columns: minmax(0, 1fr); }
}
@media screen and (max-width: 820px) {
  .page { padding: 28px 16px 40px; }
  h1 { font-size: 1.6rem; }
  .lede { font-size: 1.05rem; }
  section { padding: 22px 16px 20px; }
  .card { padding: 18px 16px 20px; }
  .bars { grid-template-columns: minmax(0, 1fr) max-content; gap: 4px 12px; }
  .bar { grid-column: 1 / -1; grid-row: 2; }
  .bar ~ .bar { grid-row: 4; }
  .bars .n { grid-column: 2; }
  .deadlines .extra { display: none; }
  table, tbody, tr, td { display: block; width: 100%; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { padding: 12px 0; border-bottom: 1px solid var(--rule); }
  tbody tr:last-child { border-bottom: 0; padding-bottom: 0; }
  td, td:last-child { position: relative; padding: 3px 0 3px 5em; border: 0; }
  td::before { position: absolute; left: 0; width: 5em; color: var(--soft); font-size: 0.8125rem; line-height: 1.75; }
  td:first-child, td.prose:last-child, td.prose { padding-left: 0; }
  td:first-child { font-weight: 600; }
  td:first-child::before { display: none; }
  td:first-child code { font-weight: 400; }
  td code.id { margin-top: 1px; }
  td.n, td.n:last-child { display: inline-block; width: auto; padding-left: 0; margin-right: 1.25em; text-align: left; }
  td.n::before { position: static; margin-right: 0.5em; }
  td.n.size { display: block; padding-left: 5em; margin: 0; }
  td.n.size::before { position: absolute; }
}
@page { margin: 14mm 12mm; }
@media print {
  :root { color-scheme: light; --page: #fff; --card: #fff; --ink: #000; --soft: #333; --line: #bbb; --rule: #666;
    --bad: #000; --warn: #000; --accent: #000; --bad-soft: #fff; --warn-soft: #fff; --accent-soft: #fff; }
  body { font-size: 10pt; }
  .page { max-width: none; padding: 0; }
  nav { display: none; }
  .cards { gap: 10px; }
  .card, section { border-color: #999; border-radius: 0; }
  .card { break-inside: avoid; padding: 12px 14px; }
  .ring { width: 84px; height: 84px; }
  .card .figure { gap: 12px; }
  .card p.big { color: var(--ink); font-size: 24pt; }
  section { border: 0; border-top: 1px solid #000; padding: 14px 0 0; }
  thead, tbody tr:first-child { break-before: avoid; }
  thead { break-after: avoid; }
  section.overview table { break-inside: avoid; }
  p.note { break-before: avoid; break-after: auto; }
  h2, h3, section > p { break-after: avoid; break-inside: avoid; }
  th, td { padding-right: 10px; }
  figure, .bars, .deadlines { break-inside: avoid; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  td { padding-top: 5px; padding-bottom: 5px; }
  table { font-size: 8.5pt; }
  th, .tag, .below { font-size: 7.5pt; }
  td code.id { font-size: 7pt; }
  .reason { font-size: 8pt; }
  th.id { width: 13.5rem; }
  th.owner { width: 6.75rem; }
  th.label { width: 8.5rem; }
  th.n { width: 4rem; }
  pre.commands { font-size: 7.5pt; border-color: #999; break-inside: avoid; }
  .card p.big.date { font-size: 18pt; }
  article h3, article p { break-after: avoid; }
  .tag { border: 1px solid #666; }
  a { color: inherit; text-decoration: none; }
}
)css";

}  // namespace

std::string_view html_style() {
  return kStyle;
}

}  // namespace backglance
