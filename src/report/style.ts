/** The style sheet of HTML reports: system fonts, dark text on white, narrow screens and paper included. */
export const STYLE: string = `
:root{--ink:#16202b;--soft:#526070;--line:#dfe4ea;--accent:#0b5f99;color-scheme:light}
*{box-sizing:border-box}
body{margin:0;background:#fff;color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1040px;margin:0 auto;padding:40px 28px 64px}
.kicker{margin:0;color:var(--accent);font-weight:600;letter-spacing:.02em}
h1{margin:2px 0 0;font-size:34px;line-height:1.2;letter-spacing:-.01em;overflow-wrap:anywhere}
.what{margin:6px 0 0;color:var(--soft)}
.choice{margin:22px 0;font-size:21px;line-height:1.45;max-width:46em}
h2{margin:52px 0 6px;font-size:23px;letter-spacing:-.005em}
h3{margin:18px 0 6px;font-size:16px}
.explain{margin:0 0 16px;color:var(--soft);max-width:48em}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(175px,1fr));gap:12px}
.tile{border:1px solid var(--line);border-radius:8px;padding:12px 14px;display:flex;flex-direction:column}
.tile b{font-size:25px;line-height:1.25;font-variant-numeric:tabular-nums}
.tile span{font-weight:600;font-size:14px}
.tile small{color:var(--soft);font-size:13px;line-height:1.35}
.pictures{display:grid;grid-template-columns:repeat(3,1fr);gap:12px}
.pictures figure,.chart{margin:0;min-width:0}
.pictures img{display:block;width:100%;height:auto;border:1px solid var(--line)}
.pictures img.pixels{image-rendering:pixelated}
figcaption{color:var(--soft);font-size:14px;margin-top:4px}
.chart figcaption{color:var(--ink);font-weight:600;margin:0 0 2px}
.chart svg{display:block;max-width:100%;height:auto;overflow:visible}
.axis-x,.axis-y{color:var(--soft);font-size:13px}
.axis-x{text-align:right}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin-bottom:8px;font-size:14px}
.key i,td i{display:inline-block;width:11px;height:11px;border-radius:50%;margin-right:7px}
.diagram{overflow-x:auto;padding:8px 0}
.diagram svg{display:block;margin:0 auto}
.spectra{display:grid;grid-template-columns:repeat(auto-fit,minmax(330px,1fr));gap:26px 32px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14.5px}
th{text-align:left;font-weight:600;color:var(--soft);border-bottom:2px solid var(--line);padding:6px 12px 6px 0;white-space:nowrap}
td{border-bottom:1px solid var(--line);padding:8px 12px 8px 0;vertical-align:top}
td small{display:block;color:var(--soft);font-size:13px}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.ranks{max-width:190px;overflow-wrap:anywhere}
tr.chosen td{background:#eef5fb;font-weight:600}
tr.chosen small{font-weight:400}
tr.rejected{color:#68727e}
.status{white-space:nowrap}
dl{margin:8px 0;display:grid;grid-template-columns:max-content 1fr;gap:6px 20px}
dt{color:var(--soft)}
dd{margin:0;min-width:0;overflow-wrap:anywhere}
code,pre{font:14px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
dd code{background:#f3f5f8;padding:2px 7px;border-radius:5px}
pre{background:#f3f5f8;border-radius:8px;padding:12px 16px;overflow-x:auto;margin:0}
footer{margin-top:56px;padding-top:14px;border-top:1px solid var(--line);color:var(--soft);font-size:14px}
@media(max-width:640px){main{padding:24px 16px}h1{font-size:27px}.choice{font-size:18px}.pictures{grid-template-columns:1fr}dl{grid-template-columns:1fr}dd{margin-bottom:8px}}
@media print{main{max-width:none;padding:0}section{break-inside:avoid}}
`;
