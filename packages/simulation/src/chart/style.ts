/** Colours for light and dark, and what everything looks like; shared by the page and the picture. */

const LIGHT = `--page:#f6f7f9;--card:#ffffff;--ink:#1b2330;--soft:#5d6778;--grid:#e6e9ee;--base:#aab2bf;--edge:#e1e5eb;
--up:#3b78c3;--starting:#f0ad3c;--stopping:#b8bec8;--queued:#e9a597;--busy:#0b2f5e;--best:#0d7a53;
--c0:#2f6fbd;--c1:#d4791c;--c2:#12806a;--c3:#b23a6f;--c4:#7357b8;--c5:#8a7a12;--c6:#4b5563;--c7:#c2402b`;
const DARK = `--page:#12161c;--card:#1a2029;--ink:#e6eaf0;--soft:#98a3b3;--grid:#2a323d;--base:#56606e;--edge:#2a323d;
--up:#5a97e0;--starting:#e2a53d;--stopping:#5d6877;--queued:#a65c4e;--busy:#f3f7fd;--best:#4fd09b;
--c0:#6ba6ee;--c1:#f0a04c;--c2:#46c3a6;--c3:#ea7aac;--c4:#a892f0;--c5:#cdbb4a;--c6:#9aa5b4;--c7:#f07d68`;

const COLOUR_RULES = Array.from(
  { length: 8 },
  (_, index) =>
    `circle.c${index}{fill:var(--c${index})}path.c${index}{stroke:var(--c${index})}i.c${index}{background:var(--c${index})}`,
).join('');

/** Rules of the charts; `root` is where the colours are set. */
export const chartStyle = (root: string): string =>
  `${root}{${LIGHT};color-scheme:light dark}
@media (prefers-color-scheme:dark){${root}{${DARK}}}
svg text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--soft)}
svg .label{fill:var(--ink);font-size:12px}svg .title{fill:var(--ink);font-size:15px;font-weight:600}
svg .name{fill:var(--ink);font-size:13px;font-weight:600}
.grid{stroke:var(--grid)}.base{stroke:var(--base)}
path.up{fill:var(--up)}path.starting{fill:var(--starting)}path.stopping{fill:var(--stopping)}
path.queued{fill:var(--queued)}path.busy{fill:none;stroke:var(--busy);stroke-width:1.5}
rect.up{fill:var(--up)}rect.starting{fill:var(--starting)}rect.stopping{fill:var(--stopping)}
rect.queued{fill:var(--queued)}rect.busy{fill:var(--busy)}rect.page{fill:var(--card)}
path.wait{fill:none;stroke-width:2}
${COLOUR_RULES}`;

export const PAGE_STYLE: string = `*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1160px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:24px;line-height:1.25;margin:0 0 4px}h2{font-size:17px;margin:34px 0 10px}h3{font-size:15px;margin:0}
p{margin:6px 0}.soft{color:var(--soft)}small{color:var(--soft)}
.card{background:var(--card);border:1px solid var(--edge);border-radius:10px;padding:14px 16px;margin:0 0 14px;min-width:0}
.wide{overflow-x:auto}.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:14px}
.two>.card{margin:0}
svg{width:100%;height:auto;display:block}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:14px}
th{font-weight:500;color:var(--soft);text-align:right;padding:4px 10px 6px;white-space:nowrap}
td{text-align:right;padding:6px 10px;border-top:1px solid var(--edge);white-space:nowrap}
th.first,td.first{text-align:left;padding-left:0}td.words{text-align:left;white-space:normal}th.words{text-align:left}
td.best{color:var(--best);font-weight:600}
.key{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:13px;color:var(--soft);margin:2px 0 8px}
i.dot{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px}
.k-up{background:var(--up)}.k-starting{background:var(--starting)}.k-stopping{background:var(--stopping)}
.k-queued{background:var(--queued)}.k-busy{background:var(--busy)}
.head{display:flex;flex-wrap:wrap;justify-content:space-between;gap:2px 20px;margin-bottom:8px}
pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
details{margin-top:10px}summary{cursor:pointer;color:var(--soft);font-size:14px}
@media print{body{background:none}.card{break-inside:avoid}}
`;
