import { chartStyle } from '../../figures/style.js';

/** Optimizers that a figure can highlight when the pointer is on a name. */
const pointed = Array.from({ length: 33 }, (_, i) => i);

/** The page's style: self-contained, with a dark theme and a layout for phones. */
export const pageStyle = `
:root{color-scheme:light dark;--paper:#fff;--panel:#f6f8fa;--link:#0969da;--better:#1a7f37;--worse:#b3261e}
@media(prefers-color-scheme:dark){:root{--paper:#0d1117;--panel:#161b22;--link:#79b8ff;--better:#56d364;--worse:#ff8a80}}
${chartStyle()}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}
main{max-width:64rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:1.9rem;line-height:1.2;letter-spacing:-.015em;margin:.2rem 0 .4rem}
h2{font-size:1.25rem;line-height:1.3;margin:0 0 .3rem}
section{border-top:1px solid var(--grid);margin-top:2.5rem;padding-top:1.5rem}
p{margin:.5rem 0;max-width:46rem}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
.over,.source,figcaption,.note{color:var(--faint);font-size:.875rem}
.over{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;margin:0;overflow-wrap:anywhere}
.notice{border-left:3px solid var(--link);background:var(--panel);padding:.6rem .9rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1.25rem;margin:1rem 0;font-size:.875rem}
dt{color:var(--faint)}dd{margin:0;overflow-wrap:anywhere}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.8125rem}
pre{background:var(--panel);border-radius:6px;padding:.75rem .9rem;overflow-x:auto;margin:.6rem 0;line-height:1.5}
figure{margin:1.25rem 0}
figure>svg{display:block;width:100%;height:auto}
figure>svg.narrow{display:none}
figcaption{margin-top:.4rem;max-width:46rem}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem .4rem;margin:0 0 .5rem;padding:0;font-size:.8125rem}
.legend li{display:flex;align-items:center;gap:.45rem;padding:.1rem .5rem .1rem .1rem;border-radius:4px}
.sample{flex:none;overflow:visible;vertical-align:middle;margin-right:.5rem}
.legend .sample{margin:0}
figure .band{opacity:0}figure .spread .band{opacity:.16}
figure g{transition:opacity .12s}
.scroll{overflow-x:auto;margin:1rem 0;border:1px solid var(--grid);border-radius:6px}
.scroll:focus-visible{outline:2px solid var(--link)}
table{border-collapse:collapse;width:100%;font-size:.8125rem;font-variant-numeric:tabular-nums}
th,td{padding:.4rem .6rem;text-align:right;vertical-align:top;white-space:nowrap}
thead th{color:var(--faint);font-weight:500;background:var(--panel);vertical-align:bottom;white-space:normal}
tbody tr{border-top:1px solid var(--grid)}
th:first-child{text-align:left;position:sticky;left:0;background:var(--paper)}
thead th:first-child{background:var(--panel)}
tbody th{font-weight:400;white-space:normal;min-width:9.5rem}
.marked th,.marked td{font-weight:600}
td.left,#summary thead:has(+tbody td.left) th:nth-child(2){text-align:left}
small{display:block;color:var(--faint);font-size:.6875rem;font-weight:400}
.better{color:var(--better)}.worse{color:var(--worse)}
details{margin:.6rem 0}summary{cursor:pointer;color:var(--faint);font-size:.875rem}
footer{border-top:1px solid var(--grid);margin-top:2.5rem;padding-top:1rem;color:var(--faint);font-size:.8125rem}
${pointed.map((i) => `figure:has(.k${i}:hover) g:not(.s${i}):has(>.line,>.band):not(.legend g){opacity:.15}figure:has(.k${i}:hover) .s${i} .band{opacity:.22}`).join('\n')}
@media(max-width:40rem){
body{font-size:15px}main{padding:1.5rem .9rem 3rem}h1{font-size:1.5rem}
figure>svg.wide{display:none}figure>svg.narrow{display:block}
th,td{padding:.4rem .55rem}tbody th{min-width:7.5rem}
dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}
}
@media print{main{max-width:none}details{display:none}section{break-inside:avoid}}
`;
