"""The style and the script of a step-through page.

Every step is in the page from the beginning: without the script everything is shown, one step below the other.
Element classes tell the script what to do: `from-k` appears in step k, `at-k` is what step k is about.
"""

from __future__ import annotations

from .style import THEMES, Theme


def variables(theme: Theme) -> str:
    """The colours of a theme as custom properties of CSS."""
    pairs: dict[str, str] = {"page": theme.background}
    pairs |= {str(tone): colour for tone, colour in theme.tones.items()}
    pairs |= {f"fill-{kind}": colour for kind, colour in theme.fill.items()}
    pairs |= {f"line-{kind}": colour for kind, colour in theme.border.items()}
    return "".join(f"--{name}:{colour};" for name, colour in pairs.items())


def style_text(theme: Theme) -> str:
    """The style sheet. The light theme turns dark where the reader prefers that; on paper all is black."""
    scheme = "dark" if theme.name == "dark" else "light"
    dark = ""
    if theme.name == "light":
        scheme = "light dark"
        dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{variables(THEMES['dark'])}}}}}\n"
    paper = f"@media print{{:root{{{variables(THEMES['print'])}color-scheme:light}}}}\n"
    return f":root{{{variables(theme)}color-scheme:{scheme}}}\n{dark}{paper}{_STYLE}"


_STYLE = """\
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);
 font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:76rem;margin:0 auto;padding:.75rem 1rem 1.5rem}
main[hidden]{display:none}
h1{font-size:1.2rem;font-weight:600;margin:.3rem 0 .6rem;overflow-wrap:anywhere;
 overflow-x:auto;overflow-y:hidden;line-height:1.8}
h2{font-size:.8rem;letter-spacing:.04em;text-transform:uppercase;color:var(--muted);margin:0 0 .4rem}
.pane{overflow-x:auto;margin-bottom:.75rem;border-radius:.4rem}
.pane svg{display:block;margin:0 auto;min-width:calc(var(--wide)*.65pt)}
.tall{display:grid;grid-template-columns:minmax(0,auto) minmax(22rem,1fr);gap:0 1.5rem}
.tall .pane svg{max-height:max(82vh,calc(var(--high)*.65pt))}
.js .tall .pane{max-height:92vh;overflow:auto}
.js .scroll{max-height:75vh;overflow:auto}
.page{fill:none}
.shape,.wire{transition:stroke-width .2s,stroke .2s}
.node.now>.shape:first-child{stroke-width:3.2}
.ahead .edge.now>.wire{stroke:var(--value);stroke-width:2.2}.ahead .edge.now>.head{fill:var(--value)}
.behind .edge.now>.wire{stroke:var(--gradient);stroke-width:2.2}.behind .edge.now>.head{fill:var(--gradient)}
.later{visibility:hidden}
.m{display:inline-block;overflow:visible;vertical-align:baseline;max-width:none;fill:currentColor}
.talk{display:grid;grid-template-columns:minmax(24rem,1fr) fit-content(60%);gap:1rem 1.5rem;align-items:start}
.tall .talk{grid-template-columns:minmax(0,1fr)}
.walk{list-style:none;margin:0;padding:0}
.step{border-left:.3rem solid var(--wire);background:var(--fill-operation);border-radius:0 .4rem .4rem 0;
 padding:.6rem .9rem;margin:0 0 .6rem}
.step.is-ahead,.step.is-given{border-color:var(--value)}.step.is-behind,.step.is-adding{border-color:var(--gradient)}
.step.is-done{border-color:var(--line-output)}
.step b{color:var(--ink)}.is-ahead b,.is-given b{color:var(--value)}.is-behind b,.is-adding b{color:var(--gradient)}
.is-done b{color:var(--line-output)}
.step p{margin:0}
.eqs{font-size:1.2rem;overflow-x:auto;overflow-y:hidden}
.step .eq{margin:.5rem 0;line-height:1.9}
.eq .m{margin-right:.05em}
.is-given .eqs,.is-done .eqs{display:flex;flex-wrap:wrap;gap:0 2em}
.pairs{display:grid;grid-template-columns:fit-content(45%) minmax(0,1fr);gap:0 2.5em;align-items:center}
.step .tip{margin-top:.5rem;font-style:italic}
.js .walk{display:grid}
.js .step{grid-area:1/1;visibility:hidden;margin:0}
.js .step.here{visibility:visible}
.bar{display:none;flex-wrap:wrap;gap:.4rem;align-items:center;position:sticky;bottom:0;z-index:1;
 background:var(--page);padding:.5rem 0;margin-bottom:.5rem}
.js .bar{display:flex}
button{font:inherit;min-width:2.75rem;min-height:2.75rem;padding:.2rem .7rem;color:var(--ink);
 background:var(--fill-operation); border:1px solid var(--wire);border-radius:.5rem;cursor:pointer}
button svg{display:block;margin:0 auto;fill:currentColor}
[data-go=play]{color:var(--value);border-color:var(--value)}
button:hover:not(:disabled){border-color:var(--value);color:var(--value)}
button:disabled{opacity:.4;cursor:default}
button:focus-visible,input:focus-visible,.pane:focus-visible,.scroll:focus-visible{outline:3px solid var(--value);
 outline-offset:2px}
input[type=range]{flex:1 1 8rem;min-width:6rem;height:2.75rem;margin:0 .3rem;accent-color:var(--value)}
output{min-width:4.5em;text-align:right;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th{font-weight:400;text-align:left}
thead th{position:sticky;top:-1px;z-index:1;background:var(--page);box-shadow:0 -.5rem var(--page)}
thead th{font-weight:600;font-size:.85rem;line-height:1.2;vertical-align:bottom;color:var(--muted);
 border-bottom:1.5px solid var(--wire)}
th,td{padding:.3rem .8rem .3rem .3rem}
td{white-space:nowrap}
tbody tr{border-bottom:1px solid color-mix(in srgb,var(--wire) 30%,transparent)}
tr.now{background:var(--fill-parameter)}
.v{color:var(--value)}.g{color:var(--gradient)}
.keys,.sum{color:var(--muted);font-size:.85rem;margin:.6rem 0 0}
.off{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.js .new{animation:come .45s ease-out}
@keyframes come{from{opacity:0}}
@media (max-width:60rem){.talk,.tall{grid-template-columns:minmax(0,1fr)}}
@media (max-width:40rem){.pairs{display:block}
 main{padding:.5rem .75rem 1rem}.js main{padding-bottom:8rem}.keys{display:none}
 .js .bar{position:fixed;left:0;right:0;gap:.3rem;margin:0;padding:.4rem .75rem;border-top:1px solid var(--wire)}
 .js .pane,.js .tall .pane{max-height:50vh;overflow:auto}.js .scroll{max-height:none}.tall .pane svg{max-height:none}
 .js .step:not(.here){display:none}.pane svg{min-width:min(calc(var(--wide)*.8pt),200vw)}
 button{padding:.2rem;min-width:2.6rem}output{min-width:3.6em;font-size:.9rem}
 input[type=range]{order:9;flex-basis:100%;height:2rem}}
@media (prefers-reduced-motion:reduce){*{transition:none!important;animation:none!important}}
@media print{.js .bar,.keys,.bar{display:none}.later{visibility:visible}
 .js .walk,.walk,.talk,.tall{display:block}.js .step,.js .step:not(.here),.step{display:block;
 visibility:visible;break-inside:avoid;margin:0 0 .3rem;
 padding:.15rem .6rem;background:none;border-left-width:1px}
 body{font-size:10.5pt;line-height:1.35}
 .js .tall .pane,.js .pane,.js .scroll,.pane,.scroll{overflow:visible;max-height:none}
 .pane svg,.tall .pane svg{min-width:0;max-height:200mm}.js main,main{max-width:none;padding:0}
 .node.now>.shape:first-child{stroke-width:1.3}.js .edge.now>.wire{stroke:var(--wire);stroke-width:1.25}
 .js .edge.now>.head{fill:var(--wire)}tr.now{background:none}thead th{position:static}.eqs{font-size:1.1em}
 .step .eq{margin:.1rem 0;line-height:1.7}section{margin-top:1rem}
 tr{break-inside:avoid}h2{break-after:avoid}.pairs{display:grid}}
"""

SCRIPT = """\
(() => {
'use strict';
const root = document.documentElement, all = (q, from = document) => [...from.querySelectorAll(q)];
const last = all('.walk')[0].children.length - 1;
const index = prefix => all(`[class*="${prefix}-"]`).flatMap(e => [...e.classList]
  .filter(c => c.startsWith(prefix + '-')).map(c => [e, Number(c.slice(prefix.length + 1))]));
const from = index('from'), at = index('at');
let here = 0, timer = 0;

function reveal(frame, now) {
  if (!now) return;
  const a = now.getBoundingClientRect(), b = frame.getBoundingClientRect();
  frame.scrollLeft += a.left + a.width / 2 - b.left - b.width / 2;
  frame.scrollTop += a.top + a.height / 2 - b.top - b.height / 2;
}

function show(step, speak = true) {
  here = Math.max(0, Math.min(last, step));
  for (const [e, k] of from) {
    e.classList.toggle('later', k > here);
    e.classList.toggle('new', k === here && k > 0);
  }
  for (const [e] of at) e.classList.remove('now');
  for (const [e, k] of at) if (k === here) e.classList.add('now');
  for (const main of all('main')) {
    const step = main.querySelector('.walk').children[here];
    for (const e of all('.step', main)) e.classList.toggle('here', e === step);
    main.classList.toggle('ahead', step.classList.contains('is-ahead'));
    main.classList.toggle('behind', step.classList.contains('is-behind'));
    main.querySelector('input').value = here;
    main.querySelector('output').textContent = `${here} / ${last}`;
    for (const e of all('[data-go=first],[data-go=back]', main)) e.disabled = here === 0;
    for (const e of all('[data-go=next],[data-go=last]', main)) e.disabled = here === last;
    if (main.hidden) continue;
    if (speak) main.querySelector('[aria-live]').textContent = step.dataset.say;
    main.querySelector('input').setAttribute('aria-valuetext', step.querySelector('b').textContent);
    reveal(main.querySelector('.pane'), main.querySelector('.node.now'));
    reveal(main.querySelector('.scroll'), all('tr.now th', main).pop());
  }
}

function play(on) {
  clearInterval(timer);
  timer = on ? setInterval(() => here < last ? show(here + 1) : play(false), 1800) : 0;
  for (const e of all('[data-go=play]')) {
    e.firstElementChild.classList.toggle('on', on);
    e.setAttribute('aria-label', on ? e.dataset.pause : e.dataset.play);
    e.querySelector('.go').setAttribute('d', on ? 'M4 3h3v10H4zM9 3h3v10H9z' : 'M4 2.5l9 5.5-9 5.5z');
  }
  if (on && here === last) show(0);
}

function speak(lang) {
  for (const main of all('main')) main.hidden = main.lang !== lang;
  root.lang = lang;
  document.title = document.querySelector(`main[lang="${lang}"]`).dataset.title;
  show(here);
}

const go = {
  first: () => show(0), back: () => show(here - 1), next: () => show(here + 1), last: () => show(last),
  play: () => play(!timer),
};
document.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.dataset.lang) {
    speak(button.dataset.lang);
    document.querySelector('main:not([hidden]) [data-lang]').focus();
    return;
  }
  if (button.dataset.go !== 'play') play(false);
  go[button.dataset.go]();
});
document.addEventListener('input', event => { play(false); show(Number(event.target.value)); });
document.addEventListener('keydown', event => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const keys = {ArrowLeft: 'back', ArrowRight: 'next', Home: 'first', End: 'last', ' ': 'play'};
  const name = keys[event.key], inside = event.target.tagName;
  if (!name || inside === 'INPUT' && name !== 'play' || inside === 'BUTTON' && name === 'play') return;
  event.preventDefault();
  if (name !== 'play') play(false);
  go[name]();
});
root.classList.add('js');
for (const e of all('input')) e.max = last;
show(0, false);
})();
"""
