"""The style sheet of the report: light and dark, on a phone and on paper."""

STYLE = """
:root { --ink: #1c2430; --soft: #5b6675; --line: #d9dee6; --paper: #fff; --shade: #f5f7fa; --link: #1d56b0;
  --correct: #2c8a4b; --follows: #79b98b; --wrong: #cc4433; --undecided: #d9a013; --invalid: #7d6bb3;
  --missing: #c3cad4; --bar: #5b86c4; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e6ebf2; --soft: #9fabba; --line: #323b48;
  --paper: #12161c; --shade: #1a2029; --link: #8ab4f8; --correct: #4fb873; --follows: #3c7d54; --wrong: #e8705f;
  --undecided: #e3b341; --invalid: #a391dd; --missing: #4a5463; --bar: #6f9bdc; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; color: var(--ink);
  background: var(--paper); margin: 0 auto; max-width: 62rem; padding: 1.2rem 1rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .2rem 0 .6rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 0; }
p { margin: .4rem 0; max-width: 46rem; } small, .soft { color: var(--soft); }
a { color: var(--link); }
.figures { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1rem 0; padding: 0; list-style: none; }
.figures li { background: var(--shade); border: 1px solid var(--line); border-radius: 6px; padding: .4rem .9rem; }
.figures b { display: block; font-size: 1.3rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .7rem .35rem 0; text-align: left; vertical-align: top; }
th { color: var(--soft); font-weight: 600; font-size: .85rem; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.key { white-space: nowrap; } td:first-child { overflow-wrap: anywhere; min-width: 6.5rem; }
td.n:first-child { min-width: 0; } td.bars { width: 20rem; min-width: 9rem; }
td.bars small { font-size: .8rem; }
code, .given { font: .9em/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere; white-space: pre-wrap; }
svg.bar { display: block; width: 100%; height: .9rem; border-radius: 3px; margin-top: .3rem; }
svg.bar rect { stroke: var(--paper); stroke-width: .6; }
rect.correct { fill: var(--correct); } rect.follows { fill: var(--follows); } rect.wrong { fill: var(--wrong); }
rect.undecided { fill: var(--undecided); } rect.invalid { fill: var(--invalid); } rect.missing { fill: var(--missing); }
svg.spread { max-width: 100%; height: auto; fill: var(--bar); }
svg.spread text { font: 11px system-ui, sans-serif; fill: var(--ink); text-anchor: middle; }
svg.spread text.edge { fill: var(--soft); } svg.spread path { stroke: var(--line); fill: none; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; font-size: .88rem; color: var(--soft); padding: 0;
  list-style: none; margin: .4rem 0; }
i, .given, .figures li { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.legend i, .chip i { display: inline-block; width: .75em; height: .75em; border-radius: 2px; margin-right: .4em; }
i.correct { background: var(--correct); } i.follows { background: var(--follows); }
i.wrong { background: var(--wrong); }
i.undecided { background: var(--undecided); } i.invalid { background: var(--invalid); }
i.missing { background: var(--missing); }
section.question { margin: 1.8rem 0; } section.question > header { border-bottom: 1px solid var(--line);
  padding-bottom: .3rem; }
article { border-left: 4px solid var(--missing); padding: .1rem 0 .1rem .9rem; margin: 1rem 0; break-inside: avoid; }
article.correct { border-color: var(--correct); } article.follows { border-color: var(--follows); }
article.wrong { border-color: var(--wrong); } article.undecided { border-color: var(--undecided); }
article.invalid { border-color: var(--invalid); }
article header { display: flex; flex-wrap: wrap; gap: .2rem 1rem; align-items: baseline; }
article header .n { margin-left: auto; font-variant-numeric: tabular-nums; color: var(--soft); }
.chip { font-size: .9rem; } .given { background: var(--shade); border-radius: 4px; padding: .25rem .5rem;
  margin: .4rem 0; display: block; max-width: none; }
.told { white-space: pre-wrap; overflow-wrap: anywhere; }
.kept { white-space: nowrap; } .math { overflow: visible; margin: 0 .07em; fill: currentColor; }
@media print { body { max-width: none; padding: 0; font-size: 10.5pt; } a { color: inherit; text-decoration: none; }
  h2 { break-after: avoid; } tr { break-inside: avoid; } nav { display: none; } .wide { overflow: visible; } }
"""
