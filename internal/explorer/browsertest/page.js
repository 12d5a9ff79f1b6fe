// What a reader would stumble over, found in the page: run by the tests.

// visible elements that hold text of their own.
function texts() {
  return [...document.querySelectorAll('body *')].filter((e) => e.checkVisibility({visibilityProperty: true}) && !e.closest('svg, .skip, noscript') &&
    [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()));
}

const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});

// rgb reads any CSS colour.
function rgb(color) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
}

function luminance([r, g, b]) {
  const [x, y, z] = [r, g, b].map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}

// ground is the nearest opaque background.
function ground(e) {
  for (; e; e = e.parentElement) {
    const color = rgb(getComputedStyle(e).backgroundColor);
    if (color[3] === 255) return color;
  }
  return [255, 255, 255, 255];
}

const faults = [];
for (const e of texts()) {
  const style = getComputedStyle(e);
  const [a, b] = [luminance(rgb(style.color)), luminance(ground(e))];
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (contrast < 4.5 && !e.closest(':disabled')) faults.push(`contrast ${contrast.toFixed(2)}: ${e.tagName} "${e.textContent.trim().slice(0, 40)}"`);
  if (parseFloat(style.fontSize) < 12) faults.push(`letters of ${style.fontSize}: ${e.tagName} "${e.textContent.trim().slice(0, 40)}"`);
}
for (const e of document.querySelectorAll('input, select, textarea, button, canvas, progress, [role=region], [role=group][tabindex]')) {
  if (!e.checkVisibility()) continue;
  const name = e.getAttribute('aria-label') || (e.getAttribute('aria-labelledby') && document.getElementById(e.getAttribute('aria-labelledby'))?.textContent) ||
    [...(e.labels ?? [])].map((l) => l.textContent).join('') || e.textContent || e.querySelector('img')?.alt;
  if (!name?.trim()) faults.push(`no name: ${e.outerHTML.slice(0, 80)}`);
}
for (const e of document.querySelectorAll('img')) if (e.checkVisibility() && !e.alt) faults.push(`no alt: ${e.outerHTML.slice(0, 80)}`);
for (const e of document.querySelectorAll('svg')) if (e.checkVisibility() && !e.getAttribute('aria-label') && e.getAttribute('aria-hidden') !== 'true' && e.parentElement.closest('svg') === null) faults.push('svg without a label');
for (const e of document.querySelectorAll('button, select, input:not([type=radio]), summary')) {
  const box = e.getBoundingClientRect();
  if (e.checkVisibility() && (box.height < 24 || box.width < 24)) faults.push(`small target ${box.width.toFixed(0)} x ${box.height.toFixed(0)}: ${e.outerHTML.slice(0, 80)}`);
}
const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
for (const id of ids.filter((v, i) => ids.indexOf(v) !== i)) faults.push(`id twice: ${id}`);
if (document.documentElement.scrollWidth > innerWidth + 1) faults.push(`the page is ${document.documentElement.scrollWidth} wide in a window of ${innerWidth}`);
return faults;
