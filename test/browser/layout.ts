import type { Page } from 'playwright-core';

/**
 * Runs in the page, where the main build has no types. A text is cut if its box leaves that of an ancestor which neither
 * shows nor scrolls what leaves it, unless an ellipsis says so.
 */
const inspect = `(() => {
  const describe = (element) => {
    const { id, classList, innerText, textContent } = element;
    const name = element.localName + (id ? '#' + id : '') + [...classList].map((c) => '.' + c).join('');
    return name + ' "' + (innerText ?? textContent).trim().replace(/\\s+/g, ' ').slice(0, 60) + '"';
  };
  const found = new Set();
  const { clientWidth, scrollWidth } = document.documentElement;
  const scrolls = (element) => /auto|scroll/.test(getComputedStyle(element).overflowX);
  if (scrollWidth > clientWidth) {
    const wide = [...document.body.querySelectorAll('*')].filter((element) => {
      if (element.getBoundingClientRect().right <= clientWidth + 1) return false;
      for (let at = element.parentElement; at; at = at.parentElement) if (scrolls(at)) return false;
      return true;
    });
    // Those inside another one follow from it, or are its cause: the innermost are named.
    const inner = wide.filter((element) => !wide.some((other) => other !== element && element.contains(other)));
    for (const element of inner) found.add('wider than the page: ' + describe(element));
    if (inner.length === 0) found.add('the page is ' + (scrollWidth - clientWidth) + ' px wider than the window');
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const parent = text.parentElement;
    if (text.data.trim() === '' || !parent.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (parent.closest('option, script, style, noscript, textarea')) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const boxes = [...range.getClientRects()].filter(({ width, height }) => width > 0 && height > 0);
    if (boxes.length === 0) continue;
    for (let at = parent; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at);
      const box = at.getBoundingClientRect();
      // For screen readers only.
      if (box.width <= 1 && box.height <= 1) break;
      const hides = (overflow) => overflow === 'hidden' || overflow === 'clip';
      const beyondX = boxes.some(({ left, right }) => left < box.left - 1 || right > box.right + 1);
      const beyondY = boxes.some(({ top, bottom }) => top < box.top - 2 || bottom > box.bottom + 2);
      if (/^(inline|contents)$/.test(style.display) && !(at instanceof SVGSVGElement)) continue;
      if (hides(style.overflowX) && beyondX) {
        if (style.textOverflow === 'ellipsis') break;
        found.add('cut at the side: ' + describe(parent) + ' by ' + describe(at));
        break;
      }
      if (hides(style.overflowY) && beyondY && style.webkitLineClamp === 'none') {
        found.add('cut at the top or bottom: ' + describe(parent) + ' by ' + describe(at));
        break;
      }
      if (style.overflowX === 'visible' && beyondX && at.matches('button, a, td, th, label, li, summary, p, dt, dd, h1, h2, h3')) {
        found.add('runs out of its box: ' + describe(at));
        break;
      }
      if (!hides(style.overflowX) && style.overflowX !== 'visible') break;
    }
  }
  return [...found];
})()`;

/** What is wider than the page, and which texts are cut, each with its element; empty if nothing is. */
export function layoutFaults(page: Page): Promise<string[]> {
  return page.evaluate(inspect);
}
