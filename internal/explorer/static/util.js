// Small helpers that every part of the page uses.

export const $ = (id) => document.getElementById(id);

// el makes an element with properties, attributes (whose names hold a dash or
// stand in attr) and children.
export function el(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name === 'attr') for (const [k, v] of Object.entries(value)) node.setAttribute(k, v);
    else node[name] = value;
  }
  node.append(...children);
  return node;
}

// svg makes an SVG element with attributes.
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

async function reply(response) {
  if (response.ok) return response;
  let text = `${response.status} ${response.statusText}`;
  try {
    text = (await response.json()).error;
  } catch { /* the status says it */ }
  throw new Error(text);
}

// get asks for a path with a query.
export async function get(path, query = {}, signal) {
  return reply(await fetch(`${path}?${new URLSearchParams(query)}`, {signal}));
}

// post sends JSON.
export async function post(path, body, signal) {
  return reply(await fetch(path, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body), signal}));
}

// latest makes a function of which one call runs at a time: of those made
// meanwhile only the last runs afterwards. Errors go to failed.
export function latest(run, failed) {
  let running = false;
  let waiting = null;
  return async (...args) => {
    if (running) {
      waiting = args;
      return;
    }
    running = true;
    for (let next = args; next; ) {
      waiting = null;
      try {
        await run(...next);
        failed(null);
      } catch (error) {
        failed(error);
      }
      next = waiting;
    }
    running = false;
  };
}

// part shows a message in place of a section's body, or the body again.
export function part(name) {
  const body = $(`${name}-body`);
  const message = $(`${name}-message`);
  return (error) => {
    message.hidden = !error;
    if (error) message.textContent = error.message ?? error;
    if (body) body.hidden = Boolean(error);
  };
}

export function options(select, items, chosen) {
  select.replaceChildren(...items.map(([value, text]) => el('option', {value, textContent: text, selected: String(value) === String(chosen)})));
}

export const percent = (p, digits = 1) => `${(100 * p).toFixed(digits)}\u00a0%`;

// unlike returns the candidate that is least like any of some colours, all "#rrggbb".
export function unlike(colors, candidates) {
  const rgb = (c) => [1, 3, 5].map((i) => parseInt(c.slice(i, i + 2), 16));
  const distance = (a, b) => Math.hypot(...rgb(a).map((v, i) => v - rgb(b)[i]));
  const nearest = (c) => Math.min(...colors.map((other) => distance(c, other)));
  return candidates.reduce((best, c) => (nearest(c) > nearest(best) ? c : best));
}
