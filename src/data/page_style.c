/* page_style.c: the style sheet of HTML pages. SPDX-License-Identifier: MIT */
#include "data/page.h"

/* Ten colours that stay apart for most colour-blind readers, each pair of light and dark of about equal weight. */
#define LIGHT                                                            \
  "--bg:#fff;--fg:#1b1f24;--soft:#57606a;--line:#d5dae0;--band:#f5f7f9;" \
  "--s0:#1f6fb4;--s1:#d9690d;--s2:#2a8c3c;--s3:#c22f35;--s4:#7d55b0;"    \
  "--s5:#80503f;--s6:#cc5aa6;--s7:#6d747b;--s8:#93930d;--s9:#0f93a3;"
#define DARK                                                                \
  "--bg:#14171a;--fg:#e4e7ea;--soft:#9ba5af;--line:#343a41;--band:#1c2024;" \
  "--s0:#5aa9e8;--s1:#f59447;--s2:#5cc46d;--s3:#f0696c;--s4:#b394e0;"       \
  "--s5:#bd8a78;--s6:#ee93ce;--s7:#a9b1b8;--s8:#cfcf4a;--s9:#4fcbd9;"
#define SERIES(n) ".s" #n "{--c:var(--s" #n ")}"

const char clgan_page_style[] =
    ":root{color-scheme:light dark;" LIGHT "}\n"
    "@media (prefers-color-scheme:dark){:root{" DARK "}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--bg);color:var(--fg);"
    "font:16px/1.5 system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;"
    "-webkit-text-size-adjust:100%}\n"
    "main{max-width:72rem;margin:0 auto;padding:1rem}\n"
    "h1{font-size:1.6rem;line-height:1.25;margin:.5rem 0 1rem;overflow-wrap:anywhere}\n"
    "h2{font-size:1.2rem;line-height:1.3;margin:2rem 0 .5rem}\n"
    "p{max-width:44rem;margin:.5rem 0;overflow-wrap:anywhere;text-wrap:pretty}\n"
    ".table{overflow-x:auto;margin:.75rem 0}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.925rem}\n"
    "th,td{padding:.3rem .7rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}\n"
    "th{color:var(--soft);font-weight:600;vertical-align:bottom}\n"
    "td.n,th.n{text-align:right;white-space:nowrap}\n"
    "td.k{white-space:nowrap}\n"
    "td:first-child{white-space:pre-wrap}\n" /* rows that belong to the one above begin with spaces */
    "td.k:first-child{white-space:pre}\n"
    "@media screen and (max-width:40rem){.stack,.stack tbody{display:block}.stack thead,.stack td:empty,.stack td[data-t='']{display:none}"
    ".stack tr{display:flex;flex-wrap:wrap;border-bottom:1px solid var(--line);padding:.35rem 0}"
    ".stack td{border:0;padding:.05rem 1rem .05rem 0;text-align:left;overflow-wrap:anywhere;min-width:0}"
    ".stack td:first-child{flex:1 0 100%;font-weight:600}"
    ".stack td[data-t]::before{content:attr(data-t) ' ';color:var(--soft);font-size:.85em}"
    ".stack td.t{flex:1 0 100%;color:var(--soft)}}\n"
    "@media screen and (min-width:40.01rem) and (max-width:72rem){table{font-size:.85rem}th,td{padding:.3rem .4rem}}\n"
    "tbody tr:hover{background:var(--band)}\n"
    "figure{margin:1rem 0}\n"
    "figcaption{color:var(--soft);font-size:.9rem;margin-top:.35rem;max-width:44rem;overflow-wrap:anywhere}\n"
    ".columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:0 1.5rem}\n"
    "img{display:block;max-width:100%;height:auto;image-rendering:pixelated}\n"
    "svg{display:block;width:100%;max-width:30rem;height:auto}\n"
    "svg text{fill:var(--fg);font-size:12px;font-variant-numeric:tabular-nums}\n"
    "svg .axis{stroke:var(--soft);fill:none}\n"
    "svg .grid{stroke:var(--line);fill:none}\n" SERIES(0) SERIES(1) SERIES(2) SERIES(3) SERIES(4) SERIES(5) SERIES(6)
        SERIES(7) SERIES(8) SERIES(9) "\n"
    "svg [class^=s]{fill:var(--c)}\n"
    "svg line[class^=s],svg polyline[class^=s],svg path.line{fill:none;stroke:var(--c);stroke-width:1.5}\n"
    "@media print{:root{" LIGHT "}main{max-width:none;padding:0}.table{overflow:visible}table{font-size:8.5pt}"
    "th,td{padding:.2rem .4rem}td.k,td.k:first-child{white-space:normal}h2{break-after:avoid}"
    "figure,tr{break-inside:avoid}thead{display:table-header-group}}\n";
